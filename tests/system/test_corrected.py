"""Corrected layers, and weights of 7 bits in two words of 4: the chip is the golden model, value for value."""

from typing import Any

import numpy as np
import pytest
from spikingjelly.activation_based import layer, neuron, surrogate
from test_random import CHIPS
from torch import Tensor, manual_seed, nn

import spikeplane
from spikeplane import Encoding


class Net(nn.Module):
    """Two convolutions, the second with a soft reset, and a readout of values."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = layer.Conv2d(1, 8, 3, padding=1), layer.Conv2d(8, 12, 3, padding=1, stride=2)
        self.lif1 = neuron.LIFNode(tau=2.0, v_threshold=0.1, surrogate_function=surrogate.ATan())
        self.lif2 = neuron.LIFNode(
            tau=1.5, v_threshold=0.1, v_reset=None, surrogate_function=surrogate.ATan()
        )
        self.out = layer.Linear(12 * 16, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.lif2(self.conv2(self.lif1(self.conv1(x)))).flatten(1))


SEVEN = {"lif1": 7, "lif2": 7, "readout": 7}


@pytest.mark.parametrize(("asked", "bits"), [("auto:1", [4, 4, 7]), (SEVEN, [7, 7, 7])])
def test_the_chip_is_the_golden_model(asked: Any, bits: list[int]) -> None:
    manual_seed(1)
    images = np.random.default_rng(2).integers(0, 16, (12, 1, 8, 8)).astype(np.uint8)
    program = spikeplane.compile(
        Net().eval(),
        chip=CHIPS["core-16"],
        encoding=Encoding(kind="direct", steps=4, value_bits=4),
        calibration=images,
        weight_bits=asked,
        correct=True,
        progress=False,
    )
    assert [row["weight_bits"] for row in program.tables["quantisation"]] == bits
    assert program.source is not None
    assert program.source.corrections
    result = program.run(images[:3], board="sim", lockstep=True, progress=False)
    assert result.comparison is not None
    assert result.comparison.mismatches == 0
    assert result.comparison.spikes > 200
