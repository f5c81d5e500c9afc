"""Layers whose numbers differ from step to step: batch-norms of their own in each step, as published models of few steps have
them; the proof of the import runs the model beside the float network."""

from typing import Any

import numpy as np
import pytest
import snntorch
import torch
from spikingjelly.activation_based import layer, neuron
from torch import Tensor, nn

import spikeplane
from spikeplane.errors import SpikeplaneError
from spikeplane.importers import import_model

STEPS = 3


class StepNorm(nn.Module):
    """A batch-norm of its own for each step of (T, N, C, H, W)."""

    def __init__(self, channels: int, steps: int = STEPS) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.BatchNorm2d(channels) for _ in range(steps))
        for norm in self.norms:
            norm.running_mean = 0.3 * torch.randn(channels)  # type: ignore[assignment]
            norm.running_var = 0.5 + torch.rand(channels)  # type: ignore[assignment]
            nn.init.uniform_(norm.weight, 0.5, 1.5)  # type: ignore[arg-type]
            nn.init.normal_(norm.bias, 0.3, 0.3)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([norm(x[t]) for t, norm in enumerate(self.norms)])


class Net(nn.Module):
    """conv - norm of each step - LIF, twice, the second around a shortcut of values, and a readout."""

    def __init__(self, shortcut: bool = False, steps: int = STEPS) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.shortcut = shortcut

        def fire() -> nn.Module:
            return neuron.LIFNode(step_mode="m", decay_input=True)

        self.one, self.two = (
            layer.Conv2d(2, 4, 3, padding=1, step_mode="m", bias=False),
            layer.Conv2d(4, 4, 3, padding=1, step_mode="m"),
        )
        self.norm1, self.norm2 = StepNorm(4, steps), StepNorm(4, steps)
        self.fire1, self.fire2 = fire(), fire()
        self.fc = layer.Linear(4 * 16, 3, step_mode="m")

    def forward(self, x: Tensor) -> Tensor:
        v = self.norm1(self.one(x))
        s = self.fire1(v)
        w = self.norm2(self.two(s))
        return self.fc(self.fire2(w + v if self.shortcut else w).flatten(2)).mean(0)


def compiled(net: nn.Module, **more: Any) -> spikeplane.Program:
    encoding = spikeplane.Encoding(kind="planes", steps=STEPS)
    return spikeplane.compile(
        net.eval(), chip="auto", input_shape=(2, 4, 4), encoding=encoding, progress=False, **more
    )


@pytest.mark.parametrize("shortcut", [False, True])
def test_a_norm_of_each_step_is_proved(shortcut: bool) -> None:
    program = compiled(Net(shortcut))
    assert program.config.step_bits == 2
    assert sum(each["compared"] for each in program.tables["agreement"]) > 5_000
    by_step = [p for p in program.network.projections if p.weight.ndim > p.kind.rank]
    assert len(by_step) == 2


def test_without_a_shortcut_no_values_are_sent() -> None:
    made = import_model(Net().eval(), input_shape=(2, 4, 4))
    assert [p.name for p in made.populations if p.sends_values and p.name != made.output] == []
    norm = Net().norm1.norms
    weight = next(p.weight for p in made.projections if p.target == "fire1")
    one = Net().one.weight.detach().double().numpy()
    for t, each in enumerate(norm):
        gain = (each.weight / torch.sqrt(each.running_var + each.eps)).detach().double().numpy()  # type: ignore[operator]
        assert np.allclose(weight[t], one * gain.reshape(-1, 1, 1, 1) / 2, atol=1e-6), t


def test_another_number_of_steps_is_refused() -> None:
    encoding = spikeplane.Encoding(kind="planes", steps=STEPS + 1)
    with pytest.raises(SpikeplaneError):
        spikeplane.compile(
            Net().eval(), chip="auto", input_shape=(2, 4, 4), encoding=encoding, progress=False
        )


class Factors(nn.Module):
    """Batch-norm times a factor of each step (temporal effective batch-norm), or of each step and channel; a readout by a
    convolution over all steps."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.conv, self.norm = (
            layer.Conv2d(2, 4, 3, padding=1, step_mode="m"),
            layer.BatchNorm2d(4, step_mode="m"),
        )
        self.factor = nn.Parameter(0.5 + torch.rand(shape))
        self.fire = neuron.LIFNode(step_mode="m")
        self.head = nn.Conv3d(4, 3, (STEPS, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        x = self.fire(self.norm(self.conv(x)) * self.factor)
        x = self.head(x.permute(1, 2, 0, 3, 4))
        return x.flatten(2).mean(2)


@pytest.mark.parametrize("shape", [(STEPS, 1, 1, 1, 1), (STEPS, 1, 4, 1, 1)])
def test_a_factor_of_each_step_and_a_readout_over_all_steps_are_proved(shape: tuple[int, ...]) -> None:
    net = Factors(shape)
    program = compiled(net)
    by_step = {p.target: p.weight for p in program.network.projections if p.weight.ndim > p.kind.rank}
    assert {"fire", "head"} == set(by_step)
    assert sum(each["compared"] for each in program.tables["agreement"]) > 1_000


def test_a_convolution_of_a_few_frames_is_refused() -> None:
    net = Factors((STEPS, 1, 1, 1, 1))
    net.head = nn.Conv3d(4, 3, (2, 1, 1))
    with pytest.raises(SpikeplaneError, match="a convolution of several frames"):
        compiled(net)


class Unlike(nn.Module):
    """Convolutions of the same form, one for even and one for odd steps, of steps in some order."""

    def __init__(self, order: list[int], odd: dict[str, Any]) -> None:
        super().__init__()
        self.order, self.fire = order, neuron.LIFNode(step_mode="m")
        self.even, self.odd = nn.Conv2d(2, 4, 3, stride=2, padding=1), nn.Conv2d(2, 4, 3, **odd)

    def forward(self, x: Tensor) -> Tensor:
        each = [(self.odd if place % 2 else self.even)(x[t]) for place, t in enumerate(self.order)]
        return self.fire(torch.stack(each)).flatten(2).mean(0)


ALIKE = {"stride": 2, "padding": 1}


@pytest.mark.parametrize(
    ("order", "odd", "refusal"),
    [
        ([0, 1, 2], {}, "a delay of 2 steps"),
        ([2, 1, 0], ALIKE, "given a value of the step before that is no spikes"),
    ],
    ids=["strides", "order"],
)
def test_steps_that_differ_in_more_than_numbers_are_refused(
    order: list[int], odd: dict[str, Any], refusal: str
) -> None:
    """All make 2x2 pixels."""
    net = import_model(Unlike([0, 1, 2], ALIKE).eval(), input_shape=(2, 4, 4))
    assert net.projections[0].weight.shape == (STEPS, 4, 2, 3, 3)
    with pytest.raises(SpikeplaneError, match=f"layer 'stack' is {refusal}"):
        import_model(Unlike(order, odd).eval(), input_shape=(2, 4, 4))


class Loop(nn.Module):
    """Steps one after the other: batch-norms of each step's own in front of neurons that are called once a step (BNTT), a readout
    of each step's own or the same in all."""

    def __init__(self, fires: Any, heads: bool = False) -> None:
        super().__init__()
        torch.manual_seed(4)
        self.one, self.two = nn.Conv2d(2, 4, 3, padding=1, bias=False), nn.Conv2d(4, 4, 3, padding=1)
        self.norms = nn.ModuleList(StepNorm(4).norms for _ in range(2))
        self.fire1, self.fire2 = fires(), fires()
        self.heads = nn.ModuleList(nn.Linear(64, 3) for _ in range(STEPS if heads else 1))

    def forward(self, x: Tensor) -> Tensor:
        out: Any = 0
        for t in range(STEPS):
            v = self.fire1(self.norms[0][t](self.one(x[t])))  # type: ignore[index]
            v = self.fire2(self.norms[1][t](self.two(v)))  # type: ignore[index]
            out = out + self.heads[t % len(self.heads)](v.flatten(1))
        return out


@pytest.mark.parametrize("heads", [False, True])
@pytest.mark.parametrize(
    "fires",
    [lambda: neuron.LIFNode(), lambda: snntorch.Leaky(0.5, init_hidden=True)],
    ids=["spikingjelly", "snntorch"],
)
def test_a_loop_with_numbers_of_each_step_is_proved(fires: Any, heads: bool) -> None:
    net = Loop(fires, heads)
    program = compiled(net)
    by_step = [p for p in program.network.projections if p.weight.ndim > p.kind.rank]
    assert len(by_step) == 2 + heads
    assert sum(each["compared"] for each in program.tables["agreement"]) > 5_000


def test_a_loop_has_the_numbers_of_its_steps() -> None:
    net = Loop(lambda: neuron.LIFNode()).eval()
    made = import_model(net, input_shape=(2, 4, 4))
    assert [p.name for p in made.populations] == ["input", "fire1", "fire2", "readout"]
    weight = next(p.weight for p in made.projections if p.target == "fire1")
    for t, norm in enumerate(net.norms[0]):  # type: ignore[arg-type]
        gain = (norm.weight / torch.sqrt(norm.running_var + norm.eps)).detach().double().numpy()
        wanted = net.one.weight.detach().double().numpy() * gain.reshape(-1, 1, 1, 1) / 2
        np.testing.assert_allclose(weight[t], wanted, atol=1e-6)


class Weighed(Loop):
    """Later steps count for more, in front of the neurons and behind."""

    def forward(self, x: Tensor) -> Tensor:
        return sum(
            self.heads[0](self.fire1(self.one(x[t]) * (2 * t + 1)).flatten(1)) * (t + 1) for t in range(STEPS)
        )  # type: ignore[return-value]


def test_factors_of_each_step_are_proved() -> None:
    net = Weighed(lambda: neuron.LIFNode())
    assert sum(each["compared"] for each in compiled(net).tables["agreement"]) > 3_000
    weights = {p.target: p.weight for p in import_model(net, input_shape=(2, 4, 4)).projections}
    for target, factors in (("fire1", (1, 3, 5)), ("readout", (1, 2, 3))):
        each = [w / factor for w, factor in zip(weights[target], factors, strict=True)]
        np.testing.assert_allclose(each[1:], each[:1] * 2, atol=1e-12)


class Strides(Loop):
    """A convolution of other pixels in the last step."""

    def forward(self, x: Tensor) -> Tensor:
        one = [self.fire1(self.one(x[0])), self.fire1(self.one(x[1]))]
        one.append(self.fire1(nn.functional.max_pool2d(self.one(x[2]), 3, 1, 1)))
        return sum(self.heads[0](v.flatten(1)) for v in one)  # type: ignore[return-value]


class Thresholds(Loop):
    """A threshold of each step's own."""

    def forward(self, x: Tensor) -> Tensor:
        out: Any = 0
        for t in range(STEPS):
            self.fire1.v_threshold = self.heads[0].bias[t]  # type: ignore[index]
            out = out + self.heads[0](self.fire1(self.one(x[t])).flatten(1))
        return out


def test_steps_that_differ_in_more_are_refused() -> None:
    said = (
        "layer 'fire1' is called in step 2 with something else than in the step before, which Spikeplane cannot represent: "
        "do the same in every step, and give each use its own neurons"
    )
    with pytest.raises(SpikeplaneError) as wrong:
        compiled(Strides(lambda: neuron.LIFNode()))
    assert str(wrong.value).endswith(said)


def test_thresholds_of_each_step_are_refused() -> None:
    said = (
        "the model's forward changes 'v_threshold' of layer 'fire1', so a step may not be what the step before was; set it "
        "before, in __init__"
    )
    with pytest.raises(SpikeplaneError) as wrong:
        compiled(Thresholds(lambda: neuron.LIFNode()))
    assert str(wrong.value).endswith(said)


class Along(nn.Module):
    """Fully connected layers along the steps: with the features, in front of or behind them, or alone."""

    def __init__(self, how: str, out: int = 1) -> None:
        super().__init__()
        torch.manual_seed(5)
        self.how = how
        self.conv, self.fire = layer.Conv2d(2, 4, 3, padding=1, step_mode="m"), neuron.LIFNode(step_mode="m")
        self.along = nn.Linear(STEPS if how == "alone" else STEPS * 64, out if how == "alone" else 3)
        self.head = nn.Linear(64 if how == "alone" else 3, 5)

    def forward(self, x: Tensor) -> Tensor:
        y = self.fire(self.conv(x)).flatten(2)
        if self.how == "alone":
            return self.head(self.along(y.permute(1, 2, 0))[..., 0])
        return self.head(
            self.along((y.transpose(0, 1) if self.how == "front" else y.permute(1, 2, 0)).flatten(1))
        )


@pytest.mark.parametrize("how", ["front", "behind", "alone"])
def test_fully_connected_layers_along_the_steps_are_proved(how: str) -> None:
    program = compiled(Along(how))
    assert sum(each["compared"] for each in program.tables["agreement"]) > 1_000
    assert [p.target for p in program.network.projections if p.weight.ndim > p.kind.rank] == ["along"]


def test_several_of_the_steps_are_refused() -> None:
    said = (
        "layer 'along' is a fully connected layer that makes 2 of the steps, which Spikeplane cannot represent: let it make "
        "one, Linear(T, 1), or flatten"
    )
    with pytest.raises(SpikeplaneError) as wrong:
        compiled(Along("alone", 2))
    assert str(wrong.value).endswith(said)
