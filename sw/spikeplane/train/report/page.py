"""Builds the page: the training as JSON, inside one HTML file with its own style and script."""

from pathlib import Path
from typing import Any

import numpy as np

from spikeplane.files import write_file
from spikeplane.kit import docs_link, page_text
from spikeplane.train.file import Training
from spikeplane.train.survey import bound_rows, layer_rows, weight_rows

FOLDER = Path(__file__).parent
SCRIPTS = ("charts.js", "page.js")
POINTS = 400  #: of a curve, at most: iterations in a row are averaged


def write_report(
    path: str | Path, training: Training, figures: dict[str, Any], provenance: dict[str, str]
) -> None:
    """Write the page, whole or not at all. `figures`: what the command prints (board, sha256, and what a chip has counted);
    `provenance`: what was trained, with what and when, shown as it is. Raises SpikeplaneError if the place cannot be
    written."""
    write_file(path, page(training, figures, provenance))


def page(training: Training, figures: dict[str, Any], provenance: dict[str, str]) -> str:
    """The HTML text."""
    settings, kept = training.settings, training.figures
    content = {
        "title": Path(figures.get("training", "training")).stem,
        "figures": {name: value for name, value in figures.items() if name != "epochs"},
        "settings": {
            "encoding": settings.encoding.kind, "steps": settings.encoding.steps, "samples": settings.samples,
            "batch": settings.batch, "epochs": settings.epochs, "rate": settings.rate, "last_rate": settings.last_rate,
            "momentum": settings.momentum, "loss": settings.loss, "seed": settings.seed,
        },
        "iterations": training.iterations,
        "an_epoch": settings.an_epoch,
        "curve": _averaged(kept.curve),
        "epochs": kept.epochs,
        "profiles": kept.profiles,
        "layers": layer_rows(training),
        "weights": weight_rows(training),
        "bounds": bound_rows(training),
        "provenance": provenance,
        "docs": docs_link("training.md"),
    }  # fmt: skip
    return page_text(FOLDER, SCRIPTS, content["title"], content)


def _averaged(curve: list[tuple[float, float]]) -> list[list[float]]:
    """Rows [last iteration, loss, accuracy], POINTS at most, each the mean of as many iterations."""
    if not curve:
        return []
    values = np.array(curve, np.float64)
    each = -(-len(values) // POINTS)
    parts = [values[first : first + each] for first in range(0, len(values), each)]
    ends = np.minimum(np.arange(1, len(parts) + 1) * each, len(values))
    return [[int(end), *map(float, part.mean(0))] for end, part in zip(ends, parts, strict=True)]
