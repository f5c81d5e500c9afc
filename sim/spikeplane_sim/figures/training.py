"""Cells and clock of a core that learns and its router, and of its parts, each alone on the ECP5 85k (see `synthesis`),
beside what the design foresaw."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.table import Table

from spikeplane.config import ChipConfig, preset
from spikeplane.training import EXACT_BITS, TrainingConfig
from spikeplane_gateware.ram import RAM_VERILOG
from spikeplane_gateware.units.training.binary16 import Decode, Mul16, Round16
from spikeplane_gateware.units.training.tree import Tree
from spikeplane_gateware.verilog.convert import convert
from spikeplane_sim.bench.block import Packed
from spikeplane_sim.figures import synthesis
from spikeplane_sim.figures.synthesis import Usage, place_and_route

REQUIRED, LEAST = 80, 60  #: MHz: the aim of every part and of a core; what a core has to reach
#: Cells that the design foresaw, from its sketches; of a core it is an estimate.
DESIGNED = {
    "round16, 48 bits": 627,
    "mul16": 309,
    "tree of 8, 48 bits": 432,
    "core, 36 bits": 13_000,
    "core, 48 bits": 13_000,
}
#: By name what makes each part.
PARTS: dict[str, Callable[[], Any]] = {
    "decode, 48 bits": lambda: Decode(exact_bits=48),
    "round16, 36 bits": lambda: Round16(exact_bits=36),
    "round16, 48 bits": lambda: Round16(exact_bits=48),
    "mul16": Mul16,
    "tree of 8, 48 bits": lambda: Tree(lanes=8, exact_bits=48, id_bits=16),
}


def core(exact_bits: int) -> ChipConfig:
    """A core of the size of the design's sketch: 2,048 words of weights and 2 x 512 of sums."""
    training = TrainingConfig(exact_bits=exact_bits, tape_depth=256, partial_depth=256)
    return replace(preset("tiny"), weight_bits=16, training=training)


def measure(name: str, folder: Path | None = None) -> Usage:
    """Synthesise, place and route a part between registers. Takes a minute. Raises SpikeplaneError
    where a tool fails."""
    packed = Packed({"part": PARTS[name]()})
    with tempfile.TemporaryDirectory(prefix="spikeplane-") as temporary:
        work = folder or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        text = "\n".join([RAM_VERILOG.read_text(), convert(packed, "part"), top(packed)])
        return place_and_route(text, work)


def top(packed: Packed) -> str:
    """A Verilog module around it with four pins: inputs from a shift register, outputs into registers."""
    given, found = packed.in_bits - 1, packed.out_bits - 1
    return (
        f"module top(input clk, input rst, input d, output q);\n"
        f"reg [{given}:0] chain; wire [{found}:0] result; (* keep *) reg [{found}:0] held; reg reset;\n"
        f"part part(.clk(clk), .rst(reset), .given(chain), .found(result));\n"
        f"always @(posedge clk) begin chain <= {{chain, d}}; held <= result; reset <= rst; end\n"
        f"assign q = held[0];\nendmodule\n"
    )


def table() -> Table:
    """All parts, and cores of 36 and 48 bits, which take many minutes each."""
    shown = Table(
        title="A core that learns, on the ECP5 85k, speed 6 (nextpnr)",
        title_justify="left",
        caption=f"required of a core: {LEAST} MHz; aim of all: {REQUIRED}",
    )
    for column in ("part", "cells", "designed", "FF", "DP16KD", "MULT18", "fmax MHz"):
        shown.add_column(column, justify="left" if column == "part" else "right")
    for name in PARTS:
        _add(shown, name, measure(name))
    for exact_bits in EXACT_BITS:
        _add(shown, f"core, {exact_bits} bits", synthesis.measure(core(exact_bits)))
    return shown


def _add(shown: Table, name: str, usage: Usage) -> None:
    counts = (usage.flipflops, usage.memories, usage.multipliers)
    designed = f"{DESIGNED[name]:,}" if name in DESIGNED else ""
    shown.add_row(name, f"{usage.cells:,}", designed, *[f"{v:,}" for v in counts], f"{usage.fmax:.1f}")
