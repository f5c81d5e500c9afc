"""Self-attention: in every order and layout of the two products each neuron is held against the model's; what cannot be one is
refused to the letter."""

# the frameworks annotate their layers and parameters loosely:
# pyright: reportArgumentType=false, reportCallIssue=false

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from frameworks import compared
from spikingjelly.activation_based import functional, layer
from spikingjelly.activation_based.layer import attention
from spikingjelly.activation_based.neuron import LIFNode
from torch import nn

from spikeplane.errors import SpikeplaneError
from spikeplane.importers import import_model
from spikeplane.network import Pair
from spikeplane_sim.systems.calibrated import calibrated
from spikeplane_sim.systems.layers import conv_norm, lif

Tensor = torch.Tensor
SHAPE = (2, 3, 4)
CHANNELS, HEADS = 8, 2


class Attending(nn.Module):
    """Spikes, three layers of them as (T, N, heads, tokens, channels of a head), and `attend(self, q, k, v)` of them, in that
    layout; neurons; a readout."""

    def __init__(self, attend: Callable[..., Tensor]) -> None:
        super().__init__()
        self.attend = attend
        self.stem = nn.Sequential(conv_norm(2, CHANNELS), lif())
        self.q, self.k, self.v, self.r = (
            nn.Sequential(conv_norm(CHANNELS, CHANNELS, 1), lif()) for _ in range(4)
        )
        self.attn = lif(0.5)
        self.after = nn.Sequential(conv_norm(CHANNELS, CHANNELS, 1), lif())
        self.head = layer.Linear(CHANNELS, 3, step_mode="m")
        self.bias = nn.Parameter(torch.rand(12, 12))
        self.mix = nn.Linear(HEADS, HEADS)

    def heads(self, made: nn.Module, x: Tensor) -> Tensor:
        """(T, N, heads, tokens, channels of a head)."""
        x = made(x).flatten(3).transpose(-1, -2)
        return x.reshape(*x.shape[:3], HEADS, -1).transpose(2, 3)

    def forward(self, x: Tensor) -> Tensor:
        t, n, _, h, w = x.shape
        x = self.stem(x)
        out = self.attend(self, *(self.heads(made, x) for made in (self.q, self.k, self.v)))
        out = self.attn(out.transpose(3, 4).reshape(t, n, CHANNELS, h, w))
        return self.head((x + self.after(out)).flatten(3).mean(3))


def made(attend: Callable[..., Tensor], seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    inputs = (torch.rand(6, 8, *SHAPE) < 0.3).float()
    return calibrated(Attending(attend), inputs, seed)


def merged(s: Any, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """One batch dimension, as torch.bmm takes it."""
    one, two, three = (x.flatten(0, 2) for x in (q, k, v))
    return torch.bmm(torch.bmm(one, two.mT) * 0.25, three).reshape(q.shape)


def letters(s: Any, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    scores = torch.einsum("tbhnc,tbhmc->tbhmn", q, k)
    return torch.einsum("tbhmn,tbhmc->tbhnc", scores / 4, v)


def letters_of_channels(s: Any, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return 0.25 * torch.einsum("...ne,...ce->...nc", q, torch.einsum("...mc,...me->...ce", v, k))


ORDERS: dict[str, Callable[..., Tensor]] = {
    "(q k) v": lambda s, q, k, v: (q @ k.transpose(-2, -1)) * 0.25 @ v,
    "(k q)' v": lambda s, q, k, v: (k @ q.mT).mT @ v / 4,
    "q (k v)": lambda s, q, k, v: q @ (k.transpose(-2, -1) @ v) * 0.25,
    "q (v k)'": lambda s, q, k, v: q @ (v.mT @ k * 0.5).mT * 0.5,
    "((v k) q)'": lambda s, q, k, v: (0.25 * (v.mT @ k) @ q.mT).mT,
    "(v (k q))'": lambda s, q, k, v: (v.mT @ (k @ q.mT)).mT * 0.25,
    "factors in front": lambda s, q, k, v: (q * 0.5) @ (k.mT @ (v * 0.5)),
    "merged": merged,
    "letters": letters,
    "letters of channels": letters_of_channels,
}
FAST = ("(q k) v", "((v k) q)'")


@pytest.mark.parametrize(
    "name", [n if n in FAST else pytest.param(n, marks=pytest.mark.slow) for n in ORDERS]
)
def test_orders(name: str) -> None:
    net = compared(made(ORDERS[name]), SHAPE, several=True, input_bits=1)
    found = [p for p in net.projections if p.dynamic]
    assert [(p.source, p.target, p.dynamic) for p in found] == [("q.1", "attn", Pair("k.1", "v.1", HEADS))]
    size = CHANNELS // HEADS
    inside = np.kron(np.eye(HEADS), np.ones((size, size)))
    assert np.array_equal(found[0].weight[..., 0, 0], inside * 0.125)  # 0.25, and tau 2
    assert [p.name for p in net.populations if ".k" in p.name or ".v" in p.name] == []
