"""A residual network whose stream is the membrane's input: v + f(spikes(v)), block after block."""

# the framework annotates its layers loosely:
# pyright: reportArgumentType=false

import torch
from spikingjelly.activation_based import neuron
from torch import Tensor, nn


class Block(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.lif1, self.lif2 = neuron.LIFNode(tau=2.0), neuron.LIFNode(tau=2.0)
        self.conv1, self.conv2 = (nn.Conv2d(channels, channels, 3, padding=1, bias=False) for _ in range(2))
        self.bn1, self.bn2 = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.bn2(self.conv2(self.lif2(self.bn1(self.conv1(self.lif1(x))))))


class Residual(nn.Module):
    def __init__(self, depth: int, channels: int, pixels: int) -> None:
        super().__init__()
        self.stem, self.bn = nn.Conv2d(2, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)
        self.blocks = nn.Sequential(*(Block(channels) for _ in range(depth)))
        self.lif, self.fc = neuron.LIFNode(tau=2.0), nn.Linear(channels * pixels, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.lif(self.blocks(self.bn(self.stem(x)))).flatten(1))


def membrane_network(depth: int, channels: int = 8, pixels: int = 36, seed: int = 0) -> nn.Module:
    """With batch-norms that keep most layers busy."""
    torch.manual_seed(seed)
    model = Residual(depth, channels, pixels)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)  # type: ignore[union-attr]
            module.running_var.uniform_(0.05, 0.2)  # type: ignore[union-attr]
            nn.init.uniform_(module.weight, 0.8, 1.6)
            nn.init.normal_(module.bias, 0.4, 0.3)
    return model.eval()
