"""A chip that learns when something goes wrong in the middle: the host vanishes, the line is cut or slow, packets come twice.
Whoever comes next finds a chip that learns with equal bits."""

import random
import time
import traceback
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from two_core_networks import CHIP, NETWORKS, Case

from spikeplane.errors import SpikeplaneError
from spikeplane.formats.packet import Kind
from spikeplane.formats.training import TrainingKind
from spikeplane.host.device import Device
from spikeplane.host.packets import plane_packets, unpack_many
from spikeplane.train import Optimiser
from spikeplane.train.driver import TrainingDriver, prepared
from spikeplane.train.network import Learned
from spikeplane.train.seen import Comparison
from spikeplane_sim.board import SimulatedBoard
from spikeplane_sim.board.faults import Fault, Faults, FaultyDevice
from spikeplane_sim.golden.training import Trainer

RATE = Optimiser(rate=0.5)
PHASES = {"_forward", "_backward", "_refuse_overflow", "update"}  #: of an iteration, as the driver calls them


@pytest.fixture(scope="module")
def board() -> Iterator[SimulatedBoard]:
    with SimulatedBoard(CHIP) as made:
        yield made


class Gone(BaseException):
    """The host is no more: as SIGKILL, or Ctrl-C."""


class Watched(Device):
    """A board whose host vanishes in its `last`th exchange from now on, when a part of the bytes is out, and the chip runs on for
    a while; or (None) never. `phases`: in which phase each exchange was."""

    def __init__(self, board: SimulatedBoard) -> None:
        self.board, self.phases = board, list[str]()
        self.last: int | None = None
        self.share, self.alone = 1.0, 0

    def exchange(self, data: bytes) -> bytes:
        """See Device."""
        names = {frame.name for frame in traceback.extract_stack(limit=12)}
        self.phases.append(next(iter(names & PHASES), ""))
        if self.last is not None and len(self.phases) > self.last:
            if data:
                self.board.exchange(data[: int(len(data) * self.share)])
            self.board.alone(self.alone)
            raise Gone
        return self.board.exchange(data)

    def close(self) -> None:
        """It is another's."""


def driver(device: Device, case: Case, cls: type[TrainingDriver] = TrainingDriver) -> TrainingDriver:
    """A new session."""
    image = prepared(case.network, CHIP, RATE, batch=case.samples, steps=case.steps, cores=case.cores)
    chip = cls(device, CHIP, case.network, RATE, steps=case.steps, image=image)
    chip.load()
    return chip


def learned(case: Case, batches: list[Any]) -> list[Learned]:
    """The golden model's weights before, between and behind the batches."""
    golden = Trainer(case.network, RATE, batch=case.samples, steps=case.steps)
    found = [golden.state()]
    for planes, labels in batches:
        golden.iterate(planes, labels)
        found.append(golden.state())
    return found


def same(chip: TrainingDriver, expected: Learned) -> bool:
    found = chip.state().weights
    return all(found[tag].tobytes() == weight.tobytes() for tag, weight in expected.weights.items())


def moments(device: Watched, every: bool, r: random.Random) -> list[int]:
    """Exchanges of an iteration: of each phase two at most, or all."""
    found = range(len(device.phases))
    if every:
        return list(found)
    of_phase = [[n for n in found if device.phases[n] == phase] for phase in sorted(PHASES)]
    assert all(of_phase)
    return [n for numbers in of_phase for n in {numbers[0], r.choice(numbers)}]


@pytest.mark.parametrize(
    ("name", "every"), [("split", False), *(pytest.param(n, True, marks=pytest.mark.slow) for n in NETWORKS)]
)
def test_a_host_that_vanishes_at_any_moment(board: SimulatedBoard, name: str, every: bool) -> None:
    """The chip is left in forward, backward, between END and UPDATE, and in UPDATE; the next session loads its checkpoint and
    goes on with equal bits."""
    r = random.Random(name)
    case = NETWORKS[name](np.random.default_rng(5))
    batches, other = [case.batch() for _ in range(2)], case.batch()
    states, device = learned(case, batches), Watched(board)
    chip = driver(device, case)
    device.phases.clear()
    chip.iterate(*other)
    for last in moments(device, every, r):
        device = Watched(board)
        chip = driver(device, case)
        device.phases.clear()
        device.last, device.share, device.alone = last, r.random(), r.choice((0, 100, 3000))
        with pytest.raises(Gone):
            chip.iterate(*other)
        chip = driver(board, case)
        chip.restore(states[1], 1)
        chip.iterate(*batches[1])
        assert same(chip, states[2]), (last, device.phases[-1])


def test_an_answer_that_comes_to_the_next_host_is_none_of_its_own(board: SimulatedBoard) -> None:
    """A host asks behind a change of weights, which takes a while, and vanishes; the next one asks the same."""
    case = NETWORKS["hidden"](np.random.default_rng(5))
    batches, device = [case.batch()], Watched(board)
    chip, states = driver(device, case), learned(case, batches)
    device.phases.clear()
    chip.iterate(*batches[0])
    asks = [n for n, phase in enumerate(device.phases) if phase == "update"]
    for last in asks:
        device = Watched(board)
        chip = driver(device, case)
        device.phases.clear()
        device.last = last
        with pytest.raises(Gone):
            chip.iterate(*batches[0])
        chip = driver(board, case)
        chip.flags((0, 0))
        chip.exchange()
        assert not chip._replies
        chip.iterate(*batches[0])
        assert same(chip, states[1]), last


def test_gathered_sums_that_nobody_served_are_forgotten(board: SimulatedBoard) -> None:
    """As of a chip that is stopped behind windows and before their token."""
    case = NETWORKS["hidden"](np.random.default_rng(8))
    planes, labels = case.batch()
    golden = Trainer(case.network, RATE, batch=case.samples, steps=case.steps)
    chip = driver(board, case)
    chip.accumulate(planes, labels)
    every, here = (
        np.ones(case.network.population("a").shape, np.uint8),
        dict.fromkeys(("x0", "y0", "x1", "y1"), 0),
    )
    chip.exchange(plane_packets(CHIP, every, {"tag": 1, **here}, TrainingKind.WINDOW))
    chip.stop()
    chip.start()
    chip.accumulate(planes, labels)
    Comparison(case.network).seen(chip.seen(), golden.seen(planes, labels))


class Twice(TrainingDriver):
    """Every END comes twice, and once more in the next sample's forward."""

    late = np.zeros((0, 0), np.uint8)
    doubled, back = 0, False

    def _take(self, packets: np.ndarray) -> np.ndarray:
        kind = unpack_many(self.form, packets, Kind.TOKEN, ("kind",))["kind"]
        ends = packets[kind == TrainingKind.END]
        before = self.late if not self.back else np.zeros((0, packets.shape[1]), np.uint8)
        self.doubled += len(ends)
        if len(ends):
            self.late = ends
        return super()._take(np.concatenate([packets, ends, before.reshape(-1, packets.shape[1])]))

    def _backward(self, sample: Any, numbers: Any) -> None:
        """It waits for those of its own sample."""
        before, self.back = self.doubled, True
        super()._backward(sample, numbers)
        self.back = False
        assert self.doubled - before == self.image.routes.ends


def test_ends_that_come_twice_or_late(board: SimulatedBoard) -> None:
    case = NETWORKS["split"](np.random.default_rng(9))
    batches = [case.batch() for _ in range(2)]
    chip, states = driver(board, case, Twice), learned(case, batches)
    for batch, state in zip(batches, states[1:], strict=True):
        chip.iterate(*batch)
        assert same(chip, state)
    assert isinstance(chip, Twice)
    assert chip.doubled >= 2 * case.samples * len(chip.image.routes.cores)


def test_a_line_that_is_cut_in_the_middle(board: SimulatedBoard) -> None:
    """One line of error, and the weights are those of before when the chip is loaded again."""
    case = NETWORKS["two cores"](np.random.default_rng(10))
    batches = [case.batch() for _ in range(2)]
    states, line = learned(case, batches), Cut(board, Faults(1, 0), Faults(2, 0))
    chip = driver(line, case)
    chip.iterate(*batches[0])
    chip.link.alive = 0.3
    line.left = 7
    with pytest.raises(SpikeplaneError) as refused:
        chip.iterate(*batches[1])
    assert str(refused.value) == "the device does not answer: no frame for 0.3 seconds; check power and port"
    chip = driver(board, case)
    assert same(chip, states[0])
    chip.restore(states[1], 1)
    chip.iterate(*batches[1])
    assert same(chip, states[2])


class Cut(FaultyDevice):
    """A line that is dead from the exchange on in which `left` is 0."""

    left = 1 << 30

    def exchange(self, data: bytes) -> bytes:
        """See Device."""
        self.left -= 1
        if self.left < 0:
            self.dead = True
            time.sleep(0.01)
        return super().exchange(data)


class Slow(FaultyDevice):
    """Packets are late both ways, and the host is slow: the chip runs on between its exchanges."""

    waited = 0

    def exchange(self, data: bytes) -> bytes:
        """See Device."""
        assert isinstance(self.device, SimulatedBoard)
        cycles = self.down.rng.choice((0, 10, 500, 2000))
        self.waited += cycles
        self.device.alone(cycles)
        return super().exchange(data)


class Counted(TrainingDriver):
    """`ends`: how many ENDs came before the first backward, and in and behind each."""

    ends = (0,)

    def _take(self, packets: np.ndarray) -> np.ndarray:
        kind = unpack_many(self.form, packets, Kind.TOKEN, ("kind",))["kind"]
        self.ends = (*self.ends[:-1], self.ends[-1] + int((kind == TrainingKind.END).sum()))
        return super()._take(packets)

    def _backward(self, sample: Any, numbers: Any) -> None:
        self.ends += (0,)
        super()._backward(sample, numbers)


def test_a_line_that_errs_gives_each_end_once(board: SimulatedBoard) -> None:
    """An END says not of which sample it is: it need not, while none is lost or doubled."""
    case = NETWORKS["split"](np.random.default_rng(12))
    batch = case.batch()
    line = FaultyDevice(board, Faults(3, 0), Faults(4, 0))
    chip, states = driver(line, case, Counted), learned(case, [batch])
    kinds = (Fault.DOUBLE, Fault.CUT, Fault.DROP)
    line.down, line.up = Faults(3, 4e-4, kinds), Faults(4, 4e-4, kinds)
    chip.iterate(*batch)
    assert same(chip, states[1])
    assert isinstance(chip, Counted)
    assert chip.ends == (0, *[chip.image.routes.ends] * case.samples)
    assert all(side.counts[kind] for side in (line.down, line.up) for kind in kinds)


@pytest.mark.parametrize("name", ["diamond", pytest.param("branches", marks=pytest.mark.slow)])
def test_a_slow_host(board: SimulatedBoard, name: str) -> None:
    """T = 4, random delays both ways."""
    case = NETWORKS[name](np.random.default_rng(11))
    case.steps, case.samples = 4, 2
    batches = [case.batch()]
    line = Slow(board, *(Faults(seed, 0.01, (Fault.DELAY,)) for seed in (1, 2)))
    chip, states = driver(line, case), learned(case, batches)
    for batch, state in zip(batches, states[1:], strict=True):
        chip.iterate(*batch)
        assert same(chip, state)
    assert line.waited > 10_000
    assert min(side.counts[Fault.DELAY] for side in (line.down, line.up)) > 5
