"""How fast the simulated board of tiles is, and how soon it is there: against the same chip in one model.

```
    demo's network on the board -> bytes of every call -> both boards -> equal answers; cycles a CPU second of each
```
"""

import hashlib
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.host.device import Device
from spikeplane.run.board import DeviceBoard
from spikeplane_sim.board import SimulatedBoard
from spikeplane_sim.board.build import build_board, build_core, build_router, build_whole
from spikeplane_sim.figures.speed import demo_program

REPEATS, STRETCHES = (
    5,
    40,
)  #: other programs on the machine only ever slow a stretch down: its best run counts
#: A core with every size but its lanes near its least: what a mesh costs shows, and the rest is short.
LANES_32 = ChipConfig(
    rows=2, cols=2, lanes=32, weight_depth=512, acc_depth=64, membrane_depth=64, parameter_depth=16,
    populations=2, projections=4, row_depth=16, column_depth=16, group_depth=16, egress_depth=4, coord_bits=4, group_bits=3,
)  # fmt: skip


@dataclass(frozen=True)
class Replay:
    """One stream of bytes in both boards: cycles, and cycles a CPU second of each."""

    cycles: int
    tiles: float
    whole: float

    @property
    def ratio(self) -> float:
        """How many times as fast the board of tiles is."""
        return self.tiles / self.whole


class _Recorder(Device):
    """Notes what every call sends to `device`."""

    def __init__(self, device: Device) -> None:
        self.device, self.calls = device, list[bytes]()

    def exchange(self, data: bytes) -> bytes:
        """See Device."""
        self.calls.append(bytes(data))
        return self.device.exchange(data)

    def close(self) -> None:
        """Close the device."""
        self.device.close()


def demo_calls(samples: int = 120) -> tuple[ChipConfig, list[bytes]]:
    """The demo's chip, and the bytes of every call while its network is loaded and runs, all of its
    populations probed."""
    program, data = demo_program()
    recorder = _Recorder(SimulatedBoard(program.config))
    with DeviceBoard(recorder, program) as board:
        board.run(program.planes(data.test_images[:samples]))
    return program.config, recorder.calls


def replay(config: ChipConfig, calls: list[bytes], repeats: int = REPEATS) -> Replay:
    """The calls in a board of tiles and in one of one model, a stretch in each by turns; of every stretch
    its shortest run counts. Raises SpikeplaneError if an answer or the cycles differ."""
    whole, length = build_whole(config), -(-len(calls) // STRETCHES)
    stretches = [calls[first : first + length] for first in range(0, len(calls), length)]
    least = [[float("inf")] * len(stretches) for _ in range(2)]
    cycles = 0
    for _ in range(repeats):
        with SimulatedBoard(config) as tiles, SimulatedBoard(config, library=whole) as one:
            for number, stretch in enumerate(stretches):
                answers = []
                for board, seconds in zip((tiles, one), least, strict=True):
                    answer, spent = _stretch(board, stretch)
                    answers.append(answer)
                    seconds[number] = min(seconds[number], spent)
                if answers[0] != answers[1] or tiles.cycles != one.cycles:
                    raise SpikeplaneError("the board of tiles and that of one model answer differently")
            cycles = tiles.cycles
    return Replay(cycles, cycles / sum(least[0]), cycles / sum(least[1]))


def _stretch(board: SimulatedBoard, calls: list[bytes]) -> tuple[bytes, float]:
    """A digest of the answers, and CPU seconds."""
    answers, started = hashlib.sha256(), time.process_time()
    for data in calls:
        answers.update(board.exchange(data))
    return answers.digest(), time.process_time() - started


def build_seconds(config: ChipConfig) -> float:
    """CPU seconds of building the chip's board where nothing is kept."""
    with _empty_cache():
        before = _cpu()
        build_router(config)
        build_core(config)
        build_board(config)
        return _cpu() - before


def mesh_build_seconds() -> tuple[float, float]:
    """CPU seconds of building the boards of a 2x2 and of a 4x5 chip of 32 lanes."""
    return build_seconds(LANES_32), build_seconds(replace(LANES_32, rows=4, cols=5))


def _cpu() -> float:
    """CPU seconds of this process and those that it has waited for."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


@contextmanager
def _empty_cache() -> Iterator[None]:
    before = os.environ.get("SPIKEPLANE_CACHE")
    with tempfile.TemporaryDirectory(prefix="spikeplane-") as folder:
        os.environ["SPIKEPLANE_CACHE"] = str(Path(folder) / "cache")
        try:
            yield
        finally:
            os.environ.pop("SPIKEPLANE_CACHE")
            if before is not None:
                os.environ["SPIKEPLANE_CACHE"] = before
