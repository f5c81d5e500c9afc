"""RSC-SNN: the convolutional network on images that are coded as random spikes, a pixel's value being the probability of
its spikes."""

import torch
from spikingjelly.activation_based import layer
from torch import Tensor, nn

from spikeplane.encoding import Encoding
from spikeplane_sim.systems.calibrated import calibrated
from spikeplane_sim.systems.layers import STEPS, conv_norm, lif
from spikeplane_sim.systems.system import System


class Coded(nn.Module):
    """Spikes (T, N, C, H, W) -> scores (N, 10): two convolutions, averages over 2x2 spikes."""

    def __init__(self, size: int, channels: int = 16) -> None:
        super().__init__()
        self.first = nn.Sequential(conv_norm(1, channels), lif())
        self.second = nn.Sequential(conv_norm(channels, 2 * channels), lif())
        self.pool1, self.pool2 = (layer.AvgPool2d(2, step_mode="m") for _ in range(2))
        self.flat = layer.Flatten(step_mode="m")
        self.head = layer.Linear(2 * channels * (size // 4) ** 2, 10, step_mode="m")

    def forward(self, x: Tensor) -> Tensor:
        """(T, N, 1, H, W) -> (N, 10)."""
        x = self.pool2(self.second(self.pool1(self.first(x))))
        return self.head(self.flat(x)).mean(0)


def model(size: int, seed: int) -> nn.Module:
    """See System.model."""
    torch.manual_seed(seed)
    images = torch.rand(8, 1, size, size)
    return calibrated(Coded(size), (torch.rand(STEPS, 8, 1, size, size) < images).float(), seed)


SYSTEM = System(
    name="rsc",
    title="RSC-SNN, random spike coding",
    paper="Wu et al., RSC-SNN: Exploring the Trade-off Between Adversarial Robustness and Accuracy in Spiking Neural "
    "Networks via Randomized Smoothing Coding, ACM MM 2024",
    shapes="28x28, convolutions of 16 and 32 channels, averages 2x2, LIF tau 2, T 4",
    model=model,
    inputs=lambda size: (1, size, size),
    encoding=Encoding(kind="poisson", steps=STEPS),
    size=28,
    least=4,
    assumed=(
        "there is no public code: the network is a CSNN",
        "spikes are drawn with the probability pixel / 256, by a counter hash, the same bits on every host",
    ),
)
