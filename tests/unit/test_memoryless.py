"""Neurons behind counts of spikes that keep nothing, on random leaks, thresholds and counts: what is made an OR is
one, in plain numpy; and what is not one any spike fires."""

import numpy as np
import pytest

from spikeplane.float_network import FloatNeuron
from spikeplane.importers.assemble import Assembler
from spikeplane.importers.flow import Currents
from spikeplane.importers.maps import channels_of
from spikeplane_sim.golden import FloatModel

STEPS, SHAPE = 12, (4, 2, 3)


def made(neuron: FloatNeuron, gain: float, bias: float = 0.0) -> tuple[Assembler, str]:
    """Four channels of neurons, their sum behind `gain` and a bias into one, and neurons behind that."""
    found = Assembler()
    ones = np.ones(4)
    relay = found.neuron("a", found.input("in", SHAPE), FloatNeuron(decay=0.0, threshold=ones, reset="none"))
    count = found.currents("n", found.seen("sum", relay, channels_of(SHAPE, np.ones((1, 4)))))
    assert isinstance(count, Currents)
    spikes = found.neuron("n", count, neuron, gain, bias)
    found.neuron("last", spikes, FloatNeuron(decay=0.5, threshold=np.ones(1)))
    return found, "n"


def kept(neuron: FloatNeuron, gain: float, bias: float = 0.0) -> bool:
    """Whether the neurons keep their membrane. Their spikes are those of the leak, written out."""
    found, name = made(neuron, gain, bias)
    net = found.finish(found.neuron("out", found.input("more", (1, 1, 1)), FloatNeuron(threshold=np.ones(1))))
    planes = (np.random.default_rng(0).random((2, STEPS, *SHAPE)) < 0.25).astype(float)
    spikes = FloatModel(net).run({"in": planes, "more": np.zeros((2, STEPS, 1, 1, 1))})[name]
    u, want = np.zeros((2, 1, 2, 3)), []
    assert neuron.threshold is not None
    for t in range(STEPS):
        v = neuron.decay * u + gain * planes[:, t].sum(1, keepdims=True) + bias
        fires = v > neuron.threshold[0] if neuron.strict else v >= neuron.threshold[0]
        after = {"hard": neuron.v_reset, "soft": v - neuron.threshold[0], "none": v}[neuron.reset]
        u = np.where(fires, after, v)
        want.append(fires)
    np.testing.assert_array_equal(spikes, np.stack(want, 1))
    assert 0 < spikes.mean() < 1
    return net.population(name).neuron == neuron


@pytest.mark.parametrize("seed", range(6))
def test_random_neurons(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(4):
        theta, gain = (rng.integers(4, 9, 2) / 8).tolist()
        strict = bool(rng.integers(2))
        neuron = FloatNeuron(decay=float(rng.uniform(0.1, 1)), threshold=np.array([theta]), strict=strict)
        assert kept(neuron, gain) == (gain <= theta if strict else gain < theta)


def test_what_keeps_its_membrane() -> None:
    theta = np.array([0.5])
    assert not kept(FloatNeuron(decay=0.5, threshold=theta), 0.5)
    assert kept(FloatNeuron(decay=0.5, threshold=theta, reset="soft"), 0.5)
    assert kept(FloatNeuron(decay=0.5, threshold=theta, reset="none"), 0.5)
    assert kept(FloatNeuron(decay=0.5, threshold=theta, v_reset=0.25), 0.5)
    assert kept(FloatNeuron(decay=0.5, threshold=theta), 0.5, 0.125)


def test_weights_of_a_layer_stay() -> None:
    """Those of a model's layer are the model's, though any spike would do."""
    found = Assembler()
    relay = found.neuron(
        "a", found.input("in", SHAPE), FloatNeuron(decay=0.0, threshold=np.ones(4), reset="none")
    )
    count = found.convolution("conv", relay, np.ones((1, 4, 1, 1)), None, stride=(1, 1), padding=(0, 0))
    net = found.finish(found.neuron("n", count, FloatNeuron(decay=0.5, threshold=np.ones(1))))
    neuron = net.population("n").neuron
    assert neuron is not None
    assert neuron.decay == 0.5
