"""Sums that several layers use become populations of values: a residual network of membranes grows linearly, and
is the model still, spike for spike."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from frameworks import planes
from residual import membrane_network

import spikeplane
from spikeplane import Encoding
from spikeplane.compiler.check import check_network
from spikeplane.compiler.graph import FloatNetwork, FloatNeuron, FloatPopulation
from spikeplane.importers import import_model
from spikeplane.importers import sums as sums_module
from spikeplane.importers.assemble import Assembler
from spikeplane.importers.flow import Currents, Value
from spikeplane.network import ALIGNED
from spikeplane_sim.golden import FloatModel

SHAPE = (2, 6, 6)
LIF = FloatNeuron(decay=0.5, threshold=np.ones(4))


def synapses(net: FloatNetwork) -> int:
    """Weights of all projections."""
    return sum(np.size(p.weight) for p in net.projections)


def test_synapses_grow_linearly_with_depth() -> None:
    sizes = [synapses(import_model(membrane_network(depth), input_shape=SHAPE)) for depth in range(1, 9)]
    print("weights of depth 1 to 8:", sizes)
    assert len(set(np.diff(sizes[1:]))) == 1
    assert (
        sizes[6] - sizes[5] == 2 * 8 * 8 * 9 + 2 * 8
    )  # two convolutions, an identity to the next block's two users


def test_it_is_the_model() -> None:
    """The proof runs the model beside the float network, and refuses what differs."""
    program = spikeplane.compile(
        membrane_network(3), chip="medium", input_shape=SHAPE, encoding=Encoding(kind="planes", steps=4)
    )
    told = [(a["layer"], a["value"]) for a in program.tables["assumptions"] if a["what"] == "values"]
    assert told[:2] == [("add", "a population that sends them"), ("add_1", "a population that sends them")]


def changing(depth: int) -> FloatNetwork:
    """A stream whose blocks all change their channels: a 1x1 convolution around each."""
    given = Collected(depth * 2 + 2)
    made, value = given.made, given.conv(given.input)
    for n in range(depth):
        around = made.convolution(
            f"around{n}",
            value,
            np.eye(4)[:, :, None, None] + given.rng.normal(0.1, 0.1, (4, 4, 1, 1)),
            None,
            stride=(1, 1),
            padding=(0, 0),
        )
        fired = made.neuron(f"n{n}", value, LIF)
        value = given.add(f"sum{n}", around, given.conv(made.neuron(f"m{n}", given.conv(fired), LIF)))
    return made.finish(made.neuron("last", value, LIF))


def test_streams_that_change_their_channels_grow_linearly(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel for each block in front would grow with the square: 4 * 4 * 9 each."""
    sizes = [synapses(changing(depth)) for depth in (8, 16, 24)]
    print("weights of depth 8, 16 and 24:", sizes)
    assert sizes[2] - sizes[1] == sizes[1] - sizes[0] < 8 * 10 * 144
    found = outputs(changing(10))
    assert [name for name in found if name.startswith("around")] == ["around8_input"]
    monkeypatch.setattr("spikeplane.importers.sums.FAN", 99)
    expected = outputs(changing(10))
    assert all(np.array_equal(found[f"m{n}"], expected[f"m{n}"]) for n in range(10))
    assert 0.02 < np.mean([found[f"m{n}"] for n in (8, 9)]) < 0.98


class Collected:
    """Sums by hand: an input and convolutions of it, as an importer makes them."""

    def __init__(self, layers: int = 40) -> None:
        self.made, rng = Assembler(), np.random.default_rng(3)
        self.input = self.made.input("input", (4, 3, 3))
        self.weights = iter(rng.normal(0, 0.3, (layers, 4, 4, 3, 3)))
        self.rng = rng

    def add(self, name: str, one: Value, other: Value) -> Currents:
        total = self.made.add(name, one, other)
        assert isinstance(total, Currents)
        return total

    def conv(self, value: Value) -> Currents:
        return self.made.convolution("conv", value, next(self.weights), None, stride=(1, 1), padding=(1, 1))


def outputs(net: FloatNetwork) -> dict[str, np.ndarray]:
    return FloatModel(net).run({"input": planes((4, 3, 3))})


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Nothing is shared: every user has the synapses of its own."""
    monkeypatch.setattr("spikeplane.importers.sums._worth", lambda _: False)
    return monkeypatch


def stream() -> FloatNetwork:
    """A stream whose sums are scaled per channel, used by neurons in front of a window and behind it."""
    given = Collected()
    made, stem = given.made, given.conv(given.input)
    gain, offset = given.rng.uniform(0.5, 1.5, 4), given.rng.normal(0, 0.2, 4)
    total = given.add("one", stem, given.conv(made.neuron("n0", stem, LIF)))
    first = made.neuron("n1", made.scale(total, gain, offset), LIF)
    made.neuron(
        "w1", made.pool_max("pool", made.scale(total, np.full(4, 2.0), offset), (2, 2), (1, 1), (0, 0)), LIF
    )
    total = given.add("two", made.scale(total, gain, offset), given.conv(first))
    made.neuron("n2", total, LIF)
    total = made.add("three", given.conv(first), total)
    return made.finish(made.neuron("n3", total, LIF))


def test_scaled_and_windowed_users(plain: pytest.MonkeyPatch) -> None:
    expected, long = outputs(stream()), synapses(stream())
    plain.undo()
    net = stream()
    found = outputs(net)
    assert [p.name for p in net.populations if p.sends_values] == ["one", "two"]
    assert synapses(net) < long
    for name in ("n0", "n1", "w1", "n2", "n3"):
        assert np.array_equal(found[name], expected[name])
        assert 0 < found[name].mean() < 1


def test_a_sum_taken_once_stays_in_its_user() -> None:
    given = Collected()
    made = given.made
    total = made.add("one", given.conv(given.input), given.conv(given.input))
    total = made.add("two", total, given.conv(given.input))
    net = made.finish(made.neuron("n", total, LIF))
    assert [p.name for p in net.populations] == ["input", "n"]
    assert len(net.projections) == 3


def test_a_sum_inside_a_shared_sum_is_told_once() -> None:
    """What only the shared sum takes is not shared itself; a sum of the same twice is one."""
    given = Collected()
    made = given.made
    one, two, three = (given.conv(given.input) for _ in range(3))
    inner = made.add("inner", one, two)
    for name in ("a", "b"):
        made.neuron(f"n_{name}", made.add(f"outer_{name}", inner, three), LIF)
    net = made.finish(made.neuron("last", given.conv(made.neuron("c", three, LIF)), LIF))
    assert [p.name for p in net.populations if p.sends_values] == ["outer_a"]
    assert sorted(p.source for p in net.projections if p.target in ("n_a", "n_b")) == ["outer_a", "outer_a"]


def test_layers_that_replace_what_was_added() -> None:
    """A layer that makes other synapses of a sum's is no user of the sum."""
    given = Collected()
    made = given.made
    total = given.add("sum", given.conv(given.input), given.conv(given.input))
    other = replace(total, drafts=tuple(replace(d, map=d.map.scaled(np.full(4, 3.0))) for d in total.drafts))
    made.neuron("n", total, LIF)
    net = made.finish(made.neuron("m", other, LIF))
    assert [p.name for p in net.populations] == ["input", "n", "m"]
    first, second = (net.incoming(name) for name in ("n", "m"))
    assert np.array_equal(first[0].weight * 3, second[0].weight)


def test_more_than_eight_sources_are_collected() -> None:
    """Spikes of ten populations: those of the first eight become integers of one."""
    given = Collected()
    made = given.made
    fired = [made.neuron(f"n{i}", given.conv(given.input), LIF) for i in range(10)]
    total = fired[0]
    for i, spikes in enumerate(fired[1:]):
        total = made.add(f"add{i}", total, spikes)
    net = made.finish(made.neuron("out", given.conv(total), LIF))
    values = [p for p in net.populations if p.sends_values]
    assert [(p.name, len(net.incoming(p.name))) for p in values] == [("add7", 8)]
    assert len(net.incoming("out")) == 3
    assert all(p.kind is ALIGNED and (p.weight == 1).all() for p in net.incoming("add7"))
    found = outputs(net)
    assert np.array_equal(found["add7"], sum(found[f"n{i}"] for i in range(8)))
    assert found["add7"].max() > 3


def test_a_maximum_of_currents_is_added() -> None:
    """The stream starts at a maximum: it becomes a population of its own."""
    given = Collected()
    made = given.made
    pooled = made.pool_max("pool", given.conv(given.input), (3, 3), (1, 1), (1, 1))
    total = made.add("sum", pooled, given.conv(made.neuron("n", pooled, LIF)))
    made.neuron("m", total, LIF)
    net = made.finish(made.neuron("k", total, LIF))
    assert [(p.name, p.window is not None) for p in net.populations if p.sends_values] == [
        ("sum_maximum", True), ("sum", False),
    ]  # fmt: skip


def test_a_maximum_of_values_is_no_or() -> None:
    """Of the membranes that a layer without spikes sends, the largest: a window, not a logical or."""
    given = Collected()
    made = given.made
    values = made.values("v", given.conv(given.input), "wanted")
    pooled = made.pool_max("pool", values, (2, 2), (1, 1), (0, 0))
    net = made.finish(made.neuron("n", pooled, LIF))
    assert [(p.name, p.window is not None) for p in net.populations] == [
        ("input", False), ("v", False), ("n", True),
    ]  # fmt: skip


def test_a_sum_in_front_of_a_constant_population() -> None:
    """A bias in front of padding, walked after the sum was made: the sum still is behind what it adds."""
    given = Collected()
    made = given.made
    total = given.add(
        "sum", given.conv(made.neuron("a", given.conv(given.input), LIF)), given.conv(given.input)
    )
    made.neuron("b", total, LIF)
    moved = made.scale(total, np.ones(4), np.full(4, 0.7))
    net = made.finish(made.neuron("c", given.conv(moved), LIF))
    assert [p.name for p in net.populations][:4] == ["input", "a", "sum", "b"]
    check_network(net)


def test_a_sum_behind_all_neurons_is_a_population(monkeypatch: pytest.MonkeyPatch) -> None:
    """In front of the first, between the two, at the end."""
    monkeypatch.setattr(sums_module, "_population", lambda name, _: name)
    first, second = (FloatPopulation(name=name, shape=(4, 1, 1), neuron=LIF) for name in ("a", "b"))
    sums: Any = SimpleNamespace(made=[SimpleNamespace(place=place) for place in (0, 1, 2)])
    found = sums_module.populations_of(sums, {0: "s", 1: "t", 2: "u"}, [first, second])
    assert found == ["s", first, "t", second, "u"]
