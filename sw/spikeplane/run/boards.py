"""Boards by name."""

import difflib
from collections.abc import Callable

from spikeplane.errors import SpikeplaneError
from spikeplane.host.serial import BAUD, SerialDevice, is_port
from spikeplane.program import Program
from spikeplane.provided import provided
from spikeplane.run.board import Board, DeviceBoard


def _golden(program: Program, verify: bool) -> Board:  # noqa: ARG001 - it has no memories to read
    return provided("GoldenBoard")(program)


def _sim(program: Program, verify: bool) -> Board:
    return DeviceBoard(provided("SimulatedBoard")(program.config), program, "simulated board", verify=verify)


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
