"""The board's chip that learns: it holds 784-64-10, in sums of 36 bits, and its file is the preset."""

from pathlib import Path

import numpy as np
import pytest
from two_core_networks import Case, dense, inputs, network, neurons, readout

from spikeplane.config import ChipConfig
from spikeplane.train import Optimiser
from spikeplane.train.driver import TrainingDriver, prepared
from spikeplane.train.image import build_training_image
from spikeplane.train.network import LearningNetwork
from spikeplane.train.plan import exact_bits
from spikeplane_hw.boards import BOARDS
from spikeplane_sim.board import SimulatedBoard
from spikeplane_sim.golden.training import Trainer

FILE = Path(__file__).parents[2] / "examples" / "learning.toml"
BATCH, STEPS = 64, 4


def people_size(hidden: int = 64) -> LearningNetwork:
    """784-64-10 with biases, weights within 1."""
    r = np.random.default_rng(0)
    sizes = (
        ("in", "a", (hidden, 784)),
        ("b", "a", (hidden, 1)),
        ("a", "out", (10, hidden)),
        ("b", "out", (10, 1)),
    )
    return network(
        [
            inputs((784, 1, 1)),
            inputs((1, 1, 1), "b", constant=True),
            neurons("a", (hidden, 1, 1)),
            readout(10),
        ],
        [dense(r, source, target, shape, limit=0) for source, target, shape in sizes],
    )


def within(net: LearningNetwork) -> LearningNetwork:
    """Its weights within 1, those of the inputs around 0: some neurons fire, and some are in the window."""
    net.projections[0].weight[:] -= np.float16(0.05)
    for p in net.projections:
        np.clip(p.weight, -1, 1, out=p.weight)
    return net


def test_the_file_is_the_preset() -> None:
    chip, clock = BOARDS["ulx3s-85f"].presets["learning"]
    assert chip == ChipConfig.from_toml(FILE)
    assert BOARDS["ulx3s-85f"].clock_of(ChipConfig.from_toml(FILE)) == clock >= 60


def test_what_it_holds() -> None:
    chip, net = ChipConfig.from_toml(FILE), within(people_size())
    assert chip.training is not None
    assert exact_bits(net, BATCH, STEPS) == chip.training.exact_bits
    used = build_training_image(net, chip, STEPS).used[0, 0]
    assert 0.9 * chip.weight_depth < used["weight"] <= chip.weight_depth
    assert used["partial"] <= chip.training.partial_depth


@pytest.mark.slow
def test_it_learns_what_the_golden_model_learns() -> None:
    chip, net = ChipConfig.from_toml(FILE), within(people_size())
    case = Case(net, np.random.default_rng(1), steps=STEPS, samples=4, density=0.2)
    optimiser = Optimiser(rate=0.4)
    golden = Trainer(net, optimiser, batch=case.samples, steps=STEPS)
    image = prepared(net, chip, optimiser, batch=case.samples, steps=STEPS)
    with SimulatedBoard(chip) as board:
        driver = TrainingDriver(board, chip, net, optimiser, steps=STEPS, image=image)
        driver.load()
        before = {tag: p.weight.copy() for tag, p in enumerate(net.projections)}
        for _ in range(2):
            batch = case.batch()
            driver.iterate(*batch)
            golden.iterate(*batch)
            found, known = driver.state().weights, golden.state().weights
            assert all(np.array_equal(found[tag], known[tag]) for tag in known)
            assert all((found[tag] != weight).any() for tag, weight in before.items())
            before = found
