"""Networks, encodings and calibrations that are none: refused in one line before anything is quantised."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import spikeplane
from spikeplane import Encoding, SpikeplaneError
from spikeplane.compiler.graph import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.network import ALIGNED, Window

PLANES = Encoding(kind="planes", steps=8)


def compile_error(net: Any, encoding: Encoding = PLANES, **options: Any) -> str:
    with pytest.raises(SpikeplaneError) as refused:
        spikeplane.compile(net, chip="tiny", encoding=encoding, **options)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def changed(**fields: Any) -> FloatNetwork:
    """A convolution on 4x4 pixels with one thing wrong: a field of its projection, its population
    (p_...) or the network (n_...)."""
    parts: dict[str, dict[str, Any]] = {"p": {}, "n": {}, "": {}}
    for name, value in fields.items():
        key = name[0] if name[:2] in ("p_", "n_") else ""
        parts[key][name[2:] if key else name] = value
    out = FloatPopulation(name="out", shape=(3, 4, 4), neuron=FloatNeuron(threshold=np.ones(3)))
    projection = FloatProjection(source="in", target="out", weight=np.ones((3, 2, 3, 3)), padding=(1, 1))
    net = FloatNetwork(
        populations=(FloatPopulation(name="in", shape=(2, 4, 4)), replace(out, **parts["p"])),
        projections=(replace(projection, **parts[""]),),
        output="out",
    )
    return replace(net, **parts["n"])


_BASE = changed()
_LOOP = FloatProjection(source="out", target="out", weight=np.ones((3, 1, 1)), kind=ALIGNED, delay=1)


@pytest.mark.parametrize(("net", "message"), [
    (changed(n_projections=()), "population 'out' gets nothing in the step itself, so it would "
                                "never be told to run; give it a projection "
     "without delay"),
    (changed(n_projections=(_LOOP,)), "population 'out' gets nothing in the step itself, so it "
                                      "would never be told to run; give it a "
     "projection without delay"),
    (changed(n_output="nowhere"), "the output 'nowhere' is no population of neurons; there are out"),
    (changed(n_output="in"), "the output 'in' is no population of neurons; there are out"),
    (changed(n_populations=(*_BASE.populations, _BASE.populations[1])), ("two populations are named " "'out'; give each "
                                                                                                      "its own name")),
    (changed(n_populations=_BASE.populations[::-1]), ("projection 'in' to 'out' goes backwards; " "list 'in' before 'out', "
                                                                                                  "or use delay 1")),
    (changed(n_projections=_BASE.projections * 2),
     "the same projection object stands twice in the network; add a copy of it, or double its weights"),
    (changed(n_projections=(*_BASE.projections, replace(_LOOP, delay=0))),
     "projection 'out' to 'out' goes backwards; list 'out' before 'out', or use delay 1"),
    (changed(n_projections=(*_BASE.projections, replace(_LOOP, target="in"))),
     "projection 'out' to 'in': 'in' is an input and receives nothing; turn the projection round"),
    (changed(source="x"), "projection 'x' to 'out': there is no population 'x'; there are in, out"),
    (changed(delay=1), "projection 'in' to 'out': an input arrives at once; use delay 0 and shift the planes"),
    (changed(delay=2), "projection 'in' to 'out': a delay must be 0 or 1 steps, not 2"),
    (changed(stride=(0, 1)), "projection 'in' to 'out': stride must be two whole numbers from 1 to 1024, not (0, 1)"),
    (changed(padding=(-1, 0)), "projection 'in' to 'out': padding must be two whole numbers from 0 to 1024, not (-1, 0)"),
    (changed(pool=(2, 2)), "projection 'in' to 'out': its kernel makes 2x2 pixels, the target has 4x4"),
    (changed(stride=(5, 5)), "projection 'in' to 'out': its kernel makes 1x1 pixels, the target has 4x4"),
    (changed(weight=np.ones((3, 2, 9, 9))), "projection 'in' to 'out': its kernel makes -2x-2 pixels, the target has 4x4"),
    (changed(weight=np.ones((3, 1, 3, 3))), "projection 'in' to 'out': weights of shape 3x1x3x3 do not connect 2x4x4 to 3x4x4"),
    (changed(weight=np.ones((3, 3, 3)), kind=ALIGNED),
     "projection 'in' to 'out': weights of shape 3x3x3 do not connect 2x4x4 to 3x4x4, channel by channel"),
    (changed(p_shape=(3, 0, 4)), "population 'out': its shape must be (channels, height, width) of 1 or more, not 3x0x4"),
    (changed(p_window=Window(size=2, stride=2)), ("population 'out': window and input_size go " "together; give both "
                                                                                                "or neither")),
    (changed(p_window=Window(size=1, stride=2), p_input_size=(8, 8)),
     "population 'out': a window of 1 pixels with stride 2 and padding 0 is none; use a size of 2 "
     "or more, a stride of 1 or more, and "
     "padding below the size"),
    (changed(p_window=Window(size=2, stride=2), p_input_size=(6, 6)), ("population 'out': its " "window makes 3x3 pixels, "
                                                                                                "its shape has 4x4")),
])  # fmt: skip
def test_networks_that_are_none(net: FloatNetwork, message: str) -> None:
    assert compile_error(net) == message


@pytest.mark.parametrize(("fields", "message"), [
    ({"kind": "morse"}, "kind must be one of direct, rate, poisson, latency, events, planes, frames, not 'morse'"),
    ({"value_bits": 0}, "value_bits must be from 1 to 8, not 0"),
    ({"steps": 2.5}, "steps must be from 1 to 16384, not 2.5"),
    ({"steps": 0}, "steps must be from 1 to 16384, not 0"),
    ({"steps": 16385}, "steps must be from 1 to 16384, not 16385"),
    ({"steps": True}, "steps must be from 1 to 16384, not True"),
    ({"value_bits": 9}, "value_bits must be from 1 to 8, not 9"),
    ({"seed": -1}, "seed must be from 0 to 9223372036854775808, not -1"),
    ({"step_us": 0}, "step_us must be from 1 to 8388608, not 0"),
    ({"kind": "frames", "unit": 0}, "unit must be a number above 0, not 0"),
    ({"kind": "frames", "unit": float("nan")}, "unit must be a number above 0, not nan"),
    ({"kind": "frames", "value_bits": 1, "signed": True}, "signed values take 2 bits or more, not 1"),
    ({"signed": True}, "signed and unit are for frames, not for the kind 'direct'; normalise images with mean and std"),
])  # fmt: skip
def test_encodings_that_are_none(fields: dict, message: str) -> None:
    with pytest.raises(SpikeplaneError) as error:
        Encoding(**fields)
    assert str(error.value) == f"encoding: {message}"


def test_calibrations_that_are_none() -> None:
    net, zeros = _BASE, np.zeros((2, 8, 2, 4, 4), np.uint8)
    assert compile_error(net, calibration=zeros[:0]) == "the calibration has no samples; give at least one"
    assert compile_error(net, calibration=zeros[:, :7]) == (
        "encoding 'planes' expects uint8 samples (N, 8, 2, 4, 4), not uint8 (2, 7, 2, 4, 4) from 0 "
        "to 0; cut or fill them to 8 steps"
    )
    assert compile_error(net, calibration=zeros + 2) == (
        "encoding 'planes' expects uint8 samples (N, 8, 2, 4, 4) of 0 and 1, not uint8 (2, 8, 2, "
        "4, 4) from 2 to 2; threshold them, "
        "or compile with encoding 'direct'"
    )
    assert compile_error(net, calibration=zeros, labels=np.zeros(1)) == (
        "labels are whole numbers, one for each of 2 samples, not float64 of shape (1,)"
    )


def test_constant_calibration() -> None:
    """Nothing comes, nothing fires: full agreement and no division by nothing."""
    net, zeros = _BASE, np.zeros((2, 8, 2, 4, 4), np.uint8)
    program = spikeplane.compile(
        net, chip="tiny", encoding=PLANES, calibration=zeros, labels=np.zeros(2, int)
    )
    row = program.tables["quantisation"][0]
    assert (row["agreement"], row["rate"]) == (100.0, 0.0)
    assert program.tables["calibration"] == [{"samples": 2, "accuracy_float": 1.0, "accuracy_integer": 1.0}]


def test_dead_ends_go_to_the_host() -> None:
    """A population that sends nowhere waits for nobody's credit: the host has to take its spikes."""
    aside, more = replace(_BASE.populations[1], name="aside"), replace(_BASE.projections[0], target="aside")
    net = replace(_BASE, populations=(*_BASE.populations, aside), projections=(*_BASE.projections, more))
    assert spikeplane.compile(net, chip="tiny", encoding=PLANES, probes=[]).probes == ("out", "aside")
