"""Whether two values are the same sum of the same."""

import numpy as np

from spikeplane.importers.flow import Currents, Spikes, Value
from spikeplane.importers.maps import Map


def alike(one: Value, other: Value) -> bool:
    """Whether two values are the same sum of the same."""
    if one is other:
        return True
    if isinstance(one, Spikes) and isinstance(other, Spikes):
        return (
            one.shape == other.shape
            and len(one.sources) == len(other.sources)
            and all(
                (a.population, a.delay) == (b.population, b.delay) and same_map(a.map, b.map)
                for a, b in zip(one.sources, other.sources, strict=True)
            )
        )
    if not isinstance(one, Currents) or not isinstance(other, Currents):
        return False
    if (one.shape, one.window, len(one.drafts)) != (other.shape, other.window, len(other.drafts)):
        return False
    return np.array_equal(one.image, other.image) and all(
        (a.source, a.delay, a.dynamic) == (b.source, b.delay, b.dynamic) and same_map(a.map, b.map)
        for a, b in zip(one.drafts, other.drafts, strict=True)
    )


def same_map(one: Map | None, other: Map | None) -> bool:
    """Whether two maps are written alike."""
    if one is other or one is None or other is None:
        return one is other
    return all(
        np.array_equal(a, b)
        for a, b in ((one.weight, other.weight), (one.rows, other.rows), (one.columns, other.columns))
    )
