"""SEW-ResNet, and the deep network of the visual cortex that is built of it: two batch-normed convolutions with neurons,
whose spikes meet those that went past them by one of four functions."""

import torch
from spikingjelly.activation_based import layer
from torch import Tensor, nn

from spikeplane_sim.systems.calibrated import calibrated
from spikeplane_sim.systems.layers import DIRECT, Classifier, conv_norm, integrate, maximum
from spikeplane_sim.systems.system import System

CHANNELS = 16


def meet(function: str, out: Tensor, past: Tensor) -> Tensor:
    """ADD counts; AND and OR are gates; IAND keeps what went past where the block is silent."""
    if function == "ADD":
        return out + past
    if function == "AND":
        return out * past
    if function == "IAND":
        return past * (1.0 - out)
    return out + past - out * past


class Block(nn.Module):
    """Spikes in, spikes (ADD: counts 0..n) out."""

    def __init__(self, into: int, channels: int, function: str, stride: int = 1) -> None:
        super().__init__()
        self.function = function
        self.first = nn.Sequential(conv_norm(into, channels, 3, stride), integrate())
        self.second = nn.Sequential(conv_norm(channels, channels), integrate())
        self.past = (
            nn.Sequential(conv_norm(into, channels, 1, stride), integrate())
            if stride > 1 or into != channels
            else nn.Identity()
        )

    def forward(self, x: Tensor) -> Tensor:
        """(T, N, C, H, W)."""
        return meet(self.function, self.second(self.first(x)), self.past(x))


def model(function: str, size: int, seed: int) -> nn.Module:
    """See System.model: a stem with the maximum of spikes, a block, and one of half the pixels."""
    torch.manual_seed(seed)
    body = nn.Sequential(
        conv_norm(3, CHANNELS, 7, 1), integrate(), maximum(),
        Block(CHANNELS, CHANNELS, function), Block(CHANNELS, CHANNELS, function, 2),
    )  # fmt: skip
    net = Classifier(body, CHANNELS)
    assert isinstance(net.head, layer.Linear)
    return calibrated(net, torch.rand(8, 3, size, size), seed)


def _system(function: str) -> System:
    return System(
        name=f"sew-{function.lower()}",
        title=f"SEW-ResNet / visual cortex, {function}",
        paper="Fang et al., Deep Residual Learning in Spiking Neural Networks, NeurIPS 2021; Huang et al., Deep Spiking "
        "Neural Networks with High Representation Similarity Model Visual Pathways, AAAI 2023",
        shapes="32x32, stem 7x7 and maximum to 16x16x16, a block, a block of stride 2, IF, T 4",
        model=lambda size, seed: model(function, size, seed),
        encoding=DIRECT,
        size=32,
        assumed=("the stem's stride: 1, so that a small image leaves 16x16 pixels",),
        published="github:fangwei123456/Spike-Element-Wise-ResNet, imagenet/sew_resnet.py",
    )


SYSTEMS = tuple(_system(function) for function in ("ADD", "AND", "IAND", "OR"))
