"""The integer network: what a compiled model means, independent of any chip. The golden model
executes exactly this.

Values that flow are integers per neuron and step: 0 or 1 for spikes, 0..255 for direct-coded input,
the membrane value for membrane outputs. Currents are `bias + sum of weight * value` (docs/design.md,
"Arithmetic").
"""

from spikeplane.network.by_step import at_step, is_stepped, steps_of, weights
from spikeplane.network.functions import FUNCTIONS, Function
from spikeplane.network.gate import Gate
from spikeplane.network.met import met, most_met, most_pixels
from spikeplane.network.network import Network
from spikeplane.network.neuron import LEAK_ONE, LeakKind, LeakRound, Neuron, ResetMode
from spikeplane.network.neurons import LEVELS, MEMBRANE, NEURONS, SPIKING, NeuronKind
from spikeplane.network.pair import Pair, on_lanes, times
from spikeplane.network.populations import Population, Window
from spikeplane.network.projection import Projection
from spikeplane.network.projections import ALIGNED, DENSE, KINDS, ProjectionKind
from spikeplane.network.table import Table

__all__ = [
    "ALIGNED",
    "DENSE",
    "FUNCTIONS",
    "Function",
    "Gate",
    "KINDS",
    "LEAK_ONE",
    "LeakKind",
    "LeakRound",
    "LEVELS",
    "MEMBRANE",
    "NEURONS",
    "Network",
    "Neuron",
    "NeuronKind",
    "Pair",
    "Population",
    "Projection",
    "ProjectionKind",
    "ResetMode",
    "SPIKING",
    "Table",
    "Window",
    "at_step",
    "is_stepped",
    "met",
    "most_met",
    "most_pixels",
    "on_lanes",
    "times",
    "steps_of",
    "weights",
]
