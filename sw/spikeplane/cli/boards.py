"""Boards by name: the one place where the command line reaches for the golden model or the simulator."""

import difflib
from collections.abc import Callable
from typing import TYPE_CHECKING

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.host.boards import Board, DeviceBoard
from spikeplane.host.serial import BAUD, SerialDevice, is_port
from spikeplane.program import Program

if TYPE_CHECKING:
    from spikeplane_sim.board.pins import PinBoard


def _golden(program: Program, verify: bool) -> Board:  # noqa: ARG001 - it has no memories to read
    from spikeplane_sim.golden.board import GoldenBoard

    return GoldenBoard(program)


def _sim(program: Program, verify: bool) -> Board:
    from spikeplane_sim.board import SimulatedBoard

    return DeviceBoard(SimulatedBoard(program.config), program, "simulated board", verify=verify)


def pin_board(config: ChipConfig, clock_hz: float | None = None) -> "PinBoard":
    """The board's top level of that chip, simulated at its pins; built if it is not in the cache."""
    from spikeplane_hw.top import top_verilog
    from spikeplane_sim.board.build import build_pins, cached_verilog
    from spikeplane_sim.board.pins import CLOCK_HZ, PinBoard

    clock_hz = clock_hz or CLOCK_HZ
    library = build_pins(top_verilog(config, clock_hz, cached_verilog(config).read_text()), config.camera)
    return PinBoard(library, clock_hz=clock_hz, baud=min(3e6, clock_hz / 8), camera=config.camera)


def echo_board(clock_hz: float) -> "PinBoard":
    """The UART echo, which is the design of boards that hold no chip, simulated at its pins; built
    if it is not in the cache."""
    from spikeplane_gateware.generate import convert
    from spikeplane_hw.echo import EchoTop
    from spikeplane_hw.names import TOP_MODULE
    from spikeplane_sim.board.build import build_pins
    from spikeplane_sim.board.pins import PinBoard

    return PinBoard(
        build_pins(convert(EchoTop(clock_hz), TOP_MODULE)), clock_hz=clock_hz, baud=min(3e6, clock_hz / 8)
    )


BOARDS: dict[str, Callable[[Program, bool], Board]] = {"golden": _golden, "sim": _sim}


def open_board(name: str, program: Program, baud: int | None = None, *, verify: bool = False) -> Board:
    """The board of that name, or at that serial port at `baud`, ready for the program; with `verify`
    what is loaded is read back (the golden model has nothing to load). Raises SpikeplaneError for a
    name there is not, and for a port that cannot be opened."""
    if is_port(name):
        return DeviceBoard(
            SerialDevice(name, BAUD if baud is None else baud), program, f"board at {name}", verify=verify
        )
    if name not in BOARDS:
        close = difflib.get_close_matches(name, BOARDS, n=1)
        advice = (
            f"did you mean '{close[0]}'?" if close else f"choose from {', '.join(BOARDS)}, or a serial port"
        )
        raise SpikeplaneError(f"unknown board '{name}'; {advice}")
    if baud is not None:
        raise SpikeplaneError(f"--baud is the rate of a serial port; the board '{name}' has none")
    return BOARDS[name](program, verify)
