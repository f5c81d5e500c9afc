"""Networks of tutorials on the simulated chip: every spike of every population as in the golden model, and the
integers near the framework."""

# the frameworks annotate their layers loosely:
# pyright: reportArgumentType=false, reportCallIssue=false

from typing import Any

import numpy as np
import pytest
import snntorch as snn
import torch
from spikingjelly.activation_based import layer, neuron
from torch import nn

import spikeplane
from spikeplane import Encoding

Tensor = torch.Tensor
STEPS = 5


class Branches(nn.Module):
    """Kernels of several sizes side by side, states in the loop, a readout of rates."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.n0, self.n1 = nn.Conv2d(1, 4, 3, padding=1), snn.Leaky(beta=0.5), snn.Leaky(beta=0.5)
        self.one, self.three = nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 3, padding=1)
        self.fc = nn.Linear(8 * 4, 5)

    def forward(self, x: Tensor) -> Tensor:
        m0, m1 = self.n0.init_leaky(), self.n1.init_leaky()
        total = torch.zeros(())
        for _ in range(STEPS):
            s, m0 = self.n0(self.stem(x), m0)
            s, m1 = self.n1(torch.cat([self.one(s), self.three(s)], dim=1), m1)
            total = total + self.fc(nn.functional.avg_pool2d(s, 2).flatten(1))
        return total / STEPS


class LateSkip(nn.Module):
    """A skip that is three steps late, and a layer that gets late spikes alone."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.n = layer.Conv2d(1, 4, 3, padding=1), neuron.LIFNode(v_threshold=0.3)
        self.later, self.late = layer.Delay(3), layer.Delay(1)
        self.b, self.m = layer.Conv2d(4, 4, 3, padding=1), neuron.LIFNode(v_threshold=0.3)
        self.c, self.last = layer.Linear(64, 6), neuron.IFNode()

    def forward(self, x: Tensor) -> Tensor:
        y = self.n(self.a(x))
        return self.last(self.c(self.late(self.m(self.b(y) + self.later(y))).flatten(1)))


class Decoder(nn.Module):
    """A row of spikes that is seen as pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.fc, self.s0 = nn.Linear(16, 36), neuron.LIFNode(v_threshold=0.5)
        self.conv, self.s1 = nn.ConvTranspose2d(4, 2, 3, padding=1), neuron.LIFNode(v_threshold=0.5)

    def forward(self, x: Tensor) -> Tensor:
        steps = [self.s1(self.conv(self.s0(self.fc(x.flatten(1))).view(-1, 4, 3, 3))) for _ in range(STEPS)]
        return torch.stack(steps)


@pytest.mark.parametrize("make", [Branches, LateSkip, Decoder])
def test_on_the_chip(make: Any) -> None:
    torch.manual_seed(1)
    model = make()
    for part in model.modules():
        if hasattr(part, "weight"):
            part.weight.data *= 3
    images = np.random.default_rng(2).integers(0, 256, (3, 1, 4, 4)).astype(np.uint8)
    program = spikeplane.compile(
        model, chip="tiny", input_shape=(1, 4, 4), encoding=Encoding(steps=STEPS), calibration=images
    )
    rows = [row for row in program.tables["agreement"] if row["compared"]]  # the others are no layers
    assert len(rows) > 1
    assert all(row["differences"] == 0 for row in rows)
    with spikeplane.open_board("sim", program) as board:
        result = spikeplane.execute(program, board, images, lockstep=True)
    assert result.comparison is not None
    assert result.comparison.mismatches == 0
    fired = {name: count for name, count in result.spikes.items() if name != program.network.output}
    assert all(fired.values()), fired
    assert result.comparison.spikes > 100
