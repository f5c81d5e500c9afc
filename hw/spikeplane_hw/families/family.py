"""What a family of FPGAs says of itself, and what the families of the open tools share."""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING

from spikeplane_hw.names import BOARD_MODULE, TOP_MODULE

if TYPE_CHECKING:
    from spikeplane_hw.board import Board, Pin

SOURCE = "board.v"
NETLIST = "netlist.json"
REPORT = "report.json"


class Family(ABC):
    """One family.

    name              of it, as boards, records and estimates have it
    tools             the commands that build for it, in the order of use
    wheels            those of them that come as Python wheels -> the wheel
    constraints_file, bitstream_file   their names in a build's folder
    placed            the tools place, route and pack here; else a project is left (Vivado's)
    """

    name: str
    tools: tuple[str, ...]
    wheels: Mapping[str, str]
    constraints_file: str
    bitstream_file: str
    placed: bool = True

    @abstractmethod
    def check_clock(self, board: "Board") -> None:
        """Raises SpikeplaneError unless the design of the board can run at `board.clock` MHz."""

    @abstractmethod
    def board_verilog(self, board: "Board", pins: Mapping[str, "Pin"]) -> str:
        """The module whose ports are the board's pins: clk, rx, tx, with a button rst, with
        units their pins."""

    @abstractmethod
    def constraints(self, board: "Board", pins: Mapping[str, "Pin"]) -> str:
        """The pins' places and attributes, and the oscillator's frequency where the file can say it."""

    def memories(self, verilog: str) -> str:
        """The design's Verilog with memories as the family has them."""
        return verilog

    def files(self, board: "Board", record: str) -> dict[str, str]:
        """What the tools start from besides Verilog and constraints; `record` names build.json."""
        return {}

    @property
    def made(self) -> tuple[str, ...]:
        """The files of a build that are worth keeping, besides those that the tools start from."""
        return (REPORT, self.bitstream_file)

    @abstractmethod
    def synthesis(self, board: "Board") -> list[str]:
        """yosys: Verilog to netlist."""

    @abstractmethod
    def placement(self, board: "Board", seed: int) -> list[str]:
        """Netlist to a placed and routed design, with REPORT. A slow design is no failure of the tool."""

    @abstractmethod
    def packing(self, board: "Board") -> list[str]:
        """The placed design to a bitstream."""

    @abstractmethod
    def resources(self, log: str, netlist_log: str) -> dict[str, tuple[int, int]]:
        """Title -> (used, available), from what placement and synthesis said."""


class NextpnrFamily(Family):
    """A family of yosys and nextpnr.

    cells    title -> nextpnr's name of the cells that count towards it
    """

    cells: Mapping[str, str]

    def board_verilog(self, board: "Board", pins: Mapping[str, "Pin"]) -> str:
        """The design runs at the oscillator's clock, and is reset by the button alone."""
        return instance(pins, "", "clk", pressed(pins))

    def constraints(self, board: "Board", pins: Mapping[str, "Pin"]) -> str:
        """The lines of each pin, then that of the oscillator."""
        lines = [line for name, pin in pins.items() for line in self.places(name, pin)]
        return "\n".join([*lines, *self.clock_line(board), ""])

    @abstractmethod
    def places(self, name: str, pin: "Pin") -> list[str]:
        """The lines of one pin."""

    def clock_line(self, board: "Board") -> list[str]:
        """The line of the oscillator, where the file can say it."""
        return []

    def common(self, board: "Board", seed: int) -> list[str]:
        """What nextpnr is told for every family."""
        clock = f"{board.clock:g}"
        return [
            *("--json", NETLIST, "--freq", clock, "--seed", str(seed)),
            *("--timing-allow-fail", "--report", REPORT),
        ]

    def resources(self, log: str, netlist_log: str) -> dict[str, tuple[int, int]]:
        """From nextpnr's log: it holds them even where the design does not fit."""
        found: dict[str, tuple[int, int]] = {}
        for title, cell in self.cells.items():
            lines = re.findall(rf"\s{cell}:\s+(\d+)/\s*(\d+)", log)
            if lines:
                found[title] = (int(lines[-1][0]), int(lines[-1][1]))
        return found


def pressed(pins: Mapping[str, "Pin"]) -> str:
    """Verilog that is 1 while the button is pressed."""
    button = pins.get("rst")
    return "1'b0" if button is None else "~rst" if button.inverted else "rst"


def instance(
    pins: Mapping[str, "Pin"],
    clock: str,
    source: str,
    reset: str,
    units: tuple[str, str, str] = ("", "", ""),
) -> str:
    """The board's module around the design: `clock` is Verilog that makes the clock `source`.
    `units`: their ports, what the design is connected to, and what stands behind the instance."""
    button = ", input rst" if "rst" in pins else ""
    ports, connected, behind = units
    return (
        f"module {BOARD_MODULE}(input clk, input rx, output tx{button}{ports});\n{clock}"
        f"  {TOP_MODULE} top(.clk({source}), .rst({reset}), .rx(rx), .tx(tx){connected});\n"
        f"{behind}endmodule\n"
    )
