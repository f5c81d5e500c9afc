"""What mkdocs calls for pages with a list in them that is made: all messages of docs/troubleshooting, what checks which
part of the gateware."""

import sys
from functools import cache
from pathlib import Path
from typing import Any

from errors import page, reader
from pages import checks

_FOLDER = "troubleshooting/"


@cache
def _messages(root: Path) -> list[reader.Message]:
    return reader.messages(root)


def on_page_markdown(markdown: str, **given: Any) -> str:
    """The markdown of a page with its list."""
    name, root = given["page"].file.src_uri, Path(given["config"].docs_dir).parent
    if page.MARK in markdown and name.startswith(_FOLDER):
        markdown = page.filled(name.removeprefix(_FOLDER).removesuffix(".md"), markdown, _messages(root))
    if checks.MARK in markdown:
        sys.path.insert(0, str(root / "tests"))  # the lists of mutants
        markdown = markdown.replace(checks.MARK, checks.table())
    return markdown
