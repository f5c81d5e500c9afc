"""One word for accumulator and membrane: which chips may have it, which networks run there, and what an estimate says."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import spikeplane
from spikeplane import Encoding
from spikeplane.compiler import build_image, place
from spikeplane.compiler.fit import try_fit
from spikeplane.compiler.graph import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.compiler.size import sized
from spikeplane.config import ChipConfig, preset
from spikeplane.errors import SpikeplaneError
from spikeplane.estimate.memories import block_rams
from spikeplane.formats.tables import Memory, core_tables
from spikeplane.network import Network, Neuron, Population, Projection, Window
from spikeplane.program.bounds import prove
from spikeplane.program.fused import kept_range

CHIP = replace(preset("tiny"), fused=True)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"dynamic_depth": 64, "dynamic_bits": 4},
            "fused does not go with dynamic_depth, because its ops go beside the sweep's requests, whose words are written later here; "
            "leave one of the two out",
        ),
        (
            {"step_bits": 2},
            "fused does not go with step_bits, because a word takes the next step's bias before that step is known; leave one of the two "
            "out",
        ),
        (
            {"sweep_lanes": 2},
            "fused does not go with sweep_lanes, because a word of all lanes is written at once; leave one of the two out",
        ),
        (
            {"membrane_bits": 18},
            "with fused a word of acc_bits = 18 holds a membrane of membrane_bits = 18 and what is added to it; set acc_bits to 19 or "
            "more",
        ),
        ({"fused": 1}, "fused must be true or false, not 1"),
    ],
)
def test_what_no_chip_has_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(SpikeplaneError) as caught:
        replace(CHIP, **fields)
    assert str(caught.value) == f"chip configuration: {message}"


def test_a_chip_that_learns_has_none() -> None:
    with pytest.raises(
        SpikeplaneError,
        match="fused does not go with training, because a chip that learns has a sweep of its own",
    ):
        ChipConfig.from_dict({"preset": "tiny", "weight_bits": 16, "training": {}, "fused": True})


def test_one_bit_more_than_the_membrane_will_do() -> None:
    assert replace(CHIP, membrane_bits=17).fused


def test_a_chip_without_is_named_and_worded_as_before() -> None:
    plain = preset("tiny")
    assert "fused" not in plain.to_dict()
    assert ChipConfig.from_dict(CHIP.to_dict()) == CHIP
    assert CHIP.digest != plain.digest
    left = (
        dict(core_tables(plain).population.fields).keys() - dict(core_tables(CHIP).population.fields).keys()
    )
    assert left == {"words", "membrane_base", "hold"}


def network(*more: Projection, **fields: Any) -> Network:
    """in -> a -> b, each of 8 channels; fields: of a."""
    own = Population(name="a", **{"shape": (8, 4, 4), "neuron": Neuron(), "theta": np.full(8, 9), **fields})
    each, last = np.ones((8, 8, 1, 1), dtype=np.int64), np.ones((8, 8, *own.shape[1:]), dtype=np.int64)
    return Network(
        populations=(
            Population(name="in", shape=(8, *own.current_shape[1:])),
            own,
            Population(name="b", shape=(8, 1, 1), neuron=Neuron(), theta=np.full(8, 9)),
        ),
        projections=(
            Projection(source="in", target="a", weight=each),
            Projection(source="a", target="b", weight=last),
            *more,
        ),
        output="b",
        steps=3,
    )


def late(source: str, target: str) -> Projection:
    """A delayed projection, of a weight a pixel."""
    places = {"a": 4, "b": 1}
    size = places[source] + places[target] - 1
    padding = places[target] - 1
    weight = np.ones((8, 8, size, size), dtype=np.int64)
    return Projection(source=source, target=target, weight=weight, padding=(padding, padding), delay=1)


WINDOW = {"shape": (8, 2, 2), "window": Window(size=2, stride=2), "input_size": (4, 4)}
CIRCLE = (
    "would wait for the sweep of '{}' in the same step, which waits for it; use a chip with fused = false"
)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (
            network(hold=True),
            "population 'a' holds its current, and a chip with fused words has no place for that beside the membranes; use a chip with "
            "fused = false",
        ),
        (
            network(**WINDOW),
            "population 'a' has membranes behind a window, and a chip with fused words has no place for them beside the accumulators of "
            "the window; use a chip with fused = false, or neurons without memory there",
        ),
        (
            network(late("a", "a")),
            "projection 'a' to 'a' is delayed, and with fused words 'a' " + CIRCLE.format("a"),
        ),
        (
            network(late("a", "b")),
            "projection 'a' to 'b' is delayed, and with fused words 'a' " + CIRCLE.format("b"),
        ),
    ],
)
def test_what_needs_a_bank_of_its_own_is_refused(made: Network, message: str) -> None:
    with pytest.raises(SpikeplaneError) as caught:
        try_fit(made, CHIP, ["b"])
    assert str(caught.value) == message
    try_fit(made, replace(CHIP, fused=False), ["b"])


def test_what_comes_back_from_behind_runs() -> None:
    """And windows without membranes."""
    try_fit(network(late("b", "a")), CHIP, ["b"])
    try_fit(network(**WINDOW | {"neuron": Neuron(leak="memoryless")}), CHIP, ["b"])
    both = network(late("b", "a"))
    two = replace(both, projections=tuple(p for p in both.projections if (p.source, p.target) != ("a", "b")))
    lone = Projection(source="in", target="b", weight=np.ones((8, 8, 4, 4), dtype=np.int64))
    try_fit(replace(two, projections=(*two.projections, lone)), CHIP, ["a", "b"])
    with pytest.raises(SpikeplaneError, match="projection '.' to '.' is delayed"):  # each before the other
        try_fit(replace(two, projections=(*two.projections, lone, late("a", "b"))), CHIP, ["a", "b"])


def test_a_word_holds_a_membrane_and_a_step() -> None:
    """Up to the last number on either side."""
    chip = replace(CHIP, acc_bits=12, membrane_bits=8)
    weight = np.zeros((2, 15, 1, 1), dtype=np.int64)
    weight[0], weight[1] = -128, 127
    ends = Population(
        name="a", shape=(2, 1, 1), neuron=Neuron(reset="none"), theta=np.full(2, 9), bias=np.array([0, 15])
    )
    made = Network(
        populations=(Population(name="in", shape=(15, 1, 1)), ends),
        projections=(Projection(source="in", target="a", weight=weight),),
        output="a",
        steps=1,
    )
    (bound,) = prove(made, chip)
    assert (bound.low, bound.high) == (-2048, 2047)
    for off, worst in ((np.array([-1, 15]), -2049), (np.array([0, 16]), 2048)):
        more = replace(made, populations=(made.populations[0], replace(ends, bias=off)))
        with pytest.raises(SpikeplaneError) as caught:
            prove(more, chip)
        assert str(caught.value) == (
            f"population 'a': its worst case {worst} exceeds the 12-bit word of accumulator and membrane (2047); use acc_bits = 13 or "
            "smaller weights"
        )
        prove(more, replace(chip, fused=False))


@pytest.mark.parametrize(
    ("neuron", "leaks", "low", "high"),
    [
        (Neuron(), None, [-128], [127]),
        (Neuron(leak="memoryless"), None, [0], [0]),
        (Neuron(leak="multiply", leak_value=32768), None, [-64], [64]),
        (Neuron(leak="multiply", leak_value=1), None, [-1], [1]),
        (Neuron(leak="multiply"), np.array([0, 65536]), [0, -128], [0, 127]),
    ],
)
def test_what_a_leak_leaves(neuron: Neuron, leaks: Any, low: list[int], high: list[int]) -> None:
    chip = replace(CHIP, membrane_bits=8)
    made = Population(name="a", shape=(2, 1, 1), neuron=neuron, leaks=leaks)
    assert [part.tolist() for part in kept_range(made, chip)] == [low, high]
    assert [part.tolist() for part in kept_range(made, replace(chip, fused=False))] == [[0], [0]]


def test_counters_stand_for_one_bank() -> None:
    """Credits of probes are there for two steps, those of targets for the first one; those of delayed projections for none."""
    made = network(late("b", "a"))
    schedule = core_tables(CHIP).schedule
    placement = place(made, CHIP)
    words = {
        (memory, address): word
        for memory, address, word in build_image(made, placement, CHIP, ["a", "b"]).words[0, 0]
    }
    slots = {part.population: part.slot for part in placement.parts}
    found = {
        name: [schedule.unpack(words[Memory.SCHEDULE, slot * 4 + 2 + parity]) for parity in range(2)]
        for name, slot in slots.items()
    }
    assert [one["expected"] for one in found["a"] + found["b"]] == [2, 2, 2, 2]
    assert [(one["left"], one["ready"]) for one in found["a"]] == [(2, 1), (1, 0)]  # of b, none of the probe
    assert [(one["left"], one["ready"]) for one in found["b"]] == [
        (1, 0),
        (1, 0),
    ]  # of a, behind its first sweep


def test_compiled_networks_have_room_for_membranes() -> None:
    """Weights and guard bits leave it; a current that could be held is not; the least chip is fused as well."""
    rng = np.random.default_rng(0)
    net = FloatNetwork(
        populations=(
            FloatPopulation(name="in", shape=(20, 1, 1)),
            FloatPopulation(name="a", shape=(30, 1, 1), neuron=FloatNeuron(threshold=np.ones(1), decay=0.9)),
            FloatPopulation(name="b", shape=(4, 1, 1), neuron=FloatNeuron(threshold=np.ones(1), decay=0.5)),
        ),
        projections=(
            FloatProjection(source="in", target="a", weight=rng.normal(size=(30, 20, 1, 1))),
            FloatProjection(source="a", target="b", weight=rng.normal(size=(4, 30, 1, 1))),
        ),
        output="b",
    )
    encoding = Encoding(kind="direct", steps=4, value_bits=8)
    plain, program = (
        spikeplane.compile(net, chip=chip, encoding=encoding, progress=False)
        for chip in (replace(CHIP, fused=False), CHIP)
    )
    assert [p.hold for p in plain.network.populations] == [False, True, False]
    assert not any(p.hold for p in program.network.populations)
    program.check()
    for one in (sized(program, rows=1, cols=1, lanes=8), replace(program, config=replace(CHIP, lanes=8))):
        assert one.config.fused
        one.check()
    guards = [[row["guard"] for row in one.tables["quantisation"]] for one in (plain, program)]
    assert all(0 <= ours <= others for others, ours in zip(*guards, strict=True))
    widths = [row["bits"] for row in program.tables["bounds"]]
    assert max(widths) <= CHIP.acc_bits


def test_block_rams_are_fewer() -> None:
    """Of a small core: two for each lane's accumulators of both banks, one for its membranes; one for all of it."""
    small = replace(preset("small"), rows=1, cols=1)
    assert block_rams(small, "ecp5") - block_rams(replace(small, fused=True), "ecp5") == 2 * small.lanes
    shared = replace(small, fused=True, narrow_tables=True)
    link = block_rams(small, "ecp5") - 99
    assert [block_rams(replace(shared, weight_depth=words), "ecp5") - link for words in (4096, 2048)] == [
        54,
        38,
    ]
