"""A ReLU between two layers: a population that sends values from 0 on, as the model has it, on the chip."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import neuron
from torch import Tensor, nn

import spikeplane
from spikeplane import Encoding
from spikeplane.config import preset
from spikeplane.network import MEMBRANE
from spikeplane.program import Program
from spikeplane_sim.measured import agreement


class Rectified(nn.Module):
    """Convolution, ReLU, maximum and convolution in front of neurons; then a ReLU in a row."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2, self.bn = (
            nn.Conv2d(2, 12, 3, padding=1),
            nn.Conv2d(12, 8, 3, padding=1),
            nn.BatchNorm2d(8),
        )
        self.relu, self.pool, self.lif = nn.ReLU(), nn.MaxPool2d(2), neuron.LIFNode(tau=2.0)
        self.fc1, self.fc2, self.out = nn.Linear(128, 24), nn.Linear(24, 5), neuron.IFNode()

    def forward(self, x: Tensor) -> Tensor:
        x = self.lif(self.bn(self.conv2(self.pool(self.relu(self.conv1(x))))))
        return self.out(self.fc2(torch.relu(self.fc1(x.flatten(1)))))


def compiled(planes: np.ndarray, cores: int) -> Program:
    torch.manual_seed(4)
    model = Rectified().eval()
    with torch.no_grad():
        model.bn.running_var = torch.full((8,), 0.02)
        model.fc1.weight.mul_(3)
        model.fc2.weight.mul_(4)
    chip = replace(preset("small"), acc_bits=24)
    chip = replace(chip, rows=1, cols=1, acc_depth=4096) if cores == 1 else chip
    return spikeplane.compile(
        model, chip=chip, input_shape=(2, 8, 8), encoding=Encoding(kind="planes", steps=4), calibration=planes, progress=False
    )  # fmt: skip


PLANES = (np.random.default_rng(3).random((16, 4, 2, 8, 8)) < 0.4).astype(np.uint8)


def test_spikes_agree() -> None:
    program = compiled(PLANES, 4)
    values = [p for p in program.network.populations if p.neuron is not None and p.neuron.floor]
    assert [p.name for p in values] == ["relu", "relu_1"]
    assert all(p.neuron is not None and p.neuron.relu and p.neuron.kind is MEMBRANE for p in values)
    rows, *_ = agreement(program, {"input": PLANES.astype(np.int64)})
    given = {row["layer"]: row["given"] for row in rows if row["given"] is not None}
    assert given["lif"] > 0.99, given  # the other reads values, whose own rounding is among what it gets
    assert given["out"] > 0.97, given
    assert all(0.02 < row["rate_float"] < 0.95 for row in rows), rows


@pytest.mark.slow
@pytest.mark.parametrize("cores", [1, 4])
def test_on_the_chip(cores: int) -> None:
    program = compiled(PLANES, cores)
    with spikeplane.open_board("sim", program) as board:
        found = spikeplane.execute(program, board, PLANES[:6], lockstep=True).comparison
    assert found is not None
    assert found.mismatches == 0
    assert found.spikes > 1000
