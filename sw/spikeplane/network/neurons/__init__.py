"""The kinds of neurons. A new one is a file here, a file of its golden rule
(`spikeplane_sim.golden.neurons`), and a row in each of the two lists."""

from spikeplane.network.neurons.kind import NeuronKind
from spikeplane.network.neurons.membrane import MEMBRANE
from spikeplane.network.neurons.spiking import SPIKING

__all__ = ["MEMBRANE", "NEURONS", "SPIKING", "NeuronKind"]

#: By tag.
NEURONS: dict[str, NeuronKind] = {kind.tag: kind for kind in (SPIKING, MEMBRANE)}
