"""Truth tables: which neuron without memory computes a function of spikes, and which sum of ANDs."""

from itertools import product

import numpy as np
import pytest

from spikeplane.importers.truth import ands, minterms, name, needed, threshold


def tables(count: int) -> list[np.ndarray]:
    """Every function of so many spikes."""
    return [np.reshape(bits, (2,) * count).astype(float) for bits in product((0, 1), repeat=2**count)]


def rows(count: int) -> list[tuple[int, ...]]:
    """What the spikes may be."""
    return list(product((0, 1), repeat=count))


@pytest.mark.parametrize(("count", "known"), [(1, 2), (2, 12), (3, 102)])
def test_every_threshold_function_is_found(count: int, known: int) -> None:
    """As many as Muroga counted, without those that are always or never 1; each fires where it should."""
    found = 0
    for values in tables(count):
        one = threshold(values)
        if one is None:
            continue
        found += 1
        for spikes in rows(count):
            total = sum(w * s for w, s in zip(one.weights, spikes, strict=True))
            assert (total >= one.theta) == bool(values[spikes])
    assert found == known


def test_weights_are_powers_of_two() -> None:
    """Integers of any width hold 1 and 2 beside one another, and not 3 and 1."""
    for values in [*tables(2), *tables(3)]:
        one = threshold(values)
        assert one is None or {abs(w) for w in one.weights} <= {0, 1, 2}


def test_sums_of_ands_are_the_table() -> None:
    rng = np.random.default_rng(0)
    for count in (1, 2, 3, 4):
        values = rng.integers(-3, 4, (2,) * count).astype(float)
        factors = ands(values)
        for spikes in rows(count):
            total = sum(f for axes, f in factors.items() if all(spikes[n] for n in axes))
            assert total == values[spikes]


def test_parts_of_a_table() -> None:
    xor = np.array([[0.0, 1.0], [1.0, 0.0]])
    assert [one.tolist() for one in minterms(xor)] == [[[0, 1], [0, 0]], [[0, 0], [1, 0]]]
    assert needed(np.array([[0.0, 1.0], [0.0, 1.0]])) == [1]
    assert ands(xor) == {(0,): 1.0, (1,): 1.0, (0, 1): -2.0}


def test_names() -> None:
    """Of the functions of two spikes that depend on both."""
    told = {int("".join(str(int(v)) for v in one.reshape(-1)), 2): name(one) for one in tables(2)}
    assert {n: told[n] for n in (1, 2, 4, 6, 7, 8, 9, 11, 13, 14)} == {
        1: "AND", 2: "AND NOT", 4: "AND NOT", 6: "XOR", 7: "OR", 8: "NOR", 9: "XNOR", 11: "OR NOT", 13: "OR NOT",
        14: "NAND",
    }  # fmt: skip
