"""A program moved to the chip that a board would be built as for it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from spikeplane.compiler.auto import of_board
from spikeplane.compiler.size import moved
from spikeplane.errors import SpikeplaneError
from spikeplane.estimate.activity import Activity
from spikeplane.estimate.whole import estimated
from spikeplane.program import Program

if TYPE_CHECKING:
    from spikeplane_hw.board import Board


def made_for(program: Program, board: "Board") -> Program:
    """The program on the least chip that holds its network and that the board holds. Raises SpikeplaneError where
    there is none."""
    if program.config.units:
        raise SpikeplaneError("a chip with units of its own is not made anew")
    return moved(program, of_board(board).placed)


def _reason(error: SpikeplaneError, board: "Board") -> str:
    """Why no chip is made, in as many words as stand behind a colon: without what the message tells to do."""
    if board.chip is None:
        return board.note
    return getattr(error, "lacks", "") or str(error).partition("; ")[0]


def best_estimate(
    program: Program, board: "Board", activity: Callable[[Program], Activity], samples: int
) -> dict[str, Any]:
    """The estimate of the program's own chip; where the board does not hold it, "made" is that of the chip made
    for the network, or None where it holds none either, and "why" says what is too large."""
    found = {**estimated(program, board, activity(program), samples), "made": None, "why": None}
    if found["fits"]:
        return found
    try:
        made = made_for(program, board)
    except SpikeplaneError as error:
        return {**found, "why": _reason(error, board)}
    return {**found, "made": estimated(made, board, activity(made), samples)}
