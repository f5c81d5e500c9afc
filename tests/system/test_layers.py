"""Layers whose tables look like no convolution's, on the simulated chip: pixels padded on one side, windows
that overlap, kernels as large as what they make, lines."""

# pyright: reportArgumentType=false

import numpy as np
import pytest
from spikingjelly.activation_based.neuron import IFNode
from torch import nn
from unit.frameworks import spread

import spikeplane
from spikeplane.encoding import Encoding

pytestmark = pytest.mark.cosim

NETWORKS = {
    "maps": (
        (2, 7, 6),
        lambda: [
            nn.Conv2d(2, 5, (2, 4), padding="same"), nn.AvgPool2d(2, 1), IFNode(),
            nn.ZeroPad2d((2, 0, 0, 1)), nn.Conv2d(5, 4, 3, (2, 1), groups=1), IFNode(),
            nn.AvgPool2d((3, 2), (1, 2), (1, 0)), nn.Conv2d(4, 6, 2), nn.Conv2d(6, 6, 1, groups=6), IFNode(),
            nn.AdaptiveAvgPool2d((3, 4)), nn.Flatten(), nn.Linear(72, 9), IFNode(),
            nn.Linear(9, 12, bias=False), nn.Unflatten(1, (3, 2, 2)), IFNode(), nn.ConvTranspose2d(3, 2, 3), IFNode(),
        ],
    ),
    "values": (
        (2, 6, 6),
        lambda: [
            nn.Conv2d(2, 5, 3), nn.BatchNorm2d(5), nn.Conv2d(5, 5, 3, padding=1, groups=5, bias=False), IFNode(),
            nn.Conv2d(5, 8, 3), IFNode(),
        ],
    ),
    "lines": (
        (3, 1, 20),
        lambda: [
            nn.Conv1d(3, 6, 4, padding="same"), nn.MaxPool1d(3, 2, 1), IFNode(),
            nn.AvgPool1d(3, 2, 1), nn.Conv1d(6, 6, 3, groups=6), IFNode(),
            nn.MaxPool1d(2), nn.Flatten(), nn.Linear(6, 8), IFNode(),
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_on_the_chip(name: str) -> None:
    shape, layers = NETWORKS[name]
    model = spread(nn.Sequential(*layers()), 0.2)
    program = spikeplane.compile(
        model, chip="tiny", input_shape=shape, encoding=Encoding(kind="planes", steps=6)
    )
    samples = (np.random.default_rng(1).random((3, 6, *shape)) < 0.4).astype(np.uint8)
    with spikeplane.open_board("sim", program) as board:
        result = spikeplane.execute(program, board, samples, lockstep=True)
    assert result.comparison is not None
    assert result.comparison.mismatches == 0
    assert result.comparison.spikes > 300
