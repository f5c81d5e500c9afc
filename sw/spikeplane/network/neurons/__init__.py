"""The kinds of neurons. A new one is a file here, a file of its golden rule
(`spikeplane_sim.golden.neurons`), and a row in each of the two lists."""

from spikeplane.network.neurons.kind import NeuronKind
from spikeplane.network.neurons.levels import TOPS, Levels
from spikeplane.network.neurons.membrane import MEMBRANE
from spikeplane.network.neurons.spiking import SPIKING

__all__ = ["LEVELS", "MEMBRANE", "NEURONS", "SPIKING", "Levels", "NeuronKind"]

#: Integer spikes from 0 to each top that a core sends.
LEVELS: dict[int, NeuronKind] = {top: Levels(top) for top in TOPS}

#: By tag.
NEURONS: dict[str, NeuronKind] = {kind.tag: kind for kind in (SPIKING, MEMBRANE, *LEVELS.values())}
