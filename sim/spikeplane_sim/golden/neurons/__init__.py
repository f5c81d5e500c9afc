"""The rules of the kinds of neurons, by the tags of `spikeplane.network.NEURONS`."""

from spikeplane_sim.golden.neurons.membrane import Membrane
from spikeplane_sim.golden.neurons.rule import Rule
from spikeplane_sim.golden.neurons.spiking import Spiking

NEURON_RULES: dict[str, Rule] = {"spiking": Spiking(), "membrane": Membrane()}
