"""Spiking self-attention: LIF(0.125 Q (K^T V)) with threshold 0.5, of neurons behind 1x1 convolutions or linear layers of tokens."""

from collections.abc import Mapping

from torch import Tensor, nn

from spikeplane_sim.systems.layers import conv_norm, lif

SCALE = 0.125


class SelfAttention(nn.Module):
    """What the neurons behind the attention send of spikes or counts (T, N, C, H, W); the product of queries and keys first."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (
            nn.Sequential(conv_norm(channels, channels, 1), lif()) for _ in range(3)
        )
        self.spikes = lif(0.5)

    def forward(self, x: Tensor) -> Tensor:
        """Spikes, of the same shape."""
        query, key, value = (self.tokens(made(x)) for made in (self.query, self.key, self.value))
        found = (query @ key.transpose(-2, -1)) * SCALE @ value
        return self.spikes(found.transpose(3, 4).reshape(x.shape))

    def tokens(self, x: Tensor) -> Tensor:
        """(T, N, C, H, W) -> (T, N, heads, tokens, channels of a head)."""
        t, n, c, h, w = x.shape
        return x.reshape(t, n, self.heads, c // self.heads, h * w).transpose(3, 4)


class SpikeAttention(nn.Module):
    """Adds to the counts the spikes of a 1x1 convolution of the attention's: Spikformer, QKFormer's last stage."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.attend = SelfAttention(channels, heads)
        self.project = nn.Sequential(conv_norm(channels, channels, 1, bias=True), lif())

    def forward(self, x: Tensor) -> Tensor:
        """Counts (T, N, C, H, W)."""
        return x + self.project(self.attend(x))


class ValueAttention(nn.Module):
    """Adds to the values a 1x1 convolution of the attention that their spikes make: Spikingformer."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.spikes, self.attend = lif(), SelfAttention(channels, heads)
        self.project = conv_norm(channels, channels, 1, bias=True)

    def forward(self, x: Tensor) -> Tensor:
        """Values (T, N, C, H, W)."""
        return x + self.project(self.attend(self.spikes(x)))


def rates(model: nn.Module, tokens: int) -> Mapping[nn.Module, float]:
    """How often queries, keys and values fire where so many tokens shall leave the attention's neurons something to decide: a
    count of tokens * rate^2, met rate * channels of a head times, reaches their threshold of about 8 with 8 channels."""
    wanted = tokens ** (-1 / 3)
    found: dict[nn.Module, float] = {}
    for part in model.modules():
        for name in ("query", "key", "value"):
            if all(hasattr(part, each) for each in ("query", "key", "value")):
                found[getattr(part, name)[-1]] = wanted
    return found
