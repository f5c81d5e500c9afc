"""Boards by name."""

import difflib
from collections.abc import Callable

from spikeplane.errors import SpikeplaneError
from spikeplane.host.find import find_chip
from spikeplane.host.serial import BAUD, SerialDevice, is_port
from spikeplane.program import Program
from spikeplane.provided import provided
from spikeplane.run.board import Board, DeviceBoard


def _golden(program: Program, verify: bool) -> Board:  # noqa: ARG001 - it has no memories to read
    return provided("GoldenBoard")(program)


def _sim(program: Program, verify: bool) -> Board:
    return DeviceBoard(provided("SimulatedBoard")(program.config), program, "simulated board", verify=verify)


AUTO = "auto"  #: the connected board that has the program's chip
BOARDS: dict[str, Callable[[Program, bool], Board]] = {"golden": _golden, "sim": _sim}


def open_board(name: str, program: Program, baud: int | None = None, *, verify: bool = False) -> Board:
    """The board of that name, or at that serial port at `baud`, ready for the program; "auto": the one that is
    connected by USB and has the program's chip. With `verify` what is loaded is read back (the golden
    model has nothing to load). Raises SpikeplaneError for a name there is not, for a port that cannot be
    opened, and where no board, or more than one, has the chip."""
    if name == AUTO:
        name = find_chip(program.config, BAUD if baud is None else baud)
    if is_port(name):
        return DeviceBoard(
            SerialDevice(name, BAUD if baud is None else baud), program, f"board at {name}", verify=verify
        )
    if name not in BOARDS:
        known = [*BOARDS, AUTO]
        close = difflib.get_close_matches(name, known, n=1)
        advice = (
            f"did you mean '{close[0]}'?" if close else f"choose from {', '.join(known)}, or a serial port"
        )
        raise SpikeplaneError(f"unknown board '{name}'; {advice}")
    if baud is not None:
        raise SpikeplaneError(f"--baud is the rate of a serial port; the board '{name}' has none")
    return BOARDS[name](program, verify)
