"""`Program.run`: samples through a board, and everything that is known of it afterwards."""

from collections.abc import Callable
from os import PathLike
from typing import Any

import numpy as np

from spikeplane.encodings import count
from spikeplane.errors import SpikeplaneError
from spikeplane.front.progress import shown
from spikeplane.front.result import RunResult
from spikeplane.program import Program
from spikeplane.run.board import Board
from spikeplane.run.boards import board_for
from spikeplane.run.execute import Result, execute
from spikeplane.samples import labelled

KEPT = 1 << 28  #: bytes of outputs, one bit a spike, that are kept where nobody says how many samples
CLOCK = 100.0  #: MHz that times are stated at where no board has a clock of its own


def run(
    program: Program,
    samples: Any,
    *,
    labels: Any = None,
    board: str | PathLike[str] | Board = "golden",
    lockstep: bool = False,
    limit: int | None = None,
    keep: int | None = None,
    clock: float = CLOCK,
    baud: int | None = None,
    verify: bool = False,
    progress: bool = True,
    gather: Callable[[int, int], Result] = Result,
) -> RunResult:
    """See `Program.run`. gather: makes what takes the batches, of samples and bytes that are kept."""
    if keep is not None and not (isinstance(keep, int | np.integer) and keep > 0):
        raise SpikeplaneError(f"keep must be 1 or more samples, not {keep}")
    if not isinstance(clock, int | float | np.number) or not clock > 0:
        raise SpikeplaneError(f"clock must be more than 0 MHz, not {clock}")
    forms = {p.name: (program.encodings[p.name], p.shape) for p in program.network.inputs}
    given, truth = labelled(samples, labels, forms, limit, program.classes)
    raw = gather(count(given, program.inputs) if keep is None else keep, KEPT if keep is None else 1 << 62)
    with (
        board_for(board, program, baud, verify=verify) as device,
        shown(device.name, count(given, program.inputs), progress) as advance,
    ):
        execute(program, device, given, lockstep=lockstep, progress=advance, result=raw)
    return RunResult(program, raw, device.name, truth, clock, baud)
