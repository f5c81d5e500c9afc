"""Time as channels: networks of SpikingJelly's PSN family against the modules themselves, block by block against plain
numpy, with every encoding; what cannot be represented is refused by name."""

# SpikingJelly annotates its layers loosely:
# pyright: reportArgumentType=false, reportCallIssue=false, reportOptionalMemberAccess=false, reportAttributeAccessIssue=false

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from spikingjelly.activation_based import functional, layer, neuron
from torch import nn

import spikeplane
from spikeplane import Encoding, SpikeplaneError
from spikeplane.compiler.time_channels import in_channels
from spikeplane.encode import encode
from spikeplane.float_network import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection, Mix
from spikeplane.importers import import_model
from spikeplane.network import ALIGNED, MEMBRANE
from spikeplane_sim.golden import FloatModel

KINDS = ("psn", "masked", "half masked", "sliding")


def psn(kind: str, steps: int, order: int = 2) -> nn.Module:
    """A member of the family with random numbers."""
    made: Any = {
        "psn": lambda: neuron.PSN(steps),
        "masked": lambda: neuron.MaskedPSN(order, steps, lambda_init=1.0, step_mode="m"),
        "half masked": lambda: neuron.MaskedPSN(order, steps, lambda_init=0.3, step_mode="m"),
        "sliding": lambda: neuron.SlidingPSN(order, step_mode="m"),
    }[kind]()
    made.weight.data = torch.randn(made.weight.shape) * 0.6
    made.bias.data = -0.3 * torch.rand(made.bias.shape)
    return made


class Residual(nn.Module):
    """A convolution, a block whose output is added to its input as spikes, a maximum, a readout."""

    def __init__(self, kind: str, steps: int, channels: int, size: int, order: int) -> None:
        super().__init__()
        self.conv1 = layer.Conv2d(2, channels, 3, padding=1, bias=False)
        self.norm1 = layer.BatchNorm2d(channels)
        self.fire1 = psn(kind, steps, order)
        self.conv2 = layer.Conv2d(channels, channels, 3, padding=1)
        self.norm2 = layer.BatchNorm2d(channels)
        self.fire2 = psn(kind, steps, order)
        self.pool = layer.MaxPool2d(2, 2)
        self.mean = layer.AvgPool2d(2, 2)
        self.fc = layer.Linear(channels * (size // 2) ** 2, 5)
        for norm in (self.norm1, self.norm2):
            norm.running_mean.uniform_(-0.2, 0.2)
            norm.running_var.uniform_(0.1, 0.3)
            norm.bias.data.uniform_(-0.2, 0.3)
        functional.set_step_mode(self, "m")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.fire1(self.norm1(self.conv1(x)))
        x = self.fire2(self.norm2(self.conv2(x))) + x
        return self.fc(self.mean(x).flatten(2))


def outputs(model: nn.Module, planes: np.ndarray, names: list[str]) -> dict[str, np.ndarray]:
    """What layers put out, (N, T, C, H, W), for planes (N, T, C, H, W), in float64."""
    found: dict[str, np.ndarray] = {}
    model = model.double().eval()
    modules = dict(model.named_modules())
    hooks = [
        modules[n].register_forward_hook(
            lambda _, __, out, n=n: found.update({n: out.transpose(0, 1).numpy().copy()})
        )
        for n in names
    ]
    with torch.no_grad():
        found[""] = (
            model(torch.as_tensor(planes, dtype=torch.float64).transpose(0, 1)).transpose(0, 1).numpy()
        )
    for hook in hooks:
        hook.remove()
    return found


@settings(max_examples=12, deadline=None)
@given(
    st.sampled_from(KINDS),
    st.integers(1, 5),
    st.integers(1, 5),
    st.integers(4, 7),
    st.integers(1, 4),
    st.integers(0, 99),
)
def test_the_network_is_the_module(
    kind: str, steps: int, channels: int, size: int, order: int, seed: int
) -> None:
    """One step of T * C channels, with its own float model: every spike of every layer and step, and the sum read out."""
    torch.manual_seed(seed)
    model = Residual(kind, steps, channels, size, order)
    net = import_model(model, input_shape=(2, size, size), input_bits=1)
    planes = (np.random.default_rng(seed).random((3, steps, 2, size, size)) < 0.4).astype(np.uint8)
    encoding = Encoding(kind="planes", steps=steps)
    folded, encodings = in_channels(net, {"input": encoding})
    given = encode(encodings["input"], planes, folded.population("input").shape)
    ours = FloatModel(folded).run({"input": given})
    theirs = outputs(model, planes, ["fire1", "fire2"])
    for name in ("fire1", "fire2"):
        assert ours[name].shape == (3, 1, steps * channels, size, size)
        np.testing.assert_array_equal(ours[name].reshape(theirs[name].shape), theirs[name])
    np.testing.assert_allclose(ours["readout"][:, 0, :, 0, 0], theirs[""].sum(1), atol=1e-9)


def two(
    mix: Mix | None, decay: float = 0.0, readout: str = "last", source: str = "in", **options: Any
) -> FloatNetwork:
    """An input of 2 channels, neurons of 3, a readout of 2 that keeps `decay`."""
    rng = np.random.default_rng(5)
    hidden = FloatNeuron(decay=0.0, threshold=np.array([0.1, 0.2, 0.3]), reset="none", mix=mix)
    last = FloatNeuron(decay=decay, reset="none", kind=MEMBRANE)
    return FloatNetwork(
        populations=(
            FloatPopulation(name="in", shape=(2, 4, 4)),
            FloatPopulation(name="hidden", shape=(3, 4, 4), neuron=hidden, bias=np.array([0.1, -0.2, 0.3])),
            FloatPopulation(name="out", shape=(2, 1, 1), neuron=last, bias=np.array([1.0, 2.0])),
        ),
        projections=(
            FloatProjection(source=source, target="hidden", weight=rng.normal(size=(3, 2, 3, 3)), padding=(1, 1), **options),
            FloatProjection(source="hidden", target="out", weight=rng.normal(size=(2, 3, 4, 4))),
        ),
        output="out",
        readout=readout,
    )  # fmt: skip


MIX = Mix(np.random.default_rng(2).normal(size=(3, 3)), np.array([0.1, -0.2, 0.4]))


def test_blocks_are_products() -> None:
    net = two(MIX)
    folded, encodings = in_channels(net, {"in": Encoding(kind="rate", steps=3)})
    first, last = folded.projections
    weight, readout = net.projections[0].weight, net.projections[1].weight
    for u in range(3):
        for t in range(3):
            block = first.weight[3 * u : 3 * u + 3, 2 * t : 2 * t + 2]
            np.testing.assert_allclose(block, MIX.weight[u, t] * weight)
        bias = folded.population("hidden").bias
        assert bias is not None
        np.testing.assert_allclose(bias[3 * u : 3 * u + 3], MIX.weight[u].sum() * np.array([0.1, -0.2, 0.3]))
    hidden = folded.population("hidden").neuron
    assert hidden is not None
    assert (hidden.mix, hidden.reset, hidden.decay) == (None, "none", 0.0)
    np.testing.assert_array_equal(hidden.threshold, np.repeat(MIX.threshold, 3))
    np.testing.assert_array_equal(last.weight[:, :6], 0)  # memoryless: the last step's alone
    np.testing.assert_array_equal(last.weight[:, 6:], readout)
    assert encodings["in"] == Encoding(kind="rate", steps=1, fold=3)
    assert [p.fold for p in folded.populations] == [3, 3, 1]


def test_what_is_the_same_in_every_step_has_one_block() -> None:
    folded, encodings = in_channels(two(MIX), {"in": Encoding(steps=3)})
    weight = two(MIX).projections[0].weight
    assert folded.population("in").shape == (2, 4, 4)
    for u in range(3):
        np.testing.assert_allclose(
            folded.projections[0].weight[3 * u : 3 * u + 3], MIX.weight[u].sum() * weight
        )
    images = np.arange(64, dtype=np.uint8).reshape(2, 2, 4, 4)
    np.testing.assert_array_equal(encode(encodings["in"], images, (2, 4, 4)), images[:, None])


@pytest.mark.parametrize("readout", ["last", "sum"])
@pytest.mark.parametrize("decay", [0.0, 0.5, 1.0, np.array([0.25, 0.75])])
def test_readouts_gather_what_they_would(decay: Any, readout: str) -> None:
    """Against the integration, step by step, by hand."""
    net = two(MIX, decay, readout)
    folded, encodings = in_channels(net, {"in": Encoding(kind="planes", steps=3)})
    planes = (np.random.default_rng(1).random((4, 3, 2, 4, 4)) < 0.5).astype(np.uint8)
    found = FloatModel(folded).run({"in": encode(encodings["in"], planes, (6, 4, 4))})
    spikes = found["hidden"].reshape(4, 3, 3, 4, 4)
    currents = np.einsum("ntchw,ochw->nto", spikes, net.projections[1].weight) + np.array([1.0, 2.0])
    held, total = np.zeros((4, 2)), np.zeros((4, 2))
    for t in range(3):
        held = held * decay + currents[:, t]
        total = total + held
    np.testing.assert_allclose(found["out"][:, 0, :, 0, 0], held if readout == "last" else total)
    assert 0.1 < spikes.mean() < 0.9


def test_channel_by_channel() -> None:
    """A maximum stays so; into neurons that mix it becomes diagonal blocks."""
    net = two(None)
    pooled = replace(net.projections[0], weight=np.ones((2, 3, 3)), kind=ALIGNED)
    hidden = replace(net.populations[1], shape=(2, 4, 4), bias=None)
    assert hidden.neuron is not None
    for mix in (None, MIX):
        own = replace(hidden, neuron=replace(hidden.neuron, threshold=np.ones(1), mix=mix))
        mixing = FloatPopulation(
            name="other", shape=(3, 4, 4), neuron=replace(hidden.neuron, threshold=np.zeros(1), mix=MIX)
        )
        into = replace(net.projections[0], target="other")
        out = replace(net.projections[1], source="other")
        populations = (net.populations[0], own, mixing, net.populations[2])
        folded, _ = in_channels(
            replace(net, populations=populations, projections=(pooled, into, out)),
            {"in": Encoding(kind="planes", steps=3)},
        )
        if mix is None:
            assert folded.projections[0].kind is ALIGNED
            np.testing.assert_array_equal(folded.projections[0].weight, np.ones((6, 3, 3)))
        else:
            wanted = np.kron(MIX.weight, np.eye(2))
            np.testing.assert_allclose(
                folded.projections[0].weight, wanted[:, :, None, None] * np.ones((3, 3))
            )


def test_a_step_late_is_another_block() -> None:
    """Spikes of an earlier layer a step before."""
    net = two(MIX)
    again = FloatPopulation(name="again", shape=(3, 4, 4), neuron=net.populations[1].neuron)
    late = FloatProjection(source="hidden", target="again", weight=np.ones((3, 3, 1, 1)), delay=1)
    now = replace(net.projections[0], target="again")
    other = replace(
        net,
        populations=(*net.populations[:2], again, net.populations[2]),
        projections=(*net.projections, late, now),
    )
    folded, _ = in_channels(other, {"in": Encoding(kind="planes", steps=3)})
    shifted = MIX.weight @ np.eye(3, k=-1)
    np.testing.assert_allclose(folded.projections[2].weight[:, :, 0, 0], np.kron(shifted, np.ones((3, 3))))
    assert folded.projections[2].delay == 0


@given(st.integers(1, 6), st.integers(1, 8), st.integers(0, 99))
def test_sliding_weights_are_the_modules(order: int, steps: int, seed: int) -> None:
    torch.manual_seed(seed)
    module = psn("sliding", steps, order)
    mix = Mix(module.weight.detach().double().numpy(), np.zeros(1))
    np.testing.assert_array_equal(mix.of(steps), module.gen_gemm_weight(steps).detach().double().numpy())
    assert mix.steps is None


def compiled(model: nn.Module, kind: Any = "planes", steps: int = 4, **options: Any) -> spikeplane.Program:
    """For a small chip."""
    encoding = Encoding(kind=kind, steps=steps, **options)
    return spikeplane.compile(model, chip="small", input_shape=(2, 6, 6), encoding=encoding, proof=False)


def samples(kind: str) -> Any:
    rng = np.random.default_rng(0)
    if kind == "events":
        return [(rng.random((4, 2, 6, 6)) < 0.3).astype(np.uint8) for _ in range(3)]
    if kind in ("planes", "frames"):
        return (rng.random((3, 4, 2, 6, 6)) < 0.3).astype(np.uint8)
    return rng.integers(0, 256, (3, 2, 6, 6)).astype(np.uint8)


SLOW = [pytest.param(kind, marks=pytest.mark.slow) for kind in ("poisson", "latency", "frames")]


@pytest.mark.parametrize("kind", ["direct", "rate", "planes", "events", *SLOW])
def test_every_encoding_is_the_one_of_all_steps(kind: str) -> None:
    """Samples come as for a program of four steps, and results show four."""
    torch.manual_seed(0)
    program = compiled(Residual("psn", 4, 3, 6, 2), kind)
    given = np.stack(samples(kind)) if kind == "events" else samples(kind)
    result = program.run(given, board="golden")
    plain = Encoding(kind="planes" if kind == "events" else kind, steps=4)  # type: ignore[arg-type]
    planes = encode(plain, given, (2, 6, 6))
    shown = planes[:, :1] if kind == "direct" else planes
    np.testing.assert_array_equal(result.inputs["input"], shown)
    assert result.spikes["fire1"].shape == (3, 4, 3, 6, 6)
    assert result.scores.shape == (3, 5)
    assert program.network.steps == 1
    assert (
        str(program.encoding)
        == f"{kind} encoding{' of 8-bit values in units of 1' * (kind == 'frames')}, 4 steps as channels"
    )


def test_spikes_are_counted_over_the_steps(tmp_path: Any) -> None:
    """Neurons at the end; the file keeps all of it; a normalised input has its numbers in each step."""
    torch.manual_seed(1)
    model = nn.Sequential(
        layer.Conv2d(2, 4, 6, step_mode="m"), psn("sliding", 4), layer.Flatten(step_mode="m")
    )
    program = compiled(model, "rate", mean=(0.1, 0.2), std=(0.5, 0.7))
    program.save(tmp_path / "net.spk")
    again = spikeplane.Program.load(tmp_path / "net.spk")
    assert (again.digest, again.encoding) == (program.digest, program.encoding)
    result = again.run(samples("rate"), board="golden")
    np.testing.assert_array_equal(result.scores, result.spikes["1"].sum((1, 3, 4)))
    assert result.scores.sum() > 0
    assert result.potentials("1").shape == (1, 16, 1, 1)


class Mixed(nn.Module):
    """Neurons with membranes beside those that mix."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = layer.Conv2d(2, 3, 3, step_mode="m"), psn("psn", 4)
        self.c, self.d = layer.Conv2d(3, 3, 3, step_mode="m"), neuron.LIFNode(step_mode="m")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.d(self.c(self.b(self.a(x))))


def refusal(model: nn.Module, **options: Any) -> str:
    with pytest.raises(SpikeplaneError) as error:
        compiled(model, **options)
    return str(error.value)


def test_refused() -> None:
    assert refusal(Mixed()) == (
        "layer 'd' keeps its membranes from step to step in a network of layer 'b', which decides on all steps at once, which "
        "Spikeplane cannot represent: use neurons of one family, PSN or those with membranes, in all layers"
    )
    one = nn.Sequential(layer.Conv2d(2, 3, 3, step_mode="m"), psn("psn", 4))
    assert (
        refusal(one, steps=5) == "the model's neurons mix 4 steps, the encoding has 5; give 4 steps, or none"
    )
    assert refusal(one, fold=2) == (
        "encoding: fold is what the compiler says of a network that mixes steps; leave it out"
    )
    other = nn.Sequential(*one, layer.Conv2d(3, 3, 3, step_mode="m"), psn("psn", 3))
    assert refusal(other) == "layer '3' mixes 3 steps and layer '1' 4; give all of them one T"
    program = compiled(one)
    with spikeplane.open_board("golden", program) as board, pytest.raises(SpikeplaneError) as error:
        board.stream(samples("planes")[0])
    assert str(error.value) == (
        "'network' has the 4 steps of a sample in one, as channels: it has no steps to stream; run whole samples"
    )


def test_what_comes_back_is_refused() -> None:
    net = two(MIX)
    back = FloatProjection(source="hidden", target="hidden", weight=np.ones((3, 3, 1, 1)), delay=1)
    with pytest.raises(SpikeplaneError) as error:
        in_channels(
            replace(net, projections=(*net.projections, back)), {"in": Encoding(kind="planes", steps=3)}
        )
    assert str(error.value) == (
        "layer 'hidden' gets spikes of the step before from layer 'hidden' behind it, and decides on all steps at once, which "
        "Spikeplane cannot represent: use neurons with membranes"
    )


def test_a_normalisation_is_one_of_each_step() -> None:
    """Channel 1 of step 0 stands behind channel 0 of step 0."""
    folded = Encoding(kind="rate", steps=1, fold=3, mean=(0.5, 1.0), std=(1.0, 2.0))
    gain, offset = folded.normalisation(6)
    np.testing.assert_array_equal(gain, [1.0, 0.5] * 3)
    np.testing.assert_array_equal(offset, [-0.5, -0.5] * 3)
    direct = Encoding(steps=1, fold=3, mean=(0.5, 1.0), std=(1.0, 4.0)).normalisation(2)
    np.testing.assert_array_equal(direct[1], [-0.5, -0.25])
