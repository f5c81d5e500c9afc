"""Residual networks whose stream is a value: MS-ResNet as published, and TCL and STCL, whose papers change the loss only
and train such networks."""

from collections.abc import Callable

import torch
from spikingjelly.activation_based import neuron
from torch import Tensor, nn

from spikeplane_sim.systems.calibrated import calibrated
from spikeplane_sim.systems.layers import DIRECT, Classifier, conv_norm, lif
from spikeplane_sim.systems.system import System

CHANNELS = 16


def membrane() -> nn.Module:
    """u / 4 + x, fires at >= 0.5, reset to 0: MS-ResNet's neuron."""
    return neuron.LIFNode(tau=4.0 / 3.0, v_threshold=0.5, decay_input=False, detach_reset=True, step_mode="m")


class Block(nn.Module):
    """x + BN(conv(spikes(BN(conv(spikes(x)))))): neurons stand in front of the weights, values go past them, at stride 2
    through a 1x1 convolution."""

    def __init__(self, into: int, channels: int, stride: int, fires: Callable[[], nn.Module]) -> None:
        super().__init__()
        self.spikes1, self.first = fires(), conv_norm(into, channels, 3, stride)
        self.spikes2, self.second = fires(), conv_norm(channels, channels)
        same = stride == 1 and into == channels
        self.past = nn.Identity() if same else conv_norm(into, channels, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Values (T, N, C, H, W)."""
        return self.past(x) + self.second(self.spikes2(self.first(self.spikes1(x))))


def ms_resnet(size: int, seed: int) -> nn.Module:
    """See System.model: a stem, a block, one of half the pixels and twice the channels, neurons."""
    torch.manual_seed(seed)
    wide = 2 * CHANNELS
    body = nn.Sequential(
        conv_norm(3, CHANNELS), Block(CHANNELS, CHANNELS, 1, membrane), Block(CHANNELS, wide, 2, membrane), membrane()
    )  # fmt: skip
    return calibrated(Classifier(body, wide), torch.rand(8, 3, size, size), seed, 0.5)


def tcl(size: int, seed: int) -> nn.Module:
    """See System.model."""
    torch.manual_seed(seed)
    blocks = (Block(CHANNELS, CHANNELS, 1, lif) for _ in range(2))
    body = nn.Sequential(conv_norm(3, CHANNELS), *blocks, lif())
    return calibrated(Classifier(body, CHANNELS), torch.rand(8, 3, size, size), seed)


SYSTEMS = (
    System(
        name="tcl",
        title="TCL / STCL, residual of values",
        paper="Qiu et al., Temporal Contrastive Learning for Spiking Neural Networks, arXiv 2305.13909 (2023)",
        shapes="16x16x16, two blocks, LIF tau 2, T 4",
        model=tcl,
        encoding=DIRECT,
        assumed=(
            "read from the abstract only: the loss is all that is new, inference is a residual network",
            "the network: neurons in front of the weights, so that its stream is a value",
        ),
    ),
    System(
        name="ms-resnet",
        title="MS-ResNet",
        paper="Hu et al., Advancing Spiking Neural Networks Toward Deep Residual Learning, IEEE TNNLS 2024",
        shapes="16x16x16, a block and one of 8x8x32, leak 1/4, theta 0.5, T 4",
        model=ms_resnet,
        encoding=DIRECT,
        published="spikingjelly, activation_based/model/ms_resnet.py",
    ),
)
