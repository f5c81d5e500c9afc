"""`Board.stream`: what each step gives, as it comes, and how fast that was."""

import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.front.names import ByName
from spikeplane.front.steps import at_hand, of_images, steps_of
from spikeplane.front.text import card, table
from spikeplane.host.stepwise import KEPT
from spikeplane.run.board import Board
from spikeplane.run.names import BOARDS


@dataclass(frozen=True)
class StreamStep:
    """What one step gave.

    number    of the step, from 0
    inputs    int (C, H, W) of each input: what was sent
    spikes    int (C, H, W) of each population that goes to the host, or its values
    scores    (classes,): the readout, as of a sample that ends here: spikes, or values, of the output population
              summed over the steps of the window, or those of this step where the readout is "last"
    latency   seconds from the last packet handed to the board until the last population was whole
    """

    number: int
    inputs: ByName
    spikes: ByName
    scores: np.ndarray
    latency: float

    @property
    def guess(self) -> int:
        """The class of the highest score."""
        return int(self.scores.argmax())


@dataclass(frozen=True)
class Streamed:
    """How fast a stream was.

    steps              that came back
    p50, p99           seconds of a step, from its last packet handed to the board until it was whole, of the last
                       100,000: those that it waits for steps before it are in it
    cycles_p50, _p99   the chip's clock cycles of a step, its link included: from its first packet to its last one,
                       or, where several are on their way, to the next step's first; None for the golden model
    step_us            microseconds that a step stands for
    real_time_factor   step_us over the mean seconds that the stream took for a step, without those of the loop's
                       body and of the source: 1 or more keeps up with what is streamed
    """

    steps: int
    p50: float
    p99: float
    cycles_p50: float | None
    cycles_p99: float | None
    step_us: int
    real_time_factor: float

    def rows(self) -> list[tuple[str, str]]:
        """For people: names and texts."""
        found = [("steps", f"{self.steps:,}")]
        found += [("a step", f"{1e3 * self.p50:,.3f} ms (p50), {1e3 * self.p99:,.3f} ms (p99)")]
        if self.cycles_p50 is not None:
            found += [("cycles a step", f"{self.cycles_p50:,.0f} (p50), {self.cycles_p99:,.0f} (p99)")]
        return [*found, ("real time", f"{self.real_time_factor:,.3g} times, at {self.step_us:,} us a step")]

    def __repr__(self) -> str:
        return table("Stream", self.rows())

    def _repr_html_(self) -> str:
        return card("Stream", self.rows())


class Stream:
    """An iterator of `StreamStep`. `close`, the end of a `with`, or the end of the loop gives the board back for
    something else; so does an exception, Ctrl-C too."""

    def __init__(self, board: Board, samples: Any, window: int | None, ahead: int | None) -> None:
        program = self._program = board.program
        for name, value in (("window", window), ("ahead", ahead)):
            if value is not None and not (isinstance(value, int) and value >= 1):
                raise SpikeplaneError(f"{name} must be 1 or more steps, not {value!r}")
        if program.encoding.fold > 1:
            raise SpikeplaneError(
                f"'{program.name}' has the {program.encoding.fold} steps of a sample in one, as channels: it has no steps "
                "to stream; run whole samples"
            )
        if (times := program.network.presentations) > 1:
            what = f"'{program.name}' takes {times} presentations of a sample, and a stream has no samples"
            raise SpikeplaneError(f"{what}; run whole samples")
        once = next((p.name for p in program.network.populations if p.once and p.neuron), None)
        if once is not None:
            raise SpikeplaneError(
                f"the neurons of '{once}' fire once in the {program.network.steps} steps of a sample, and a stream has no "
                "samples; run whole samples"
            )
        inputs = {p.name: (program.encodings[p.name], p.shape) for p in program.network.inputs}
        if window is None and of_images(program.encoding):
            window = program.encoding.steps
        self.board, self._window = board, 1 if program.readout == "last" else window
        self.ahead = ahead or (board.room if at_hand(samples) else 1)  #: steps that may be on their way
        self._step_us = program.encoding.step_us
        self._latencies: deque[float] = deque(maxlen=KEPT)
        self._steps, self._seconds = 0, 0.0
        self._cycles: Sequence[int] = ()
        self._total, self._recent = np.int64(0), deque[np.ndarray]()
        self._running = self._run(steps_of(samples, inputs))

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> StreamStep:
        return next(self._running)

    def _run(self, planes: Iterator[dict[str, np.ndarray]]) -> Generator[StreamStep]:
        steps, under_way = None, deque[dict[str, np.ndarray]]()
        for sent in planes:
            steps = steps or self._begun()
            before = time.perf_counter()
            steps.send(sent)
            self._seconds += time.perf_counter() - before
            under_way.append(sent)
            if len(under_way) == self.ahead:
                yield self._taken(steps, under_way.popleft())
        while under_way:
            yield self._taken(steps, under_way.popleft())
        if steps is not None:
            steps.end()

    def _taken(self, steps: Any, sent: dict[str, np.ndarray]) -> StreamStep:
        before = time.perf_counter()
        outputs, latency = steps.take()
        self._seconds += time.perf_counter() - before
        self._latencies.append(latency)
        self._steps += 1
        return StreamStep(
            number=self._steps - 1,
            inputs=ByName(self._program, sent),
            spikes=ByName(self._program, outputs),
            scores=self._scores(outputs),
            latency=latency,
        )

    def _scores(self, outputs: dict[str, np.ndarray]) -> np.ndarray:
        """Those of the window that ends with this step."""
        score = self._program.scores({k: v[None, None] for k, v in outputs.items()})[0]
        self._total = self._total + score
        if self._window is not None:
            self._recent.append(score)
            if len(self._recent) > self._window:
                self._total = self._total - self._recent.popleft()
        return self._total

    def _begun(self) -> Any:
        steps = self.board.begin(alone=self.ahead == 1)
        self._cycles = steps.cycles
        return steps

    @property
    def summary(self) -> Streamed:
        """Of the steps so far. Raises SpikeplaneError before the first."""
        if not self._steps:
            raise SpikeplaneError("nothing was streamed yet; take steps first")
        p50, p99 = np.percentile(self._latencies, (50, 99))
        cycles = np.percentile(self._cycles, (50, 99)) if len(self._cycles) else (None, None)
        return Streamed(
            steps=self._steps,
            p50=float(p50),
            p99=float(p99),
            cycles_p50=None if cycles[0] is None else float(cycles[0]),
            cycles_p99=None if cycles[1] is None else float(cycles[1]),
            step_us=self._step_us,
            real_time_factor=1e-6 * self._step_us * self._steps / self._seconds,
        )

    def close(self) -> None:
        """End it: no step comes any more."""
        self._running.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        where = BOARDS.get(self.board.name, self.board.name)
        return f"Stream on the {where}, {self._steps:,} steps so far"


def stream(board: Board, samples: Any, window: int | None, ahead: int | None) -> Stream:
    """See `Board.stream`."""
    return Stream(board, samples, window, ahead)
