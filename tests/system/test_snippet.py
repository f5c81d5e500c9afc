"""The lines that docs/python.md opens with, as a script and as a notebook, the served board in the place of the one
that is connected."""

import subprocess
import sys
from pathlib import Path

import pytest
from served import served
from snippet import CELLS, COMPILE, Convolutional, Perceptron, Residual, trained

import spikeplane
from spikeplane import Encoding

KINDS = (Perceptron, Convolutional, Residual)
BEFORE = """
import sys
sys.path.insert(0, {here!r})
import matplotlib
import snippet
model, x, y = snippet.trained(snippet.{kind})
port, here, events = {port!r}, snippet.{kind}.name, {events}
"""


def test_it_is_what_the_page_says() -> None:
    page = (Path(__file__).parents[2] / "docs" / "python.md").read_text()
    for cell in CELLS[:4]:
        for line in cell.strip().splitlines():
            if line.startswith(("result = ", "program = ")):
                assert line.replace('chip="ulx3s-85f"', 'chip="auto"') in page


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "events"), [
    (Perceptron, "x[:3]"), (Convolutional, "[x[0], x[1]]"), (Residual, "x[:2].numpy()"),
], ids=lambda given: getattr(given, "__name__", None))  # fmt: skip
@pytest.mark.parametrize("form", ["script", "notebook"])
def test_the_snippet(kind, events, form, tmp_path) -> None:
    path = tmp_path / "net.spk"
    model, x, y = trained(kind)
    encoding = Encoding(kind="direct", steps=4)
    spikeplane.compile(model, chip="ulx3s-85f", encoding=encoding, calibration=x, labels=y).save(path)
    with served(str(path)) as port:
        first = BEFORE.format(
            here=str(Path(__file__).parent), kind=kind.__name__, port=str(port), events=events
        )
        shown = script(first, tmp_path) if form == "script" else notebook(first, tmp_path)
    assert "times, at 1,000 us a step" in shown
    assert (tmp_path / "run.html").read_text().startswith("<!doctype html>")


def script(first: str, folder: Path) -> str:
    lines = first.replace("import matplotlib\n", "import matplotlib\nmatplotlib.use('Agg')\n")
    (folder / "snippet_run.py").write_text("".join((lines, *CELLS)))
    done = subprocess.run(
        [sys.executable, "snippet_run.py"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def notebook(first: str, folder: Path) -> str:
    import nbformat
    from nbconvert.preprocessors import ExecutePreprocessor

    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c.strip()) for c in (first, *CELLS)])
    ExecutePreprocessor(timeout=900, kernel_name="python3").preprocess(
        book, {"metadata": {"path": str(folder)}}
    )
    outputs = {cell.source: cell.get("outputs", []) for cell in book.cells}
    compiled = outputs[COMPILE.strip()]
    pages = [one["data"].get("text/html", "") for one in compiled if "data" in one]
    # what was done and assumed stays, and the program's card; nothing needs ipywidgets
    assert any("compiled for chip" in page and "assumed" in page for page in pages)
    assert any("direct encoding, 4 steps" in page for page in pages)
    assert not any("widget" in kind for one in compiled for kind in one.get("data", {}))
    assert any("image/png" in one.get("data", {}) for found in outputs.values() for one in found)
    return "".join(one.get("text", "") for found in outputs.values() for one in found)
