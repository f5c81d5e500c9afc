"""What mkdocs calls while it builds the site: the folders in the navigation, and the pages that are made."""

import re
from pathlib import Path
from typing import Any

import navigation
from mkdocs.structure.files import File
from pages import chip, commands, python

#: Markdown by path below docs.
MADE = {
    f"reference/{name}": text
    for name, text in {**python.made(), "commands.md": commands.page(), "chip.md": chip.page()}.items()
}


def on_config(config: Any) -> Any:
    """FOLDER/* in the navigation becomes the pages of that folder."""
    config.nav = navigation.expanded(config.nav, Path(config.docs_dir), MADE)
    return config


def on_files(files: Any, config: Any) -> Any:
    """The pages that are made stand beside those that are written."""
    for path, text in MADE.items():
        files.append(File.generated(config, path, content=text))
    return files


def title(text: str) -> str:
    """The heading of a page."""
    return text.splitlines()[0].removeprefix("# ")


def said(text: str) -> str:
    """The first sentence of a page."""
    flat = " ".join(text.split("\n\n")[1].split())
    return re.split(r"[.:] ", flat)[0].rstrip(".") + "."


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """The first page of the reference lists those that are made; on a repository host they are not there."""
    if page.file.src_uri != "reference/README.md":
        return markdown
    entries = [f"- [{title(text)}]({Path(path).name}): {said(text)}" for path, text in MADE.items()]
    return "\n".join([markdown, *entries, ""])


def on_page_content(html: str, config: Any, **_: Any) -> str:
    """Pictures stand in the page itself, where they follow its switch between light and dark."""

    def inside(match: re.Match[str]) -> str:
        path = Path(config.docs_dir) / "pictures" / match[1]
        return f'<figure class="drawing">{path.read_text()}</figure>'

    return re.sub(r'(?:<p>)?<img [^>]*src="[^"]*pictures/([\w-]+\.svg)"[^>]*>(?:</p>)?', inside, html)
