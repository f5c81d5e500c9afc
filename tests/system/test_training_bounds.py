"""Sums at the bound that is proved of them: a word of one bit less would not hold what the chip adds up."""

import numpy as np
import pytest
from test_training_chip import bits
from test_training_momentum import CHIPS
from two_core_networks import CHIP, inputs, readout

from spikeplane.config import ChipConfig
from spikeplane.train import LearningNetwork, LearningProjection, Optimiser
from spikeplane.train.driver import TrainingDriver, prepared
from spikeplane.train.losses import SQUARED
from spikeplane.train.plan import bounds, exact_bits, gradient_limit
from spikeplane_sim.board import SimulatedBoard
from spikeplane_sim.golden.training import Trainer

STEPS = 2


@pytest.mark.parametrize(
    ("config", "limit", "delta_limit"), [(CHIPS[36], 0, 0), (CHIP, 3, 12)], ids=["36 bits", "48 bits"]
)
def test_gradients_of_summed_pixels_at_their_bound(config: ChipConfig, limit: int, delta_limit: int) -> None:
    """Four pixels of 255 count as one in each step, and the errors of the readout are at their limit, one of either sign."""
    weight = np.array([2.0**limit, -(2.0**limit)], np.float16).reshape(2, 1, 1, 1)
    one = LearningProjection(source="in", target="out", weight=weight, pool=(2, 2), limit=limit)
    net = LearningNetwork(
        populations=(inputs((1, 2, 2), value_bits=8), readout(2)),
        projections=(one,),
        output="out",
        delta_limit=delta_limit,
    )
    assert config.training is not None
    most = STEPS * 4 * 255 << delta_limit
    row = next(row for row in bounds(net, 1, STEPS) if row.what == "the gradient of in->out")
    assert (row.worst, row.bits) == (gradient_limit(net, one, 1, STEPS), config.training.exact_bits)
    assert (row.worst, row.bits) == (most, exact_bits(net, 1, STEPS))
    learns = Optimiser(rate=2.0**-6, loss=SQUARED)
    golden = Trainer(net, learns, batch=1, steps=STEPS)
    planes, labels = {"in": np.full((1, STEPS, 1, 2, 2), 255, np.uint8)}, np.array([1])
    with SimulatedBoard(config) as board:
        image = prepared(net, config, learns, batch=1, steps=STEPS)
        chip = TrainingDriver(board, config, net, learns, steps=STEPS, image=image)
        chip.load()
        chip.accumulate(planes, labels)
        found, expected = chip.seen().gradients[0], golden.gradients(planes, labels)
        assert found.flatten().tolist() == expected.words[0].flatten().tolist() == [most << 24, -most << 24]
        chip.update(1)
        golden.update(expected)
        assert bits(chip.state().weights) == bits(golden.state().weights) != bits({0: weight})
