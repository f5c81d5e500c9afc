"""Spike-Driven Transformer: a stream of values that starts at the stem's last maximum; attention is an AND of keys and values,
an OR of it over all tokens, and an AND with the queries; a head of neurons on the mean of the values."""

import torch
from spikingjelly.activation_based import layer
from torch import Tensor, nn

from spikeplane_sim.systems.calibrated import calibrated
from spikeplane_sim.systems.cml import ValueMlp
from spikeplane_sim.systems.layers import DIRECT, conv_norm, lif, maximum, repeated
from spikeplane_sim.systems.system import System

WIDTHS, HEADS = (8, 16, 32), 4
RARE = 0.12  #: keys and values: any of all tokens decides


class Stem(nn.Module):
    """conv-BN-LIF and a maximum of spikes, then conv-BN and a maximum of currents, from which the stream starts;
    positions from its spikes are added."""

    def __init__(self) -> None:
        super().__init__()
        one, two, three = WIDTHS
        self.first = nn.Sequential(conv_norm(3, one), lif())
        self.second = nn.Sequential(conv_norm(one, two), lif(), maximum())
        self.third = nn.Sequential(conv_norm(two, three), maximum())
        self.position = nn.Sequential(lif(), conv_norm(three, three))

    def forward(self, x: Tensor) -> Tensor:
        """(T, N, 3, H, W) -> values (T, N, 32, H / 4, W / 4)."""
        x = self.third(self.second(self.first(x)))
        return x + self.position(x)


class Attention(nn.Module):
    """Adds to the values a 1x1 convolution of queries, where the head's channel has a token whose key and value fire."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads, self.spikes = heads, lif()
        self.query, self.key, self.value = (
            nn.Sequential(conv_norm(channels, channels, 1), lif()) for _ in range(3)
        )
        self.any = lif(0.5)
        self.project = conv_norm(channels, channels, 1, bias=True)

    def forward(self, x: Tensor) -> Tensor:
        """Values (T, N, C, H, W)."""
        t, n, c, h, w = x.shape
        spikes = self.spikes(x)
        query, key, value = (
            made(spikes)
            .flatten(3)
            .transpose(-1, -2)
            .reshape(t, n, h * w, self.heads, -1)
            .permute(0, 1, 3, 2, 4)
            for made in (self.query, self.key, self.value)
        )
        passed = query * self.any((key * value).sum(-2, keepdim=True))
        return x + self.project(passed.transpose(3, 4).reshape(t, n, c, h, w))


class Transformer(nn.Module):
    """Images (N, 3, H, W) -> scores (N, 10)."""

    def __init__(self) -> None:
        super().__init__()
        channels = WIDTHS[-1]
        self.stem, self.attention = Stem(), Attention(channels, HEADS)
        self.mlp, self.fire = ValueMlp(channels, 2 * channels), lif()
        self.head = layer.Linear(channels, 10, step_mode="m")

    def forward(self, x: Tensor) -> Tensor:
        """Mean over the steps."""
        x = self.mlp(self.attention(self.stem(repeated(x))))
        return self.head(self.fire(x.flatten(3).mean(3))).mean(0)


def model(size: int, seed: int) -> nn.Module:
    """See System.model."""
    torch.manual_seed(seed)
    net = Transformer()
    rare = {part[1]: RARE for part in (net.attention.key, net.attention.value)}
    return calibrated(net, torch.rand(8, 3, size, size), seed, rare=rare)


SYSTEM = System(
    name="sdt",
    title="Spike-Driven Transformer",
    paper="Yao et al., Spike-driven Transformer, NeurIPS 2023",
    shapes="32x32, stem 3-8-16-32, 64 tokens of 32 channels, 4 heads, an MLP of 64, head LIF, tau 2, T 4",
    model=model,
    encoding=DIRECT,
    size=32,
    assumed=(
        "two of the stem's four maxima: one of spikes, and the last, of currents",
        "the MLP is twice as wide, not four times",
    ),
    published="github:BICLab/Spike-Driven-Transformer, module/ms_conv.py, module/sps.py",
)
