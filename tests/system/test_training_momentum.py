"""A chip with momentum against the golden model, of both widths of exact words: weights and running gradients after every
iteration, bit for bit."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from two_core_networks import CHIP, NETWORKS, Case, dense, inputs, network, readout

from spikeplane.errors import SpikeplaneError
from spikeplane.train import Optimiser
from spikeplane.train.driver import TrainingDriver, prepared
from spikeplane.train.network import Learned
from spikeplane.training import TrainingConfig
from spikeplane_sim.board import SimulatedBoard
from spikeplane_sim.golden.training import Trainer

CHIPS = {
    bits: replace(
        CHIP, training=TrainingConfig(exact_bits=bits, tape_depth=256, partial_depth=256, momentum=True)
    )
    for bits in (36, 48)
}


@pytest.fixture(scope="module", params=[36, pytest.param(48, marks=pytest.mark.slow)])
def board(request: pytest.FixtureRequest) -> Iterator[SimulatedBoard]:
    with SimulatedBoard(CHIPS[request.param]) as made:
        yield made


def same(chip: TrainingDriver, golden: Trainer) -> Learned:
    """Their state, which is one."""
    found, expected = chip.state(), golden.state()
    for mine, other in ((found.weights, expected.weights), (found.momenta, expected.momenta)):
        assert sorted(mine) == sorted(other)
        for tag, numbers in mine.items():
            assert numbers.tobytes() == other[tag].tobytes()
    return found


def pair(
    board: SimulatedBoard, case: Case, momentum: float = 0.9, rate: float = 0.25
) -> tuple[TrainingDriver, Trainer]:
    optimiser = Optimiser(rate=rate, momentum=momentum)
    golden = Trainer(case.network, optimiser, batch=case.samples, steps=case.steps)
    config = board.config
    image = prepared(case.network, config, optimiser, batch=case.samples, steps=case.steps, cores=case.cores)
    chip = TrainingDriver(board, config, case.network, optimiser, steps=case.steps, image=image)
    chip.load()
    return chip, golden


@pytest.mark.parametrize("name", ["hidden", "split", "frozen middle", "at edges", "convolution"])
def test_the_chip_has_weights_and_momenta_of_the_golden_model(board: SimulatedBoard, name: str) -> None:
    case = NETWORKS[name](np.random.default_rng(sum(map(ord, name))))
    limits = (replace(p, limit=min(p.limit, 2)) for p in case.network.projections)
    case.network = replace(case.network, projections=tuple(limits))  # sums of 36 bits
    chip, golden = pair(board, case)
    trained = {tag for tag, p in enumerate(case.network.projections) if p.trained}
    before = same(chip, golden)
    assert set(before.momenta) == trained
    for _ in range(3):
        planes, labels = case.batch()
        for learner in (chip, golden):
            learner.iterate(planes, labels)
        after = same(chip, golden)
        for tag in trained:
            assert (after.momenta[tag] != before.momenta[tag]).any()  # the network was active enough to tell
        before = after
    assert bool(chip.clipped) == bool(golden.clipped) == case.limited


def test_a_momentum_of_0_is_plain(board: SimulatedBoard) -> None:
    """On the chip that a momentum has been learned on: what it left does not count."""
    case = NETWORKS["hidden"](np.random.default_rng(1))
    chip, _ = pair(board, case)
    chip.iterate(*case.batch())
    chip, golden = pair(board, case, momentum=0)
    for _ in range(2):
        planes, labels = case.batch()
        for learner in (chip, golden):
            learner.iterate(planes, labels)
        same(chip, golden)


def test_momenta_beyond_an_exact_word_count_whole(board: SimulatedBoard) -> None:
    """Running gradients up to 65504, which no word of 36 bits holds, and no gradient is: they decay, grow, and saturate,
    which is told."""
    r = np.random.default_rng(2)
    case = Case(network([inputs((9, 1, 1)), readout(4)], [dense(r, "in", "out", (4, 9))]), r, density=0.9)
    for mu, size in ((0.9, 60000.0), (float(np.float16(0.9995)), 65504.0)):
        chip, golden = pair(board, case, momentum=mu, rate=1e-4)
        weights = golden.state().weights
        drawn = (r.uniform(0.5, 1, (4, 9, 1, 1)) * size * r.choice([-1, 1], (4, 9, 1, 1))).astype(np.float16)
        drawn.ravel()[:6] = [65504, -65504, 65504, -65504, 0, 2**-24]
        for learner in (chip, golden):
            learner.restore(Learned(weights, {0: drawn}), 0)
        for _ in range(2):
            planes, labels = case.batch()
            for learner in (chip, golden):
                learner.iterate(planes, labels)
            same(chip, golden)
        found = same(chip, golden)
        assert float(np.abs(found.momenta[0]).max()) > 40000
        assert bool(chip.clipped) == bool(golden.clipped)


def test_steps_beyond_an_exact_word_take_weights_to_their_limit(board: SimulatedBoard) -> None:
    large_steps(board, 0.9)


@pytest.mark.slow
def test_so_they_do_on_a_narrow_chip_without_momentum() -> None:
    with SimulatedBoard(replace(CHIP, training=TrainingConfig(exact_bits=36))) as made:
        large_steps(made, 0)


def large_steps(board: SimulatedBoard, momentum: float) -> None:
    r = np.random.default_rng(3)
    case = Case(network([inputs((9, 1, 1)), readout(4)], [dense(r, "in", "out", (4, 9))]), r, density=0.9)
    for rate in (6e3, 6e4, 2e5):  # from steps of 2048 on
        chip, golden = pair(board, case, momentum, rate)
        for _ in range(2):
            planes, labels = case.batch()
            for learner in (chip, golden):
                learner.iterate(planes, labels)
            same(chip, golden)
        found = same(chip, golden)
        assert (np.abs(found.weights[0]) == 8).sum() > 10
        assert chip.clipped
        assert golden.clipped


def test_what_is_restored_goes_on_with_equal_bits(board: SimulatedBoard) -> None:
    """From the chip to itself and to the golden model, and back."""
    case = NETWORKS["hidden"](np.random.default_rng(4))
    chip, golden = pair(board, case)
    first, second = case.batch(), case.batch()
    for learner in (chip, golden):
        learner.iterate(*first)
    kept = same(chip, golden)
    for learner in (chip, golden):
        learner.iterate(*second)
    expected = same(chip, golden)
    golden.restore(kept, 1)
    chip.restore(golden.state(), 1)
    for learner in (chip, golden):
        learner.iterate(*second)
    found = same(chip, golden)
    assert all(found.momenta[tag].tobytes() == expected.momenta[tag].tobytes() for tag in found.momenta)


def test_what_is_interrupted_begins_the_iteration_anew(board: SimulatedBoard) -> None:
    case = NETWORKS["readout"](np.random.default_rng(5))
    chip, golden = pair(board, case)
    planes, labels = case.batch()
    for learner in (chip, golden):
        learner.iterate(planes, labels)
    before = same(chip, golden)
    planes, labels = case.batch()
    chip._backward = _stopped  # type: ignore[method-assign]
    with pytest.raises(SpikeplaneError, match="as if the link were cut"):
        chip.iterate(planes, labels)
    chip, golden = pair(board, case)
    for learner in (chip, golden):
        learner.restore(before, 1)
        learner.iterate(planes, labels)
    same(chip, golden)


def test_a_refused_iteration_leaves_momenta(board: SimulatedBoard) -> None:
    r = np.random.default_rng(2)
    net = network([inputs((9, 1, 1), value_bits=2), readout(4)], [dense(r, "in", "out", (4, 9))])
    case = Case(net, r)
    chip, golden = pair(board, case)
    planes, labels = case.batch()
    for learner in (chip, golden):
        learner.iterate(planes, labels)
    before = same(chip, golden)
    assert all(numbers.any() for numbers in before.momenta.values())
    chip.flags = lambda _: {"overflow": 1, "backward": 0, "slot": 0}  # type: ignore[method-assign]
    with pytest.raises(SpikeplaneError, match="left binary16"):
        chip.iterate(planes, labels)
    del chip.flags
    for mine, other in zip(vars(same(chip, golden)).values(), vars(before).values(), strict=True):
        assert all(mine[tag].tobytes() == other[tag].tobytes() for tag in mine)
    for learner in (chip, golden):
        learner.iterate(planes, labels)  # gradients of what was refused are forgotten
    same(chip, golden)


def _stopped(*_: object) -> None:
    raise SpikeplaneError("as if the link were cut")
