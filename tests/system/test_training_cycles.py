"""Cycles of a core that learns against what has to be done: an operation a cycle, two neurons a cycle in the sweeps, a weight a cycle
in the update."""

import numpy as np
import pytest
from two_core_networks import CHIP, Case, dense, inputs, network, neurons, readout

from spikeplane.formats.training import TrainingCounter
from spikeplane.train import Optimiser
from spikeplane.train.activity import Activity, activity
from spikeplane.train.driver import TrainingDriver, prepared
from spikeplane_sim.board import SimulatedBoard
from spikeplane_sim.figures import training_cycles
from spikeplane_sim.golden.training import Trainer

#: Cycles of a sweep beside those of its words, and of a projection's update: its first word's way.
SWEEP, UPDATE = 32, 300


def learned(case: Case) -> tuple[Activity, np.ndarray]:
    """What the first core does in an iteration whose weights are the golden model's, and the input's planes."""
    optimiser = Optimiser(rate=0.5)
    golden = Trainer(case.network, optimiser, batch=case.samples, steps=case.steps)
    image = prepared(case.network, CHIP, optimiser, batch=case.samples, steps=case.steps)
    planes, labels = case.batch()
    with SimulatedBoard(CHIP) as board:
        chip = TrainingDriver(board, CHIP, case.network, optimiser, steps=case.steps, image=image)
        chip.load()
        before = activity(chip, [(0, 0)])
        chip.iterate(planes, labels)
        golden.iterate(planes, labels)
        found = activity(chip, [(0, 0)]).since(before)
        weights, expected = chip.state().weights, golden.state().weights
    assert all(weights[tag].tobytes() == expected[tag].tobytes() for tag in expected)
    return found, planes["in"]


def test_a_core_does_what_it_has_to_and_little_else() -> None:
    r, samples, steps = np.random.default_rng(7), 3, 4
    net = network(
        [inputs((60, 1, 1)), neurons("a", (40, 1, 1)), readout(10)],
        [dense(r, "in", "a", (40, 60)), dense(r, "a", "out", (10, 40))],
    )
    found, planes = learned(Case(net, r, steps=steps, samples=samples, density=0.3))
    counts, cycles = found.counts, found.cycles
    hidden = counts[TrainingCounter.ADDS] - 7 * int(
        planes.sum()
    )  # 7 words of 8 neurons a spike, 2 of the readout
    assert hidden > 0
    assert hidden % 2 == 0
    assert counts[TrainingCounter.OUTERS] == counts[TrainingCounter.ADDS]
    assert 0 < counts[TrainingCounter.GATHERS] <= 2 * 40 * samples * steps
    forward, backward = samples * steps * 2, samples * steps
    words = 4 * samples * steps * (5 + 2 + 5)
    assert 0 < cycles["sweep"] <= words + SWEEP * (forward + backward) + 8 * 2 * 8 * samples
    weights = 8 * (5 * 60 + 2 * 40)
    assert weights < cycles["update"] <= 1.125 * weights + 2 * UPDATE
    assert sum(cycles.values()) == counts[TrainingCounter.CYCLES]
    assert cycles["wait"] > 0


@pytest.mark.slow
@pytest.mark.parametrize(("name", "most"), [("784-128-10", 1.1), ("784-32-10", 1.2)])
def test_dense_layers_use_the_lanes(name: str, most: float) -> None:
    """In forward and gradients 85 % of the cycles are operations; an iteration of 64 samples takes little more than its
    operations, neurons and weights: what a step waits for, whatever its size, weighs more in the smaller network."""
    use = training_cycles.measure(name, samples=4)
    utilisation = use.activity.utilisation
    assert utilisation["forward"] >= 0.85
    assert utilisation["gradient"] >= 0.85
    assert use.total(64) <= most * use.bound(64)
