"""What `compile` and `run` show of their work, and what was assumed in the log."""

import io
import logging
import sys
import types

import numpy as np
import pytest
from rich.console import Console
from test_front import Two, images

import spikeplane
from spikeplane import Encoding, SpikeplaneError
from spikeplane.front import progress


def made(**options) -> spikeplane.Program:
    encoding = Encoding(kind="direct", steps=4)
    return spikeplane.compile(Two(), chip="tiny", encoding=encoding, input_shape=(1, 4, 4), **options)


@pytest.fixture
def pages(monkeypatch) -> list[str]:
    """What a notebook shows, one after the other, in the one place that there is."""
    found: list[str] = []
    handle = types.SimpleNamespace(update=found.append)
    module = types.ModuleType("IPython.display")
    module.HTML = str  # type: ignore[attr-defined]
    module.display = lambda page, display_id: (found.append(page), handle)[1]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", types.ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    monkeypatch.setattr(
        progress, "_console", lambda: types.SimpleNamespace(is_jupyter=True, is_terminal=True)
    )
    monkeypatch.setattr(progress, "_OFTEN", 0)
    return found


def test_a_function_gets_the_texts() -> None:
    said: list[str] = []
    made(progress=said.append, calibration=images())
    assert said[:2] == ["reading the model", "finding integers and places"]
    assert said[-1] == "running the calibration in float and integer"
    assert "comparing integers with floats" in said


def test_a_notebook_shows_what_is_done_and_then_what_was_assumed(pages) -> None:
    program = made()
    assert "compiling ..." in pages[0]
    assert any("finding integers and places ..." in page for page in pages)
    assert f"compiled for chip {program.config.digest} in " in pages[-1]
    assert program.assumptions
    assert pages[-1].count("assumed") == len(program.assumptions)
    pages.clear()
    made(progress=False)
    assert pages == []


def test_a_bar_in_a_notebook(pages) -> None:
    made(progress=False).run(images())
    assert pages[0] == "golden <progress value='0' max='6'></progress> 0 of 6"
    assert pages[-1] == "golden <progress value='6' max='6'></progress> 6 of 6"


def test_a_spinner_in_a_terminal(monkeypatch) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(progress, "_console", lambda: Console(file=terminal, force_terminal=True, width=80))
    made(progress=False)
    assert terminal.getvalue() == ""
    with progress.telling("compiling") as say:
        say("layer [1]")
    assert "layer [1]" in terminal.getvalue()
    made()
    assert "comparing integers with floats" in terminal.getvalue()  # the last: what is quick is not drawn


def test_nothing_elsewhere(capfd) -> None:
    made().run(images())
    assert capfd.readouterr() == ("", "")


def test_what_was_assumed_is_logged(caplog) -> None:
    with caplog.at_level(logging.INFO, "spikeplane"):
        program = made(progress=False)
    told = [r.getMessage() for r in caplog.records if r.getMessage().startswith("assumed of ")]
    assert {r.name for r in caplog.records if r.getMessage() in told} == {"spikeplane.compiler.compile"}
    assert told == [
        f"assumed of {row['layer']}: {row['what']} = {row['value']} ({row['why']})"
        for row in program.assumptions
    ]
    assert len(told) > 2


@pytest.mark.parametrize("given", [3, "yes", np.zeros(1)])
def test_refused(given) -> None:
    with pytest.raises(SpikeplaneError) as error:
        made(progress=given)
    assert str(error.value) == f"progress is True, False or a function that takes a line, not {given!r}"
