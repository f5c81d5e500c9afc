"""ORs: neurons without memory that fire where any of some spikes is, the maximum of 0s and 1s."""

from collections.abc import Sequence
from typing import Any

from spikeplane.importers.flow import Spikes
from spikeplane.importers.maps import Map


def any_of(made: Any, layer: str, value: Spikes, maps: Sequence[Map]) -> Spikes:
    """Of spikes of 0 and 1 those of a population that fires where any fires that is seen through one of `maps`."""
    if not value.binary:
        raise made.refuse(
            layer, "a maximum of added or pooled spikes", "it is no OR of spikes; pool before adding"
        )
    total = made.seen(layer, value, maps[0])
    for map in maps[1:]:
        total = made.add(layer, total, made.seen(layer, value, map))
    currents = made.currents(layer, total)
    made.assume(layer, "max-pooling of spikes", "OR", "the maximum of 0s and 1s")
    return made.any_fires(layer, currents)
