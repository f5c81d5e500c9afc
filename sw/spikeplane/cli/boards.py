"""Boards by name: the one place where the command line reaches for the golden model or the simulator."""

import difflib
from collections.abc import Callable

from spikeplane.errors import SpikeplaneError
from spikeplane.host.boards import Board, DeviceBoard
from spikeplane.program import Program


def _golden(program: Program) -> Board:
    from spikeplane_sim.golden.board import GoldenBoard

    return GoldenBoard(program)


def _sim(program: Program) -> Board:
    from spikeplane_sim.board import SimulatedBoard

    return DeviceBoard(SimulatedBoard(program.config), program, "simulated board")


BOARDS: dict[str, Callable[[Program], Board]] = {"golden": _golden, "sim": _sim}


def open_board(name: str, program: Program) -> Board:
    """The board of that name, ready for the program. Raises SpikeplaneError for a name there is not."""
    if name not in BOARDS:
        close = difflib.get_close_matches(name, BOARDS, n=1)
        advice = f"did you mean '{close[0]}'?" if close else f"choose from {', '.join(BOARDS)}"
        raise SpikeplaneError(f"unknown board '{name}'; {advice}")
    return BOARDS[name](program)
