"""How far currents reach to both sides of 0, in real numbers: sources at one end of their range meet weights of one sign, at
the other end those of the other, so that magnitudes of both do not add up."""

from collections.abc import Iterable

import numpy as np

from spikeplane.compiler.steps import plain
from spikeplane.network import met

#: Weights (C, ..., KH, KW), by how much their sources stand apart, and the least and the most that one of these sends.
Part = tuple[np.ndarray, tuple[int, int], float, float]


def reached(parts: Iterable[Part], bias: np.ndarray) -> np.ndarray:
    """How far the sum of all parts and a bias (C,) is from 0 at most, (C,): what an accumulator has to hold."""
    below, above = -np.asarray(bias, np.float64), np.asarray(bias, np.float64)
    for weight, up, low, high in parts:
        more, less = met(np.maximum(plain(weight), 0.0), up), met(np.maximum(-plain(weight), 0.0), up)
        below = below + less * high - more * low
        above = above + more * high - less * low
    return np.maximum(below, above)
