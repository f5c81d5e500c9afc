"""The pages of docs/troubleshooting: notes by hand on the messages that people meet most, and the list of all."""

import re
from collections.abc import Iterable
from pathlib import Path

from errors.reader import Message

#: The pages, and what the files begin with whose messages they list: the first that fits.
PAGES = {
    "import": ("sw/spikeplane/importers/", "sim/spikeplane_sim/proof/"),
    "camera": (
        "sw/spikeplane/camera/", "sw/spikeplane/cli/cameras.py", "sw/spikeplane/cli/record.py",
        "sw/spikeplane/cli/reconstruct.py", "sw/spikeplane/cli/view.py", "sim/spikeplane_sim/golden/camera/",
        "sim/spikeplane_sim/board/camera.py", "sw/spikeplane/host/camera.py",
    ),
    "data": ("sw/spikeplane/data/", "sw/spikeplane/samples.py", "sw/spikeplane/encode.py", "sw/spikeplane/encode_frames.py"),
    "files": (
        "sw/spikeplane/files.py", "sw/spikeplane/foreign.py", "sw/spikeplane/formats/", "sw/spikeplane/program/file.py",
        "sw/spikeplane/program/plain.py", "sw/spikeplane/program/source.py", "sw/spikeplane/program/tables.py",
        "sw/spikeplane/program/words.py",
    ),
    "compile": (
        "sw/spikeplane/compiler/", "sw/spikeplane/nn/", "sw/spikeplane/train/", "sw/spikeplane/config.py",
        "sw/spikeplane/units.py", "sw/spikeplane/encoding",
        "sw/spikeplane/program/", "sw/spikeplane/network/", "sw/spikeplane/estimate/", "sw/spikeplane/cli/compile.py",
        "sw/spikeplane/cli/encodings.py", "sw/spikeplane/cli/estimate.py", "sim/spikeplane_sim/golden/",
    ),
    "board": (
        "sw/spikeplane/host/", "hw/spikeplane_hw/flash.py", "hw/spikeplane_hw/record.py", "hw/spikeplane_hw/check.py",
        "sw/spikeplane/export/c/",
        "sw/spikeplane/cli/flash.py", "sw/spikeplane/cli/serve.py", "sim/spikeplane_sim/board/", "sim/spikeplane_sim/cache.py",
        "sw/spikeplane/run/boards.py",
    ),
    "run": (
        "sw/spikeplane/run/", "sw/spikeplane/front/", "sim/spikeplane_sim/waves/", "sw/spikeplane/cli/run.py",
        "sw/spikeplane/cli/waves.py",
    ),
    "build": (
        "hw/spikeplane_hw/", "gateware/", "sim/spikeplane_sim/", "sw/spikeplane/export/", "sw/spikeplane/cli/build.py",
        "sw/spikeplane/cli/generate.py", "sw/spikeplane/cli/export.py", "sw/spikeplane/cli/simulate.py",
        "sw/spikeplane/cli/chips.py",
    ),
    "command": (
        "sw/spikeplane/cli/", "sw/spikeplane/extras.py", "sw/spikeplane/toolchain.py", "sw/spikeplane/platforms.py",
        "sw/spikeplane/processes.py",
        "sw/spikeplane/",  # and whatever is new
    ),
}  # fmt: skip
#: Where the list of all messages comes on a page, and a block of messages that a note is about, one a line.
MARK = "<!-- every message -->"
_NOTED = re.compile(r"^```error\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def page_of(path: str) -> str:
    """The page of a file's messages. Raises LookupError for a file that has none."""
    for page, starts in PAGES.items():
        if path.startswith(starts):
            return page
    raise LookupError(f"{path} has messages and belongs to no page of docs/_scripts/errors/page.py")


def same(text: str) -> str:
    """A template without the names of its placeholders, which are the code's: notes may name them otherwise."""
    return re.sub(r"\{[^{}]*\}", "{}", text)


def noted(markdown: str) -> list[str]:
    """The messages that the notes of a page are about."""
    return [line for block in _NOTED.findall(markdown) for line in block.splitlines()]


def filled(page: str, markdown: str, messages: Iterable[Message]) -> str:
    """A page with the list of all its messages in the place of the mark."""
    return markdown.replace(MARK, listed(page, messages, _headings(markdown)))


def listed(page: str, messages: Iterable[Message], headings: dict[str, str]) -> str:
    """The list: each message once, in the order of the files, with the note on it."""
    files: dict[str, list[str]] = {}
    seen = set()
    for message in messages:
        if page_of(message.path) == page and same(message.text) not in seen:
            seen.add(same(message.text))
            heading = headings.get(same(message.text))
            note = f" ([what to do](#{_anchor(heading)}))" if heading else ""
            files.setdefault(message.path, []).append(f"- `{message.text}`{note}")
    return "\n\n".join(f"`{Path(path).as_posix()}`\n\n" + "\n".join(lines) for path, lines in files.items())


def _headings(markdown: str) -> dict[str, str]:
    """The heading above the note on each message."""
    found, heading = {}, ""
    for part in re.split(r"^(?=## )", markdown, flags=re.MULTILINE):
        heading = part.splitlines()[0].removeprefix("## ") if part.startswith("## ") else heading
        found |= {same(text): heading for text in noted(part)}
    return found


def _anchor(heading: str) -> str:
    """As Markdown's table of contents makes it."""
    return re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower())
