"""Gates of spikes over random shapes, from values of the assembler to integers of chips of few and of many weight
bits: float network and golden model against plain numpy."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from spikeplane import Encoding
from spikeplane.compiler.quantise import quantise
from spikeplane.config import PRESETS
from spikeplane.float_network import FloatNeuron
from spikeplane.importers.assemble import Assembler
from spikeplane.importers.flow import Spikes
from spikeplane.importers.gates import Table, built, of, opened, table
from spikeplane.importers.maps import channels_of, seen
from spikeplane_sim.golden import FloatModel, GoldenModel

CHIP, STEPS = PRESETS["medium"], 3


class Gates:
    """Inputs of spikes of one shape, and what is made of them."""

    def __init__(self, seed: int, count: int) -> None:
        self.rng = np.random.default_rng(seed)
        channels, height, width = self.rng.integers(1, 6, 3)
        self.shape = int(channels), int(height), int(width)
        self.made = Assembler()
        self.values = [self.made.input(f"in{n}", self.shape) for n in range(count)]
        size = (2, STEPS, *self.shape)
        self.planes = {f"in{n}": (self.rng.random(size) < 0.5).astype(np.int64) for n in range(count)}

    def table(self, value: Any) -> Table:
        one = table(self.made, value, 1)
        assert one is not None
        return one

    def gate(self, function: Any, *values: Any) -> Any:
        one = of([self.table(v) for v in values], function)
        assert one is not None
        made = built(self.made, "gate", one, values[0])
        assert made is not None
        return made

    def spikes(self, value: Any, weight_bits: int = 8) -> tuple[np.ndarray, np.ndarray]:
        """Of the float network and of the golden model of integers."""
        ones = np.ones(value.shape[0])
        last = self.made.neuron("last", value, FloatNeuron(decay=0.0, threshold=ones, reset="none"))
        net = self.made.finish(last)
        config = replace(CHIP, weight_bits=weight_bits)
        network, _ = quantise(net, config, Encoding(kind="planes", steps=STEPS))
        real = FloatModel(net).run({n: a.astype(float) for n, a in self.planes.items()})["last"]
        golden = GoldenModel(network, membrane_bits=config.membrane_bits, acc_bits=config.acc_bits)
        return real, np.asarray(golden.run(self.planes)["last"])


@pytest.mark.parametrize("seed", range(16))
def test_random_functions(seed: int) -> None:
    """A random function of two to four spikes, on chips of 8, 4, 2 and, of two spikes, 1 weight bit."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 5)) if seed % 4 else 2
    given = Gates(seed, count)
    truth = rng.integers(0, 2, (2,) * count).astype(float)
    truth.flat[0], truth.flat[-1] = 0, 1
    value = given.gate(lambda *a: truth[tuple(x.astype(int) for x in a)], *given.values)
    want = truth[tuple(given.planes[f"in{n}"] for n in range(count))]
    real, whole = given.spikes(value, (1, 8, 4, 2)[seed % 4])
    np.testing.assert_array_equal(real, want)
    np.testing.assert_array_equal(whole, want)
    assert want.any()


@pytest.mark.parametrize("seed", range(4))
def test_maps_and_gates_of_gates(seed: int) -> None:
    """One of the values is a channel and a pixel of another, repeated over all; a gate inside is taken apart."""
    given = Gates(seed, 3)
    a, b, c = given.values
    channels, height, width = given.shape
    at = [int(given.rng.integers(n)) for n in given.shape]
    one = given.made.seen(
        "", b, seen(given.shape, np.eye(height)[[at[1]] * height], np.eye(width)[[at[2]] * width])
    )
    one = given.made.seen("", one, channels_of(given.shape, np.eye(channels)[[at[0]] * channels]))
    inner = given.gate(lambda x, y: x * (1 - y), a, one)
    outer = given.gate(lambda x, y: np.maximum(x, y), inner, c)
    planes = given.planes
    want = np.maximum(
        planes["in0"] * (1 - planes["in1"][:, :, at[0], at[1], at[2], None, None, None]), planes["in2"]
    )
    real, whole = given.spikes(outer)
    np.testing.assert_array_equal(real, want)
    np.testing.assert_array_equal(whole, want)
    names = [p.name for p in given.made.populations]
    assert names == ["in0", "in1", "in2", "gate_2", "last"], "the inner gate is not needed"


@pytest.mark.parametrize("weight_bits", [2, 4, 8])
def test_one_of_three(weight_bits: int) -> None:
    """Its sum of ANDs has a factor of 3, which beside 1 is no power of two: a gate for each row of the table."""
    given = Gates(5, 3)
    value = given.gate(lambda *a: (np.sum(a, axis=0) == 1).astype(float), *given.values)
    want = np.sum(list(given.planes.values()), axis=0) == 1
    for spikes in given.spikes(value, weight_bits):
        np.testing.assert_array_equal(spikes, want)
    assert want.any()


def test_a_gate_is_made_once() -> None:
    given = Gates(0, 2)
    a, b = given.values
    ands = [given.gate(np.multiply, *pair) for pair in ((a, b), (a, b))]
    assert ands[0] == ands[1]
    assert [p.name for p in given.made.populations] == ["in0", "in1", "gate"]


def test_what_is_no_spike() -> None:
    """Sums over pixels, values and inputs of several bits have no table; a factor has."""
    given = Gates(1, 1)
    value = given.values[0]
    height, width = given.shape[1:]
    assert table(given.made, value, None) is None, "an input of any bits"
    assert table(given.made, value, 8) is None
    summed = given.made.seen("", value, seen(given.shape, np.ones((1, height)), np.ones((1, width))))
    assert table(given.made, summed, 1) is None
    sent = given.made.values("sent", value, "")
    assert table(given.made, sent, 1) is None
    half = given.made.seen("", value, seen(given.shape, np.eye(height), np.eye(width), 0.5))
    assert given.table(half).values.tolist() == [0.0, 0.5]
    assert not given.table(half).binary


def test_padding_fires_nothing() -> None:
    """A gate that fires of nothing is not taken apart behind a padding, where nothing fires."""
    given = Gates(2, 2)
    nor = given.gate(lambda a, b: (1 - a) * (1 - b), *given.values)
    padded = given.made.pad("", nor, ((1, 0), (0, 0)))
    assert opened(given.made, given.table(padded)) is None
    value = given.gate(lambda a: 1 - a, padded)
    real, whole = given.spikes(value)
    want = np.ones(real.shape)
    want[..., 1:, :] -= (1 - given.planes["in0"]) * (1 - given.planes["in1"])
    np.testing.assert_array_equal(real, want)
    np.testing.assert_array_equal(whole, want)


def test_too_many_spikes() -> None:
    given = Gates(3, 7)
    assert of([given.table(v) for v in given.values], lambda *a: np.sum(a, axis=0)) is None
    total = Spikes(tuple(s for v in given.values for s in v.sources), given.shape)
    assert table(given.made, total, 1) is None
