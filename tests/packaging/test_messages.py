"""docs/troubleshooting has every error message of the sources, and no note on one that is gone."""

import ast
from functools import cache
from pathlib import Path

import pytest
from errors import page, reader, sources

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "troubleshooting"


@cache
def messages() -> list[reader.Message]:
    return reader.messages(ROOT)


@cache
def pages() -> dict[str, str]:
    return {name: (FOLDER / f"{name}.md").read_text() for name in page.PAGES}


def test_every_message_is_on_a_page() -> None:
    filled = {name: page.filled(name, text, messages()) for name, text in pages().items()}
    there = {page.same(line) for text in filled.values() for line in text.split("`")}
    missing = [m for m in messages() if page.same(m.text) not in there]
    assert len(messages()) > 900
    assert not missing
    assert all(page.MARK not in text for text in filled.values())
    assert all(text.count("\n- `") > 15 for text in filled.values())
    assert {path.stem for path in FOLDER.glob("*.md")} == {*page.PAGES, "README"}


def test_a_note_is_on_a_message_that_is_there() -> None:
    """On the page of its file, and once."""
    for name, text in pages().items():
        there = {page.same(m.text) for m in messages() if page.page_of(m.path) == name}
        notes = [page.same(note) for note in page.noted(text)]
        assert [note for note in notes if note not in there] == [], name
        assert len(notes) == len(set(notes)), name


SOURCE = """
_CURE = "use another"
_ADVICE = (("usb", "plug it in again"), ("tool", "install the tool"))

class Own(SpikeplaneError): ...

def of(name: str) -> str:
    return f"{name} is missing" if name else "nothing has a name"

def f(self, path, n, layer):
    what = "too long" if n else "truncated"
    raise SpikeplaneError(f"{path} is {what}: {n - 1} of {len(path)} bytes; {_CURE}")
    raise self.refuse(layer, f"a {layer.kind}", "use " + "neurons")
    raise Own(of(path)) from None
    raise SpikeplaneError(str(error))
    for words, advice in _ADVICE:
        raise SpikeplaneError(f"{path.name}: {advice}")
    raise ValueError("no message of ours")
"""


def test_how_messages_are_read() -> None:
    module = sources.Module("x.py", ast.parse(SOURCE))
    made = reader.Reader(sources.Sources([module]), module)
    assert [text for text, _ in made.messages()] == [
        "{path} is too long: {n} of {path} bytes; use another",
        "{path} is truncated: {n} of {path} bytes; use another",
        "layer '{layer}' is a {kind}, which Spikeplane cannot represent: use neurons",
        "{name} is missing",
        "nothing has a name",
        "{path}: plug it in again",
        "{path}: install the tool",
    ]
    assert made.bare == [("{error}", 15)]


NOTES = "# T\n\n## Too long, by far\n\n```error\n{file} is too long\n```\nCut it.\n\n## Every message\n\n<!-- every message -->\n"


def test_the_list_leads_to_the_notes() -> None:
    found = [
        reader.Message("sw/spikeplane/files.py", 1, "{path} is too long"),
        reader.Message("sw/spikeplane/files.py", 2, "{path} is empty"),
        reader.Message("sw/spikeplane/files.py", 3, "{name} is empty"),
        reader.Message("sw/spikeplane/host/link.py", 3, "no answer"),
    ]
    assert page.noted(NOTES) == ["{file} is too long"]
    assert page.filled("files", NOTES, found).endswith(
        "## Every message\n\n`sw/spikeplane/files.py`\n\n"
        "- `{path} is too long` ([what to do](#too-long-by-far))\n- `{path} is empty`\n"
    )


def test_a_file_of_messages_belongs_to_a_page() -> None:
    with pytest.raises(LookupError, match="new/here.py has messages and belongs to no page"):
        page.page_of("new/here.py")
