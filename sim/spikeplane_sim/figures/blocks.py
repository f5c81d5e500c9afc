"""Cells of a tile of `small` and of its router on the ECP5 after packing, beside what they were before the redesign for
size began.

A block that is smaller than a tile stands beside logic of the length that a core's longest paths have: alone the
tools would spend cells on a clock that no tile reaches. That logic is measured too, and taken off.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.table import Table

from spikeplane.config import ChipConfig, preset
from spikeplane_gateware.network.router import Router
from spikeplane_gateware.verilog.convert import convert
from spikeplane_sim.bench.block import Packed
from spikeplane_sim.figures import training
from spikeplane_sim.figures.options import pack, packed
from spikeplane_sim.figures.synthesis import Usage

#: By block, on the day when the redesign for size began (b3d0c4c), of this flow.
BEFORE = {"tile": Usage(9118, 11407, 99, 16, 0.0), "router": Usage(1136, 1146, 0, 0, 0.0)}
#: By name what makes each block but the tile.
BLOCKS: dict[str, Callable[[ChipConfig], Any]] = {"router": Router}

#: A long path: additions one behind the other.
_BESIDE = """
module beside(input clk, input d, output reg q);
  reg [63:0] a, b, c;
  wire [63:0] first = ((a + b) ^ (a << 3)) + ((b + a) >> 5);
  always @(posedge clk) begin
    a <= {a, d ^ a[5]};
    b <= {b, a[63] ^ b[9]};
    c <= ((first << 2) + first) + ((((a - b) ^ (b >> 7)) + a) ^ b);
    q <= ^c;
  end
endmodule
"""


def measure(name: str) -> Usage:
    """A block of one tile of `small`, packed; its clock is 0. Takes a minute. Raises SpikeplaneError where a tool fails."""
    config = preset("small")
    with tempfile.TemporaryDirectory(prefix="spikeplane-") as folder:
        work = Path(folder)
        if name == "tile":
            return packed(config, work)
        block = Packed({"part": BLOCKS[name](config)})
        both = pack(_BESIDE + convert(block, "part") + _with(training.top(block)), work)
        alone = pack(
            _BESIDE + _with("module top(input clk, input d, output q);\nassign q = held[0];\nendmodule\n"),
            work,
        )
    registers = block.in_bits + block.out_bits + 1  # of the harness around the block: see training.top
    return Usage(
        both.cells - alone.cells,
        both.flipflops - alone.flipflops - registers,
        both.memories,
        both.multipliers,
        0.0,
    )


def _with(top: str) -> str:
    """The module `top` with that logic beside what it holds."""
    held = "held[0] ^ z" if "reg" in top else "z"
    return top.replace(
        "assign q = held[0];", f"wire z;\nbeside beside(.clk(clk), .d(d), .q(z));\nassign q = {held};"
    )


def table(measured: Callable[[str], Usage] = measure) -> Table:
    """What was, and what is now."""
    shown = Table(
        title="A tile of `small` and its parts, ECP5, after packing: before the redesign, and now",
        title_justify="left",
    )
    for column in (
        "block",
        "cells before",
        "now",
        "",
        "FF before",
        "now",
        "",
        "DP16KD before",
        "now",
        "MULT18 before",
        "now",
    ):
        shown.add_column(column, justify="left" if column == "block" else "right")
    for name, before in BEFORE.items():
        now = measured(name)
        shown.add_row(
            name,
            *_pair(before.cells, now.cells),
            *_pair(before.flipflops, now.flipflops),
            *_pair(before.memories, now.memories)[:2],
            *_pair(before.multipliers, now.multipliers)[:2],
        )  # fmt: skip
    return shown


def _pair(before: int, now: int) -> tuple[str, str, str]:
    return f"{before:,}", f"{now:,}", f"{now - before:+,}"
