"""Maxima of spikes over windows. Of 0s and 1s it is an OR. Of a sum of spikes, which takes few values v0 < v1 < ..., it is a
sum of ORs, one a value:

```
    max(x) = v0 + (v1 - v0) * OR(x >= v1) + (v2 - v1) * OR(x >= v2) + ...
```
x >= v1 is a gate of the spikes, and where it is their OR itself, one OR over the windows of all of them.
"""

import itertools
from dataclasses import replace
from typing import Any

import numpy as np

from spikeplane.float_network import FloatNeuron
from spikeplane.importers import gates
from spikeplane.importers.flow import Source, Spikes, Value
from spikeplane.importers.geometry import Pair
from spikeplane.importers.maps import Map, identity

#: Values above the least that a sum of spikes may take.
_LEVELS = 6
#: Pixels along a window, which a population word has room for; windows side by side have one less.
_SIDE = 16


def several(made: Any, layer: str, value: Spikes, windows: Map) -> Value:
    """Of a sum of spikes. Raises SpikeplaneError where it is none, or takes too many values."""
    table = gates.table(made, value, 1)
    levels = np.unique(table.values) if table is not None else np.zeros(0)
    if table is None or not 2 <= len(levels) <= _LEVELS + 1:
        raise made.refuse(
            layer,
            f"a maximum of pooled spikes, or of a sum that takes more than {_LEVELS + 1} values",
            "it is no OR of a few spikes; pool before adding or averaging",
        )
    told = ", ".join(f"{level:g}" for level in levels)
    made.assume(
        layer, "max-pooling of a sum of spikes", "a sum of ORs", f"one for each of {told} but the least"
    )
    sources: list[Source] = []
    for below, level in itertools.pairwise(levels):
        reached = replace(table, values=(table.values >= level).astype(np.float64))
        spikes = Spikes(table.sources, value.shape)
        if not _is_or(reached.values):
            spikes = gates.firing(made, f"{layer}_{level:g}", reached, value)
        found = _or(made, gates.title(made, f"{layer}_max_{level:g}"), spikes, windows)
        step = np.full(value.shape[0], level - below)
        sources.append(
            replace(
                found.sources[0], map=None if level - below == 1 else identity(windows.shape).scaled(step)
            )
        )
    return gates.affine(made, layer, Spikes(tuple(sources), windows.shape), float(levels[0]), 1.0)


def _or(made: Any, title: str, value: Spikes, windows: Map) -> Spikes:
    """Neurons that any spike in their window fires."""
    currents = made.currents(title, made.seen(title, value, windows))
    return made.neuron(
        title, currents, FloatNeuron(decay=0.0, threshold=np.ones(value.shape[0]), reset="none")
    )


def _is_or(values: np.ndarray) -> bool:
    """Whether any spike of all is enough."""
    return bool(values.sum() == values.size - 1 and not values.flat[0])


def part(pixels: tuple[int, ...], size: Pair, stride: Pair, padding: Pair) -> Pair | None:
    """Windows that lie side by side within a larger one, whose maxima it is the maximum of; None for a window of up to 16 pixels
    a side, or one that none divide."""
    long = max(size)
    apart = (
        size == stride and max(padding) == 0 and all(n % k == 0 for n, k in zip(pixels, size, strict=True))
    )
    square = size[0] == long or pixels[0] == size[0] == 1
    if long <= _SIDE or not apart or not square or size[1] != long:
        return None
    found = next((k for k in range(_SIDE - 1, 1, -1) if long % k == 0), 1)
    return None if found == 1 else (min(size[0], found), min(size[1], found))
