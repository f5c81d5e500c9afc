"""SpikingJelly's convolutional network of its tutorials: a batch-normed convolution, neurons and a maximum of spikes,
twice, then two fully connected layers."""

# the framework annotates its layers loosely:
# pyright: reportArgumentType=false

import torch
from spikingjelly.activation_based import layer
from torch import Tensor, nn

from spikeplane_sim.systems.calibrated import calibrated
from spikeplane_sim.systems.layers import DIRECT, conv_norm, integrate, repeated
from spikeplane_sim.systems.system import System


class Csnn(nn.Module):
    """28x28 pixels, 16 and 32 channels, T 4. Images (N, 1, H, W) in 0..1 -> rates (N, 10)."""

    def __init__(self, size: int, channels: int = 16) -> None:
        super().__init__()
        first, second = channels, 2 * channels
        self.features = nn.Sequential(
            conv_norm(1, first), integrate(), layer.MaxPool2d(2, 2, step_mode="m"),
            conv_norm(first, second), integrate(), layer.MaxPool2d(2, 2, step_mode="m"),
        )  # fmt: skip
        self.classes = nn.Sequential(
            layer.Flatten(step_mode="m"),
            layer.Linear(second * (size // 4) ** 2, 64, bias=False, step_mode="m"),
            integrate(),
            layer.Linear(64, 10, bias=False, step_mode="m"),
            integrate(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Firing rates of the classes."""
        return self.classes(self.features(repeated(x))).mean(0)


def filled(net: nn.Module, size: int, seed: int) -> nn.Module:
    """With weights of the fully connected layers that sum to something, where they are not 0, and calibrated."""
    with torch.no_grad():
        for part in net.modules():
            if isinstance(part, nn.Linear):
                kept = part.weight != 0
                into = float(kept.sum(1).double().mean())
                part.weight.normal_(0.5 / into, 1.2 / into**0.5).mul_(kept)
    return calibrated(net, torch.rand(8, 1, size, size), seed)


def model(size: int, seed: int) -> nn.Module:
    """See System.model."""
    torch.manual_seed(seed)
    return filled(Csnn(size), size, seed)


SYSTEM = System(
    name="csnn",
    title="SpikingJelly CSNN",
    paper="Fang et al., SpikingJelly, Science Advances 9 (2023)",
    shapes="28x28, convolutions of 16 and 32 channels, 64 and 10 neurons, IF, T 4",
    model=model,
    inputs=lambda size: (1, size, size),
    encoding=DIRECT,
    size=28,
    least=4,
    published="spikingjelly, activation_based/examples/conv_fashion_mnist.py",
)
