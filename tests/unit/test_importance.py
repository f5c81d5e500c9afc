"""What noise is worth that a stream's readers see, which classes decide together, and the units of weights side by side."""

import numpy as np
import pytest
from test_gate_quantise import CHIP, ENCODING, planes, squeezed

from spikeplane.compiler import gates
from spikeplane.compiler.importance import importance
from spikeplane.compiler.peaks import measured_peaks
from spikeplane.compiler.steps import common_unit, grid_of
from spikeplane.compiler.streams import Streams

NET = squeezed()
PEAKS = measured_peaks(NET, planes(), ENCODING)


def test_noise_behind_a_sigmoid_is_worth_little() -> None:
    """g is a sigmoid: around 0 its slope is a quarter of 1 and it sends a half; `mean` is read by it alone."""
    found = importance(NET, PEAKS | {"g": np.array([0.1, 0.4])})
    assert found["g"] == pytest.approx(1 / 4, rel=0.05)
    assert found["mean"] == pytest.approx(1 / 4 * 0.1**2, rel=0.05)
    assert [found[name] for name in ("x", "y", "z")] == [1, 1, 1]


def test_arguments_that_no_calibration_shows_are_all_there_are() -> None:
    assert importance(NET, {})["mean"] > 10 * importance(NET, {"g": np.array([0.4])})["mean"]
    assert importance(NET, {"g": np.zeros(2)})["g"] == pytest.approx(1 / 4, rel=0.05)


def streams() -> Streams:
    known = Streams.__new__(Streams)
    net = gates.factored(NET, CHIP, ENCODING)
    bits = {p.name: 8 for p in net.populations}
    known.__init__(net, CHIP, ENCODING, bits, PEAKS)
    return known


def test_a_class_decides_alike_where_those_that_it_looks_at_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered is what is found anew every time."""
    kept = streams().chosen
    monkeypatch.setattr(Streams, "_sends", lambda self, first: object())  # never the same
    anew = streams().chosen
    assert (kept.room, kept.low) == (anew.room, anew.low)
    for name, unit in anew.units.items():
        np.testing.assert_array_equal(kept.units[name], unit)


def test_weights_side_by_side_have_steps_of_their_own() -> None:
    """The largest has the first two channels; of those that share the others the larger one has the say, and the least is
    a power of two beside it."""
    rng = np.random.default_rng(0)
    parts = [np.zeros((4, 9, 1, 1)) for _ in range(3)]
    parts[0][2:], parts[1][:2], parts[2][2:] = (
        0.1,
        3 * rng.normal(size=(2, 9, 1, 1)),
        rng.normal(size=(2, 9, 1, 1)),
    )
    parts[0][2:] *= rng.normal(size=(2, 9, 1, 1))
    unit, _, above = common_unit(parts, (8, 8, 8), [20, 20, 20], uniform=False, exact=False)
    for weight, power in zip(parts, above, strict=True):
        seen = np.abs(weight).reshape(4, -1).max(1) > 0
        largest = np.abs(weight).reshape(4, -1).max(1)[seen] / (unit * 2.0**power)[seen]
        assert (largest < 127 / 0.5).all()  # at most half of it is clipped
        assert (largest > 40).all()
    assert above[2] > above[0]


def test_a_grid_stays_where_larger_weights_are_zero() -> None:
    parts = [np.zeros((2, 5, 1, 1)) for _ in range(2)]
    parts[0][0], parts[1][1] = np.random.default_rng(0).normal(size=(5, 1, 1)) * 4, 1.0
    unit, grid, above = common_unit(parts, (8, 8), [20, 20], uniform=False, exact=False)
    assert grid[0] == 0
    assert grid[1] == 2.0 ** -above[1]
    assert grid[1] / unit[1] == pytest.approx(127)


def test_a_grid_is_the_coarsest_of_all_weights() -> None:
    """The last weight alone refutes: 6 is a multiple of 3 and of 2, 8 of 2; 0.5 of a grid is none."""
    rows = np.array([[6.0] * 40 + [3.0], [6.0] * 40 + [8.0], [100.0] * 40 + [0.37], [0.0] * 41])
    np.testing.assert_allclose(grid_of(rows, rows.max(1), 8), [3.0, 2.0, 0.0, 0.0])


def test_weights_far_above_a_step_of_one() -> None:
    """Values of a stream of 20 planes are steps of 1 themselves: what is 2^15 times as large is not clipped."""
    parts = [np.full((3, 1, 1), 2.0**-15), np.random.default_rng(0).normal(size=(3, 9, 1, 1))]
    unit, _, above = common_unit(parts, (8, 8), [0, 19], uniform=False, exact=False, anchor=0)
    np.testing.assert_array_equal(unit, 2.0**-15)
    largest = np.abs(parts[1]).max((1, 2, 3)) / (unit * 2.0 ** above[1])
    assert (largest < 127 / 0.5).all()
    assert (largest > 40).any()
