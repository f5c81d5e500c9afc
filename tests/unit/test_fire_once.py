"""Neurons that fire once a sample: the proof against the worst that can come, models against the integers, decoding by
how early a spike is, and what is refused."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import spikeplane
from spikeplane import Encoding, SpikeplaneError
from spikeplane.compiler.built import built
from spikeplane.compiler.check import check_network
from spikeplane.config import ChipConfig
from spikeplane.float_network import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.importers import Call, register
from spikeplane.network import MEMBRANE, Network, Neuron, Population, Projection, Window
from spikeplane.program.once import check_once, gathered, lowest, prove_once
from spikeplane.program.scores import scores
from spikeplane.program.source import Source
from spikeplane_sim.golden import GoldenModel

SMALL = ChipConfig()
NARROW = replace(SMALL, membrane_bits=8, acc_bits=12)


class FireOnce(nn.Module):
    """IF or LIF whose spikes are masked behind the first."""

    def __init__(self, decay: float = 1.0) -> None:
        super().__init__()
        self.decay = decay
        self.reset()

    def reset(self) -> None:
        self.v: Any = 0.0
        self.fired: Any = 0.0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.v = self.v * self.decay + x
        spike = (self.v >= 1.0).to(x) * (1 - self.fired)
        self.fired = self.fired + spike
        return spike


@register(FireOnce)
def fire_once(call: Call) -> Any:
    """As a user teaches it."""
    return call.neurons(FloatNeuron(decay=call.module.decay, threshold=np.ones(1), reset="once"))


def model(decay: float) -> nn.Module:
    torch.manual_seed(0)
    made = nn.Sequential(
        nn.Conv2d(1, 6, 3, padding=1), FireOnce(decay), nn.Conv2d(6, 8, 3, stride=2), FireOnce(decay), nn.Flatten(),
        nn.Linear(72, 5), FireOnce(decay),
    )  # fmt: skip
    with torch.no_grad():
        for part, gain in zip(list(made)[::2], (3.0, 3.0, 0.0, 6.0), strict=True):
            for parameter in part.parameters():
                parameter *= gain
        list(made[5].parameters())[1].add_(0.2 * (decay < 1))
    return made


@pytest.mark.parametrize(("decay", "kind"), [(1.0, "latency"), (1.0, "direct"), (0.9, "latency")])
def test_models_fire_once_and_alike(decay: float, kind: Any) -> None:
    images = np.random.default_rng(0).integers(0, 256, (12, 1, 8, 8)).astype(np.uint8)
    encoding = Encoding(kind=kind, steps=8, value_bits=3)
    program = spikeplane.compile(model(decay), input_shape=(1, 8, 8), encoding=encoding, calibration=images)
    for row in program.tables["agreement"]:
        assert (row["differences"], row["ties"]) == (0, 0)
        assert row["given"] > 98.5
        assert row["rate_float"] > 0.005
    names = [p.name for p in program.network.populations if p.neuron]
    assert [p.once for p in program.network.populations] == [kind == "latency", True, True, True]
    result = program.run(images, board="golden")
    for name in names:
        assert result.spikes[name].sum(1).max() == 1
    np.testing.assert_array_equal(
        result.scores, np.einsum("ntchw,t->nc", result.spikes[names[-1]], np.arange(8, 0, -1))
    )
    assert program.readout == "early"
    assert len(np.unique(result.scores)) > 2


def test_a_strong_unproved_drive_makes_the_scale_coarser() -> None:
    """Of a direct image each step counts, of a latency-coded one a step in all."""
    errors = {}
    for kind in ("latency", "direct"):
        encoding = Encoding(kind=kind, steps=16)  # type: ignore[arg-type]
        program = spikeplane.compile(model(1.0), input_shape=(1, 8, 8), encoding=encoding, proof=False)
        errors[kind] = [row["error"] for row in program.tables["quantisation"]]
    assert errors["direct"][0] > 8 * errors["latency"][0]
    assert errors["direct"][1:] == errors["latency"][1:]


def one(
    weight: np.ndarray, theta: int, steps: int, once: bool, config: ChipConfig, **options: Any
) -> Network:
    """An input of (C, 1, 1) into neurons that fire once."""
    neuron = Neuron(v_reset=lowest(config), **options)
    return Network(
        populations=(
            Population(name="in", shape=(weight.shape[1], 1, 1), once=once),
            Population(
                name="out",
                shape=(len(weight), 1, 1),
                neuron=neuron,
                theta=np.full(len(weight), theta),
                once=True,
            ),
        ),
        projections=(Projection(source="in", target="out", weight=weight[:, :, None, None]),),
        output="out",
        steps=steps,
    )


def proved(network: Network, config: ChipConfig) -> bool:
    try:
        prove_once(network, config)
    except SpikeplaneError:
        return False
    return True


@settings(deadline=None)
@given(
    st.integers(2, 12),
    st.integers(1, 60),
    st.booleans(),
    st.sampled_from([0, 60000, 64000]),
    st.integers(0, 999),
)
def test_what_is_proved_never_fires_twice(steps: int, theta: int, once: bool, leak: int, seed: int) -> None:
    """Against all positive sources in every step, all in any one step, and random planes; a network that is not proved
    is no counterexample, but the one that just fails must fire again."""
    rng = np.random.default_rng(seed)
    weight = rng.integers(-9, 10, (3, 4))
    options: dict[str, Any] = {"leak": "multiply", "leak_value": leak, "leak_round": "odd"} if leak else {}
    network = one(weight, theta, steps, once, NARROW, **options)
    if not proved(network, NARROW):
        return
    planes = (rng.random((60, steps, 4, 1, 1)) < 0.5).astype(np.int64)
    planes[:12] = 1
    if once:
        planes[:] = 0
        at = rng.integers(0, steps, (60, 4))
        np.put_along_axis(planes[..., 0, 0], at[:, None], 1, 1)
    outputs = GoldenModel(network, membrane_bits=8, acc_bits=12).run({"in": planes})
    check_once(network, outputs)


def test_the_proof_is_tight() -> None:
    """With one unit more of weight the neuron fires again."""
    for steps, theta in ((3, 1), (8, 30)):
        most = (127 + theta - 1) // (steps - 1)
        for weight, right in ((most, True), (most + 1, False)):
            if weight > 127:
                continue
            network = one(np.array([[weight]]), min(theta, weight), steps, False, NARROW)
            limit = -127 + (steps - 1) * weight < min(theta, weight)
            assert proved(network, NARROW) == limit
            planes = np.ones((1, steps, 1, 1, 1), np.int64)
            fired = GoldenModel(network, membrane_bits=8, acc_bits=12).run({"in": planes})["out"].sum()
            assert (fired == 1) == limit
            assert right or not limit or weight < theta


def test_what_is_gathered() -> None:
    source = Population(name="in", shape=(2, 4, 4), value_bits=2)
    weight = np.array([[[[5]], [[-3]]], [[[-1]], [[2]]]])
    p = Projection(source="in", target="out", weight=weight, pool=(2, 2), pre_shift=1)
    bias = np.array([7, -7])
    plain = gathered([(p, source)], bias, 1, 5, SMALL)
    np.testing.assert_array_equal(plain, 4 * (np.array([5, 2]) * 3 * 4 * 2 + [7, 0]))
    once = gathered([(p, replace(source, once=True))], bias, 1, 5, SMALL)
    np.testing.assert_array_equal(once, np.array([5, 2]) * 3 * 4 * 2 + 4 * np.array([7, 0]))
    windowed = gathered([(p, replace(source, once=True))], None, 4, 3, SMALL)
    np.testing.assert_array_equal(windowed, 2 * np.array([5, 2]) * 3 * 4 * 2)


def test_a_maximum_is_proved_too() -> None:
    network = one(np.ones((1, 1), int), 3, 4, True, NARROW)
    shape: Any = {"shape": (1, 1, 1), "input_size": (2, 2), "window": Window(size=2, stride=1)}
    wide = replace(
        network,
        populations=(
            replace(network.populations[0], shape=(1, 2, 2)),
            replace(network.populations[1], **shape),
        ),
    )
    prove_once(wide, NARROW)


@pytest.mark.parametrize("readout", ["early", "last"])
def test_decoding(readout: str) -> None:
    """T less the step of a spike, on the host, or by two integrators in a row on the chip."""
    once = FloatNeuron(threshold=np.ones(1), reset="once")
    held = FloatNeuron(decay=1.0, reset="none", kind=MEMBRANE)
    names = ["out", "first", "second"]
    net = FloatNetwork(
        populations=(
            FloatPopulation(name="in", shape=(3, 1, 1)),
            *(
                FloatPopulation(name=n, shape=(3, 1, 1), neuron=k)
                for n, k in zip(names, (once, held, held), strict=True)
            ),
        ),
        projections=tuple(
            FloatProjection(source=a, target=b, weight=np.eye(3)[:, :, None, None])
            for a, b in zip(["in", *names], names, strict=False)
        ),
        output="out" if readout == "early" else "second",
        readout=readout,
    )
    check_network(net)
    encoding = Encoding(kind="latency", steps=6)
    program = built(Source(network=net, chip=SMALL), {"in": encoding}, "decoded")
    program.check()
    images = np.array([[255, 130, 1], [0, 60, 200], [10, 20, 30]], np.uint8)[:, :, None, None]
    result = program.run(images, board="golden")
    fired = program.planes(images)["in"][..., 0, 0]
    wanted = (fired * np.arange(6, 0, -1)[:, None]).sum(1)
    unit = program.scores(program_outputs(program, images)).max() // wanted.max()
    np.testing.assert_array_equal(result.scores, wanted * unit)
    assert wanted.tolist() == [[6, 4, 2], [0, 3, 5], [2, 2, 2]]


def program_outputs(program: spikeplane.Program, images: np.ndarray) -> dict[str, np.ndarray]:
    return program.run(images, board="golden").spikes._values


def test_scores() -> None:
    values = np.zeros((1, 3, 4, 1, 2), np.int64)
    values[0, 0, 0, 0, 0] = values[0, 1, 3, 0, 1] = values[0, 2, 2, 0] = 1
    assert scores("count", values).tolist() == [[1, 0, 2, 1]]
    assert scores("early", values).tolist() == [[3, 0, 2, 2]]
    assert scores("last", values).tolist() == [[0, 0, 2, 0]]
    assert scores("count", values, 2).tolist() == [[3, 1]]


def test_refused() -> None:
    with pytest.raises(SpikeplaneError) as error:
        prove_once(one(np.array([[50]]), 20, 8, False, NARROW), NARROW)
    assert str(error.value) == (
        "population 'out' shall fire once in 8 steps, and might fire again: from its reset to -127 a membrane may come to "
        "223, the threshold is 20; use wider membranes (membrane_bits), fewer steps, a weaker leak, or sources that fire once"
    )
    soft = one(np.array([[1]]), 20, 8, False, NARROW)
    out = replace(soft.populations[1], neuron=Neuron(reset="soft"))
    with pytest.raises(SpikeplaneError, match="might fire again"):
        prove_once(replace(soft, populations=(soft.populations[0], out)), NARROW)
    with pytest.raises(SpikeplaneError) as error:
        check_once(soft, {"out": np.ones((2, 8, 1, 1, 1), np.int64)})
    assert str(error.value) == (
        "a neuron of population 'out', which fires once a sample, fired 8 times; check that the chip has been loaded with "
        "this program"
    )
    program = spikeplane.compile(
        model(1.0), input_shape=(1, 8, 8), encoding=Encoding(kind="latency", steps=8), proof=False
    )
    with spikeplane.open_board("golden", program) as board, pytest.raises(SpikeplaneError) as error:
        board.stream(np.zeros((1, 8, 8), np.uint8))
    assert str(error.value) == (
        "the neurons of '1' fire once in the 8 steps of a sample, and a stream has no samples; run whole samples"
    )
    with pytest.raises(SpikeplaneError) as error:
        replace(program, encoding=Encoding(kind="rate", steps=8)).check()
    assert str(error.value) == "input 'input' fires once a sample, the encoding 'rate' does not"
    with pytest.raises(SpikeplaneError) as error:
        spikeplane.compile(
            model(0.0), input_shape=(1, 8, 8), encoding=Encoding(kind="latency", steps=8), proof=False
        )
    assert str(error.value) == (
        "layer '1' fires once, so it must keep its membranes, send spikes and have no floor; give it a decay above 0"
    )
