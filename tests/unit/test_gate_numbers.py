"""Gates and their tables at their limits, and where what a program says of them has to stay."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from gatings import VALUES, gated, sigmoid
from test_gate_quantise import CHIP, squeezed, values, whole
from test_step_index import compiled, network

from spikeplane import Encoding, Program, SpikeplaneError
from spikeplane.compiler.by_step import alike
from spikeplane.compiler.layers import gathered
from spikeplane.compiler.ranges import ranges
from spikeplane.float_network import FloatNetwork, FloatPopulation, FloatProjection
from spikeplane.network import ALIGNED, Gate, Pair
from spikeplane.program import check
from spikeplane.program.values import check_table


def test_other_names() -> None:
    assert Gate("g", 7).renamed(str.upper) == Gate("G", 7)
    assert Pair("k", "v", 2).renamed(str.upper) == Pair("K", "V", 2)


def test_a_gated_current_is_not_held() -> None:
    """Though its source is the same in every step, its gate is not."""
    made = gated(x="input", apart=True)
    a = replace(made.population("a"), hold=True)
    program: Any = SimpleNamespace(network=made, encodings={"in": Encoding(kind="direct", steps=3)})
    with pytest.raises(SpikeplaneError, match="population 'a' holds its current"):
        check._check_hold(a, program)


def test_entries_below_their_planes() -> None:
    low = replace(sigmoid(0), values=(-129, *[0] * 255))
    chip = replace(CHIP, tables=1)
    with pytest.raises(
        SpikeplaneError, match="256 entries from -128 to 127, which its planes hold; it is one with -129"
    ):
        check_table(replace(VALUES, planes=8, table=low), chip, "population 'g'")
    check_table(replace(VALUES, planes=9, table=low), chip, "population 'g'")


def test_presentations_are_in_a_program_s_file(tmp_path: Path) -> None:
    program = compiled(network())
    twice = replace(program, network=replace(program.network, presentations=2))
    for number, one in enumerate((program, twice), 1):
        one.save(tmp_path / "net.spk")
        assert Program.load(tmp_path / "net.spk").network.presentations == number


def test_a_gate_has_the_bits_of_the_dynamic_memory() -> None:
    found = whole(squeezed(), replace(CHIP, dynamic_bits=5))
    assert [p.dynamic.top for p in found.projections if isinstance(p.dynamic, Gate)] == [31, 31]
    assert found.population("g").values(CHIP.membrane_bits) == (0, 31)


def test_a_function_below_0_has_a_plane_for_its_sign() -> None:
    net = squeezed()
    tanh = FloatPopulation(name="t", shape=(16, 1, 1), neuron=values(function="tanh"))
    into = replace(next(p for p in net.projections if p.target == "g"), target="t")
    found = whole(
        replace(net, populations=(*net.populations, tanh), projections=(*net.projections, into), output="t")
    )
    neuron = found.population("t").neuron
    assert neuron is not None
    assert neuron.table is not None
    assert (neuron.planes, neuron.relu) == (8, False)
    assert np.ptp(neuron.table.values) > 240
    check_table(neuron, replace(CHIP, tables=1), "population 't'")


def test_decays_of_each_step() -> None:
    """A channel that keeps its value in some step may gather through two samples, and is chosen for as one that keeps it."""
    keeps = np.array([[0.5, 0.0], [1.0, 0.5]])
    assert gathered(values(decay=keeps), 2, 2).tolist() == [3.0, 1.5]
    net = squeezed()
    kept = FloatPopulation(name="kept", shape=(2, 1, 1), neuron=values(decay=keeps), kept=True)
    found = alike(replace(net, populations=(*net.populations, kept))).population("kept").neuron
    assert found is not None
    assert np.asarray(found.decay).tolist() == [1.0, 0.5]


def test_a_gate_does_not_average_values() -> None:
    """Of a gate that may go up to 15 the product varies as 15 times the value does."""
    gate, one = FloatPopulation(name="g", shape=(2, 1, 1)), np.ones((2, 1, 1))
    x = FloatPopulation(name="x", shape=(2, 1, 1))
    y = FloatPopulation(name="y", shape=(2, 1, 1), neuron=values())
    into = FloatProjection(source="x", target="y", weight=one, kind=ALIGNED, dynamic=Gate("g", 15))
    net = FloatNetwork(populations=(x, gate, y), projections=(into,), output="y")
    plane = Encoding(kind="planes", steps=1)
    found = ranges(net, {"x": plane, "g": plane}, {})
    assert (found["y"].variance == 225 * found["x"].variance).all()
    assert found["x"].variance.all()
