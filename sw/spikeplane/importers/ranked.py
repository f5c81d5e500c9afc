"""Masks of the largest of several values: pairs of them are compared, and a value counts those that are larger.

```
 v (n values) ──▶ pairs i < j: fires where v_j > v_i ──▶ i fires where fewer than `count` are larger
```
Of equal values the first is the larger one, so that exactly `count` fire.
"""

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np

from spikeplane.float_network import FloatNeuron
from spikeplane.importers.flow import Spikes, Value
from spikeplane.importers.gated import alone
from spikeplane.importers.maps import channels_of


def of_the_largest(
    made: Any, layer: str, value: Value, groups: np.ndarray, count: int, sign: float = 1.0
) -> Spikes:
    """Spikes of the value's shape: of each of the groups (G, n) of channels the `count` largest, of sign * value."""
    sent, _ = alone(made, f"{layer}_input", replace(value, flat=False), f"'{layer}' compares them")
    size, channels = groups.shape[1], value.shape[0]
    pairs = np.array(list(combinations(range(size), 2)), dtype=np.int64)
    first, second = (groups[:, pairs[:, which]].reshape(-1) for which in (0, 1))
    places = np.arange(len(first))
    apart = np.zeros((len(first), channels))
    apart[places, first], apart[places, second] = -1.0, 1.0
    neuron = FloatNeuron(decay=0.0, threshold=np.zeros(len(first)), reset="none", strict=True)
    compared = made.through(layer, sent, channels_of(sent.shape, sign * apart), named=False)
    fires = made.neuron(made.free(f"{layer}_pairs"), compared, neuron)
    # larger than the i-th are those behind it whose pair fires, and those of the i in front whose pair does not
    room = np.empty(channels)
    room[groups] = count - np.arange(size)
    counted = made.through(layer, fires, channels_of(fires.shape, apart.T), room, named=False)
    name, which = made.free(layer), "largest" if sign > 0 else "smallest"
    made.assume(name, "mask", f"of {size} values the {count} {which}", "the first of equal ones goes first")
    return made.neuron(name, counted, FloatNeuron(decay=0.0, threshold=np.ones(channels), reset="none"))
