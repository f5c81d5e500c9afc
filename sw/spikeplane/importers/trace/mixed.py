"""Layers along a dimension that is a part of the channels, or the steps: fully connected ones, and convolutions of size 1."""

from dataclasses import replace
from typing import Any

import numpy as np

from spikeplane.importers.maps import channels_of
from spikeplane.importers.trace.axes import CHANNELS, STEPS, Atom, dim
from spikeplane.importers.trace.items import Item
from spikeplane.importers.trace.presented import all_steps


def along(operation: Any, item: Item, d: int, weight: np.ndarray, bias: np.ndarray | None) -> Item | None:
    """weight (O, I) times dimension d, in the same way for all others; None where it is something else than steps, or a part
    of the channels."""
    d %= len(item.dims)
    if len(item.dims[d]) > 1:
        return None
    if item.dims[d] and item.dims[d][0].axis == STEPS and operation.made.presents:
        item = all_steps(operation, item)
    atom = item.dims[d][0] if item.dims[d] else Atom(CHANNELS, 1)
    if atom.axis != CHANNELS or atom.size != weight.shape[1]:
        return None
    made, value, out = operation.made, replace(item.value, flat=False), len(weight)
    outer = value.shape[0] // (atom.size * atom.stride)
    matrix = np.kron(np.eye(outer), np.kron(weight, np.eye(atom.stride)))
    offset = None if bias is None else np.tile(np.repeat(bias, atom.stride), outer)
    found = made.through(operation.layer, value, channels_of(value.shape, matrix), offset)
    dims = []
    for place, own in enumerate(item.dims):
        moved = (
            replace(a, stride=a.stride // atom.size * out)
            if a.axis == CHANNELS and a.stride >= atom.size * atom.stride
            else a
            for a in own
        )
        dims.append(dim(Atom(CHANNELS, out, atom.stride)) if place == d else dim(*moved))
    return Item(found, tuple(dims), item.step)
