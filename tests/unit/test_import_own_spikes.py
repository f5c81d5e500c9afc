"""Users' own neurons of all steps whose spikes come of no module: comparisons and functions of autograd, samples in front of
the steps, leaks that nothing resets, plain layers around; what keeps membranes of its own is refused at once."""

from typing import Any

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import layer, surrogate
from torch import Tensor, nn

import spikeplane
from spikeplane import Encoding, SpikeplaneError
from spikeplane.importers import import_model
from spikeplane.importers.registry import handler_of, is_strange, mixes_steps, samples_first
from spikeplane.importers.trace.measured import Leak, measured
from spikeplane.importers.trace.own_parallel import recognise

STEPS = 3


class Heaviside(torch.autograd.Function):
    """float32 whatever comes in, as users write it."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, above: float = 0.0) -> Tensor:  # type: ignore[override]
        return (x > above).float()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        return grads[0], None


class Own(nn.Module):
    """A weight over the steps, and a comparison."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(STEPS, STEPS)
        nn.init.constant_(self.fc.bias, -0.05)

    def currents(self, x: Tensor) -> Tensor:
        return torch.addmm(self.fc.bias.unsqueeze(1), self.fc.weight, x.flatten(1)).view(x.shape)

    def forward(self, x: Tensor) -> Tensor:
        return (self.currents(x) >= 0).float()


class Function(Own):
    def forward(self, x: Tensor) -> Tensor:
        return Heaviside.apply(self.currents(x), 0.0)


class Below(Own):
    """The threshold on the other side."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.lt(-self.currents(x), 0.25).to(x)


class Unused(Own):
    """A child that fires, which the forward does not call."""

    def __init__(self) -> None:
        super().__init__()
        self.fire = surrogate.ATan()


class Second(Own):
    """(N, T, ...)."""

    def forward(self, x: Tensor) -> Tensor:
        return (self.fc(x.transpose(1, -1)).transpose(1, -1) >= 0).to(x)


class SecondChild(Second):
    def __init__(self) -> None:
        super().__init__()
        self.fire = surrogate.ATan()

    def forward(self, x: Tensor) -> Tensor:
        return self.fire(self.fc(x.transpose(1, -1)).transpose(1, -1))


class Leaky(nn.Module):
    """A leaky sum that nothing resets, without a number of its own."""

    def __init__(self, tau: float = 2.0) -> None:
        super().__init__()
        self.tau, self.fire = tau, surrogate.ATan()

    def forward(self, x: Tensor) -> Tensor:
        v, every = torch.zeros_like(x[0]), []
        for now in x:
            v = (1 - 1 / self.tau) * v + now / self.tau
            every.append(v)
        return self.fire(torch.stack(every) - 0.25)


class Twice(Own):
    def forward(self, x: Tensor) -> Tensor:
        return ((self.currents(x) >= 0) & (self.currents(x) >= -1)).float()


class Inverse(Own):
    def forward(self, x: Tensor) -> Tensor:
        return 1 - super().forward(x)


class Masked(Own):
    """Weights that a comparison of their own leaves all in."""

    def currents(self, x: Tensor) -> Tensor:
        weight = self.fc.weight * (self.fc.weight > -9).float()
        return torch.addmm(self.fc.bias.unsqueeze(1), weight, x.flatten(1)).view(x.shape)


class Looks(Own):
    """A comparison at the threshold that nothing comes of, and one above it."""

    def forward(self, x: Tensor) -> Tensor:
        found = self.currents(x)
        self.some = bool((found >= 0).any())
        return (found > 0).float()


class Alone(Own):
    """Each step by itself."""

    def forward(self, x: Tensor) -> Tensor:
        return (self.fc.weight[0, 0] * x >= self.fc.bias[0]).float()


class Long(Own):
    """All steps before, no powers of one number."""

    def forward(self, x: Tensor) -> Tensor:
        late = torch.arange(len(x))[:, None] - torch.arange(len(x))
        weight = torch.where(late >= 0, 1 / (1 + late.abs()), 0.0).to(x.dtype)
        return (torch.tensordot(weight, x, 1) + self.fc.bias[0] >= 0).float()


class Drifting(Own):
    """A threshold that moves."""

    def forward(self, x: Tensor) -> Tensor:
        before = torch.cat((torch.zeros_like(x[:1]), x[:-1]))
        moves = torch.arange(len(x), dtype=x.dtype).view(-1, *[1] * (x.ndim - 1))
        return (x + self.fc.bias[0] * before - moves / 64 >= 0).float()


class Forward(Own):
    """It looks forward too, and no sum makes it."""

    def forward(self, x: Tensor) -> Tensor:
        return (x.sum(0, keepdim=True).abs() >= x.abs()).float()


class Resets(nn.Module):
    """A membrane of its own."""

    def forward(self, x: Tensor) -> Tensor:
        v, every = torch.zeros_like(x[0]), []
        for now in x:
            v = v / 2 + now
            spikes = Heaviside.apply(v, 1.0)
            v = v * (1 - spikes)
            every.append(spikes)
        return torch.stack(every)


class ResetsSecond(Resets):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.transpose(0, 1)).transpose(0, 1)


class Net(nn.Module):
    """Plain layers, steps and samples in any order as one."""

    def __init__(self, kind: type[nn.Module]) -> None:
        super().__init__()
        self.conv, self.fire, self.fc = nn.Conv2d(2, 4, 3, padding=1), kind(), nn.Linear(64, 5)

    def forward(self, x: Tensor) -> Tensor:
        found = self.conv(x.flatten(0, 1)).unflatten(0, x.shape[:2])
        return self.fc(self.fire(found).flatten(2))


def net(kind: type[nn.Module]) -> nn.Module:
    torch.manual_seed(0)
    return Net(kind)


def row(kind: type[nn.Module]) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), kind(), nn.Linear(6, 2))


PARALLEL = (Own, Function, Below, Unused, Masked, Second, SecondChild)


@pytest.mark.parametrize("kind", PARALLEL)
def test_weights_and_offsets_to_the_bit(kind: type[nn.Module]) -> None:
    torch.manual_seed(1)
    part: Any = kind()
    found = measured(part)
    assert found is not None
    does, theirs = found.does, part.fc.weight.detach().double().numpy()
    assert not isinstance(does, Leak)
    np.testing.assert_array_equal(does.weight, theirs)
    more = 0.25 if kind is Below else 0.0
    np.testing.assert_array_equal(does.threshold, -part.fc.bias.detach().double().numpy() - more)
    assert found.compare == (">" if kind in (Function, Below) else ">=")
    assert found.steps_at == (1 if issubclass(kind, Second) else 0)


@pytest.mark.parametrize("kind", [Function, Second])
@pytest.mark.parametrize(("make", "shape"), [(net, (2, 4, 4)), (row, (4, 1, 1))])
def test_plain_layers_around_are_proved(kind: type[nn.Module], make: Any, shape: Any) -> None:
    program = spikeplane.compile(
        make(kind),
        chip="auto",
        input_shape=shape,
        encoding=Encoding(kind="planes", steps=STEPS),
        progress=False,
    )
    assert program.encoding.fold == STEPS
    assert sum(each["compared"] for each in program.tables["agreement"]) > 10_000
    assert samples_first(kind) is (kind is Second)


@pytest.mark.parametrize("compare", [None, ">", ">="])
def test_how_it_compares_is_imported(compare: str | None) -> None:
    for kind in (Own, Function):
        made = import_model(net(kind), input_shape=(2, 4, 4), compare=compare)
        neuron = made.population("fire").neuron
        assert neuron is not None
        assert neuron.strict is ((compare or (">" if kind is Function else ">=")) == ">")


def test_a_leak_is_neurons_that_nothing_resets() -> None:
    own = nn.Sequential(layer.Linear(4, 6, step_mode="m"), Leaky(3.0), layer.Linear(6, 2, step_mode="m"))
    neuron = next(p.neuron for p in import_model(own, input_shape=(4, 1, 1)).populations if p.name == "1")
    assert neuron is not None
    assert neuron.mix is None
    assert (neuron.reset, neuron.strict) == ("none", False)
    np.testing.assert_allclose(neuron.decay, 2 / 3, rtol=1e-15)
    np.testing.assert_array_equal(neuron.threshold, [0.25])
    steps = Encoding(kind="planes", steps=9)
    program = spikeplane.compile(own, chip="auto", input_shape=(4, 1, 1), encoding=steps, progress=False)
    assert program.encoding.fold == 1


def test_a_leak_of_one_is_a_sum() -> None:
    class Summed(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return (x.cumsum(0) >= 2).float()

    found = measured(Summed())
    assert found is not None
    assert found.does == Leak(1.0, 1.0, 2.0)


@pytest.mark.parametrize("kind", [Twice, Inverse, Looks, Alone, Long, Drifting, Forward])
def test_what_is_none(kind: type[nn.Module]) -> None:
    recognise(net(kind))
    assert handler_of(kind) is None
    assert not mixes_steps(kind)
    assert is_strange(kind) is (kind in (Long, Drifting))  # these look back


@pytest.mark.parametrize("kind", [Resets, ResetsSecond])
def test_membranes_of_its_own_are_refused_by_name_and_line(kind: type[nn.Module]) -> None:
    with pytest.raises(
        SpikeplaneError,
        match=rf"test_import_own_spikes\.py:\d+: layer 'fire' is a {kind.__name__}, a class of its own whose spikes "
        "depend on the steps before",
    ):
        import_model(net(kind), input_shape=(2, 4, 4))


def test_one_step_is_not_all_of_them() -> None:
    class Each(nn.Module):
        """Hands it no steps."""

        def __init__(self) -> None:
            super().__init__()
            self.conv, self.fire = nn.Conv2d(2, 4, 3), Own()

        def forward(self, x: Tensor) -> Tensor:
            return self.fire(self.conv(x))

    with pytest.raises(SpikeplaneError, match=r"layer 'fire' is called with one step.*hand it all steps"):
        import_model(Each(), input_shape=(2, 4, 4))
