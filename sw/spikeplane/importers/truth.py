"""Functions of a few spikes by their truth tables, arrays (2, 2, ...) of one axis a spike: which neuron without
memory computes one, and which sum of ANDs where no single one does."""

from dataclasses import dataclass
from functools import cache
from itertools import combinations, product

import numpy as np

#: The largest weight of a threshold that is looked for, by the number of spikes. Weights of 1 and 2 are exact in
#: integers of any width; beside 3 a weight of 1 is not.
_LARGEST = {1: 1, 2: 1, 3: 2, 4: 2}


@dataclass(frozen=True)
class Threshold:
    """Fires where the sum of weight * spike is `theta` or more."""

    weights: tuple[int, ...]
    theta: int


def needed(values: np.ndarray) -> list[int]:
    """The axes on which the values depend."""
    return [n for n in range(values.ndim) if (np.take(values, 0, n) != np.take(values, 1, n)).any()]


def threshold(values: np.ndarray) -> Threshold | None:
    """The threshold of the smallest weights that tells the values other than 0 from the zeros; None if there is
    none, or if all or none are 0."""
    return _found(values.ndim, (values != 0).tobytes())


@cache
def _found(count: int, fires: bytes) -> Threshold | None:
    fired = np.frombuffer(fires, dtype=bool)
    if fired.all() or not fired.any():
        return None
    largest = _LARGEST.get(count, 1)
    numbers = np.array(list(product(range(-largest, largest + 1), repeat=count)))
    sums = numbers @ np.array(list(product((0, 1), repeat=count))).T
    least, most = sums[:, fired].min(1), sums[:, ~fired].max(1)
    cost = np.abs(numbers).sum(1) + np.where(least > most, 0, 1 << 20)
    best = int(cost.argmin())
    if cost[best] >= 1 << 20:
        return None
    return Threshold(tuple(int(n) for n in numbers[best]), int(least[best]))


def ands(values: np.ndarray) -> dict[tuple[int, ...], float]:
    """The values as a sum of factors times ANDs of some of the spikes, by their axes; () is a constant."""
    found: dict[tuple[int, ...], float] = {}
    count = values.ndim
    for size in range(count + 1):
        for axes in combinations(range(count), size):
            value = float(values[tuple(int(n in axes) for n in range(count))])
            smaller = (factor for other, factor in found.items() if set(other) < set(axes))
            factor = value - sum(smaller)
            if factor:
                found[axes] = factor
    return found


def minterms(values: np.ndarray) -> list[np.ndarray]:
    """The table as tables that are 1 in one place each."""
    found = []
    for place in np.argwhere(values != 0):
        one = np.zeros_like(values)
        one[tuple(place)] = 1.0
        found.append(one)
    return found


def name(values: np.ndarray) -> str:
    """What users call the function of 0s and 1s: AND, OR, AND NOT, ..."""
    ones, count = int(values.sum()), values.size
    if values.ndim == 1:
        return "the spikes" if values[1] else "NOT"
    last = (1,) * values.ndim
    if ones == 1 and values[last]:
        return "AND"
    if ones == count - 1 and not values[(0,) * values.ndim]:
        return "OR"
    if ones == 1 and values[(0,) * values.ndim]:
        return "NOR"
    if ones == count - 1 and not values[last]:
        return "NAND"
    if values.ndim == 2:
        return {(0, 1, 0): "AND NOT", (1, 0, 0): "AND NOT", (1, 1, 0): "XOR", (0, 0, 1): "XNOR"}.get(
            (int(values[0, 1]), int(values[1, 0]), int(values[1, 1])), "OR NOT"
        )
    return "threshold" if threshold(values) is not None else "gate"
