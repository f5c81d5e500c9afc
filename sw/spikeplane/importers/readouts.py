"""What is read out of a network, and how."""

from dataclasses import replace
from typing import TYPE_CHECKING

from spikeplane.float_network import FloatNeuron
from spikeplane.importers.flow import Source, Spikes, Value
from spikeplane.network import MEMBRANE

if TYPE_CHECKING:
    from spikeplane.importers.assembly import Assembly


def as_population(made: "Assembly", value: Value, name: str) -> Spikes:
    """The value as a population's output: currents, and spikes that are pooled or added, become a readout of that name
    that integrates them."""
    if isinstance(value, Spikes) and value.sources != (Source(value.sources[0].population),):
        value = made.currents(name, value)
    if isinstance(value, Spikes):
        return value
    name = made.free(name)
    read = made.neuron(name, replace(value, flat=True), FloatNeuron(reset="none", kind=MEMBRANE))
    made.assume(
        name, "readout", "integrator", "the last layer has no neurons: its outputs are summed over the steps"
    )
    return read


def readout_of(made: "Assembly", output: str) -> str:
    """As `FloatNetwork.readout` says it: of values what their layer asks for, of spikes their number, or, of neurons
    that fire once, how early they fire, which is told."""
    neuron = next(p.neuron for p in made.populations if p.name == output)
    if neuron is not None and neuron.reset == "once":
        made.assume(output, "readout", "the earliest", "its neurons fire once: a spike counts the steps left")
        return "early"
    return made.readouts.get(output, "last") if made.sends_values(output) else "count"
