"""Parallel neurons of a user's own class: what a class computes is measured, and what is no such neuron is none."""

from typing import Any

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import layer, surrogate
from torch import Tensor, nn

import spikeplane
from spikeplane import Encoding, SpikeplaneError
from spikeplane.importers import import_model
from spikeplane.importers.registry import handler_of, mixes_steps
from spikeplane.importers.trace.own_parallel import recognise

STEPS = 3


class Own(nn.Module):
    """As published: a weight over the steps, on a flattened sequence."""

    def __init__(self, steps: int = STEPS) -> None:
        super().__init__()
        self.fire = surrogate.ATan()
        self.fc = nn.Linear(steps, steps)
        nn.init.constant_(self.fc.bias, -0.05)

    def currents(self, x: Tensor) -> Tensor:
        return torch.addmm(self.fc.bias.unsqueeze(1), self.fc.weight, x.flatten(1))

    def forward(self, x: Tensor) -> Tensor:
        return self.fire(self.currents(x)).view(x.shape)


class Sliding(Own):
    """The last two steps, of any number."""

    def forward(self, x: Tensor) -> Tensor:
        before = torch.cat((torch.zeros_like(x[:1]), x[:-1]))
        return self.fire(self.fc.weight[0, 0] * before + self.fc.weight[0, 1] * x + self.fc.bias[0])


class Bent(Own):
    def currents(self, x: Tensor) -> Tensor:
        return super().currents(x.clamp(max=50))


class Scaled(Own):
    def forward(self, x: Tensor) -> Tensor:
        return 2 * super().forward(x)


class Late(Own):
    """Keeps something between calls."""

    kept: Any = 0.0

    def forward(self, x: Tensor) -> Tensor:
        found = self.currents(x) + self.kept
        self.kept = self.kept + 0.5
        return self.fire(found).view(x.shape)


class PerSample(Own):
    """Another weight for every other value."""

    def currents(self, x: Tensor) -> Tensor:
        found = super().currents(x)
        return found * torch.where(torch.arange(found.shape[1]) % 2 == 0, 1.0, 2.0)


class Alone(Own):
    """Each step by itself."""

    def forward(self, x: Tensor) -> Tensor:
        return self.fire(self.fc.weight[0, 0] * x + self.fc.bias[0])


class Twice(Own):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(super().forward(x))


def model(kind: type[nn.Module], seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    layers = [layer.Conv2d(1, 3, 3, padding=1), kind(), layer.Flatten(), layer.Linear(3 * 16, 4)]
    for part in layers:
        if hasattr(part, "step_mode"):
            part.step_mode = "m"
    return nn.Sequential(*layers)


def known(kind: type[nn.Module]) -> bool:
    recognise(model(kind))
    return handler_of(kind) is not None and mixes_steps(kind)


def test_its_weights_are_measured_to_the_bit() -> None:
    net = model(Own)
    mix = next(p.neuron.mix for p in import_model(net, input_shape=(1, 4, 4)).populations if p.name == "1")  # type: ignore[union-attr]
    own: Any = net[1]  # type: ignore[index]
    assert mix is not None
    np.testing.assert_array_equal(mix.weight, own.fc.weight.detach().double().numpy())
    np.testing.assert_array_equal(mix.threshold, -own.fc.bias.detach().double().numpy())


def test_the_last_steps_of_any_number() -> None:
    net = model(Sliding)
    mix = next(p.neuron.mix for p in import_model(net, input_shape=(1, 4, 4)).populations if p.name == "1")  # type: ignore[union-attr]
    own: Any = net[1]  # type: ignore[index]
    assert mix is not None
    np.testing.assert_array_equal(mix.weight, own.fc.weight[0, :2].detach().double().numpy())
    np.testing.assert_array_equal(mix.threshold, -own.fc.bias[:1].detach().double().numpy())


@pytest.mark.parametrize("kind", [Own, Sliding])
def test_the_import_is_proved(kind: type[nn.Module]) -> None:
    encoding = Encoding(kind="planes", steps=STEPS)
    program = spikeplane.compile(model(kind), chip="auto", input_shape=(1, 4, 4), encoding=encoding)
    assert program.encoding.fold == STEPS


@pytest.mark.parametrize("kind", [Bent, Scaled, Late, PerSample, Alone, Twice])
def test_what_is_none(kind: type[nn.Module]) -> None:
    assert known(Own)
    assert not known(kind)


def test_one_that_is_none_takes_its_class_along() -> None:
    recognise(model(Own))
    assert handler_of(Own) is not None
    net = nn.Sequential(Own(), Own(), Own())
    net[1].fc.bias.data[0] = float("nan")  # type: ignore[union-attr]
    recognise(net)
    assert handler_of(Own) is None


def test_it_resets_nothing() -> None:
    with pytest.raises(SpikeplaneError, match="layer '1' is a Own with a soft reset"):
        import_model(model(Own), input_shape=(1, 4, 4), reset="soft")
