"""Neurons of integer spikes of a user's own class: what a class computes is measured, and what is no such neuron is none."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import spikeplane
from spikeplane import Encoding, SpikeplaneError
from spikeplane.float_network import FloatNetwork
from spikeplane.importers import import_model
from spikeplane.importers.pointwise import staircase
from spikeplane.importers.trace.own_levels import measured
from spikeplane.network import LEVELS


class Rounded(torch.autograd.Function):
    """As published: a straight-through gradient."""

    @staticmethod
    def forward(ctx, x: Tensor, top: int) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        return torch.round(torch.clamp(x, min=0, max=top))

    @staticmethod
    def backward(ctx, *grads: Tensor) -> tuple[Tensor, None]:
        return grads[0], None


class Several(nn.Module):
    """A function of every value for itself."""

    def __init__(self, top: int = 4, factor: float = 1.0, theta: float = 1.0) -> None:
        super().__init__()
        self.top, self.factor, self.theta = top, factor, theta

    def forward(self, x: Tensor) -> Tensor:
        return Rounded.apply(x / self.theta, self.top) * self.factor  # pyright: ignore[reportOperatorIssue]


class Update(nn.Module):
    """(T, N, ...): a loop over the steps, which writes into zeros."""

    decay, soft, at = 0.25, True, 0

    def __init__(self, top: int = 4, factor: float = 1.0, theta: float = 1.0) -> None:
        super().__init__()
        self.fire = Several(top, 1.0, theta)
        self.factor, self.theta = factor, theta

    def forward(self, x: Tensor) -> Tensor:
        x = x.movedim(self.at, 0)
        spike, out, old = torch.zeros_like(x[0]), torch.zeros_like(x), torch.zeros_like(x[0])
        for step in range(len(x)):
            v = (old - spike.detach() * self.theta * self.soft) * self.decay + x[step]
            spike, old = self.fire(v), v.clone()
            out[step] = spike
        return (out * self.factor).movedim(0, self.at)


class Keeps(Update):
    decay, soft = 0.5, False


class SamplesFirst(Update):
    at = 1


class Hard(Update):
    """A spike empties the membrane."""

    def forward(self, x: Tensor) -> Tensor:
        u, out = torch.zeros_like(x[0]), []
        for step in x:
            v = self.decay * u + step
            out.append(self.fire(v))
            u = torch.where(out[-1] > 0, 0.0, v)
        return torch.stack(out)


class Floored(Update):
    """Halves go down."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.ceil(torch.clamp(x, 0, 4) - 0.5)


class Net(nn.Module):
    """(N, 2, 6, 6) in `steps` steps: integer spikes, a maximum of them, integer spikes of what a convolution makes of it."""

    def __init__(self, first: nn.Module, last: nn.Module, steps: int, pooled: bool = False) -> None:
        super().__init__()
        self.steps, self.first, self.last = steps, first, last
        self.into, self.between = nn.Conv2d(2, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        self.pool, self.out = nn.MaxPool2d(2) if pooled else nn.Identity(), nn.Conv2d(8, 3, 1)
        draw = torch.Generator().manual_seed(0)
        for layer in (self.into, self.between, self.out):
            layer.weight.data = torch.randn(layer.weight.shape, generator=draw) * 0.5
            assert layer.bias is not None
            layer.bias.data.zero_()

    def called(self, part: nn.Module, x: Tensor) -> Tensor:
        if isinstance(part, Several):
            return part(x)
        return part(x.unflatten(0, (self.steps, -1))).flatten(0, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = x.unsqueeze(0).repeat(self.steps, 1, 1, 1, 1).flatten(0, 1)
        x = self.pool(self.called(self.first, self.into(x)))
        x = self.out(self.called(self.last, self.between(x)))
        return x.unflatten(0, (self.steps, -1)).mean(0)


def test_what_a_class_does() -> None:
    found = measured(Update(7, theta=0.75))
    assert found is not None
    assert (tuple(found.levels), found.decay, found.reset, found.steps_at) == ((0.75, 7, 1.0), 0.25, True, 0)
    found = measured(Keeps(3, factor=0.5))
    assert found is not None
    assert (tuple(found.levels), found.decay, found.reset) == ((1.0, 3, 0.5), 0.5, False)
    found = measured(SamplesFirst())
    assert found is not None
    assert found.steps_at == 1
    for other in (Several(), Hard(), Floored(), nn.ReLU(), nn.Identity(), nn.Conv2d(1, 1, 1)):
        assert measured(other) is None


def test_what_a_function_does() -> None:
    def of(module: nn.Module):
        return staircase(lambda v: module(torch.as_tensor(v)).numpy())

    assert of(Several(4, 0.25, 2.0)) == (2.0, 4, 0.25)
    for other in (nn.ReLU(), nn.ReLU6(), nn.Sigmoid(), nn.Hardtanh(), nn.Identity(), Floored()):
        assert of(other) is None
    assert staircase(lambda v: np.floor(np.clip(v, 0, 4) + 0.5)) is None
    assert staircase(lambda v: np.round(np.clip(v, 0, 256))) is None


def imported(net: nn.Module, steps: int) -> FloatNetwork:
    found = import_model(net.eval(), input_shape=(2, 6, 6), input_bits=8)
    del steps
    return found


@pytest.mark.parametrize(
    ("first", "last", "steps", "pooled"),
    [
        (Update(), Update(7, theta=2.0), 4, False),
        (Update(4, factor=0.25), Keeps(), 3, False),
        (SamplesFirst(1), Several(3), 1, False),
        (Several(4, 0.25), Several(), 1, True),
    ],
)  # fmt: skip
def test_imports_are_proved(first: nn.Module, last: nn.Module, steps: int, pooled: bool) -> None:
    """Compiled as well: the integers fire with the floats."""
    if isinstance(first, SamplesFirst):
        first = Update(1)
    rng = np.random.default_rng(3)
    program = spikeplane.compile(
        Net(first, last, steps, pooled).eval(), input_shape=(2, 6, 6), chip="auto",
        encoding=Encoding(kind="direct", steps=steps), calibration=rng.integers(0, 256, (6, 2, 6, 6), dtype=np.uint8), progress=False,
    )  # fmt: skip
    assert program.config.levels
    rows = program.tables["agreement"]
    assert not any(row["differences"] for row in rows)
    assert rows[-1]["compared"] > 0
    assert all(
        row["given"] > 95 and 0.02 < row["rate_float"] < 0.9 for row in rows if row["given"] is not None
    )
    whole = [p for p in program.network.populations if p.neuron is not None and p.neuron.kind.whole]
    assert len(whole) == 2
    assert all(int(np.asarray(p.theta).min()) > 50 for p in whole)


@pytest.mark.parametrize(
    "net", [Net(Several(5), Several(), 1), Net(Update(6), Update(), 2)], ids=["function", "class"]
)
def test_a_top_that_no_core_sends(net: nn.Module) -> None:
    assert 5 not in LEVELS
    with pytest.raises(
        SpikeplaneError, match="neurons that send integer spikes up to [56], .* a core sends up to 2"
    ):
        imported(net, 2)


def test_functions_of_integer_spikes_are_refused() -> None:
    class Twice(Net):
        def called(self, part: nn.Module, x: Tensor) -> Tensor:
            return torch.clamp(super().called(part, x), max=2)

    with pytest.raises(SpikeplaneError, match="clamp"):
        imported(Twice(Update(), Update(), 2), 2)
