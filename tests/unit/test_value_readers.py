"""What rounding costs the readers of a stream's values, and what leaks and membranes that gather change of its units and
planes."""

from dataclasses import replace

import numpy as np
import pytest
from test_planes import CHIP, PLANES, stream

from spikeplane.compiler.branches import Branches
from spikeplane.compiler.quantise import quantise
from spikeplane.compiler.readers import _lost, error
from spikeplane.float_network import FloatProjection

WEIGHT = np.random.default_rng(0).normal(size=(3, 11))


@pytest.mark.parametrize(("signs", "lost"), [((1, 1, 1, 1), 0.36 + 1.2**2 / 2), ((1, -1, 1, -1), 0.36)])
def test_errors_of_one_sign_add_up(signs: tuple[int, ...], lost: float) -> None:
    """Four weights of 1.3 are 0.3 beside their step each, and 1.2 together where they have one sign."""
    weight = 1.3 * np.array(signs).reshape(1, 4, 1, 1)
    assert _lost(weight, np.ones(1), np.ones((4, 1, 1))) == pytest.approx([lost])


def test_a_reader_of_which_nothing_is_left_is_worst() -> None:
    """Units in powers of two: the error grows by four to six each, until it is as large as what is read."""
    network = stream([WEIGHT])
    read = FloatProjection(
        source="v0", target="out", weight=np.random.default_rng(1).normal(size=(3, 3, 1, 1))
    )
    network = replace(network, projections=(network.projections[0], read))
    branches = Branches(network, CHIP, PLANES, {"v0": 8, "out": 8}, {})
    errors = [error(branches, ["v0"], np.full(3, 2.0**unit), 8) for unit in range(-6, 4)]
    growth = np.divide(errors[1:], errors[:-1])
    assert errors[0] < 0.001
    assert growth.max() > 50
    assert errors[-1] > 1000


def test_a_membrane_that_gathers_has_planes_for_all_steps() -> None:
    """Eleven weights of 127, three steps: 0 to 4,191, and 0 to 1,397 where nothing is kept."""
    planes = []
    for decay in (0.0, 1.0):
        network, _ = quantise(stream([np.ones((3, 11))], decay=decay), CHIP, PLANES)
        neuron, weight = network.population("v0").neuron, network.projections[0].weight
        assert neuron is not None
        planes.append(neuron.planes - int(11 * (1 if decay == 0 else 3) * weight.max()).bit_length())
    assert planes == [0, 0]


def test_a_stream_that_leaks_is_finer_than_its_branches() -> None:
    shifts = []
    for decay in (0.0, 0.5):
        network, _ = quantise(stream([WEIGHT], decay=decay), CHIP, PLANES)
        shifts.append(network.projections[0].pre_shift)
    assert shifts[0] == 0
    assert shifts[1] >= 3
