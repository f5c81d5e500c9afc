"""CML downsampling: in the tokenizers of spiking transformers the maximum stands between batch-norm and neurons, where it
is a maximum of currents, no OR of spikes. Two variants: Spikingformer's adds currents, Spikformer's adds spikes."""

import torch
from torch import Tensor, nn

from spikeplane_sim.systems.calibrated import calibrated
from spikeplane_sim.systems.layers import DIRECT, Classifier, conv_norm, lif, maximum
from spikeplane_sim.systems.system import System

WIDTHS = (8, 16, 32)


class SpikeTokenizer(nn.Module):
    """conv-BN-LIF, then twice conv-BN-max-LIF; the position's spikes are added to the last ones: counts 0..2."""

    def __init__(self) -> None:
        super().__init__()
        one, two, three = WIDTHS
        self.first = nn.Sequential(conv_norm(3, one), lif())
        self.second = nn.Sequential(conv_norm(one, two), maximum(), lif())
        self.third = nn.Sequential(conv_norm(two, three), maximum(), lif())
        self.position = nn.Sequential(conv_norm(three, three), lif())

    def forward(self, x: Tensor) -> Tensor:
        """(T, N, 3, H, W) -> (T, N, 32, H / 4, W / 4)."""
        x = self.third(self.second(self.first(x)))
        return self.position(x) + x


class ValueTokenizer(nn.Module):
    """conv-BN, twice LIF-conv-BN-max, LIF-conv-BN: the stream of values that Spikingformer's blocks add to."""

    def __init__(self) -> None:
        super().__init__()
        one, two, three = WIDTHS
        self.first = conv_norm(3, one)
        self.second = nn.Sequential(lif(), conv_norm(one, two), maximum())
        self.third = nn.Sequential(lif(), conv_norm(two, three), maximum())
        self.last = nn.Sequential(lif(), conv_norm(three, three))

    def forward(self, x: Tensor) -> Tensor:
        """(T, N, 3, H, W) -> (T, N, 32, H / 4, W / 4)."""
        return self.last(self.third(self.second(self.first(x))))


class ValueMlp(nn.Module):
    """Adds to the values what two 1x1 convolutions make of their spikes."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.wide = nn.Sequential(lif(), conv_norm(channels, hidden, 1, bias=True))
        self.narrow = nn.Sequential(lif(), conv_norm(hidden, channels, 1, bias=True))

    def forward(self, x: Tensor) -> Tensor:
        """Values (T, N, C, H, W)."""
        return x + self.narrow(self.wide(x))


class SpikeMlp(nn.Module):
    """Adds to the counts the spikes that two 1x1 convolutions make of them."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.wide = nn.Sequential(conv_norm(channels, hidden, 1, bias=True), lif())
        self.narrow = nn.Sequential(conv_norm(hidden, channels, 1, bias=True), lif())

    def forward(self, x: Tensor) -> Tensor:
        """Counts (T, N, C, H, W)."""
        return x + self.narrow(self.wide(x))


def model(values: bool, size: int, seed: int) -> nn.Module:
    """See System.model."""
    torch.manual_seed(seed)
    channels = WIDTHS[-1]
    tokens, mlp = (ValueTokenizer(), ValueMlp) if values else (SpikeTokenizer(), SpikeMlp)
    net = Classifier(nn.Sequential(tokens, mlp(channels, 2 * channels)), channels)
    return calibrated(net, torch.rand(8, 3, size, size), seed)


def _system(values: bool) -> System:
    return System(
        name="cml-values" if values else "cml-spikes",
        title=f"CML downsampling, {'Spikingformer' if values else 'Spikformer'}'s tokenizer",
        paper="Zhou et al., Enhancing the Performance of Transformer-based Spiking Neural Networks by SNN-optimized "
        "Downsampling with Precise Gradient Backpropagation, arXiv 2305.05954 (2023)",
        shapes="16x16, channels 3-8-16-32, an MLP of 64, LIF tau 2, T 4",
        model=lambda size, seed: model(values, size, seed),
        encoding=DIRECT,
        assumed=(
            "attention is left out: the system is its tokenizer",
            "the MLP is twice as wide, not four times",
        ),
        published="github:zhouchenlin2096/Spikingformer-CML, cifar10/"
        + ("model.py" if values else "CML_Spikformer.py"),
    )


SYSTEMS = (_system(values=True), _system(values=False))
