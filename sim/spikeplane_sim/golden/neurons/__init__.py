"""The rules of the kinds of neurons, by the tags of `spikeplane.network.NEURONS`."""

from spikeplane_sim.golden.neurons.levels import Levels
from spikeplane_sim.golden.neurons.membrane import Membrane
from spikeplane_sim.golden.neurons.rule import Rule
from spikeplane_sim.golden.neurons.spiking import Spiking

#: Levels 0..top for each top of n bits: 2^n - 1 and 2^(n-1).
_LEVELS = {f"levels-{top}": Levels(top) for n in range(1, 8) for top in (2 ** (n - 1), 2**n - 1)}
NEURON_RULES: dict[str, Rule] = {"spiking": Spiking(), "membrane": Membrane(), **_LEVELS}
