"""Energy, traffic and cycles of learning a sample, as `spikeplane estimate` tells them of the shapes that it knows."""

from rich.table import Table

from spikeplane.estimate.learning.activity import Densities
from spikeplane.estimate.learning.shapes import SHAPES
from spikeplane.estimate.learning.shown import COLUMNS, TEXT, footer, lines, rows
from spikeplane.estimate.learning.whole import by_densities, far

NAMES = tuple(SHAPES)


def table(name: str) -> Table:
    """Of one of the shapes, its assumptions below."""
    found = by_densities(SHAPES[name](), steps=4, samples=64, densities=Densities(), **far(name == "vgg-7"))
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
