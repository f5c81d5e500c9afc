"""Which populations of values count in one unit, and in which: classes by union and find, factors by gain."""

import numpy as np
import pytest

from spikeplane.compiler.ties import Ties, single, ties
from spikeplane.float_network import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.network import ALIGNED, MEMBRANE

CHANNELS = 3
SHAPE = (CHANNELS, 2, 2)


def values(name: str) -> FloatPopulation:
    return FloatPopulation(name=name, shape=SHAPE, neuron=FloatNeuron(decay=0.0, reset="none", kind=MEMBRANE))


def neurons(name: str) -> FloatPopulation:
    return FloatPopulation(name=name, shape=SHAPE, neuron=FloatNeuron(threshold=np.ones(CHANNELS)))


def identity(source: str, target: str, gain: float | list[float]) -> FloatProjection:
    weight = np.broadcast_to(np.asarray(gain, float), (CHANNELS,)).reshape(CHANNELS, 1, 1)
    return FloatProjection(source=source, target=target, weight=weight, kind=ALIGNED)


def found(populations: list[FloatPopulation], *projections: FloatProjection, output: str = "out") -> Ties:
    """Ties of a network in which a convolution of the input drives the first population."""
    first = FloatProjection(source="in", target=populations[0].name, weight=np.ones((CHANNELS, 1, 1, 1)))
    inputs = FloatPopulation(name="in", shape=(1, 2, 2))
    network = FloatNetwork(
        populations=(inputs, *populations), projections=(first, *projections), output=output
    )
    return ties(network)


def test_gains_of_a_chain_multiply() -> None:
    gains = [2.0, 0.5, 4.0]
    chain = found(
        [values("a"), values("b"), values("c"), neurons("out")],
        identity("a", "b", gains),
        identity("b", "c", -3.0),
        identity("c", "out", 1.0),
    )
    assert list(chain.members.values()) == [["a", "b", "c"]]
    assert chain.factor["a"].tolist() == [1, 1, 1]
    assert chain.factor["b"].tolist() == gains
    assert chain.factor["c"] == pytest.approx(3 * np.array(gains))


def test_two_identities_into_neurons_join_their_sources() -> None:
    """2 a + 8 b: a step of b must be a quarter of a step of a, then both weights are one integer."""
    free = found(
        [values("a"), values("b"), neurons("n"), neurons("out")],
        FloatProjection(source="in", target="b", weight=np.ones((CHANNELS, 1, 1, 1))),
        identity("a", "n", 2.0),
        identity("b", "n", 8.0),
        identity("n", "out", 1.0),
    )
    assert list(free.members.values()) == [["a", "b"]]
    assert free.factor["b"].tolist() == [0.25, 0.25, 0.25]


def test_classes_that_meet_keep_their_ratios() -> None:
    """a joins b by 2 and c joins d by 4; then b joins d by 8, so d = 16 a and c = 4 a."""
    met = found(
        [values("a"), values("b"), values("c"), values("d"), neurons("out")],
        FloatProjection(source="in", target="c", weight=np.ones((CHANNELS, 1, 1, 1))),
        identity("a", "b", 2.0),
        identity("c", "d", 4.0),
        identity("b", "d", 8.0),
        identity("d", "out", 1.0),
    )
    assert list(met.members.values()) == [["a", "b", "c", "d"]]
    assert {name: factor.tolist() for name, factor in met.factor.items()} == {
        "a": [1, 1, 1], "b": [2, 2, 2], "c": [4, 4, 4], "d": [16, 16, 16],
    }  # fmt: skip


@pytest.mark.parametrize(("gain", "joined"), [(16.0, True), (17.0, False), (1 / 16, True), (1 / 17, False)])
def test_a_gain_beyond_16_has_weights_of_its_own(gain, joined) -> None:
    pair = found(
        [values("a"), values("b"), neurons("out")], identity("a", "b", gain), identity("b", "out", 1.0)
    )
    assert (len(pair.members) == 1) is joined


def test_a_weight_of_0_is_no_identity() -> None:
    assert [single(identity("a", "b", gain)) for gain in ([1.0, 2.0, 4.0], [1.0, 0.0, 1.0])] == [True, False]
    pair = found(
        [values("a"), values("b"), neurons("out")],
        identity("a", "b", [1.0, 0.0, 1.0]),
        identity("b", "out", 1.0),
    )
    assert set(pair.members) == {"a", "b"}


def test_a_readout_has_one_unit() -> None:
    """Gains that differ between channels do not join it; equal ones do."""
    for gains, joined in (([1.0, 2.0, 4.0], False), ([2.0, 2.0, 2.0], True)):
        pair = found(
            [values("a"), values("b"), neurons("n")],
            identity("a", "b", gains),
            identity("b", "n", 1.0),
            output="b",
        )
        assert (len(pair.members) == 1) is joined
