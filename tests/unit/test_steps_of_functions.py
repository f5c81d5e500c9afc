"""Functions of currents that are one of two numbers."""

from collections.abc import Callable

import numpy as np
import pytest

from spikeplane.importers.pointwise import rectifies, steps

Function = Callable[[np.ndarray], np.ndarray]


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda v: (v > 0.5) * 1.0, (0.5, True, 0, 1)),
        (lambda v: (v >= 0.5) * 1.0, (0.5, False, 0, 1)),
        (lambda v: np.round(np.clip(v, 0, 1)), (0.5, True, 0, 1)),
        (lambda v: np.where(v < -0.3, 2.0, -1.0), (-0.3, False, 2, -1)),
        (lambda v: np.heaviside(v - 100.0, 0.0), (100.0, True, 0, 1)),
        (np.sign, None),
        (lambda v: np.clip(v, 0, 1), None),
        (lambda v: np.round(np.clip(v, 0, 2)), None),
        (lambda v: (np.abs(v) < 1) * 1.0, None),
        (lambda v: v * 0 + 1, None),
        (lambda v: np.where(v > 0, np.nan, 0), None),
        (lambda v: np.full(2, 1.0), None),
    ],
)
def test_steps(function: Function, expected: tuple[float, bool, float, float] | None) -> None:
    assert steps(function) == expected


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda v: np.maximum(v, 0), True),
        (lambda v: np.clip(v, 0, None), True),
        (lambda v: np.clip(v, 0, 6), False),
        (lambda v: np.maximum(v, 0.01 * v), False),
        (lambda v: np.maximum(v, 1e-7), False),
        (lambda v: v, False),
        (np.abs, False),
    ],
)
def test_rectifies(function: Function, expected: bool) -> None:
    assert rectifies(function) is expected
