"""Queries, keys and values that one layer makes: which of its channels each of them is, however a model takes them apart."""

# the frameworks annotate their layers loosely:
# pyright: reportArgumentType=false

from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from torch import nn

from spikeplane.importers import import_model
from spikeplane.network import Pair
from spikeplane_sim.systems.layers import conv_norm, lif

Tensor = torch.Tensor
CHANNELS, HEADS, SIZE = 8, 2, 4
FIRST = list(range(CHANNELS))

#: From (T, N, 3 * channels, tokens) to three of (T, N, heads, channels of a head, tokens); the channels of the queries, and how
#: far on those of the keys are.
APART: dict[str, tuple[Callable[[Tensor], Sequence[Tensor]], list[int], int]] = {
    "chunks": (lambda x: [part.unflatten(2, (HEADS, SIZE)) for part in x.chunk(3, 2)], FIRST, CHANNELS),
    "places": (lambda x: x.unflatten(2, (3, HEADS, SIZE)).unbind(2), FIRST, CHANNELS),
    "in each head": (
        lambda x: x.unflatten(2, (HEADS, 3 * SIZE)).chunk(3, 3), [0, 1, 2, 3, 12, 13, 14, 15], SIZE,
    ),
}  # fmt: skip


class Fused(nn.Module):
    """One layer of spikes, attention of its parts, neurons."""

    def __init__(self, apart: Callable[[Tensor], Sequence[Tensor]]) -> None:
        super().__init__()
        self.apart, self.all, self.attn = apart, nn.Sequential(conv_norm(2, 3 * CHANNELS), lif()), lif()

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (part.transpose(3, 4) for part in self.apart(self.all(x).flatten(3)))
        return self.attn(((q @ k.mT) @ v).transpose(3, 4).reshape(*x.shape[:2], CHANNELS, *x.shape[3:]))


@pytest.mark.parametrize("name", APART)
def test_each_has_its_own_channels(name: str) -> None:
    apart, first, further = APART[name]
    torch.manual_seed(0)
    net = import_model(Fused(apart).eval(), input_shape=(2, 3, 4), input_bits=1)
    dynamic = [(p.source, p.target, p.dynamic) for p in net.projections if p.dynamic]
    assert dynamic == [("all.1.q", "attn", Pair("all.1.k", "all.1.v", HEADS))]
    sent = {p.target[-1]: p.weight.reshape(CHANNELS, -1) for p in net.projections if p.source == "all.1"}
    for number, role in enumerate("qkv"):
        expected = np.zeros((CHANNELS, 3 * CHANNELS))
        expected[FIRST, [place + number * further for place in first]] = 1
        assert np.array_equal(sent[role], expected), role
