"""A 16-lane core at its smallest: cells, memories, clock, and synaptic operations a second and cell at 10 % activity, beside the
core on the day when the redesign for size began. One tile of `small` on the ECP5 85k, speed 6, as the boards are built.

An operation is a weight that a spike adds to a sum. How many a core does in a cycle is measured on the simulated chip with the same
options, running the dense layer of `utilisation`.
"""

from dataclasses import replace
from statistics import median
from typing import Any

from rich.table import Table

from spikeplane.config import preset
from spikeplane_sim.figures import utilisation
from spikeplane_sim.figures.blocks import BEFORE
from spikeplane_sim.figures.clock import SEEDS, clocks
from spikeplane_sim.figures.synthesis import Usage

#: Four lanes are swept at a time, weights shifted by multipliers, tables and parameters narrow.
SMALLEST: dict[str, Any] = {"sweep_lanes": 4, "shift_multiplier": True, "narrow_tables": True}
#: By name, what is asked of each is below the table.
CORES: dict[str, dict[str, Any]] = {
    "smallest": SMALLEST,
    "smallest, two spikes a cycle": {**SMALLEST, "spikes_per_cycle": 2},
}
LAYER = "dense 1024 -> 1024"


def operations(fields: dict[str, Any]) -> float:
    """Synaptic operations a cycle of one core with these options, on the dense layer. Raises SpikeplaneError if a spike differs
    from the golden model's."""
    network = utilisation.layers()[LAYER]
    use = utilisation.measure(LAYER, network, replace(utilisation.CHIP, **fields))
    return utilisation.operations(network) / use.cycles


def table() -> Table:
    """The cores; five seeds of the placer each. Takes an hour where nothing is kept."""
    shown = Table(title="A 16-lane core and its router at its smallest, ECP5", title_justify="left")
    for column in ("core", "cells", "FF", "DP16KD", "MULT18", "fmax MHz", "median", "operations /s/cell"):
        shown.add_column(column, justify="left" if column == "core" else "right")
    shown.add_row("when the redesign began", *counts(BEFORE["tile"]), "", "", "")
    for name, fields in CORES.items():
        found = clocks(replace(preset("small"), **fields), SEEDS)
        middle = median(use.fmax for use in found)
        each = " ".join(f"{use.fmax:.1f}" for use in found)
        density = operations(fields) * middle * 1e6 / found[0].cells
        shown.add_row(name, *counts(found[0]), each, f"{middle:.1f}", f"{density:,.0f}")
    return shown


def counts(use: Usage) -> tuple[str, ...]:
    """The cells of a row."""
    return tuple(f"{n:,}" for n in (use.cells, use.flipflops, use.memories, use.multipliers))
