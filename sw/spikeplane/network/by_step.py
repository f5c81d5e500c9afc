"""Numbers of a sample's steps: a weight with an axis of steps in front, (T, ...), and thresholds, amounts, biases and
leaks (T, C). Step t takes the t-th; the next sample begins with the first again. What has no such axis is alike in all steps.
"""

from typing import Protocol

import numpy as np

from spikeplane.network.projections.kind import ProjectionKind


class _Weighted(Protocol):
    @property
    def weight(self) -> np.ndarray: ...
    @property
    def kind(self) -> ProjectionKind: ...


def is_stepped(projection: _Weighted) -> bool:
    """Whether its weight has an axis of steps."""
    return np.ndim(projection.weight) > projection.kind.rank


def weights(projection: _Weighted) -> np.ndarray:
    """Its weights by step, (T, C, ...); (1, C, ...) where they are alike in all steps."""
    weight = np.asarray(projection.weight)
    return weight if is_stepped(projection) else weight[None]


def at_step(values: np.ndarray | None, step: int) -> np.ndarray | None:
    """Of numbers (C,), or (T, C), those of a step, (C,)."""
    return values if values is None or np.ndim(values) < 2 else values[step]


def steps_of(*values: np.ndarray | float | None) -> int | None:
    """T of those that are (T, C), the largest; None where all are alike in all steps."""
    return max((len(v) for v in values if isinstance(v, np.ndarray) and v.ndim > 1), default=None)
