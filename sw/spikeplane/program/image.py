"""What a chip is loaded with, and how the host talks to what is loaded."""

from dataclasses import dataclass, field

from spikeplane.formats.tables import AnyMemory
from spikeplane.network import Network
from spikeplane.program.placement import Placement, rectangles

Rect = tuple[int, int, int, int]


@dataclass
class Image:
    """The contents of every memory of every core, and the host's side of a run.

    words      by core (x, y) its (memory, address, word), by memory and address
    cores      those in use, row by row: they have parts of the network
    inputs     by input population the (tag, rectangle x0, y0, x1, y1) that its spikes are sent to
    probes     by tag the population whose output comes to the host
    credits    how many credits the host gets in a step
    used       by core in use its words (used, available) by memory, "acc" and "membrane"; the compiler
               counts them, an image that was read from a file has none
    """

    words: dict[tuple[int, int], list[tuple[AnyMemory, int, int]]] = field(
        default_factory=dict[tuple[int, int], list[tuple[AnyMemory, int, int]]]
    )
    cores: tuple[tuple[int, int], ...] = ()
    inputs: dict[str, list[tuple[int, Rect]]] = field(default_factory=dict[str, list[tuple[int, Rect]]])
    probes: dict[int, str] = field(default_factory=dict[int, str])
    credits: int = 0
    used: dict[tuple[int, int], dict[str, tuple[int, int]]] = field(
        default_factory=dict[tuple[int, int], dict[str, tuple[int, int]]]
    )


def host_side(network: Network, placement: Placement, probes: list[str]) -> Image:
    """An image without words: everything that follows from the placement. `probes`: the populations
    whose output comes to the host."""
    cores = sorted({part.core for part in placement.parts}, key=lambda core: (core[1], core[0]))
    image = Image(
        cores=tuple(cores),
        probes={len(network.projections) + number: name for number, name in enumerate(probes)},
    )
    for tag, projection in enumerate(network.projections):
        if network.population(projection.source).neuron is None:
            targets = [part.core for part in placement.of(projection.target)]
            reached = [(tag, rect) for rect in rectangles(targets)]
            image.inputs.setdefault(projection.source, []).extend(reached)
            image.credits += len(targets)
    return image
