"""A Spikformer of our own size for Fashion-MNIST: 49 tokens of 64 channels, one block of spiking self-attention, T 4.

```
  image -> conv-BN-LIF -> conv-BN-LIF-max -> conv-BN-LIF-max -> x + LIF(BN(conv x))          28x28, 14x14, 7x7
        -> x + LIF(BN(1x1(attention)))  -> x + MLP                                            a block
        -> mean over the tokens -> fully connected -> mean over the steps
  attention:  LIF at 0.5 of  q (k^T v) / 8     q, k, v: LIF(BN(1x1(x))), 4 heads of 16 channels
```
Semantics of Zhou et al., Spikformer: When Spiking Neural Network Meets Transformer, ICLR 2023; every neuron is an LIF of tau 2 that
is reset to 0. Layers are SpikingJelly's in step mode "m": tensors (T, N, C, H, W).
"""

from pathlib import Path

import torch
from spikingjelly.activation_based import layer, neuron, surrogate
from torch import Tensor, nn

STEPS = 4
CHECKPOINT = Path(__file__).parents[2] / "build" / "fashion_mnist" / "spikformer.pt"


def lif(threshold: float = 1.0) -> nn.Module:
    """u + (x - u) / 2, fires at >= threshold, reset to 0."""
    return neuron.LIFNode(
        tau=2.0,
        v_threshold=threshold,
        detach_reset=True,
        surrogate_function=surrogate.ATan(),
        step_mode="m",
    )


class Convolved(nn.Module):
    """Convolution, batch-norm, neurons."""

    def __init__(self, into: int, out: int, size: int = 3) -> None:
        super().__init__()
        self.conv = layer.Conv2d(into, out, size, padding=size // 2, bias=False, step_mode="m")
        self.norm = layer.BatchNorm2d(out, step_mode="m")
        self.spikes = lif()

    def forward(self, x: Tensor) -> Tensor:
        """(T, N, C, H, W), spikes out."""
        return self.spikes(self.norm(self.conv(x)))


class Attention(nn.Module):
    """Spiking self-attention: no softmax, so that q (k^T v) is a sum of whole numbers."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v = (Convolved(channels, channels, 1) for _ in range(3))
        self.spikes = lif(0.5)
        self.out = Convolved(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Counts (T, N, C, H, W) in, spikes out."""
        steps, count, channels, height, width = x.shape
        tokens = height * width

        def split(values: Tensor) -> Tensor:
            parts = values.reshape(steps, count, self.heads, channels // self.heads, tokens)
            return parts.transpose(-1, -2)  # (T, N, heads, tokens, d)

        q, k, v = (split(part(x)) for part in (self.q, self.k, self.v))
        mixed = q @ (k.transpose(-1, -2) @ v) * 0.125
        mixed = mixed.transpose(-1, -2).reshape(steps, count, channels, height, width)
        return self.out(self.spikes(mixed))


class Block(nn.Module):
    """Attention, then two 1x1 convolutions; each adds its spikes."""

    def __init__(self, channels: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.attention = Attention(channels, heads)
        self.wide, self.narrow = Convolved(channels, hidden, 1), Convolved(hidden, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Counts in, counts up to 2 larger out."""
        x = x + self.attention(x)
        return x + self.narrow(self.wide(x))


class Spikformer(nn.Module):
    """Images (N, 1, H, W) in 0..1 -> scores (N, 10). H and W are multiples of 4."""

    def __init__(self, channels: int = 64, heads: int = 4, blocks: int = 1, steps: int = STEPS) -> None:
        super().__init__()
        self.steps = steps
        self.first = Convolved(1, channels // 4)
        self.second = Convolved(channels // 4, channels // 2)
        self.third = Convolved(channels // 2, channels)
        self.pool1 = layer.MaxPool2d(3, 2, 1, step_mode="m")
        self.pool2 = layer.MaxPool2d(3, 2, 1, step_mode="m")
        self.position = Convolved(channels, channels)
        self.blocks = nn.Sequential(*[Block(channels, heads, 2 * channels) for _ in range(blocks)])
        self.head = layer.Linear(channels, 10, step_mode="m")

    def forward(self, x: Tensor) -> Tensor:
        """The mean over the steps."""
        x = x.unsqueeze(0).repeat(self.steps, 1, 1, 1, 1)
        x = self.pool1(self.second(self.first(x)))
        x = self.pool2(self.third(x))
        x = x + self.position(x)
        return self.head(self.blocks(x).flatten(3).mean(3)).mean(0)


def spikformer() -> tuple[nn.Module, tuple[int, int, int]]:
    """The trained network and its input's shape, as the compiler takes them: `spikeplane compile
    examples/fashion_mnist/spikformer.py:spikformer`.

    Raises SpikeplaneError when there is no checkpoint yet.
    """
    from spikeplane.errors import SpikeplaneError

    if not CHECKPOINT.exists():
        raise SpikeplaneError(
            f"no trained network at {CHECKPOINT}: run examples/fashion_mnist/train_spikformer.py first"
        )
    model = Spikformer()
    model.load_state_dict(torch.load(CHECKPOINT, map_location="cpu", weights_only=True))
    return model.eval(), (1, 28, 28)
