"""What each option of a core costs, beside what its design estimated: cells, flip-flops and memories of one tile of
`tiny` on the ECP5 after packing; those of the design's operators also of a tile of `small`, which has the lanes that they were
estimated for.

Nothing is placed, because seeds of a placer move cells by more than an option does. An option that is off by default
leaves a chip as it was: the first row.
"""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.table import Table

from spikeplane.config import ChipConfig, preset
from spikeplane_gateware.chip import TILE_MODULE
from spikeplane_gateware.ram import memory_modules
from spikeplane_gateware.tile import Tile
from spikeplane_gateware.verilog.convert import convert
from spikeplane_sim.figures import synthesis
from spikeplane_sim.figures.synthesis import Usage, top


@dataclass(frozen=True)
class Option:
    """Fields of a `ChipConfig` and what they are for; `estimate`: the design's, of a core's cells."""

    name: str
    fields: dict[str, Any]
    used_by: str
    estimate: str = ""


#: Against one tile of the preset `tiny`.
OPTIONS = (
    Option("shifts up to 7 only", {"max_shift": 7}, "nothing: streams of values need 15", "-2 %"),
    Option("membranes of 18 bits", {"membrane_bits": 18, "acc_bits": 20, "max_shift": 17}, "leaks kept to 18 bits, sums of streams"),
    Option("membranes of 24 bits", {"membrane_bits": 24, "acc_bits": 24}, "fire once over many steps"),
    Option("planes from low on", {"low_planes": True}, "streams of values behind images, and behind sums of pixels", "+0.3 %"),
    Option("integer spikes", {"levels": True}, "SpikeYOLO's neurons", "+7 %"),
    Option("dynamic memory", {"dynamic_depth": 256, "dynamic_bits": 8}, "attention", "+6 %"),
    Option("... with gates", {"dynamic_depth": 256, "dynamic_bits": 8, "gates": True}, "attention by channel, pixel and step"),
    Option("a table", {"tables": 1}, "gates: sigmoid, hard sigmoid, tanh"),
    Option("presentations", {"presentations": 2}, "attention over the steps of a sample"),
    Option("numbers by step", {"step_bits": 2}, "batch-norm of each step, readouts over time", "+3 %"),
    Option("two spikes a cycle", {"spikes_per_cycle": 2}, "half the cycles of busy masks"),
    Option("tables that share memories", {"narrow_tables": True}, "chips that have too few block RAMs"),
    Option("one word for accumulator and membrane", {"fused": True}, "chips that have too few block RAMs"),
    Option("... with tables in two memories", {"fused": True, "narrow_tables": True}, "the same"),
    Option("shifts by multipliers", {"shift_multiplier": True}, "FPGAs with multipliers to spare", "-7 %"),
    Option("no leak multiplier", {"leak_multiplier": False}, "leaks of powers of two only"),
    Option("sweeps of 2 lanes", {"sweep_lanes": 2}, "small FPGAs; activity of a percent and more hides it"),
    Option("4-bit weights", {"weight_bits": 4}, "networks trained on 4 bits"),
    Option("1-bit weights", {"weight_bits": 1, "max_shift": 15}, "networks trained on signs; shortcuts by shifts"),
    Option("16 populations", {"populations": 16, "projections": 64}, "gates: a population each"),
)  # fmt: skip

#: Those of the design's operators, against one tile of the preset `small`, of 16 lanes.
OPERATORS = tuple(
    one
    for one in OPTIONS
    if one.fields.keys() & {"levels", "dynamic_depth", "step_bits", "spikes_per_cycle", "shift_multiplier"}
)


def measure(fields: dict[str, Any], chip: str = "tiny") -> Usage:
    """One tile of a preset with these fields, packed. Takes a minute. Raises SpikeplaneError where a tool fails."""
    config = replace(preset(chip), **fields)
    with tempfile.TemporaryDirectory(prefix="spikeplane-") as folder:
        return packed(config, Path(folder))


def packed(config: ChipConfig, work: Path) -> Usage:
    """One tile of `config` after packing, in the folder `work`; its clock is 0."""
    tile = convert(Tile(config), TILE_MODULE)
    return pack("\n".join([memory_modules(tile), tile, top(config)]), work)


def pack(text: str, work: Path) -> Usage:
    """The Verilog's module `top` after packing, in the folder `work`; its clock is 0. Raises SpikeplaneError where a tool fails."""
    synthesis.synthesised(text, work)
    return synthesis.packed(work)


def table(chip: str = "tiny", options: tuple[Option, ...] = OPTIONS) -> Table:
    """Every option's cost against a tile without it."""
    shown = Table(title=f"Options of a core: one tile of `{chip}`, ECP5, after packing", title_justify="left")
    for column in ("option", "cells", "", "estimated", "FF", "DP16KD", "MULT18", "what needs it"):
        shown.add_column(column, justify="left" if column in ("option", "what needs it") else "right")
    base = measure({}, chip)
    shown.add_row("none", *_counts(base, base), "", style="bold")
    for option in options:
        row = _counts(measure(option.fields, chip), base, option.estimate)
        shown.add_row(option.name, *row, option.used_by)
    return shown


def _counts(usage: Usage, base: Usage, estimate: str = "") -> list[str]:
    share = "" if usage == base else f"{100 * (usage.cells / base.cells - 1):+.1f} %"
    return [
        f"{usage.cells:,}", share, estimate, f"{usage.flipflops:,}", str(usage.memories), str(usage.multipliers),
    ]  # fmt: skip
