"""TA-SNN: every step of a sample is weighed by a gate that two layers make of the means of all steps."""

# the framework annotates its layers loosely:
# pyright: reportArgumentType=false

import torch
from torch import Tensor, nn

from spikeplane.encoding import Encoding
from spikeplane_sim.systems.attended import Connected, Convolved
from spikeplane_sim.systems.calibrated import calibrated
from spikeplane_sim.systems.system import System

STEPS, CLASSES = 8, 10


class Weighed(nn.Module):
    """x times a gate of each step."""

    def __init__(self, steps: int, ratio: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(steps, steps // ratio), nn.ReLU(), nn.Linear(steps // ratio, steps), nn.Sigmoid()
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, T, ...)."""
        gate = self.layers(x.flatten(2).mean(2))
        return x * gate.view(*gate.shape, *[1] * (x.ndim - 2))


class Events(nn.Module):
    """Three convolutions, two fully connected layers; (N, T, 2, H, W) -> rates (N, 10)."""

    def __init__(self, size: int) -> None:
        super().__init__()
        sizes = ((2, 16, 1), (16, 32, 2), (32, 32, 2))
        self.convs = nn.Sequential(*(Convolved(i, o, pool, Weighed(STEPS, 4)) for i, o, pool in sizes))
        self.rows = nn.Sequential(
            Connected(32 * (size // 4) ** 2, 32, Weighed(STEPS, 4)), Connected(32, CLASSES, Weighed(STEPS, 4))
        )

    def forward(self, x: Tensor) -> Tensor:
        """Mean over the steps."""
        return self.rows(self.convs(x)).mean(1)


def events(model: nn.Module, size: int, seed: int) -> nn.Module:
    """The model, calibrated on random events."""
    planes = torch.rand(8, STEPS, 2, size, size, generator=torch.Generator().manual_seed(seed)) < 0.3
    return calibrated(model, planes.float(), seed, 0.5)


def model(size: int, seed: int) -> nn.Module:
    """See System.model."""
    torch.manual_seed(seed)
    return events(Events(size), size, seed)


SYSTEM = System(
    name="ta-snn",
    title="TA-SNN",
    paper="Yao et al., Temporal-wise Attention Spiking Neural Networks for Event Streams Classification, ICCV 2021",
    shapes="events 16x16, convolutions 2-16-32-32, 32 and 10 neurons, attention over T in front of each, T 8",
    model=model,
    inputs=lambda size: (2, size, size),
    encoding=Encoding(kind="planes", steps=STEPS),
    multiple=4,
    agreement=98.5,
    assumed=("attention narrows by 4, not by 16: there are 8 steps, not 60",),
    gates=True,
    low_planes=True,
    published="github:BICLab/TA-SNN, DVSGestures/CNN/Networks/TA_SNN_CNN_3.py",
)
