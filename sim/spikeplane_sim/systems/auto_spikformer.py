"""Auto-Spikformer: Spikformer's block on tokens and linear layers, whose time constants and the threshold of the MLP's first
neurons were searched."""

# the framework annotates its layers loosely:
# pyright: reportArgumentType=false

import torch
from spikingjelly.activation_based import layer
from torch import Tensor, nn

from spikeplane_sim.systems.attention import SCALE, rates
from spikeplane_sim.systems.calibrated import calibrated
from spikeplane_sim.systems.layers import DIRECT, Classifier, lif
from spikeplane_sim.systems.spikformer import HEADS, WIDTHS, PatchSplitting
from spikeplane_sim.systems.system import System

FIRST = 0.8  #: the threshold that was searched


class TokenNorm(nn.Module):
    """A linear layer of every token and its batch-norm: (T, N, tokens, C) -> (T, N, tokens, C')."""

    def __init__(self, into: int, out: int) -> None:
        super().__init__()
        self.linear = layer.Linear(into, out, step_mode="m")
        self.norm = layer.BatchNorm1d(out, step_mode="m")

    def forward(self, x: Tensor) -> Tensor:
        """Currents."""
        return self.norm(self.linear(x).transpose(2, 3)).transpose(2, 3)


class Block(nn.Module):
    """Attention and MLP, each of which adds spikes to the counts."""

    def __init__(self, channels: int, heads: int, tau: float) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.project = (
            nn.Sequential(TokenNorm(channels, channels), lif(tau=tau)) for _ in range(4)
        )
        self.spikes = lif(0.5, tau)
        self.wide = nn.Sequential(TokenNorm(channels, 2 * channels), lif(FIRST, tau))
        self.narrow = nn.Sequential(TokenNorm(2 * channels, channels), lif(tau=tau))

    def forward(self, x: Tensor) -> Tensor:
        """Counts (T, N, C, H, W)."""
        shape, x = x.shape, x.flatten(3).transpose(2, 3)
        query, key, value = (
            made(x).unflatten(3, (self.heads, -1)).transpose(2, 3)
            for made in (self.query, self.key, self.value)
        )
        scores = (query @ key.transpose(-2, -1)) * SCALE
        x = x + self.project(self.spikes((scores @ value).transpose(2, 3).flatten(3)))
        x = x + self.narrow(self.wide(x))
        return x.transpose(2, 3).reshape(shape)


def model(tau: float, size: int, seed: int) -> nn.Module:
    """See System.model."""
    torch.manual_seed(seed)
    channels = WIDTHS[-1]
    body = nn.Sequential(PatchSplitting(), Block(channels, HEADS, tau))
    rare = rates(body, (size // 4) ** 2)
    return calibrated(Classifier(body, channels), torch.rand(8, 3, size, size), seed, rare=rare)


def _system(tau: float, agreement: float) -> System:
    return System(
        name="auto-spikformer" if tau == 2 else "auto-spikformer-tau",
        title=f"Auto-Spikformer, tau {tau:g}",
        paper="Che et al., Auto-Spikformer: Spikformer Architecture Search, 2024",
        shapes=f"32x32, Spikformer's stem, a block of 64 tokens of 32 channels, 4 heads, LIF tau {tau:g}, T 4",
        model=lambda size, seed: model(tau, size, seed),
        encoding=DIRECT,
        size=32,
        multiple=4,
        agreement=agreement,
        assumed=(
            "batch-norms have running statistics, which are frozen; the published ones use those of each batch in evaluation too",
            f"the searched threshold is {FIRST:g}; the stem keeps tau 2",
        ),
        attention=True,
    )


SYSTEMS = (_system(2.0, 99.3), _system(1.7, 98.5))
