"""Cells and clock of the parts of a core that learns, each alone on the ECP5 85k (see `synthesis`)."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.table import Table

from spikeplane_gateware.ram import RAM_VERILOG
from spikeplane_gateware.units.training.binary16 import Decode, Mul16, Round16
from spikeplane_gateware.units.training.tree import Tree
from spikeplane_gateware.verilog.convert import convert
from spikeplane_sim.bench.block import Packed
from spikeplane_sim.figures.synthesis import Usage, place_and_route

REQUIRED = 80  #: MHz, the aim of every part
#: By name what makes each part.
PARTS: dict[str, Callable[[], Any]] = {
    "decode, 48 bits": lambda: Decode(exact_bits=48),
    "round16, 36 bits": lambda: Round16(exact_bits=36),
    "round16, 48 bits": lambda: Round16(exact_bits=48),
    "mul16": Mul16,
    "tree of 8, 48 bits": lambda: Tree(lanes=8, exact_bits=48, id_bits=16),
}


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
    """All parts."""
    shown = Table(
        title="Parts of a core that learns, on the ECP5 85k, speed 6 (nextpnr)", title_justify="left"
    )
    for column in ("part", "cells", "FF", "DP16KD", "MULT18", "fmax MHz", "required"):
        shown.add_column(column, justify="left" if column == "part" else "right")
    for name in PARTS:
        usage = measure(name)
        counts = (usage.cells, usage.flipflops, usage.memories, usage.multipliers)
        shown.add_row(name, *[f"{v:,}" for v in counts], f"{usage.fmax:.1f}", f"{REQUIRED}")
    return shown
