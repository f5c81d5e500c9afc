"""Dynamic projections: what they mean, in integers and in floats, and which of them are none."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from spikeplane import SpikeplaneError
from spikeplane.config import preset
from spikeplane.estimate.forward import outputs
from spikeplane.float_network import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.network import ALIGNED, MEMBRANE, NEURONS, Network, Neuron, Pair, Population, Projection
from spikeplane.program.bounds import prove
from spikeplane.program.dynamic import heads_mask
from spikeplane.program.plain import made, stated
from spikeplane.program.structure import check_structure
from spikeplane_sim.golden import FloatModel, GoldenModel

SHAPE = 6, 2, 5


def attention(heads: int = 2, shape: tuple[int, int, int] = SHAPE, pre: int = 0) -> Network:
    """Inputs k, v, x; q fires as x does; a sends its currents."""
    gate = Neuron(leak="memoryless", reset="none")
    sums = Neuron(leak="memoryless", reset="none", kind=MEMBRANE)
    channels = shape[0]
    return Network(
        populations=(
            *(Population(name=name, shape=shape) for name in "kvx"),
            Population(name="q", shape=shape, neuron=gate, theta=np.ones(channels, int)),
            Population(name="a", shape=shape, neuron=sums, theta=np.ones(channels, int)),
        ),
        projections=(
            Projection(source="x", target="q", weight=np.ones((channels, 1, 1), int), kind=ALIGNED),
            Projection(
                source="q", target="a", weight=heads_mask(channels, heads)[..., None, None].astype(int),
                pre_shift=pre, dynamic=Pair("k", "v", heads),
            ),
        ),
        output="a", steps=3,
    )  # fmt: skip


def planes(seed: int = 0, shape: tuple[int, int, int] = SHAPE, steps: int = 3) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(seed)
    return {name: (generator.random((2, steps, *shape)) < 0.4).astype(np.int64) for name in "kvx"}


def by_hand(given: dict[str, np.ndarray], heads: int) -> np.ndarray:
    """Sums over tokens and channels, one by one."""
    k, v, q = (given[name] for name in "kvx")
    count, steps, channels, height, width = q.shape
    size, found = channels // heads, np.zeros(q.shape, np.int64)
    pixels = [(y, x) for y in range(height) for x in range(width)]
    for at in np.ndindex(count, steps):
        for j in range(channels):
            for i in range(j // size * size, (j // size + 1) * size):
                m = sum(int(k[at][i, y, x] * v[at][j, y, x]) for y, x in pixels)
                found[at][j] += q[at][i] * m
    return found


@pytest.mark.parametrize(("heads", "pre"), [(1, 0), (2, 3), (3, 0), (6, 1)])
def test_sums_are_those_of_the_equation(heads: int, pre: int) -> None:
    network, given = attention(heads, pre=pre), planes()
    expected = by_hand(given, heads) << pre
    check_structure(network)
    assert expected.max() > 2 << pre
    assert (expected == 0).any()
    assert (GoldenModel(network, membrane_bits=16, acc_bits=18).run(given)["a"] == expected).all()
    assert (outputs(network, given, 16)["a"] == expected).all()


def test_large_sums_are_exact() -> None:
    """Odd, and of more bits than half precision has."""
    ones = np.ones((1, 1, 33, 9, 9), np.int64)
    found = GoldenModel(attention(1, (33, 9, 9)), membrane_bits=16, acc_bits=18).run(
        dict.fromkeys("kvx", ones)
    )
    assert (found["a"] == 33 * 81).all()
    narrow = GoldenModel(attention(1, (33, 9, 9)), membrane_bits=16, acc_bits=12)
    with pytest.raises(SpikeplaneError, match="a current of 2673 exceeds the 12-bit"):
        narrow.run(dict.fromkeys("kvx", ones))


def real(heads: int, factor: np.ndarray) -> FloatNetwork:
    """The same in floats, each target channel with a factor."""
    whole = attention(heads)
    neurons = {
        "q": FloatNeuron(decay=0.0, threshold=np.ones(6), reset="none"),
        "a": FloatNeuron(decay=0.0, reset="none", kind=MEMBRANE),
    }
    return FloatNetwork(
        populations=tuple(
            FloatPopulation(name=p.name, shape=p.shape, neuron=neurons.get(p.name)) for p in whole.populations
        ),
        projections=tuple(
            FloatProjection(
                source=p.source, target=p.target, weight=p.weight * factor.reshape(-1, *[1] * (p.weight.ndim - 1))
                if p.dynamic else p.weight.astype(float), kind=p.kind, dynamic=p.dynamic,
            )
            for p in whole.projections
        ),
        output="a",
    )  # fmt: skip


@pytest.mark.parametrize("heads", [1, 2, 3])
def test_floats_by_the_same_words(heads: int) -> None:
    factor, given = np.array([0.125, 0.25, 0.5, 1.0, 2.0, 0.0625]), planes(1)
    net = real(heads, factor)
    check_structure(net)
    found = FloatModel(net).run({k: v.astype(float) for k, v in given.items()})["a"]
    assert (found == by_hand(given, heads) * factor[:, None, None]).all()


def test_the_largest_sum_is_proved() -> None:
    """Channels of a head, times tokens, times the pre-shift."""
    config = preset("small")
    bound = {one.population: one for one in prove(attention(2, pre=2), config)}["a"]
    assert (bound.low, bound.high) == (0, 3 * 10 << 2)
    with pytest.raises(SpikeplaneError, match="its worst case 262144 exceeds"):
        prove(attention(1, (16, 64, 64), pre=2), config)


def test_a_file_of_before_reads_as_it_is() -> None:
    p = attention().projections[1]
    plain = json.loads(json.dumps(stated(p, ("weight",))))
    assert plain["dynamic"] == {"k": "k", "v": "v", "heads": 2}
    assert made(Projection, plain, "projection", weight=p.weight).dynamic == p.dynamic
    assert "dynamic" not in stated(replace(p, dynamic=None), ("weight",))


def changed(network: Network, number: int = 1, **changes: Any) -> Network:
    """Another dynamic projection."""
    made = tuple(replace(p, **changes) if i == number else p for i, p in enumerate(network.projections))
    return replace(network, projections=made)


def shaped(name: str, **changes: Any) -> Network:
    """Another population."""
    network = attention()
    made = tuple(replace(p, **changes) if p.name == name else p for p in network.populations)
    return replace(network, populations=made)


def looped() -> Network:
    """Keys that are made of the queries."""
    network, gate = attention(), Neuron(leak="memoryless", reset="none")
    key = Population(name="k", shape=SHAPE, neuron=gate, theta=np.ones(6, int))
    (_, v, x, q, a), (into, dynamic) = network.populations, network.projections
    back = replace(into, source="q", target="k")
    return replace(network, populations=(v, x, q, key, a), projections=(into, back, dynamic))


def first(network: Network, name: str) -> Network:
    """A population behind all others."""
    others = tuple(p for p in network.populations if p.name != name)
    return replace(network, populations=(*others, network.population(name)))


WHOLE = next(kind for kind in NEURONS.values() if kind.whole)
MASK = heads_mask(6, 2)[..., None, None].astype(int)
MADE = " is made of 'q' in the same step, and 'q' waits for it; take keys, values and queries of their own layers"
WHAT = "dynamic projection 'q' to 'a'"


@pytest.mark.parametrize(
    ("network", "line"),
    [
        (changed(attention(), dynamic=Pair("key", "v", 2)), " reads 'key', which is no population; there are k, v, x, q, a"),
        (changed(attention(), dynamic=Pair("k", "v", 4)), ": its 6 channels do not divide into 4 heads of the same size"),
        (changed(attention(), dynamic=Pair("k", "v", 0)), ": its 6 channels do not divide into 0 heads of the same size"),
        (first(attention(), "v"), " reads 'v', which comes later; list it before 'a'"),
        (shaped("k", shape=(6, 5, 2)), ": 'k' has 6x5x2 neurons, 'q' 6x2x5; keys, values, queries and target are of one shape"),
        (shaped("v", value_bits=2), ": 'v' sends values; keys, values and queries are spikes, 0 or 1"),
        (shaped("k", signed=True), ": 'k' sends values; keys, values and queries are spikes, 0 or 1"),
        (shaped("q", neuron=Neuron(kind=WHOLE)), ": 'q' sends values; keys, values and queries are spikes, 0 or 1"),
        (shaped("q", neuron=Neuron(kind=MEMBRANE)), ": 'q' sends values; keys, values and queries are spikes, 0 or 1"),
        (changed(attention(), weight=MASK * 2), ": its weights must be 1 within heads and 0 outside"),
        (changed(attention(), weight=np.ones_like(MASK)), ": its weights must be 1 within heads and 0 outside"),
        (changed(attention(), delay=1), " meets pixels one by one in the step itself: stride, pool and up are 1, padding and delay 0"),
        (changed(attention(), weight=np.ones((6, 1, 1), int), kind=ALIGNED), ": its weights must be 6x6x1x1, not 6x1x1"),
        (changed(attention(), weight=np.repeat(MASK[None], 3, 0)), ": its weights must be 6x6x1x1, not 3x6x6x1x1"),
        (changed(attention(), source="x"), ": 'x' is an input, which does not wait for keys and values; put a layer of neurons between"),
        (changed(attention(), dynamic=Pair("k", "q", 2)), ": 'q'" + MADE),
        (looped(), ": 'k'" + MADE),
    ],
)  # fmt: skip
def test_what_is_none(network: Network, line: str) -> None:
    with pytest.raises(SpikeplaneError) as refusal:
        check_structure(network)
    assert str(refusal.value) == (WHAT + line).replace("'q' to", "'x' to" if "'x' is" in line else "'q' to")


@pytest.mark.parametrize(("heads", "third"), [(2, -0.5), (1, -0.5), (1, 0.0), (2, 0.0)])
def test_factors_of_floats(heads: int, third: float) -> None:
    factor = np.array([0.125, 0.25, third, 1.0, 2.0, 0.0625])
    with pytest.raises(SpikeplaneError) as refusal:
        check_structure(real(heads, factor))
    assert (
        str(refusal.value)
        == f"{WHAT}: its weights must be one factor above 0 a target channel within heads and 0 outside"
    )


def test_keys_and_values_are_taken() -> None:
    network = attention()
    assert all(network.sends(name) for name in "kvxq")
    assert not network.sends("a")
