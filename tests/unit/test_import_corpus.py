"""A corpus of small networks, frameworks x neurons x resets x topologies: the float network fires
as the framework does, every spike."""

# the frameworks annotate their layers and parameters loosely:
# pyright: reportArgumentType=false, reportCallIssue=false

from collections.abc import Callable
from typing import Any

import pytest
import snntorch
import torch
from frameworks import compared, outputs, planes, spread
from spikingjelly.activation_based import functional, layer, neuron
from torch import nn

Neuron = Callable[..., nn.Module]
MAPS, ROWS = (2, 6, 6), (12, 1, 1)


def sj_neurons() -> dict[str, Neuron]:
    """SpikingJelly: time constants, resets, thresholds, and where the input decays."""
    made: dict[str, Neuron] = {}
    for reset in (0.0, None, -0.25):
        made[f"IF {reset}"] = lambda r=reset, **o: neuron.IFNode(v_reset=r, v_threshold=1.0, **o)
        for tau in (2.0, 3.0, 10 / 7):
            for decayed in (True, False):
                made[f"LIF {tau:.3g} {reset} {decayed}"] = lambda r=reset, t=tau, d=decayed, **o: (
                    neuron.LIFNode(tau=t, v_reset=r, decay_input=d, v_threshold=0.5, **o)
                )
        made[f"PLIF {reset}"] = lambda r=reset, **o: neuron.ParametricLIFNode(
            init_tau=2.5, v_reset=r, v_threshold=0.6, **o
        )
    return made


SJ = sj_neurons()
MORE_SJ: dict[str, Neuron] = {
    "simple IF": lambda: neuron.SimpleIFNode(v_reset=-0.5),
    "simple IF soft": lambda: neuron.SimpleIFNode(v_reset=None),
    "simple LIF": lambda: neuron.SimpleLIFNode(tau=3.0, decay_input=True, v_reset=0.125, v_threshold=0.5),
    "simple LIF plain": lambda: neuron.SimpleLIFNode(tau=3.0, decay_input=False, v_reset=-0.5),
    "half": lambda: neuron.HalfThresholdIFNode(v_threshold=1.5),
    "OTTT": lambda: neuron.OTTTLIFNode(tau=2.0),
    "SLTT": lambda: neuron.SLTTLIFNode(tau=3.0, v_threshold=0.5),
    "start moved": lambda: changed(neuron.LIFNode(tau=2.0, decay_input=False), v_reset=-0.5),
    "stored": lambda: neuron.LIFNode(tau=2.0, v_threshold=0.5, store_v_seq=True, detach_reset=True),
    "threshold a channel": lambda: changed(neuron.LIFNode(tau=2.0), v_threshold=torch.linspace(0.2, 1.0, 20)),
}


def changed(module: nn.Module, **fields: Any) -> nn.Module:
    for name, value in fields.items():
        setattr(module, name, value)
    return module


@pytest.mark.parametrize("name", [*SJ, *MORE_SJ])
def test_spikingjelly_rows(name: str) -> None:
    first = {**SJ, **MORE_SJ}[name]
    second = SJ.get(name, SJ["LIF 2 0.0 True"])
    compared(spread(nn.Sequential(nn.Linear(12, 20), first(), nn.Linear(20, 9), second())), ROWS, rows=True)


class Separable(nn.Module):
    """Depthwise and pointwise convolutions, a shortcut of spikes added, pooling, and a readout
    without neurons."""

    def __init__(self, make: Neuron) -> None:
        super().__init__()
        self.one, self.norm1, self.fire1 = nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), make()
        self.depth, self.norm2, self.fire2 = (
            nn.Conv2d(4, 4, 3, padding=1, groups=4),
            nn.BatchNorm2d(4),
            make(),
        )
        self.point, self.fire3 = nn.Conv2d(4, 4, 1), make()
        self.pool, self.head = nn.AvgPool2d(2), nn.Linear(36, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first = self.fire1(self.norm1(self.one(x)))
        second = self.fire3(self.point(self.fire2(self.norm2(self.depth(first)))))
        second += first
        return self.head(self.pool(second).view(x.size(0), -1))


@pytest.mark.parametrize("name", [*list(SJ)[::2], "simple IF"])
def test_spikingjelly_maps(name: str) -> None:
    compared(spread(Separable({**SJ, **MORE_SJ}[name])), MAPS)


@pytest.mark.parametrize("name", list(SJ)[::3])
def test_spikingjelly_steps_at_once(name: str) -> None:
    """Step mode "m": the model takes (T, N, C, H, W)."""
    model = nn.Sequential(
        layer.Conv2d(2, 4, 3, padding=1),
        layer.BatchNorm2d(4),
        layer.MaxPool2d(2),
        SJ[name](),
        layer.MaxPool2d(2),
        layer.Conv2d(4, 8, 1),
        SJ[name](),
        layer.Flatten(),
        layer.Linear(8, 20),
        SJ[name](),
        layer.VotingLayer(5),
    )
    functional.set_step_mode(model, "m")
    compared(spread(model, 0.05), MAPS, several=True)


class Spiking(nn.Module):
    """snnTorch; the layers keep their states."""

    def __init__(self, make: Callable[..., nn.Module]) -> None:
        super().__init__()
        self.one, self.fire1, self.two, self.fire2 = nn.Linear(12, 20), make(), nn.Linear(20, 20), make()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fire2(self.two(self.fire1(self.one(x))))


class Threaded(Spiking):
    """The layers are handed their states, and hand them back."""

    threads = True

    def forward(self, x: torch.Tensor, mem1: Any = None, mem2: Any = None) -> Any:
        spikes, mem1 = self.fire1(self.one(x), mem1)
        spikes, mem2 = self.fire2(self.two(spikes), mem2)
        return spikes, mem1, mem2


def snn_neurons() -> dict[str, Callable[..., nn.Module]]:
    made: dict[str, Callable[..., nn.Module]] = {}
    for beta in (0.05, 0.3, 0.5, 0.75, 0.9, 0.99, 1.0, 0.0, -0.5, 1.3):
        for reset in ("subtract", "zero", "none"):
            made[f"{beta} {reset}"] = lambda b=beta, r=reset, **o: snntorch.Leaky(
                beta=b, reset_mechanism=r, threshold=1.2, **o
            )
    made["at once"] = lambda **o: snntorch.Leaky(beta=0.75, reset_mechanism="zero", reset_delay=False, **o)
    made["a channel"] = lambda **o: snntorch.Leaky(
        beta=0.8, threshold=torch.linspace(0.3, 2, 20), learn_threshold=True, **o
    )
    made["betas"] = lambda **o: snntorch.Leaky(beta=torch.full((20,), 0.9), learn_beta=True, **o)
    made["lapicque"] = lambda **o: snntorch.Lapicque(beta=0.7, **o)
    made["lapicque RC"] = lambda **o: snntorch.Lapicque(R=2, C=1.5, time_step=1, reset_mechanism="none", **o)
    made["recurrent"] = lambda **o: snntorch.RLeaky(beta=0.6, linear_features=20, **o)
    made["one to one"] = lambda **o: snntorch.RLeaky(
        beta=0.6, all_to_all=False, V=torch.linspace(-1, 1, 20), **o
    )
    return made


SNN = snn_neurons()


@pytest.mark.parametrize("name", SNN)
def test_snntorch_rows(name: str) -> None:
    compared(spread(Spiking(lambda: SNN[name](init_hidden=True)), 0.05), ROWS, rows=True)


@pytest.mark.parametrize("name", [n for n in list(SNN)[::4] if "recurrent" not in n and n != "one to one"])
def test_snntorch_handed_states(name: str) -> None:
    compared(spread(Threaded(SNN[name]), 0.05), ROWS, rows=True)


@pytest.mark.parametrize("name", [n for n in list(SNN)[::2] if n[0].isdigit()])
def test_snntorch_maps(name: str) -> None:
    model = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1),
        nn.MaxPool2d(3, 2, 1),
        SNN[name](init_hidden=True),
        nn.AvgPool2d(3),
        nn.Flatten(),
        nn.Linear(4, 6),
        SNN[name](init_hidden=True),
    )
    compared(spread(model), MAPS)


@pytest.mark.parametrize(("make", "other"), [
    (lambda: neuron.IFNode(), ">"), (lambda: neuron.LIFNode(tau=2.0, decay_input=False), ">"),
    (lambda: snntorch.Leaky(beta=0.5, init_hidden=True), ">="),
    (lambda: snntorch.Leaky(beta=1.0, reset_mechanism="zero", init_hidden=True), ">="),
])  # fmt: skip
def test_ties(make: Neuron, other: str) -> None:
    """Weights on a grid: membranes meet the threshold exactly, and the comparison is the framework's."""
    model = nn.Sequential(nn.Linear(12, 20, bias=False), make())
    with torch.no_grad():
        model[0].weight.copy_(torch.randint(-3, 5, (20, 12), generator=torch.Generator().manual_seed(0)) / 4)
    compared(model, ROWS, rows=True)
    inputs = planes(ROWS)
    assert (outputs(model, inputs) != outputs(model, inputs, compare=other)).any()
