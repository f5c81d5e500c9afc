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


def made_for(program: Program, board: "Board") -> Program | None:
    """The program on the least chip that holds its network and that the board holds; None for none."""
    if program.config.units:
        return None
    try:
        return moved(program, of_board(board).placed)
    except SpikeplaneError:
        return None


def best_estimate(
    program: Program, board: "Board", activity: Callable[[Program], Activity], samples: int
) -> dict[str, Any]:
    """The estimate of the program's own chip; where the board does not hold it, "made" is that of the chip made
    for the network, or None where it holds none either."""
    found = estimated(program, board, activity(program), samples)
    made = None if found["fits"] else made_for(program, board)
    found["made"] = None if made is None else estimated(made, board, activity(made), samples)
    return found
