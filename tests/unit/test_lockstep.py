"""The first difference is named by sample, step, population and neuron; what a side lacks is a
difference, and nothing is said as such."""

import numpy as np

from spikeplane.network import Network, Neuron, Population
from spikeplane.run.lockstep import Comparison, compare


def sides() -> tuple[Network, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """An input and two populations, equal on both sides; the golden model has the input too, as it does."""
    populations = tuple(Population(name=name, shape=(2, 3, 4), neuron=Neuron()) for name in ("a", "b"))
    network = Network(
        populations=(Population(name="in", shape=(1, 1, 1)), *populations),
        projections=(),
        output="b",
        steps=5,
    )
    golden = {name: np.ones((3, 5, 2, 3, 4), dtype=np.int32) for name in ("a", "b")}
    chip = {name: values.copy() for name, values in golden.items()}
    return network, chip, {"in": np.ones((3, 5, 1, 1, 1)), **golden}


def test_first_difference() -> None:
    network, chip, golden = sides()
    assert str(compare(network, chip, golden)) == "0 mismatches over 720 spikes (720 values compared)"
    chip["a"][2, 0, 0, 0, 0] = 0
    chip["b"][1, 4, 1, 2, 3] = 0
    chip["b"][1, 3, 1, 0, 2] = 7
    chip["a"][1, 3, 1, 2, 2] = 0  # the same step, and earlier in the network
    result = compare(network, chip, golden, first_sample=10)
    assert result.mismatches == 4
    assert (
        result.first
        == "first difference: sample 11, step 3, population 'a', neuron (c=1, y=2, x=2): chip 0, golden 1"
    )


def test_a_population_that_one_side_lacks_differs_in_every_value() -> None:
    network, chip, golden = sides()
    del chip["a"]
    result = compare(network, chip, golden)
    assert (result.mismatches, result.values) == (360, 720)
    assert (
        result.first
        == "first difference: population 'a': chip no output, golden outputs of shape (3, 5, 2, 3, 4)"
    )
    network, chip, golden = sides()
    del golden["b"]
    result = compare(network, chip, golden)
    assert (result.mismatches, result.spikes) == (360, 360)
    assert (
        result.first
        == "first difference: population 'b': chip outputs of shape (3, 5, 2, 3, 4), golden no output"
    )
    network, chip, golden = sides()
    del chip["b"], golden["b"]  # neither was probed: nothing is expected of it,
    assert compare(network, chip, golden).mismatches == 0
    result = compare(network, chip, golden, names=["a", "b"])  # unless it is named
    assert (result.mismatches, result.first) == (
        1,
        "first difference: population 'b': chip no output, golden no output",
    )


def test_another_shape_differs_in_every_value() -> None:
    network, chip, golden = sides()
    chip["b"] = chip["b"][:, :1]  # numpy would compare it with every step
    result = compare(network, chip, golden)
    assert result.mismatches == 360
    assert result.first == (
        "first difference: population 'b': chip outputs of shape (3, 1, 2, 3, 4), golden outputs "
        "of shape (3, 5, 2, 3, 4)"
    )


def test_nothing_compared_and_nothing_fired_are_said() -> None:
    network, chip, golden = sides()
    assert str(compare(network, {}, {})) == "nothing was compared: neither side has an output"
    none, silent = ({name: values * 0 for name, values in side.items()} for side in (chip, golden))
    assert str(compare(network, none, silent)) == (
        "0 mismatches over 0 spikes (720 values compared): no neuron fired, which shows little; "
        "use other data"
    )
    assert str(Comparison(7, 0, 1, "first")) == "1 mismatches over 0 spikes (7 values compared)\nfirst"
