"""Binary stochastic learning (examples/stochastic_digits): every step is one unit, by the definition, and the same on a chip."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spikeplane.train.chip import chip_for
from spikeplane.train.driver import TrainingDriver
from spikeplane_sim.board import SimulatedBoard
from spikeplane_sim.demo import digits
from spikeplane_sim.golden.training import Trainer

SCRIPT: dict[str, Any] = runpy.run_path(
    str(Path(__file__).parents[2] / "examples/stochastic_digits/learn.py"), run_name="example"
)
UNIT = SCRIPT["UNIT"]


def test_steps_are_those_of_the_definition() -> None:
    """Written again in whole units: binary layers, errors and steps of one, weights within 32 units."""
    data, net = digits.load(), SCRIPT["network"]()
    golden = SCRIPT["golden"](net)
    w, noise, votes = (np.round(p.weight[:, :, 0, 0].astype(float) / UNIT) for p in net.projections)
    assert set(np.abs(votes).ravel() * UNIT) == {1}
    assert set(np.abs(noise).ravel() * UNIT) == {0.25}
    stepped = 0
    for draw, sample in list(SCRIPT["iterations"](200, 1))[:60]:
        planes = SCRIPT["planes"](data.train_images[sample : sample + 1], draw)
        pixels, other = (planes[name].ravel().astype(float) for name in ("pixels", "noise"))
        assert (pixels == (data.train_images[sample].ravel() > 127)).all()
        v, label = w @ pixels + noise @ other, data.train_labels[sample]
        fired, window = v >= 32, (v > 16) & (v < 48)
        tally = (votes * UNIT) @ fired
        rivals = np.delete(np.arange(10), label)
        strongest = rivals[tally[rivals].argmax()]
        back = (
            (votes[strongest] - votes[label]) * UNIT if tally[strongest] >= tally[label] - 4 else np.zeros(32)
        )
        step = np.outer(np.sign(back) * window, pixels)
        w = np.clip(w - step, -32, 32)
        golden.iterate(planes, data.train_labels[sample : sample + 1])
        assert (golden.state().weights[0][:, :, 0, 0].astype(float) == w * UNIT).all()
        stepped += np.count_nonzero(step)
    assert stepped > 500
    assert all((golden.state().weights[tag] == net.projections[tag].weight).all() for tag in (1, 2))


def test_noise_is_half_and_another_one_in_each_draw() -> None:
    blank = np.zeros((64, 1, 8, 8), np.uint8)
    one, again, other = (SCRIPT["planes"](blank, draw)["noise"] for draw in (0, 0, 64))
    assert (one == again).all()
    assert 0.4 < (one != other).mean() < 0.6
    assert 0.4 < one.mean() < 0.6
    assert (SCRIPT["planes"](blank[:1], 5)["noise"] == one[5:6]).all()


def test_what_the_rule_changes_is_asked_for() -> None:
    """A method that the driver has no more would leave the chip with its own errors."""
    for name, base in (("Chip", TrainingDriver), ("Golden", Trainer)):
        own = {method for method, value in vars(SCRIPT[name]).items() if callable(value)}
        assert own
        assert own <= set(dir(base))


@pytest.mark.slow
def test_a_chip_learns_the_same_bits() -> None:
    data, net = digits.load(), SCRIPT["network"]()
    golden = SCRIPT["golden"](net)
    with SimulatedBoard(chip_for(net, 1, 1)) as board:
        chip, before = SCRIPT["chip"](net, board), golden.state().weights[0]
        for first in range(0, 60, 20):
            lesson = (data.train_images[first : first + 20], data.train_labels[first : first + 20], 20, 1)
            for learner in (chip, golden):
                SCRIPT["learn"](learner, *lesson)
            found, expected = chip.state().weights, golden.state().weights
            assert all(found[tag].tobytes() == expected[tag].tobytes() for tag in expected)
        assert (golden.state().weights[0] != before).any()
        planes = SCRIPT["planes"](data.test_images[:8], 0)
        assert chip.readout(planes).tobytes() == golden.readout(planes).tobytes()


@pytest.mark.slow
def test_an_epoch_learns_most_digits() -> None:
    data, net = digits.load(), SCRIPT["network"]()
    golden = SCRIPT["golden"](net)
    SCRIPT["learn"](golden, data.train_images, data.train_labels, 1437, 2)
    one, several = SCRIPT["accuracy"](golden, data.test_images, data.test_labels)
    assert min(one, several) > 0.5
