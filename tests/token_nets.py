"""Spiking transformers of any heads: a stem, blocks of self-attention and residuals, the mean over the tokens."""

# the framework annotates its layers loosely:
# pyright: reportArgumentType=false

from collections.abc import Mapping

import torch
from spikingjelly.activation_based import layer, neuron
from torch import Tensor, nn

from spikeplane_sim.systems.calibrated import calibrated

FEW, MANY = 0.4, 0.2  #: rates of queries, keys and values: of many tokens the attention would always fire


def lif(threshold: float = 1.0) -> nn.Module:
    """Neurons of all steps."""
    return neuron.LIFNode(tau=2.0, v_threshold=threshold, step_mode="m")


class Tokens(nn.Module):
    """A fully connected layer of each token, batch-norm, neurons: (T, N, tokens, C)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.linear, self.norm = nn.Linear(channels, channels, bias=False), nn.BatchNorm1d(channels)
        self.fires = lif()

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.linear(x).flatten(0, 1).transpose(1, 2)).transpose(1, 2)
        return self.fires(y.reshape(x.shape))


class Block(nn.Module):
    """x + projection of attention of x. stream: x are values, which neurons read."""

    def __init__(self, channels: int, heads: int, *, stream: bool) -> None:
        super().__init__()
        self.heads, self.before = heads, lif() if stream else nn.Identity()
        self.q, self.k, self.v, self.out = (Tokens(channels) for _ in range(4))
        self.attends = lif(0.5)

    def forward(self, x: Tensor) -> Tensor:
        t, n, tokens, channels = x.shape
        shape = (t, n, tokens, self.heads, channels // self.heads)
        y = self.before(x)
        q, k, v = (made(y).reshape(shape).transpose(2, 3) for made in (self.q, self.k, self.v))
        return x + self.out(self.attends(q @ (k.mT @ v) * 0.125).transpose(2, 3).reshape(x.shape))


class Transformer(nn.Module):
    """Planes (T, N, 2, H, W) -> (N, 5)."""

    def __init__(self, channels: int, heads: int, blocks: int = 1, *, stream: bool = False) -> None:
        super().__init__()
        self.stem = layer.Conv2d(2, channels, 3, padding=1, bias=False, step_mode="m")
        self.norm, self.fires = (
            layer.BatchNorm2d(channels, step_mode="m"),
            nn.Identity() if stream else lif(),
        )
        self.blocks = nn.Sequential(*(Block(channels, heads, stream=stream) for _ in range(blocks)))
        self.head = nn.Linear(channels, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.fires(self.norm(self.stem(x)))
        return self.head(self.blocks(x.flatten(3).transpose(2, 3)).mean(2)).mean(0)


def transformer(
    size: int, heads: int, pixels: tuple[int, int], steps: int, blocks: int = 1, *, stream: bool = False
) -> nn.Module:
    """Of heads of `size` channels, calibrated."""
    torch.manual_seed(0)
    net = Transformer(size * heads, heads, blocks, stream=stream)
    rate = FEW if pixels[0] * pixels[1] <= 16 else MANY
    rare: Mapping[nn.Module, float] = {
        part.fires: rate for name, part in net.named_modules() if name.endswith((".q", ".k", ".v"))
    }  # type: ignore[misc]
    x = torch.rand(steps, 4, 2, *pixels, generator=torch.Generator().manual_seed(1)) < 0.3
    return calibrated(net, x.float(), 0, 1.0, rare)
