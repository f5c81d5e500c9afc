"""How the output population is read out."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spikeplane.importers.assembly import Assembly


def readout_of(made: "Assembly", output: str) -> str:
    """As `FloatNetwork.readout` says it: of values what their layer asks for, of spikes their number, or, of neurons
    that fire once, how early they fire, which is told."""
    neuron = next(p.neuron for p in made.populations if p.name == output)
    if neuron is not None and neuron.reset == "once":
        made.assume(output, "readout", "the earliest", "its neurons fire once: a spike counts the steps left")
        return "early"
    return made.readouts.get(output, "last") if made.sends_values(output) else "count"
