"""The estimate of training beside the counters of the simulated chip: the same operations, and how near its cycles are."""

from collections.abc import Iterator

import numpy as np
import pytest
from two_core_networks import CHIP, NETWORKS

from spikeplane.estimate.learning.activity import measured
from spikeplane.estimate.learning.counts import LearningCounts, count
from spikeplane.estimate.learning.time import cycles
from spikeplane.formats.training import TrainingCounter
from spikeplane.train import LearningNetwork, Optimiser
from spikeplane.train.activity import activity
from spikeplane.train.chip import chip_for
from spikeplane.train.driver import TrainingDriver, prepared
from spikeplane_sim.board import SimulatedBoard
from spikeplane_sim.figures.training_networks import network
from spikeplane_sim.golden.training import Trainer


@pytest.fixture(scope="module")
def board() -> Iterator[SimulatedBoard]:
    with SimulatedBoard(CHIP) as made:
        yield made


def counted(net: LearningNetwork, planes: dict[str, np.ndarray], batch: int, steps: int) -> LearningCounts:
    tape = Trainer(net, Optimiser(), batch=batch, steps=steps).tape(planes)
    spikes = {name: np.asarray(values).astype(int) for name, values in tape.spikes.items()}
    return count(net, measured(net, spikes, {n: np.asarray(w) for n, w in tape.windows.items()}, ""))


@pytest.mark.parametrize("name", ["readout", "split", "frozen middle", "convolution"])
def test_operations_are_those_that_the_chip_counts(board: SimulatedBoard, name: str) -> None:
    case = NETWORKS[name](np.random.default_rng(9))
    optimiser, (planes, labels) = Optimiser(rate=0.5), case.batch()
    image = prepared(case.network, CHIP, optimiser, batch=case.samples, steps=case.steps, cores=case.cores)
    chip = TrainingDriver(board, CHIP, case.network, optimiser, steps=case.steps, image=image)
    chip.load()
    before = activity(chip, image.routes.cores)
    chip.iterate(planes, labels)
    found = activity(chip, image.routes.cores).since(before).counts
    expected = counted(case.network, planes, case.samples, case.steps)
    verbs = {"add": TrainingCounter.ADDS, "outer": TrainingCounter.OUTERS, "gather": TrainingCounter.GATHERS}
    for verb, counter in verbs.items():
        assert found[counter] == pytest.approx(expected.total(verb) * case.samples), verb
    assert expected.total("add") > 0
    errors = int(np.prod(case.network.population(case.network.output).shape)) * case.samples
    cores = 2 if name == "split" else 1  # each of a target's parts gathers
    limbs = found[TrainingCounter.NUMBERS] - errors
    assert limbs == pytest.approx(
        expected.partials * case.samples * cores, rel=0.35, abs=2
    )  # a limb of 0 is not sent


@pytest.mark.slow
def test_cycles_of_the_walk_are_within_15_percent_of_the_chips() -> None:
    """Dense layers; a packet of one spike that meets two pixels, as of images of one channel, takes half as much again.
    Sweeps and updates are told as the least they can take."""
    for name in ("784-32-10",):
        net, random = network(name), np.random.default_rng(3)
        planes = {"in": (random.random((2, 4, *net.populations[0].shape)) < 0.25).astype(np.uint8)}
        config, optimiser = chip_for(net, 2, 4), Optimiser(rate=0.4)
        image = prepared(net, config, optimiser, batch=2, steps=4)
        with SimulatedBoard(config) as board:
            chip = TrainingDriver(board, config, net, optimiser, steps=4, image=image)
            chip.load()
            before = activity(chip, image.routes.cores)
            chip.iterate(planes, random.integers(0, 10, 2))
            found = activity(chip, image.routes.cores).since(before)
        least = cycles(counted(net, planes, 2, 4), 2)
        for phase, bound in (("forward", least.add), ("gradient", least.outer)):
            assert 1 <= found.cycles[phase] / (2 * bound) < 1.15, (name, phase, found.cycles)
        for phase, bound in (("sweep", 2 * least.sweeps), ("update", 2 * least.update)):
            assert found.cycles[phase] >= bound
