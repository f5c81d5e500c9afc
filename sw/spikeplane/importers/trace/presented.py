"""Tensors of all steps in which steps are mixed: what stands for them is kept of a presentation, its steps as channels.

```
 (T, C) ─▶ kept (T * C channels) ─▶ a layer over T ─▶ (T', C), the same in every step ─▶ beside (T, ...): that of its step
```
"""

from dataclasses import replace
from typing import Any

import numpy as np

from spikeplane.importers.by_step import of_steps
from spikeplane.importers.flow import Value
from spikeplane.importers.maps import channels_of
from spikeplane.importers.presented import whole
from spikeplane.importers.trace.axes import CHANNELS, STEPS, Atom, Dim, Dims, dim
from spikeplane.importers.trace.items import Item, Reduced


def all_steps(operation: Any, item: Item) -> Item:
    """The item with its steps as channels, the outermost, of every one of which it is known."""
    (steps,) = (a for d in item.dims for a in d if a.axis == STEPS)
    channels = item.value.shape[0]
    value = whole(operation.made, operation.layer, item.value, steps.size)
    return Item(value, _replaced(item.dims, Atom(CHANNELS, steps.size, channels)))


def _replaced(dims: Dims, atom: Atom) -> Dims:
    """With the atom of steps as this one."""
    return tuple(dim(*(atom if a.axis == STEPS else a for a in d)) for d in dims)


def reduced(operation: Any, total: Reduced) -> Item:
    """A mean or a sum over the steps, known in every step."""
    value, steps = total.item.value, total.steps
    kept = whole(operation.made, operation.layer, value, steps)
    channels = value.shape[0]
    weight = np.tile(np.eye(channels), steps) / (steps if total.mean else 1)
    made = operation.made.seen(operation.layer, kept, channels_of(kept.shape, weight))
    return replace(total.item, value=replace(made, flat=value.flat), step=None)


def in_its_step(operation: Any, item: Item, beside: Dims, *, spikes: bool = False) -> Item:
    """A value of all steps beside one of each step, as that of the step; others as they are. spikes: they are 0 or 1."""
    at = [d for d, (own, other) in enumerate(zip(item.dims, beside, strict=True)) if _is_steps(own, other)]
    if len(at) != 1:
        return item
    (atom,) = item.dims[at[0]]
    channels = item.value.shape[0]
    parts: list[Value] = []
    for step in range(atom.size):
        places = np.arange(channels)
        chosen = places[places // atom.stride % atom.size == step]
        weight = np.zeros((len(chosen), channels))
        weight[np.arange(len(chosen)), chosen] = 1.0
        value = replace(item.value, flat=False)
        parts.append(
            operation.made.currents(
                operation.layer, operation.made.seen(operation.layer, value, channels_of(value.shape, weight))
            )
        )
    value = of_steps(operation.made, f"{operation.layer}.step", parts, spikes=spikes)
    if value is None:
        raise operation.unlike(
            "a value of all steps that is a maximum, beside one of each step",
            "put a layer behind the maximum",
        )
    dims = tuple(beside[d] if d == at[0] else _closer(own, atom) for d, own in enumerate(item.dims))
    return Item(value, dims)


def _is_steps(own: Dim, beside: Dim) -> bool:
    steps = len(beside) == 1 and beside[0].axis == STEPS
    return steps and len(own) == 1 and own[0].axis == CHANNELS and own[0].size == beside[0].size


def _closer(own: Dim, gone: Atom) -> Dim:
    return tuple(
        replace(a, stride=a.stride // gone.size) if a.axis == CHANNELS and a.stride > gone.stride else a
        for a in own
    )
