"""Attention by gates as SpikingJelly ships it, and neurons behind counts of spikes that keep nothing: every neuron
held against the framework, and what is left of their membranes."""

# the frameworks annotate their layers and parameters loosely:
# pyright: reportArgumentType=false, reportCallIssue=false

from typing import Any

import numpy as np
import pytest
import torch
from frameworks import compared
from spikingjelly.activation_based import functional, layer
from spikingjelly.activation_based.layer import attention
from spikingjelly.activation_based.neuron import IFNode, LIFNode, ParametricLIFNode
from test_import_idioms import proved
from torch import nn

from spikeplane.importers import import_model

Tensor = torch.Tensor
SHAPE = (2, 6, 6)


class Attended(nn.Module):
    """Tokens of spikes, an attention on them, and a readout of both."""

    def __init__(self, inner: nn.Module, *, tokens: bool) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.tokens, self.inner = tokens, inner
        self.conv, self.fire = layer.Conv2d(2, 8, 3, padding=1), LIFNode(v_threshold=0.4)
        self.out, self.head = LIFNode(v_threshold=0.5), layer.Linear(8, 3)
        for module in self.modules():
            if isinstance(module, nn.Conv1d | nn.Conv2d):
                nn.init.normal_(module.weight, 0.3, 0.9 if tokens else 0.6)
        functional.set_step_mode(self, "m")

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        if self.tokens:
            x = self.fire(x).flatten(3)
            return self.head((x + self.inner(x)).mean(3))
        return self.head(self.out(self.inner(x)).flatten(3).mean(3))


ATTENTIONS = {
    "token": (lambda: attention.TokenQKAttention(8, 4), True, ["inner.attn_lif AND inner.qk_lif"]),
    "channel": (lambda: attention.ChannelQKAttention(8, 4), True, ["inner.attn_lif AND inner.qk_lif"]),
    "spike-driven": (lambda: attention.SpikeDrivenSelfAttention(8, 4), False,
                     ["inner.k_lif AND inner.v_lif", "inner.q_lif AND inner.attn_lif"]),
}  # fmt: skip


@pytest.mark.parametrize(
    "name", [n if n == "token" else pytest.param(n, marks=pytest.mark.slow) for n in ATTENTIONS]
)
def test_shipped(name: str) -> None:
    make, tokens, gates = ATTENTIONS[name]
    net = compared(Attended(make(), tokens=tokens), SHAPE, several=True, input_bits=1)
    told = [(note.layer, note.what, note.value) for note in net.assumptions]
    assert [value for _, what, value in told if what == "gate"] == gates
    assert ("inner.attn_lif", "membrane", "none: an OR") in told
    neuron = net.population("inner.attn_lif").neuron
    assert neuron is not None
    assert (neuron.decay, neuron.reset) == (0.0, "none")


class Counting(nn.Module):
    """A neuron behind a count of four channels' spikes."""

    def __init__(self, behind: nn.Module, factor: float = 1.0) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.conv, self.fire, self.behind, self.factor = (
            nn.Conv2d(2, 4, 3, padding=1),
            LIFNode(v_threshold=0.5),
            behind,
            factor,
        )
        self.last, self.out = nn.Conv2d(1, 3, 3, padding=1), LIFNode(v_threshold=0.3)
        nn.init.normal_(self.conv.weight, 0.0, 0.35)
        nn.init.normal_(self.last.weight, 0.3, 0.5)

    def forward(self, x: Tensor) -> Tensor:
        count = self.fire(self.conv(x)).sum(1, keepdim=True)
        return self.out(self.last(self.behind(self.factor * count)))


def biased() -> LIFNode:
    """Rests at 0.1, where it starts and which it is reset to."""
    return LIFNode(v_threshold=0.55, v_reset=0.1)


#: By name the neuron, a factor in front, and whether any spike fires it.
COUNTING: dict[str, tuple[Any, float, bool]] = {
    "half at half": (lambda: LIFNode(tau=2.0, v_threshold=0.5), 1.0, True),
    "half above half": (lambda: LIFNode(tau=2.0, v_threshold=0.5001), 1.0, False),
    "not decayed": (lambda: LIFNode(tau=4.0, v_threshold=1.0, decay_input=False), 1.0, True),
    "long": (lambda: ParametricLIFNode(init_tau=3.0, v_threshold=0.5), 1.0, False),
    "trained": (lambda: ParametricLIFNode(init_tau=1.5, v_threshold=0.5), 1.0, True),
    "soft": (lambda: IFNode(v_threshold=1.0, v_reset=None), 1.0, False),
    "integrates": (lambda: IFNode(v_threshold=1.0), 1.0, True),
    "less than one": (lambda: IFNode(v_threshold=1.0), 0.5, False),
    "more than one": (lambda: IFNode(v_threshold=1.0), 1.5, True),
    "inhibited": (lambda: IFNode(v_threshold=0.2), -1.0, False),
    "another rest": (biased, 1.0, True),
}
FAST = ("half at half", "half above half", "less than one")


@pytest.mark.parametrize(
    "name", [n if n in FAST else pytest.param(n, marks=pytest.mark.slow) for n in COUNTING]
)
def test_what_any_spike_fires_keeps_nothing(name: str) -> None:
    make, factor, fires = COUNTING[name]
    model = Counting(make(), factor)
    silent = name == "inhibited"
    net = (
        import_model(model, input_shape=SHAPE, input_bits=1)
        if silent
        else compared(model, SHAPE, input_bits=1)
    )
    neuron = net.population("behind").neuron
    assert neuron is not None
    assert bool(np.all(neuron.decay == 0)) == fires
    assert (bool((net.incoming("behind")[0].weight == 1).all()) and neuron.reset == "none") == fires


class Steps(nn.Module):
    """A loop over steps, in each of which two layers meet in a gate."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(4)
        self.one, self.two, self.last = nn.Linear(12, 8), nn.Linear(12, 8), nn.Linear(8, 5)
        self.a, self.b, self.c = (LIFNode(v_threshold=0.3) for _ in range(3))
        for module in (self.one, self.two, self.last):
            nn.init.normal_(module.weight, 0.15, 0.4)

    def forward(self, x: Tensor) -> Tensor:
        found = []
        for frame in x:
            found.append(self.c(self.last(self.a(self.one(frame)) * (1 - self.b(self.two(frame))))))
        return torch.stack(found)


def test_a_loop_over_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    net = import_model(Steps(), input_shape=(12, 1, 1), input_bits=1)
    assert [note.value for note in net.assumptions if note.what == "gate"] == ["a AND NOT b"]
    assert proved(net, monkeypatch) > 1000
