"""What is laid of a gate, and the words that a program has around it, walked as a core walks them, against the golden model."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from gatings import SIZES, VALUES, crossed, gated, latched, planes, sigmoid
from test_pair_tables import Core

from spikeplane import SpikeplaneError
from spikeplane.compiler.fit import try_fit
from spikeplane.compiler.images import build_image
from spikeplane.compiler.size import least_chip, roomy
from spikeplane.compiler.spare import sends_spare
from spikeplane.compiler.synapses import build_synapses, weight_words
from spikeplane.config import ChipConfig, preset
from spikeplane.formats.dynamic_tables import Sink
from spikeplane.formats.tables import Memory
from spikeplane.formats.value_tables import OptionMemory
from spikeplane.network import ALIGNED, Gate, Network, Projection
from spikeplane.program.laid import check_together, dynamic_rows, laid_out, pairs_of
from spikeplane.program.laid_parts import GatePopulation, Order
from spikeplane.program.placement import Part, Placement
from spikeplane_sim.golden import GoldenModel


def chip(lanes: int = 8, **fields: Any) -> ChipConfig:
    sizes = {
        "dynamic_depth": 1024,
        "dynamic_bits": 8,
        "gates": True,
        "tables": 2,
        "presentations": 4,
        "levels": True,
        "step_bits": 3,
        "populations": 16,
    }
    return replace(preset("small"), lanes=lanes, **{**sizes, **fields})


def laid(network: Network, config: ChipConfig | None = None) -> tuple[list[str], list[tuple[str, str]]]:
    found = laid_out(network, config or chip())
    assert found.projections[: len(network.projections)] == tuple(
        replace(p, source=q.source) for p, q in zip(network.projections, found.projections, strict=False)
    )
    orders = [(p.source, p.target) for p in found.projections if isinstance(p, Order)]
    return [p.name for p in found.populations], orders


def test_what_is_laid() -> None:
    names = ["in", "other", "x", "g", "a.gate", "a.relay", "a", "out"]
    assert laid(gated()) == (names, [("a.gate", "a.relay")])
    plain = ["in", "other", "g", "a.gate", "x", "a", "out"]
    assert laid(gated(apart=True)) == (plain, [("a.gate", "x")])
    host = ["in", "other", "g", "a.gate", "a.relay", "a", "out"]
    assert laid(gated(x="input", apart=True)) == (host, [("a.gate", "a.relay")])
    found = laid_out(gated("pixel"), chip())
    assert found.population("a.gate").shape == (6, 2, 5)
    assert [(p.source, p.weight.shape) for p in found.projections if p.target == "a.gate"] == [
        ("g", (6, 1, 1, 1))
    ]
    channel = laid_out(gated("channel"), chip())
    assert [(p.source, p.kind) for p in channel.projections if p.target == "a.gate"] == [("g", ALIGNED)]


def test_a_square_has_a_relay() -> None:
    """What is its own gate waits for itself in a copy."""
    network = gated("full", "spikes", "spikes")
    square = tuple(replace(p, dynamic=Gate("x", 1)) if p.dynamic else p for p in network.projections)
    names, orders = laid(replace(network, projections=square))
    assert ("a.gate", "a.relay") in orders
    assert names.index("x") < names.index("a.gate") < names.index("a.relay") < names.index("a")


def test_who_waits_for_whom_has_an_end() -> None:
    """x waits for a gate of y, so y has a copy that waits for the gate of x."""
    names, orders = laid(crossed())
    assert orders == [("a.gate", "x"), ("b.gate", "b.relay")]
    assert (
        names.index("y") < names.index("g") < names.index("a.gate") < names.index("x") < names.index("b.gate")
    )


def test_a_later_gate_is_seen() -> None:
    """The gate of the first is made of what the second one makes with a gate of x: x itself cannot wait."""
    network = gated("full")
    x, g, a = (network.population(name) for name in "xga")
    one = np.ones((6, 1, 1), int)
    gate = {"weight": one, "kind": ALIGNED}
    other = replace(
        network,
        populations=(*network.inputs, x, replace(x, name="y"), replace(g, name="h"), replace(a, name="b"), g, a, network.population("out")),
        projections=(
            network.projections[0], replace(network.projections[0], target="y", source="other"),
            replace(network.projections[1], target="h", source="x"), replace(network.projections[1], source="b"),
            Projection(source="x", target="a", **gate, dynamic=Gate("g", 255)),
            Projection(source="y", target="b", **gate, dynamic=Gate("h", 255)),
            network.projections[3],
        ),
    )  # fmt: skip
    _, orders = laid(other)
    assert orders == [("a.gate", "a.relay"), ("b.gate", "y")]


@pytest.mark.parametrize("x", ["spikes", "values", "levels", "input"])
def test_relays_send_what_they_get(x: str) -> None:
    network = gated(x=x)
    found = laid_out(network, chip()).population("a.relay")
    source = network.population("in" if x == "input" else "x")
    assert found.values(16) == ((0, 7) if x == "levels" else source.values(16))
    assert found.bits(16) == source.bits(16)
    assert found.neuron is not None
    assert found.neuron.stateless


class Values(Core):
    """With planes of values, and rows of gates."""

    def take(self, tag: int, group: int, y: int, x: int, mask: np.ndarray) -> None:
        """What a mask adds; a value's planes by its numbers."""
        p = self.word(Memory.PROJECTION, tag)
        rows = [
            self.word(memory, p[f"{memory.name.lower()}_base"] + at)
            for memory, at in ((Memory.ROW, y), (Memory.COLUMN, x), (Memory.GROUP, group))
        ]
        assert p["aligned"]
        assert p["dynamic"]
        acc, weight = (sum(e[name] for e in rows) for name in ("acc", "weight"))
        if rows[2]["count"]:
            self.acc[acc] += mask * self.rows[weight] << p["pre"]

    def write(self, slot: int, values: np.ndarray) -> None:
        """A gate's sweep: values (groups, pixels, lanes)."""
        p = self.word(Memory.POPULATION, slot)
        assert p["sink"] == Sink.ROWS
        flat = values.reshape(-1, self.config.lanes)
        self.rows[p["row_base"] * self.config.lanes :][: len(flat)] = flat


def walked(network: Network, config: ChipConfig, x: np.ndarray, g: np.ndarray) -> np.ndarray:
    """The currents of a, (C, H, W), of one step, from what x and g send."""
    whole = laid_out(network, config)
    placement, image = try_fit(network, config, ["a", "out"])
    tag = next(tag for tag, p in enumerate(network.projections) if p.dynamic)
    channels, height, width = network.population("a").shape
    groups, lanes = -(-channels // config.lanes), config.lanes
    (rows,) = pairs_of(whole, "a")
    every = np.zeros((groups * lanes, *g.shape[1:]), np.int64)
    every[:channels] = np.broadcast_to(g, (channels, *g.shape[1:]))
    sent = np.zeros((groups * lanes, height, width), np.int64)
    sent[:channels] = x
    found = np.zeros((groups, height * width, lanes), np.int64)
    for part in placement.of("a"):
        core = Values(config, image.words[part.core])
        beside = next(p for p in placement.of(rows.name) if p.core == part.core)
        here = every.reshape(groups, lanes, -1).transpose(0, 2, 1)[part.first : part.first + part.groups]
        core.write(beside.slot, here)
        for group, row, column in np.ndindex(groups, height, width):
            core.take(tag, group, row, column, sent[group * lanes : (group + 1) * lanes, row, column])
        base = core.word(Memory.POPULATION, part.slot)["acc_base"]
        taken = core.acc[base : base + part.groups * height * width]
        found[part.first : part.first + part.groups] = taken.reshape(part.groups, -1, lanes)
    return found.transpose(0, 2, 1).reshape(-1, height, width)[:channels]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("lanes", "channels", "mesh"), [(8, 6, 1), (8, 40, 2), (16, 20, 2)])
def test_the_words_multiply(size: str, lanes: int, channels: int, mesh: int) -> None:
    shape = channels, 2, 3
    network, config = (
        gated(size, shape=shape, pre=1),
        chip(lanes, rows=mesh, cols=mesh, acc_depth=2048, acc_bits=24),
    )
    last = replace(network.population("a"), neuron=VALUES)
    network = replace(network, populations=tuple(last if p.name == "a" else p for p in network.populations))
    golden = GoldenModel(network, membrane_bits=16, acc_bits=24).run(planes(shape, 1, 2))
    assert len(np.unique(golden["a"])) > 10
    for n in range(2):
        found = walked(network, config, golden["x"][n, 0], golden["g"][n, 0])
        assert (found == golden["a"][n, 0]).all()


def test_rows_tables_and_presentations_in_words() -> None:
    network, config = latched(), chip(8, rows=1, cols=1)
    placement, image = try_fit(network, config, ["a1"])
    core = Core(config, image.words[0, 0])
    slots = {part.population: core.word(Memory.POPULATION, part.slot) for part in placement.parts}
    assert {
        name: word["presentations_last"] for name, word in slots.items() if word["presentations_last"]
    } == {"s0": 2, "s1": 2}
    assert {name for name, word in slots.items() if word["tabled"]} == {"g0", "g1"}
    assert {name: word["sink"] for name, word in slots.items() if word["sink"]} == {
        "a0.gate": Sink.ROWS,
        "a1.gate": Sink.ROWS,
    }
    assert [slots[name]["row_base"] for name in ("a0.gate", "a1.gate")] == [0, 1]
    entries = [word for memory, _, word in image.words[0, 0] if memory == OptionMemory.TABLE]
    assert entries == list(sigmoid(0).values)  # once for both
    assert image.used[0, 0]["table"] == (256, 512)
    (least, _, _) = least_chip(network, roomy(config, (1, 1, 8)), ["a1"])
    assert (least.gates, least.tables, least.presentations, least.dynamic_bits, least.dynamic_depth) == (
        True,
        1,
        3,
        8,
        16,
    )
    spikes = least_chip(gated(x="spikes", g="spikes"), roomy(config, (1, 1, 8)), ["out"])[0]
    assert (spikes.gates, spikes.tables, spikes.presentations, spikes.dynamic_bits) == (True, 0, 1, 1)
    below = replace(sigmoid(2), values=tuple(range(-128, 128)))
    signed = replace(network.population("g0"), neuron=replace(VALUES, planes=8, table=below))
    given = tuple(
        replace(signed, name="s1", shape=p.shape, theta=p.theta) if p.name == "s1" else p
        for p in network.populations
    )
    placement, image = try_fit(replace(network, populations=given), config, ["a1"])
    words = [word for memory, at, word in image.words[0, 0] if memory == OptionMemory.TABLE and at >= 256]
    assert words == [value & 0xFFFF for value in below.values]
    core = Core(config, image.words[0, 0])
    word = next(
        core.word(Memory.POPULATION, part.slot) for part in placement.parts if part.population == "s1"
    )
    assert (word["table"], word["table_shift"]) == (1, 2)


def test_tables_that_do_not_fit() -> None:
    with pytest.raises(SpikeplaneError) as caught:
        try_fit(gated(), chip(tables=0), ["out"])
    assert str(caught.value).startswith(
        "population 'g': it sends what a table has for its membrane, which needs a chip with"
    )
    network = gated(apart=True)
    values = replace(network.population("x"), neuron=replace(VALUES, planes=9, table=sigmoid(1)))
    network = replace(
        network,
        populations=tuple(replace(values, name=p.name) if p.name == "x" else p for p in network.populations),
    )
    other = replace(
        network.population("g"), neuron=replace(VALUES, planes=8, relu=True, table=sigmoid(1, 254))
    )
    network = replace(network, populations=tuple(other if p.name == "g" else p for p in network.populations))
    with pytest.raises(SpikeplaneError) as caught:
        try_fit(network, chip(tables=1, rows=1, cols=1), ["out"])
    assert str(caught.value) == (
        "the network does not fit: population 'x' needs words 256 to 511 of the table memory of core (0, 0), which has 256"
    )


def test_rows_lie_beside_their_reader() -> None:
    network, config = gated("pixel", shape=(40, 3, 3)), chip(8, acc_depth=2048)
    placement, image = try_fit(network, config, ["out"])
    whole = laid_out(network, config)
    (rows,) = pairs_of(whole, "a")
    assert isinstance(rows, GatePopulation)
    check_together(rows, "a", placement)
    assert len(placement.of("a")) == 4
    assert [dynamic_rows(rows, part.groups, 8) for part in placement.of("a")] == [16, 16, 16, 24]
    assert [image.used[part.core]["dynamic"][0] for part in placement.of("a")] == [16, 16, 16, 24]

    def moved(part: Part) -> Part:
        return replace(part, core=(1 - part.core[0], part.core[1])) if part.population == rows.name else part

    with pytest.raises(SpikeplaneError) as caught:
        check_together(rows, "a", Placement(tuple(map(moved, placement.parts))))
    assert (
        str(caught.value)
        == "population 'a.gate' does not lie on the cores of 'a', with the same heads on each"
    )
    build_image(whole, placement, config, ["out"])


def test_lanes_without_a_channel_meet_weights_of_0() -> None:
    """Where v is 0 a sigmoid is not: lanes beyond the channels of a table send an entry too, and who copies them."""
    config = chip(8, rows=1, cols=1)
    plain, network = gated("step", g="relu"), gated("step")

    def words(network: Network) -> int:
        laid = laid_out(network, config)
        into = next(p for p in laid.projections if p.target == "a.gate")
        assert weight_words(into, laid, config, 0, 1) == len(build_synapses(into, laid, config, 0, 1).weights)
        return weight_words(into, laid, config, 0, 1)

    assert (words(plain), words(network)) == (1, 8)
    laid = laid_out(network, config)
    into = next(p for p in laid.projections if p.target == "a.gate")
    found = build_synapses(into, laid, config, 0, 1).weights
    assert found[0] == int("01" * 6, 16)
    assert found[1:] == [0] * 7
    names = ("x", "g", "a.gate", "a.relay", "a")
    assert [sends_spare(laid.population(name), laid) for name in names] == [False, True, False, False, False]
    values = replace(network.population("x"), neuron=replace(VALUES, planes=9, table=sigmoid(1)))
    copied = replace(network, populations=tuple(values if p.name == "x" else p for p in network.populations))
    laid = laid_out(copied, config)
    assert [sends_spare(laid.population(name), laid) for name in names] == [True, True, False, True, False]
