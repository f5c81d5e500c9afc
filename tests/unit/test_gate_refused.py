"""What is no gate, no table and no presentation, to the letter; and what files and other tools make of them."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from gatings import VALUES, gated, latched, sigmoid

from spikeplane import SpikeplaneError
from spikeplane.config import ChipConfig, preset
from spikeplane.float_network import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.network import ALIGNED, LEVELS, MEMBRANE, Gate, Network, Neuron, Population, Projection
from spikeplane.program.bounds import prove
from spikeplane.program.once import prove_once
from spikeplane.program.plain import made, stated
from spikeplane.program.sizes import check_sizes
from spikeplane.program.structure import check_structure
from spikeplane.program.values import check_presentations, check_table

CHIP = replace(preset("small"), gates=True, dynamic_depth=64, dynamic_bits=8, tables=1, presentations=3)


def other(network: Network, name: str, **fields: Any) -> Network:
    """With another population of that name."""
    made = tuple(replace(p, **fields) if p.name == name else p for p in network.populations)
    return replace(network, populations=made)


def joined(network: Network, **fields: Any) -> Network:
    """With another gated projection."""
    made = tuple(replace(p, **fields) if p.dynamic else p for p in network.projections)
    return replace(network, projections=made)


def refusal(network: Network | FloatNetwork) -> str:
    with pytest.raises(SpikeplaneError) as caught:
        check_structure(network)
    return str(caught.value)


WHAT = "projection 'x' to 'a', gated by 'g'"


def test_what_is_no_gate() -> None:
    network = gated()
    assert refusal(joined(network, dynamic=Gate("h"))) == (
        "projection 'x' to 'a', gated by 'h' reads 'h', which is no population; there are in, other, x, g, a, out"
    )
    assert refusal(joined(network, dynamic=Gate("out"))) == (
        "projection 'x' to 'a', gated by 'out' reads 'out', which comes later; list it before 'a'"
    )
    assert refusal(joined(network, delay=1)) == (
        f"{WHAT} meets pixels one by one in the step itself: stride, pool and up are 1, padding and delay 0"
    )
    assert refusal(joined(network, weight=np.full((6, 1, 1), 2))) == f"{WHAT}: its weights must be 1"
    assert refusal(joined(network, weight=np.ones((3, 6, 1, 1), int))) == (
        f"{WHAT}: its weights must be 6x1x1, aligned, not 3x6x1x1"
    )
    for shape in ((3, 1, 1), (6, 2, 1), (6, 5, 2)):
        bad = other(network, "g", shape=shape, theta=np.ones(shape[0]), bias=None)
        bad = replace(bad, projections=tuple(p for p in bad.projections if p.target != "g"))
        taken = Projection(
            source="in",
            target="g",
            weight=np.ones((shape[0], 6, *SPANS[shape]), int),
            up=UPS.get(shape, (1, 1)),
        )
        assert refusal(replace(bad, projections=(*bad.projections, taken))) == (
            f"{WHAT}: 'g' has {'x'.join(map(str, shape))} neurons, 'x' 6x2x5; a gate has as many channels or 1, and as many "
            "pixels or 1"
        )


#: Kernels, and zeros between pixels, that make such shapes of 2x5 pixels.
SPANS = {(3, 1, 1): (2, 5), (6, 2, 1): (1, 5), (6, 5, 2): (1, 4)}
UPS = {(6, 5, 2): (4, 1)}


def test_floats() -> None:
    """A factor above 0 each."""
    neuron = FloatNeuron(decay=0.0, reset="none", kind=MEMBRANE)
    net = FloatNetwork(
        populations=(
            FloatPopulation(name="in", shape=(2, 1, 1)), FloatPopulation(name="g", shape=(2, 1, 1)),
            FloatPopulation(name="a", shape=(2, 1, 1), neuron=neuron),
        ),
        projections=(
            FloatProjection(source="in", target="a", weight=np.array([0.5, 2.0]).reshape(2, 1, 1), kind=ALIGNED, dynamic=Gate("g")),
        ),
        output="a",
    )  # fmt: skip
    check_structure(net)
    for second in (0.0, -1.0, np.inf, np.nan):
        weight = np.array([0.5, second]).reshape(2, 1, 1)
        bad = replace(net, projections=(replace(net.projections[0], weight=weight),))
        assert refusal(bad) == "projection 'in' to 'a', gated by 'g': its weights must be factors above 0"
    assert refusal(replace(net, presentations=17)) == "a sample is presented 1 to 16 times, not 17"
    assert refusal(replace(net, presentations=0)) == "a sample is presented 1 to 16 times, not 0"


def sized(network: Network, config: ChipConfig) -> str:
    with pytest.raises(SpikeplaneError) as caught:
        check_sizes(network, config)
    return str(caught.value)


def test_what_a_chip_has_no_room_for() -> None:
    network = gated()
    check_sizes(network, CHIP)
    lacks = f"{WHAT} needs a chip with gates = true, dynamic_depth and dynamic_bits; the chip 'auto' has what a network needs"
    assert sized(network, replace(CHIP, gates=False)) == lacks
    beyond = "; give it relu and planes, or a table, of such values, or use a chip with more dynamic_bits"
    assert sized(network, replace(CHIP, dynamic_bits=7)) == (
        f"{WHAT}: 'g' sends values from 0 to 255, a gate's are from 0 to 127 on this chip{beyond}"
    )
    assert sized(network, replace(CHIP, membrane_bits=8, max_shift=15)) == (
        f"{WHAT}: 'g' sends values from 0 to 255, a gate's are from 0 to 127 on this chip{beyond}"
    )
    assert sized(other(network, "g", neuron=replace(VALUES, planes=6)), CHIP) == (
        f"{WHAT}: 'g' sends values from -32 to 31, a gate's are from 0 to 255 on this chip{beyond}"
    )
    assert (
        sized(joined(network, dynamic=Gate("g", 254)), CHIP)
        == f"{WHAT}: 'g' sends up to 255, its gate says up to 254"
    )
    wide = other(gated(x="input", g="spikes"), "in", value_bits=8, signed=False)
    assert sized(wide, replace(CHIP, membrane_bits=8)) == (
        "projection 'in' to 'a', gated by 'g': 'in' sends values from 0 to 255, beyond the chip's 8-bit membranes; use a chip "
        "with more membrane_bits"
    )


def tabled(neuron: Neuron, config: ChipConfig = CHIP) -> str:
    with pytest.raises(SpikeplaneError) as caught:
        check_table(neuron, config, "population 'g'")
    return str(caught.value)


def test_what_is_no_table() -> None:
    good = replace(VALUES, planes=8, relu=True, table=sigmoid(3))
    check_table(good, CHIP, "population 'g'")
    check_table(replace(good, relu=False, planes=9), CHIP, "population 'g'")
    only = "population 'g': a table takes the place of a membrane that is sent, with all of its planes; only these have one"
    assert tabled(Neuron(table=sigmoid(0))) == only
    assert tabled(Neuron(kind=LEVELS[7], table=sigmoid(0))) == only
    assert tabled(replace(good, low=1)) == only
    which = "population 'g': its table must have 256 entries from {}, which its planes hold; it is one {}"
    assert tabled(replace(good, planes=7)) == which.format("0 to 127", "with 128")
    assert tabled(replace(good, relu=False)) == which.format("-128 to 127", "with 128")
    short = replace(sigmoid(0), values=(0,) * 255)
    assert tabled(replace(good, table=short)) == which.format("0 to 255", "of 255 entries")
    assert tabled(replace(good, table=sigmoid(16))) == (
        "population 'g': the shift of its table must be from 0 to 15, not 16"
    )
    assert tabled(good, replace(CHIP, tables=0)) == (
        "population 'g': it sends what a table has for its membrane, which needs a chip with tables = 1 or more; the chip 'auto' "
        "has what a network needs"
    )


def test_presentations() -> None:
    network = latched()
    check_presentations(network, CHIP)
    with pytest.raises(SpikeplaneError) as caught:
        check_presentations(network, replace(CHIP, presentations=2))
    assert str(caught.value) == (
        "population 's0' keeps its membranes through 3 presentations of a sample, which needs a chip with presentations = 3 or "
        "more, not 2; the chip 'auto' has what a network needs"
    )
    check_presentations(replace(network, presentations=2), replace(CHIP, presentations=2))
    check_presentations(gated(), replace(CHIP, presentations=1))
    assert refusal(other(network, "in", kept=True)) == "population 'in' is an input, which keeps no membranes"
    with pytest.raises(SpikeplaneError) as caught:
        prove_once(other(network, "s1", once=True), CHIP)
    assert str(caught.value) == (
        "population 's1' shall fire once in a sample, and keeps its membranes through 3 presentations of it; leave out once or "
        "kept"
    )


def test_the_largest_product_is_proved() -> None:
    """X's values times the gate's top, or 0, times the pre-shift."""
    bound = {one.population: one for one in prove(gated(pre=1), CHIP)}["a"]
    assert (bound.low, bound.high) == (-32 * 255 * 2, 31 * 255 * 2)
    above = replace(VALUES, planes=8, relu=True, table=replace(sigmoid(0), values=tuple([100] * 256)))
    bound = {one.population: one for one in prove(other(gated(), "x", neuron=above), CHIP)}["a"]
    assert (bound.low, bound.high) == (0, 100 * 255)


def test_files_say_which() -> None:
    network = gated()
    for p in network.projections:
        plain = json.loads(json.dumps(stated(p, ("weight",))))
        assert made(Projection, plain, "projection", weight=p.weight) == replace(p, weight=p.weight)
    assert json.loads(json.dumps(stated(network.projections[2], ("weight",))))["dynamic"] == {
        "g": "g",
        "top": 255,
    }
    p = network.projections[0]
    plain = json.loads(json.dumps(stated(p, ("weight",))))
    fields = "projection, dynamic must have the fields heads, k, v; 'h' is missing or unknown"
    with pytest.raises(SpikeplaneError, match=fields):
        made(Projection, {**plain, "dynamic": {"h": 1}}, "projection", weight=p.weight)
    g = network.population("g")
    plain = json.loads(json.dumps(stated(g, ("theta", "amount", "bias", "leaks"))))
    arrays = {name: getattr(g, name) for name in ("theta", "amount", "bias", "leaks")}
    assert made(Population, plain, "population", **arrays).neuron == g.neuron
