"""Corrections from calibration data: the right one where it is known, none that makes the calibration worse, the same ones
from a file, and weights of a trained grid as they were."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from attentions import block, spikes
from resealed import header_changed
from spikingjelly.activation_based import layer, neuron, surrogate
from torch import nn

import spikeplane
from spikeplane import Encoding, Program, SpikeplaneError
from spikeplane.compiler.calibrated import Calibrated
from spikeplane.compiler.correct import Search
from spikeplane.compiler.graph import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.compiler.quantise import quantise as rounded
from spikeplane.compiler.upgrade import upgrade
from spikeplane.network import MEMBRANE
from spikeplane.nn import differences, quantise
from spikeplane.program.corrections import Correction
from spikeplane_sim.measured import agreement

PLANES = Encoding(kind="planes", steps=4)


def dense(weights: np.ndarray, threshold: float, **options: Any) -> FloatNetwork:
    """One layer of spikes on a row of inputs."""
    channels, inputs = weights.shape
    return FloatNetwork(
        populations=(
            FloatPopulation(name="in", shape=(inputs, 1, 1)),
            FloatPopulation(
                name="layer",
                shape=(channels, 1, 1),
                neuron=FloatNeuron(**{"decay": 0.0, "threshold": np.full(channels, threshold), **options}),
            ),
        ),
        projections=(FloatProjection(source="in", target="layer", weight=weights[:, :, None, None]),),
        output="layer",
    )


def made(net: Any, samples: np.ndarray, **options: Any) -> Program:
    options = {"chip": "tiny", "encoding": PLANES, "weight_bits": {"layer": 2}, "progress": False, **options}
    return spikeplane.compile(net, calibration=samples, **options)


def given(program: Program, samples: np.ndarray) -> dict[str, float]:
    rows, *_ = agreement(program, program.planes(samples))
    return {row["layer"]: row["given"] for row in rows if row["given"] is not None}


def drawn(inputs: int, seed: int = 0, samples: int = 40) -> np.ndarray:
    return (np.random.default_rng(seed).random((samples, 4, inputs, 1, 1)) < 0.5).astype(np.uint8)


def test_a_constant_error_becomes_the_bias():
    """Thirty weights of 0.04 vanish beside one of 1, and their inputs always fire: 1.2 is missing in every step."""
    samples = np.ones((40, 4, 31, 1, 1), np.uint8)
    samples[:, :, :1] = drawn(1)
    net = dense(np.array([[1.0, *[0.04] * 30]]), 1.7)
    before, program = made(net, samples), made(net, samples, correct=True)
    found = (program.source.corrections or {})["layer"]  # pyright: ignore[reportOptionalMemberAccess]
    assert given(before, samples)["layer"] < 0.6
    assert given(program, samples)["layer"] == 1
    assert found.changed == {"scale": 0, "bias": 1, "threshold": 0}
    np.testing.assert_allclose(found.bias, [1.2])
    (row,) = [row for row in program.tables["assumptions"] if row["what"] == "correction"]
    assert row["layer"] == "layer"
    assert row["value"] == "bias of 1 of 1 channels"
    assert "100.00 % with it" in row["why"]


def test_weights_of_silent_inputs_are_clipped():
    """A weight of 2 keeps those of 0.6 from counting, and its input never fires; two of 0.6 fire together."""
    samples = drawn(3)
    samples[:, :, 0] = 0
    net = dense(np.array([[2.0, 0.6, 0.6]]), 1.0)
    before, program = made(net, samples), made(net, samples, correct=True)
    found = (program.source.corrections or {})["layer"]  # pyright: ignore[reportOptionalMemberAccess]
    assert given(before, samples)["layer"] < 0.9
    assert given(program, samples)["layer"] == 1
    assert found.scale == [0.4]
    assert not found.bias.any()
    assert (
        program.network.projections[0].weight.reshape(-1).tolist()
        == [program.network.projections[0].weight.max()] * 3
    )


def test_what_only_chooses_is_not_taken():
    """The half of the samples that a correction is not chosen on must gain by it too: there the input is another, and
    the bias that all samples together gain by is seldom wrong."""
    samples = np.ones((40, 4, 31, 1, 1), np.uint8)
    samples[:, :, :1] = drawn(1)
    samples[1::2, :, 1:] = 0
    samples[1::2, 1:, :1] = 0
    program = made(dense(np.array([[1.0, *[0.04] * 30]]), 1.7), samples, correct=True)
    assert program.source is not None
    assert program.source.corrections is None


@pytest.mark.parametrize(
    "options",
    [
        {"decay": 0.75, "reset": "soft"},
        {"decay": 1.0, "strict": True},
        {"decay": 0.5, "v_reset": -0.25},
    ],
)
def test_no_calibration_gets_worse(options: dict[str, Any]):
    rng = np.random.default_rng(5)
    samples = drawn(20, 6)
    net = dense(rng.normal(0, 0.4, (24, 20)), 0.9, **options)
    biased = replace(net.populations[1], bias=rng.normal(0, 0.3, 24))
    net = replace(net, populations=(net.populations[0], biased))
    before, program = made(net, samples), made(net, samples, correct=True)
    assert program.source is not None
    assert program.source.corrections is not None
    changed = program.source.corrections["layer"].changed
    assert given(program, samples)["layer"] > given(before, samples)["layer"] + 0.01
    assert min(changed["scale"], changed["bias"]) > 0
    assert changed["threshold"] > 0 or "strict" in options
    if "v_reset" in options:  # one unit, because the chip resets to one potential
        assert changed["scale"] == 24
    if options.get("reset") == "soft":  # subtracts what it did
        layer_of = program.network.population("layer")
        assert layer_of.amount is not None
        assert layer_of.theta is not None
        unit = (0.9 + program.source.corrections["layer"].threshold) / layer_of.theta
        np.testing.assert_allclose(layer_of.amount * unit, 0.9, rtol=0.01)


def test_a_layer_that_gets_worse_as_a_whole_stays(monkeypatch: pytest.MonkeyPatch):
    """Channels share guard bits: what each of them gains alone may be lost together."""
    samples = drawn(20, 6)
    net = dense(np.random.default_rng(5).normal(0, 0.4, (24, 20)), 0.9)
    equal = Search._equal

    def mixed_are_worse(search: Search, one: Any, correction: Correction) -> np.ndarray | None:
        found = equal(search, one, correction)
        several = len(np.unique(correction.scale)) > 1 or 0 < (correction.bias != 0).sum() < 24
        return None if found is None else found - 10 * several

    monkeypatch.setattr(Search, "_equal", mixed_are_worse)
    program = made(net, samples, correct=True)
    assert program.source is not None
    found = (program.source.corrections or {}).get("layer")
    assert found is None or len(np.unique(found.scale)) == 1


@pytest.mark.parametrize("alike", [True, False])
def test_a_readout_of_values_gets_a_bias(alike: bool):
    """The class that always loses a constant part of its sum; not where the other half of the samples never has it."""
    samples = np.ones((40, 4, 31, 1, 1), np.uint8)
    samples[:, :, :1] = drawn(1) * drawn(1, 1)
    if not alike:
        samples[1::2, :, 1:] = 0
    net = dense(np.array([[1.0, *[0.006] * 30], [-1.0, *[0.0] * 30]]), 1.0)
    output = FloatPopulation(
        name="layer",
        shape=(2, 1, 1),
        neuron=FloatNeuron(kind=MEMBRANE, reset="none", decay=0.0),
        bias=np.array([0.0, 0.1]),
    )
    net = replace(net, populations=(net.populations[0], output), readout="sum")
    before, program = (made(net, samples, correct=each) for each in (False, True))

    def same(one: Program) -> float:
        _, real, integer = agreement(one, one.planes(samples))
        return float((real.argmax(1) == integer.argmax(1)).mean())

    assert same(before) < 1
    assert (same(program) > same(before)) == alike
    assert program.source is not None
    assert bool(program.source.corrections) == alike


def test_a_trained_grid_stays():
    torch.manual_seed(2)
    norm = layer.BatchNorm2d(6)
    model = nn.Sequential(
        layer.Conv2d(1, 6, 3, padding=1, bias=False),
        norm,
        neuron.LIFNode(tau=1.7, v_threshold=0.4, v_reset=None, surrogate_function=surrogate.ATan()),
        layer.Flatten(),
        layer.Linear(6 * 36, 5),
    )
    nn.init.normal_(norm.bias, 0, 0.1)
    quantise(model, chip="small", weight_bits=2, input_shape=(1, 6, 6))
    images = np.random.default_rng(0).integers(0, 256, (64, 1, 6, 6)).astype(np.uint8)
    options: dict[str, Any] = {
        "chip": "small",
        "calibration": images,
        "encoding": Encoding(kind="direct", steps=6),
        "guard": 0,  # thresholds and leaks round, so that something is wrong
        "progress": False,
    }
    program = spikeplane.compile(model.eval(), correct=True, **options)
    assert differences(model, program) == []
    auto = spikeplane.compile(model.eval(), correct=True, weight_bits="auto:100", **options)
    assert 99 < 100 * min(given(auto, images).values()) < 100
    assert differences(model, auto) == []
    assert [row["weight_bits"] for row in auto.tables["quantisation"]] == [2, 8]

    def half(one: Any) -> Correction:
        none = Correction.none(one.population.shape[0])
        return replace(none, scale=none.scale * 0.5, bias=none.bias + 0.1)

    source = program.source
    assert source is not None
    network, _ = rounded(
        source.network, source.chip, program.encodings, source.weight_bits, source.guard, source.peaks, half
    )
    assert (network.populations[1].bias != program.network.populations[1].bias).all()
    assert differences(model, replace(program, network=network)) == []


def test_a_file_keeps_them(tmp_path: Path):
    samples = drawn(20, 6)
    program = made(dense(np.random.default_rng(5).normal(0, 0.4, (24, 20)), 0.9), samples, correct=True)
    path = tmp_path / "net.spk"
    program.save(path)
    before, again = path.read_bytes(), tmp_path / "again.spk"
    for other in Program.load(path), upgrade(path):
        other.save(again)
        assert again.read_bytes() == before
    plain = made(dense(np.random.default_rng(5).normal(0, 0.4, (24, 20)), 0.9), samples)
    plain.save(again)
    assert b'"corrections"' in before
    assert b'"corrections"' not in again.read_bytes()

    def renamed(header: dict[str, Any]) -> None:
        header["source"]["corrections"] = ["in"]

    path.write_bytes(header_changed(path.read_bytes(), renamed))
    with pytest.raises(SpikeplaneError, match="one number a channel of 'in'"):
        Program.load(path)


def test_layers_alone_are_those_of_the_program():
    """What is searched on is what `agreement` measures, with values between and spikes that come back."""
    rng, samples = np.random.default_rng(1), drawn(6)
    spikes = FloatNeuron(decay=0.5, threshold=np.full(8, 0.5))
    net = FloatNetwork(
        populations=(
            FloatPopulation(name="in", shape=(6, 1, 1)),
            FloatPopulation(
                name="sum", shape=(8, 1, 1), neuron=FloatNeuron(kind=MEMBRANE, reset="none", decay=0.5)
            ),
            FloatPopulation(name="out", shape=(8, 1, 1), neuron=spikes),
        ),
        projections=(
            FloatProjection(source="in", target="sum", weight=rng.normal(0, 0.5, (8, 6, 1, 1))),
            FloatProjection(source="sum", target="out", weight=rng.normal(0, 0.5, (8, 8, 1, 1))),
            FloatProjection(source="out", target="sum", weight=rng.normal(0, 0.5, (8, 8, 1, 1)), delay=1),
        ),
        output="out",
    )
    program = made(net, samples, chip="auto", weight_bits={"out": 4, "sum": 4}, correct=True)
    plain = made(net, samples, chip="auto", weight_bits={"out": 4, "sum": 4})
    after, before = given(program, samples)["out"], given(plain, samples)["out"]
    assert program.source is not None
    assert program.source.corrections is not None
    (row,) = [row for row in program.tables["assumptions"] if row["what"] == "correction"]
    assert f"{100 * before:.2f} % agreed without it, {100 * after:.2f} % with it" in row["why"]
    assert Calibrated(plain, plain.planes(samples)).samples == len(samples)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"correct": True, "calibration": None}, "there is no calibration to find corrections"),
        ({"weight_bits": "auto", "calibration": drawn(3, samples=1)}, "give 2 samples or more"),
        ({"weight_bits": "fewest"}, "not 'fewest'"),
        ({"weight_bits": "auto:"}, "not 'auto:'"),
        ({"weight_bits": "auto:101"}, "not 'auto:101'"),
    ],
)
def test_refusals(options: dict[str, Any], line: str):
    with pytest.raises(SpikeplaneError, match=line):
        spikeplane.compile(
            dense(np.ones((1, 3)), 1.0), **{"calibration": drawn(3), "encoding": PLANES, **options}
        )


def left(program: Program) -> dict[str, str]:
    rows = program.tables["assumptions"]
    return {row["layer"]: row["why"] for row in rows if (row["what"], row["value"]) == ("correction", "none")}


def test_layers_that_are_left_as_they_are_are_told() -> None:
    """Numbers by step have no correction for all steps; what attention counts needs none. Those beside them are corrected."""
    net, step = dense(np.random.default_rng(3).normal(0, 1, (6, 8)), 1.0), np.random.default_rng(4)
    weight = net.projections[0].weight * step.uniform(0.5, 1.5, (4, 1, 1, 1, 1))
    stepped = replace(net, projections=(replace(net.projections[0], weight=weight),))
    found = left(made(stepped, drawn(8), chip="auto", correct=True, weight_bits=4))
    assert found == {"layer": "its numbers differ from step to step, and a correction is one for all steps"}
    options = {"chip": "auto", "correct": True, "weight_bits": 2, "encoding": replace(PLANES, steps=3)}
    program = made(block(), spikes(count=40), **options)
    assert left(program) == {"a": "what attention counts is exact; its units are not changed"}
    corrected = [row["layer"] for row in program.tables["assumptions"] if row["what"] == "correction"]
    assert set(corrected) & {"q", "k", "v"}
    assert left(made(block(), spikes(count=40), **{**options, "correct": False})) == {}
