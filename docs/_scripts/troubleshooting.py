"""What mkdocs calls for docs/troubleshooting: the list of all messages comes into each of its pages."""

from functools import cache
from pathlib import Path
from typing import Any

from errors import page, reader

_FOLDER = "troubleshooting/"


@cache
def _messages(root: Path) -> list[reader.Message]:
    return reader.messages(root)


def on_page_markdown(markdown: str, *, page: Any, config: Any, files: Any) -> str:  # noqa: ARG001 - mkdocs hands them over
    """The markdown of a page with its list."""
    return _filled(markdown, page.file.src_uri, Path(config.docs_dir).parent)


def _filled(markdown: str, name: str, root: Path) -> str:
    if not name.startswith(_FOLDER) or page.MARK not in markdown:
        return markdown
    return page.filled(name.removeprefix(_FOLDER).removesuffix(".md"), markdown, _messages(root))
