"""Boards by name."""

import difflib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from os import PathLike
from typing import Any

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
_EXPECTED = "board must be 'golden', 'sim', 'auto', the path of a serial port"


def open_board(
    name: str | PathLike[str], program: Program, baud: int | None = None, *, verify: bool = False
) -> Board:
    """The board of that name, or at that serial port at `baud`, ready for the program; "auto": the one that is
    connected by USB and has the program's chip. With `verify` what is loaded is read back (the golden
    model has nothing to load). Raises SpikeplaneError for a name there is not, for a port that cannot be
    opened, and where no board, or more than one, has the chip."""
    check_program(program)
    if not isinstance(name, str | PathLike):
        raise SpikeplaneError(f"{_EXPECTED}, not {_kind(name)}")
    name = str(name)
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


@contextmanager
def board_for(
    board: Any, program: Program, baud: int | None = None, *, verify: bool = False
) -> Iterator[Board]:
    """The board of that name, open inside; or an open board of the program, which stays open. Raises
    SpikeplaneError as `open_board` and `check_board` do."""
    if not isinstance(board, str | PathLike):
        check_board(board, program)
        yield board
        return
    with open_board(board, program, baud, verify=verify) as opened:
        yield opened


def check_board(board: Any, program: Program) -> None:
    """Raise SpikeplaneError for what is no open board, and for one that runs another program: it would take the same
    planes and give that one's outputs."""
    if not isinstance(board, Board):
        raise SpikeplaneError(f"{_EXPECTED} or an open board (sp.open_board), not {_kind(board)}")
    held: Program | None = getattr(board, "program", None)  # a board of a user's own may not say
    if held is None or held is program or _loaded(held) == _loaded(program):
        return
    raise SpikeplaneError(
        f"the board '{board.name}' was opened for another program, '{held.name}' ({held.digest[:12]}), not for this "
        f"'{program.name}' ({program.digest[:12]}); open one for this: sp.open_board(name, program)"
    )


def _loaded(program: Program) -> tuple[Any, ...]:
    """What a board gets of a program: two that are equal in this give the same outputs."""
    populations = [(p.name, p.shape) for p in program.network.populations]
    return program.config.digest, populations, program.probes, program.network.output, program.image.words


def check_program(program: Any) -> None:
    """Raise SpikeplaneError unless it is a Program."""
    if not isinstance(program, Program):
        raise SpikeplaneError(
            f"program must be a Program, as sp.compile and sp.Program.load give it, not {_kind(program)}"
        )


def _kind(value: Any) -> str:
    name = type(value).__name__
    return "None" if value is None else f"{'an' if name[0] in 'aeiouAEIO' else 'a'} {name}"
