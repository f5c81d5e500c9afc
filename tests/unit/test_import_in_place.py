"""Forwards that change values in place, those of their own and those that the model holds, and autograd functions that
run layers: what another name of a value sees is the framework's, what lasts is refused."""

# the frameworks annotate their layers and parameters loosely:
# pyright: reportArgumentType=false, reportIncompatibleMethodOverride=false

from typing import Any

import pytest
import torch
from frameworks import compared, spread
from spikingjelly.activation_based.neuron import IFNode
from torch import Tensor, nn

from spikeplane import SpikeplaneError
from spikeplane.importers import import_model

ROWS = (12, 1, 1)


class Made(nn.Module):
    """Layers and a factor a channel, used as `do` says."""

    def __init__(self, do: Any, factor: float = 0.75) -> None:
        super().__init__()
        self.fc, self.out, self.n, self.m = nn.Linear(12, 12), nn.Linear(12, 12), IFNode(), IFNode()
        self.factor = nn.Parameter(torch.linspace(0.25, factor, 12))
        self.do = do

    def forward(self, x: Tensor) -> Tensor:
        return self.do(self, x)


def spikes_of(net: Any, currents: Tensor) -> Tensor:
    return net.m(net.out(net.n(currents)))


def clamped(data: Tensor, value: float) -> None:
    """Away from 0, with its sign."""
    with torch.no_grad():
        sign = data.sign()
        data.abs_().clamp_(value)
        data *= sign


def held_back(net: Any, x: Tensor) -> Tensor:
    clamped(net.factor.data, 1e-3)
    return spikes_of(net, net.fc(x) * net.factor)


def held_back_itself(net: Any, x: Tensor) -> Tensor:
    with torch.no_grad():
        net.factor.clamp_(0, 1)
    return spikes_of(net, net.fc(x) * net.factor)


def turned_twice(net: Any, x: Tensor) -> Tensor:
    net.factor.data.mul_(-1).mul_(-1)
    return spikes_of(net, net.fc(x) * net.factor.data)


def read(net: Any, x: Tensor) -> Tensor:
    return spikes_of(net, net.fc(x).data * net.factor.data)


def several(net: Any, x: Tensor) -> Tensor:
    y = net.fc(x)
    z = y * 2
    y += net.factor
    y.mul_(net.factor).sub_(0.125)
    return spikes_of(net, y + z)


def spikes_added(net: Any, x: Tensor) -> Tensor:
    first = net.n(net.fc(x))
    second = first
    second += x
    return net.m(net.out(second) + first)


def rounded(net: Any, x: Tensor) -> Tensor:
    y = torch.clamp(net.fc(x), 0, 1)
    y.round_()
    return net.m(net.out(y))


class Reversed(torch.autograd.Function):
    """Runs layers inside, as reversible networks do to save memory."""

    @staticmethod
    def forward(ctx: Any, layers: Any, alpha: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        ctx.layers = layers
        with torch.no_grad():
            y = layers(x)
            y += x * alpha
        ctx.save_for_backward(x, y)
        return x, y

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        raise NotImplementedError


def reversible(net: Any, x: Tensor) -> Tensor:
    clamped(net.factor.data, 1e-3)
    _, y = Reversed.apply(nn.Sequential(net.fc, net.n), net.factor, x)
    y.relu_()
    return net.m(net.out(y))


ALONE = (held_back, held_back_itself, turned_twice, read, several, spikes_added, rounded, reversible)


@pytest.mark.parametrize("do", ALONE, ids=lambda do: do.__name__)
def test_values_of_one_name(do: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without torch.export, which takes ten seconds to load."""
    monkeypatch.setattr(torch.export, "export", lambda *_, **__: pytest.fail("torch.export was called"))
    compared(spread(Made(do)), ROWS, rows=True)


def seen_elsewhere(net: Any, x: Tensor) -> Tensor:
    y = net.fc(x)
    z = y.reshape(-1, 3, 4)
    y *= 2
    return spikes_of(net, y + z.flatten(1))


def by_a_view(net: Any, x: Tensor) -> Tensor:
    y = net.fc(x)
    y.view(-1, 3, 4).mul_(net.factor.view(3, 4))
    return spikes_of(net, y)


def of_another_type(net: Any, x: Tensor) -> Tensor:
    """The spikes stay numbers, as they would not if they were compared."""
    y = net.n(net.fc(x))
    y.gt_(0.5)
    return net.m(net.out(y + y))


def numbers_of_another_type(net: Any, x: Tensor) -> Tensor:
    """So do numbers that no input changes: two of them are 2, and not true."""
    y = torch.linspace(0, 1, 12) * 1.5
    y.gt_(0.5)
    return spikes_of(net, net.fc(x) * (y + y))


ALIASED = (seen_elsewhere, by_a_view, of_another_type, numbers_of_another_type)


@pytest.mark.parametrize("do", ALIASED, ids=lambda do: do.__name__)
def test_values_of_several_names(do: Any) -> None:
    compared(spread(Made(do)), ROWS, rows=True)


def grows(net: Any, x: Tensor) -> Tensor:
    net.factor.data.mul_(1.25)
    return spikes_of(net, net.fc(x) * net.factor)


def cut_down(net: Any, x: Tensor) -> Tensor:
    clamped(net.factor.data, 0.5)
    return spikes_of(net, net.fc(x) * net.factor)


def between(net: Any, x: Tensor) -> Tensor:
    net.factor.data.mul_(-1)
    y = net.fc(x) * net.factor
    net.factor.data.mul_(-1)
    return spikes_of(net, y)


def changed_later(net: Any, x: Tensor) -> Tensor:
    """What this step has read, the next one finds changed."""
    y = net.fc(x) * net.factor
    net.factor.data.mul_(1.25)
    return spikes_of(net, y)


def beside_none(net: Any, x: Tensor) -> Tensor:
    net.fc.bias.data.mul_(1)
    net.factor.data.mul_(1.25)
    return spikes_of(net, net.fc(x) * net.factor)


def learns(net: Any, x: Tensor) -> Tensor:
    y = net.fc(x)
    with torch.no_grad():
        net.factor.add_(y.mean(0))
    return spikes_of(net, y * net.factor)


@pytest.mark.parametrize(
    ("do", "line"),
    [(grows, 1), (cut_down, -8), (between, 1), (changed_later, 3), (beside_none, 2), (learns, None)],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_changes_that_last_are_refused(do: Any, line: int | None) -> None:
    with pytest.raises(SpikeplaneError) as caught:
        import_model(Made(do), input_shape=ROWS)
    said = str(caught.value)
    assert said.endswith(
        "the model's forward changes 'factor' of the model, so a step may not be what the step before was; "
        "set it before, in __init__"
    )
    where = do.__code__.co_firstlineno + line if line and line > 0 else clamped.__code__.co_firstlineno + 4
    if line is not None:
        assert said.startswith(f"test_import_in_place.py:{where}: "), said


def behind(function: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Linear(12, 12), function, nn.BatchNorm1d(12), IFNode())


def test_a_leaky_relu_of_slope_one_is_none() -> None:
    compared(spread(behind(nn.LeakyReLU(1.0))), ROWS, rows=True)
    with pytest.raises(SpikeplaneError, match="LeakyReLU"):
        import_model(behind(nn.LeakyReLU(0.99)), input_shape=ROWS)


def test_what_cuts_off_large_values_alone_is_not_none() -> None:
    with pytest.raises(SpikeplaneError, match="Hardtanh"):
        import_model(behind(nn.Hardtanh(-64.0, 64.0)), input_shape=ROWS)
