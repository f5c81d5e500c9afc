"""Networks whose weights are signs times a step a channel, with calibrated batch-norms."""

import numpy as np
import torch
from spikingjelly.activation_based import functional, neuron
from torch import Tensor, nn

STEPS = 4


def fire() -> nn.Module:
    return neuron.LIFNode(tau=2.0, v_threshold=1.0)


class Block(nn.Module):
    """Two convolutions, and the block's input in front of the last neurons."""

    def __init__(self, channels: int, groups: int, shortcut: bool) -> None:
        super().__init__()
        self.conv1, self.conv2 = (
            nn.Conv2d(channels, channels, 3, padding=1, bias=False, groups=groups) for _ in range(2)
        )
        self.bn1, self.bn2 = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)
        self.lif1, self.lif2, self.shortcut = fire(), fire(), shortcut

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(self.lif1(self.bn1(self.conv1(x)))))
        return self.lif2(y + x if self.shortcut else y)


def residual(groups: int = 1, shortcut: bool = False, channels: int = 16) -> nn.Module:
    """A stem, two blocks and a readout."""
    return nn.Sequential(
        nn.Conv2d(2, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), fire(),
        Block(channels, groups, shortcut), Block(channels, groups, shortcut),
        nn.AvgPool2d(8), nn.Flatten(), nn.Linear(channels, 10, bias=False), fire(),
    )  # fmt: skip


class Kept(nn.Module):
    """Two convolutions of spikes, whose currents are added to the block's: MS-ResNet's."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.lif1, self.lif2 = fire(), fire()
        self.conv1, self.conv2 = (nn.Conv2d(channels, channels, 3, padding=1, bias=False) for _ in range(2))
        self.bn1, self.bn2 = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.bn2(self.conv2(self.lif2(self.bn1(self.conv1(self.lif1(x))))))


def kept(channels: int = 16) -> nn.Module:
    """A stem, two blocks whose shortcuts carry currents, and a readout."""
    return nn.Sequential(
        nn.Conv2d(2, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), Kept(channels), Kept(channels), fire(),
        nn.AvgPool2d(8), nn.Flatten(), nn.Linear(channels, 10, bias=False), fire(),
    )  # fmt: skip


class FeedForward(nn.Module):
    """A feed-forward block of a token a pixel, whose shortcut carries currents."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.stem, self.bn0 = nn.Conv2d(2, channels, 1, bias=False), nn.BatchNorm2d(channels)
        self.fc1, self.bn1 = nn.Conv2d(channels, hidden, 1, bias=False), nn.BatchNorm2d(hidden)
        self.fc2, self.bn2 = nn.Conv2d(hidden, channels, 1, bias=False), nn.BatchNorm2d(channels)
        self.lif0, self.lif1, self.lif2, self.out = fire(), fire(), fire(), fire()
        self.head = nn.Linear(channels * 64, 10, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.bn0(self.stem(x))
        y = self.bn2(self.fc2(self.lif1(self.bn1(self.fc1(self.lif0(x))))))
        return self.out(self.head(self.lif2(x + y).flatten(1)))


def feed_forward() -> nn.Module:
    """64 tokens of 32 channels, 128 inside."""
    return FeedForward(32, 128)


def calibrated(model: nn.Module, samples: int = 12) -> tuple[nn.Module, np.ndarray]:
    """The model with signs for weights and batch-norms that make its neurons fire; samples (N, T, 2, 8, 8), uint8."""
    planes = torch.rand(samples, STEPS, 2, 8, 8) < 0.4
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    with torch.no_grad():
        for layer in model.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                step = layer.weight.abs().flatten(1).mean(1).reshape(-1, *[1] * (layer.weight.ndim - 1))
                layer.weight.copy_(torch.where(layer.weight < 0, -1.0, 1.0) * step)
        for norm in norms:
            norm.momentum = None
            nn.init.uniform_(norm.weight, 0.5, 2.0)
            nn.init.uniform_(norm.bias, 0.0, 0.8)
        for _ in range(3):
            for norm in norms:
                norm.reset_running_stats()
            functional.reset_net(model)
            for t in range(STEPS):
                model.train()(planes[:, t].float())
    functional.reset_net(model)
    return model.eval(), planes.numpy().astype(np.uint8)
