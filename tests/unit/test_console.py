"""What is drawn on a terminal, and nothing where there is none."""

import io

import pytest
from rich.console import Console

from spikeplane.cli import console


@pytest.mark.parametrize("terminal", [True, False])
def test_a_bar(monkeypatch, terminal: bool) -> None:
    written = io.StringIO()
    monkeypatch.setattr(console, "err", Console(file=written, force_terminal=terminal, width=100))
    with console.bar("samples", 7, "samples") as advance:
        advance(7)
    assert ("samples" in written.getvalue(), "7/7" in written.getvalue()) == (terminal, terminal)
    assert terminal or written.getvalue() == ""
