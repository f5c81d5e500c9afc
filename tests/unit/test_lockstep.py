"""The first difference is named by sample, step, population and neuron."""

import numpy as np

from spikeplane.lockstep import compare
from spikeplane.network import Network, Neuron, Population


def test_first_difference() -> None:
    populations = tuple(Population(name=name, shape=(2, 3, 4), neuron=Neuron()) for name in ("a", "b"))
    network = Network(populations=populations, projections=(), output="b", steps=5)
    golden = {name: np.ones((3, 5, 2, 3, 4), dtype=np.int32) for name in ("a", "b")}
    chip = {name: values.copy() for name, values in golden.items()}
    assert str(compare(network, chip, golden)) == "0 mismatches over 720 spikes (720 values compared)"
    chip["a"][2, 0, 0, 0, 0] = 0
    chip["b"][1, 4, 1, 2, 3] = 0
    chip["b"][1, 3, 1, 0, 2] = 7
    chip["a"][1, 3, 1, 2, 2] = 0  # the same step, and earlier in the network
    result = compare(network, chip, golden, first_sample=10)
    assert result.mismatches == 4
    assert result.first == "first difference: sample 11, step 3, population 'a', neuron (c=1, y=2, x=2): chip 0, golden 1"
