"""The clock of a core with every option of inference, against the same core without any: median over seeds of the placer.

One tile of `tiny` on the ECP5 85k, speed 6, as the boards are built. An option is off by default and leaves a chip as it was.
"""

import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from rich.table import Table

from spikeplane.config import ChipConfig, preset
from spikeplane_gateware.chip import TILE_MODULE
from spikeplane_gateware.ram import memory_modules
from spikeplane_gateware.tile import Tile
from spikeplane_gateware.verilog.convert import convert
from spikeplane_sim.figures.synthesis import Usage, placed, synthesised, top

SEEDS = 5

#: All options at once, with room for a small network that uses them; in narrow tables, because the words that name what to do
#: become wider with each, and the wires between block RAMs, which lie in a row, set the clock: 42 of them without, 33 with.
EVERY: dict[str, Any] = {
    "narrow_tables": True,
    "low_planes": True,
    "levels": True,
    "step_bits": 2,
    "dynamic_depth": 256,
    "dynamic_bits": 8,
    "gates": True,
    "tables": 1,
    "presentations": 4,
}


def clocks(config: ChipConfig, seeds: int = SEEDS, folder: Path | None = None) -> list[Usage]:
    """One tile of `config`, by seed. Takes minutes a seed. Raises SpikeplaneError where a tool fails."""
    with tempfile.TemporaryDirectory(prefix="spikeplane-") as temporary:
        work = folder or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        tile = convert(Tile(config), TILE_MODULE)
        text = "\n".join([memory_modules(tile), tile, top(config)])
        synthesised(text, work)
        return [placed(work, placer="static", router="router1", seed=1 + n) for n in range(seeds)]


def table() -> Table:
    """A tile with no option and one with all."""
    shown = Table(title=f"Clock of a core, {SEEDS} seeds: one tile of `tiny`, ECP5", title_justify="left")
    for column in ("options", "cells", "FF", "DP16KD", "fmax MHz", "median", ""):
        shown.add_column(column, justify="left" if column == "options" else "right")
    base = 0.0
    for name, fields in (("none", {}), ("all", EVERY)):
        found = clocks(replace(preset("tiny"), **fields))
        middle = median(use.fmax for use in found)
        base = base or middle
        each = " ".join(f"{use.fmax:.1f}" for use in found)
        one = found[0]
        share = f"{100 * (middle / base - 1):+.1f} %"
        counts = (f"{one.cells:,}", f"{one.flipflops:,}", str(one.memories))
        shown.add_row(name, *counts, each, f"{middle:.1f}", share)
    return shown
