"""Energy, traffic and cycles of learning a sample, as `spikeplane estimate` tells them of the shapes that it knows."""

from pathlib import Path

from rich.table import Table

from spikeplane.cli.estimate_training import estimate_training
from spikeplane.estimate.learning.shapes import SHAPES
from spikeplane.estimate.learning.shown import COLUMNS, TEXT, footer, lines, rows

NAMES = tuple(SHAPES)


def table(name: str) -> Table:
    """Of one of the shapes, its assumptions below."""
    found = estimate_training(Path(name), data=None, densities=None, steps=None, batch=None, dram=False)
    below = [f"{label}: {text}" for label, text in lines(found)] + footer(found)
    shown = Table(
        title=f"{name}: learning one sample, estimated",
        title_justify="left",
        caption="\n".join(below),
        caption_justify="left",
    )
    for column in COLUMNS:
        shown.add_column(column, justify="left" if column in TEXT else "right")
    for cells in rows(found):
        shown.add_row(*cells)
    return shown
