"""The navigation of the site: `FOLDER/*` in mkdocs.yml stands for the pages of a folder.

Its README.md comes first, as the section's own page. The others follow as it links to them, and those that it forgets
by name: a new page has its place at once, and the order has one home, which a plain repository host shows too.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

INDEX = "README.md"


def pages(folder: Path, made: Iterable[str] = ()) -> list[str]:
    """The names of a folder's pages, in order. `made`: those that the build makes, in theirs."""
    index = folder / INDEX
    linked = re.findall(r"\]\(([\w-]+\.md)[)#]", index.read_text()) if index.is_file() else []
    there = {path.name for path in folder.glob("*.md")} | {*made}
    wanted = [INDEX, *linked, *made, *sorted(there)]
    return [name for name in dict.fromkeys(wanted) if name in there]


def expanded(nav: Any, docs: Path, made: Iterable[str]) -> Any:
    """A navigation whose folders are written out. `made`: paths below `docs` of pages that the build makes."""
    if isinstance(nav, list):
        return [expanded(entry, docs, made) for entry in nav]
    if isinstance(nav, dict):
        return {title: expanded(entry, docs, made) for title, entry in nav.items()}
    if not nav.endswith("/*"):
        return nav
    folder = nav.removesuffix("/*")
    own = [path.removeprefix(f"{folder}/") for path in made if path.startswith(f"{folder}/")]
    return [f"{folder}/{name}" for name in pages(docs / folder, own)]
