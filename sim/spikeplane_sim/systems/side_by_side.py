"""Several systems at a time, each in a process of its own: rows do not depend on each other."""

import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import partial

from spikeplane.errors import SpikeplaneError
from spikeplane_sim.systems import prove
from spikeplane_sim.systems.prove import Row, Say
from spikeplane_sim.systems.system import System

MOST = 4  #: processes where nobody says how many: each takes some 2 GB with a large system


def usual() -> int:
    """As many at a time as there are processors, up to MOST."""
    return min(
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, MOST
    )


def rows(
    wanted: Sequence[System], board: str, size: int | None, seed: int, jobs: int, say: Say
) -> Iterator[tuple[str, Row]]:
    """The systems' names and rows, as they end. One at a time runs in this process; otherwise the last system begins first, because later
    ones are larger. Raises SpikeplaneError if a process dies."""
    if min(jobs, len(wanted)) == 1:
        for system in wanted:
            say(f"running {system.name}")
            yield system.name, prove.proved(system, board, size, seed, say)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(wanted)), context, _alone) as pool:
        work = partial(_row, board=board, size=size, seed=seed)
        under_way = {pool.submit(work, system.name): system.name for system in reversed(wanted)}
        try:
            yield from _ended(under_way, say)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.terminate()
            raise


def _ended(under_way: dict[Future[Row], str], say: Say) -> Iterator[tuple[str, Row]]:
    """What each gives, and beside it what still runs."""
    left = dict(under_way)
    say(f"running {len(left)} systems")
    for future in as_completed(under_way):
        del left[future]
        say(
            "running "
            + (", ".join(name for future, name in left.items() if future.running()) or "the last system")
        )
        try:
            yield under_way[future], future.result()
        except BrokenProcessPool:
            raise SpikeplaneError(
                f"the process of {under_way[future]}, or of one beside it, has ended; there may be too little memory: "
                "run fewer at a time, with --jobs 1"
            ) from None


def _alone() -> None:
    """A process: Ctrl-C is its parent's, and it keeps to one processor."""
    import torch

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)


def _row(name: str, *, board: str, size: int | None, seed: int) -> Row:
    from spikeplane_sim.systems import SYSTEMS

    return prove.proved(SYSTEMS[name], board, size, seed)
