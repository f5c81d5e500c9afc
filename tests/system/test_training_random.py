"""Networks that nobody has looked at, on chips of 1, 2 and 4 cores and exact words of 36 and 48 bits: weights and momenta
after each of three iterations are the golden model's, of either loss."""

from collections.abc import Iterator

import numpy as np
import pytest
from random_learners import CHIPS, Learner, chip, random_learner
from two_core_networks import CHIP

from spikeplane.train.driver import TrainingDriver, prepared
from spikeplane_sim.board import SimulatedBoard

SEEDS = [first + n for first in range(len(CHIPS)) for n in range(0, 48, len(CHIPS))]  #: a chip's together
QUICK = (103, 109)  #: on the chip that all small networks share


@pytest.fixture(scope="module")
def boards() -> Iterator[dict[object, SimulatedBoard]]:
    """By chip, built when it is first asked for."""
    made: dict[object, SimulatedBoard] = {}
    yield made
    for board in made.values():
        board.close()


def learned_alike(learner: Learner, boards: dict[object, SimulatedBoard]) -> None:
    case, config, network = learner.case, learner.config, learner.network
    board = boards.get(config) or boards.setdefault(config, SimulatedBoard(config))
    optimiser = learner.optimiser
    image = prepared(network, config, optimiser, batch=case.samples, steps=case.steps, cores=case.cores)
    driver = TrainingDriver(board, config, network, optimiser, steps=case.steps, image=image)
    driver.load()
    for (planes, labels), expected in zip(learner.batches, learner.expected, strict=True):
        driver.iterate(planes, labels)
        found = driver.state()
        assert sorted(found.momenta) == sorted(expected.momenta)
        wrong = {
            (what, network.projections[tag].name): int((mine[tag].view(np.uint16) != w.view(np.uint16)).sum())
            for what, mine, golden in (
                ("weights", found.weights, expected.weights),
                ("momenta", found.momenta, expected.momenta),
            )
            for tag, w in golden.items()
        }
        assert not any(wrong.values()), wrong


@pytest.mark.parametrize("seed", QUICK)
def test_two_that_nobody_has_seen(boards: dict[object, SimulatedBoard], seed: int) -> None:
    learned_alike(random_learner(seed, CHIP), boards)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_networks_that_nobody_has_seen(boards: dict[object, SimulatedBoard], seed: int) -> None:
    learned_alike(random_learner(seed), boards)


def test_the_networks_are_of_every_form() -> None:
    """Each form is there several times, so that equal weights say something."""
    drawn = [random_learner(seed) for seed in SEEDS]
    nets = [one.network for one in drawn]
    hidden = [[p for p in net.populations if p.theta is not None] for net in nets]
    every = [p for net in nets for p in net.projections]
    assert {(one.config.cores, one.config.training.exact_bits) for one in drawn if one.config.training} == {
        (rows * cols, bits) for rows, cols, bits in CHIPS
    }
    assert all(one.active for one in drawn)
    assert {1, 3, 5} <= {one.case.steps for one in drawn}
    forms = {
        "squared error": sum(one.optimiser.squared for one in drawn),
        "momentum": sum(one.optimiser.momentum > 0 for one in drawn),
        "two hidden layers": sum(len(layers) > 1 for layers in hidden),
        "leak 1": sum(any(p.leak == 1 for p in layers) for layers in hidden),
        "biases": sum(any(p.constant for p in net.populations) for net in nets),
        "a population split": sum(any(len(c) > 1 for c in one.case.cores.values()) for one in drawn),
        "a frozen layer in the middle": sum(
            any(not p.trained and p.source in net.with_delta for p in net.projections) for net in nets
        ),
        "branches": sum(any(len(net.tags_into(p.name)) > 2 for p in net.populations) for net in nets),
        "pooling": sum(p.pool == (2, 2) for p in every),
        "strides of convolutions": sum(max(p.stride) > 1 and max(p.weight.shape[2:]) > 1 for p in every),
        "padding": sum(max(p.padding) > 0 for p in every),
    }
    assert min(forms.values()) >= 4, forms
    assert chip(*CHIPS[0]) == drawn[0].config
