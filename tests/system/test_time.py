"""Steps as channels, neurons that fire once and Poisson coding from the module to the simulated chip: the import is proved,
and every spike of the chip is the golden model's, on one core and on 2 x 2."""

# SpikingJelly annotates its layers loosely:
# pyright: reportArgumentType=false, reportCallIssue=false

from typing import Any

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import functional, layer, neuron
from torch import nn

import spikeplane
from spikeplane import Encoding
from spikeplane.compiler.graph import FloatNeuron
from spikeplane.importers import Call, register

IMAGES = np.random.default_rng(4).integers(0, 256, (8, 1, 8, 8)).astype(np.uint8)


def psn(kind: str, steps: int = 4) -> nn.Module:
    made: Any = {
        "psn": lambda: neuron.PSN(steps),
        "masked": lambda: neuron.MaskedPSN(2, steps, lambda_init=1.0, step_mode="m"),
        "sliding": lambda: neuron.SlidingPSN(3, step_mode="m"),
    }[kind]()
    made.weight.data = torch.randn(made.weight.shape) * 0.6
    made.bias.data = -0.3 * torch.rand(made.bias.shape)
    return made


class Parallel(nn.Module):
    """Two convolutions, spikes of a block added to what came in behind maxima, a linear layer's mean over the steps."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.stem, self.norm, self.fire = (
            layer.Conv2d(1, 8, 3, 2, padding=1, bias=False),
            layer.BatchNorm2d(8),
            psn(kind),
        )
        self.conv, self.inside = layer.Conv2d(8, 8, 3, padding=1), psn(kind)
        self.pool1, self.pool2, self.fc = layer.MaxPool2d(2, 2), layer.MaxPool2d(2, 2), layer.Linear(32, 5)
        self.norm.running_mean.uniform_(-0.2, 0.2)  # type: ignore[union-attr]
        self.norm.running_var.uniform_(0.05, 0.2)  # type: ignore[union-attr]
        functional.set_step_mode(self, "m")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.fire(self.norm(self.stem(x)))
        x = self.pool1(x) + self.pool2(self.inside(self.conv(x)))
        return self.fc(x.flatten(2)).mean(0)


class Once(nn.Module):
    """IF whose spikes are masked behind the first."""

    def __init__(self) -> None:
        super().__init__()
        self.reset()

    def reset(self) -> None:
        self.v: Any = 0.0
        self.fired: Any = 0.0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.v = self.v + x
        spike = (self.v >= 1.0).to(x) * (1 - self.fired)
        self.fired = self.fired + spike
        return spike


@register(Once)
def once(call: Call) -> Any:
    return call.neurons(FloatNeuron(threshold=np.ones(1), reset="once"))


def louder(*parts: nn.Module) -> nn.Module:
    """Weights and biases three times as large."""
    made = nn.Sequential(*parts)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter *= 3
    return made


def first_spikes() -> nn.Module:
    return louder(
        nn.Conv2d(1, 8, 3, padding=1),
        Once(),
        nn.Conv2d(8, 16, 3, 2),
        Once(),
        nn.Flatten(),
        nn.Linear(144, 5),
        Once(),
    )


def convolutional() -> nn.Module:
    """LIF on Poisson-coded images, as RSC-like networks have them."""
    lif = {"tau": 2.0, "v_threshold": 0.5}
    return louder(
        layer.Conv2d(1, 8, 3, padding=1), neuron.LIFNode(**lif), layer.MaxPool2d(2), layer.Conv2d(8, 16, 3), neuron.LIFNode(**lif),
        layer.Flatten(), layer.Linear(64, 5), neuron.LIFNode(**lif),
    )  # fmt: skip


MODELS: dict[str, tuple[Any, Encoding]] = {
    "psn, direct": (lambda: Parallel("psn"), Encoding(steps=4)),
    "masked, poisson": (lambda: Parallel("masked"), Encoding(kind="poisson", steps=4, seed=3)),
    "sliding, rate": (lambda: Parallel("sliding"), Encoding(kind="rate", steps=4)),
    "first spikes": (first_spikes, Encoding(kind="latency", steps=8)),
    "poisson": (convolutional, Encoding(kind="poisson", steps=8, seed=11)),
}


def proved(name: str, chip: str) -> spikeplane.Program:
    """The program of a model whose layers fire, and fire as the model's do."""
    make, encoding = MODELS[name]
    torch.manual_seed(2)
    program = spikeplane.compile(
        make(), chip=chip, input_shape=(1, 8, 8), encoding=encoding, calibration=IMAGES
    )
    assert program.tables["import"][0]["source"].endswith("itself, in float64")
    for row in program.tables["agreement"]:
        assert (row["differences"], row["ties"]) == (0, 0), row
        if row["rate_float"] is not None:
            assert 0.002 < row["rate_float"] < 0.97, row
            assert row["given"] > 98.5, row
    return program


@pytest.mark.parametrize("name", ["masked, poisson"])
def test_the_import_is_proved(name: str) -> None:
    program = proved(name, "small")
    assert [p.fold for p in program.network.populations if p.name != "readout"] == [4] * 5


@pytest.mark.cosim
@pytest.mark.slow
@pytest.mark.parametrize("chip", ["tiny", "small"])
@pytest.mark.parametrize("name", MODELS)
def test_the_chip_is_the_golden_model(name: str, chip: str) -> None:
    program = proved(name, chip)
    result = program.run(IMAGES, board="sim", lockstep=True)
    assert result.mismatches == 0
    assert result.scores.any()
    for p in program.network.populations:
        assert not p.once or p.neuron is None or result.spikes[p.name].sum(1).max() == 1
