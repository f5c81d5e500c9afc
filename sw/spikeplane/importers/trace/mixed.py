"""Layers along a dimension that is a part of the channels, or the steps: fully connected ones, and convolutions of size 1."""

from dataclasses import replace
from typing import Any

import numpy as np

from spikeplane.importers.maps import channels_of
from spikeplane.importers.trace.axes import CHANNELS, STEPS, Atom, dim, features
from spikeplane.importers.trace.items import Const, Item
from spikeplane.importers.trace.presented import all_steps


def pointwise_along(operation: Any, item: Item, weight: Any) -> Item | None:
    """A convolution of size 1 whose channels, the second dimension, are steps, or a part of the channels; None for others."""
    own = item.dims[1] if len(item.dims) > 2 else ()
    bias = operation.args["bias"]
    other = bias is not None and not isinstance(bias, Const)
    if other or operation.args["groups"] != 1 or own == features(item.value.shape)[0] != ():
        return None
    return along(operation, item, 1, weight.reshape(weight.shape[:2]), bias and bias.tensor)


def along(operation: Any, item: Item, d: int, weight: Any, bias: Any) -> Item | None:
    """Numbers (O, I), or tensors, times dimension d, in the same way for all others; None where it is something else than steps, or a part
    of the channels."""
    d %= len(item.dims)
    weight = np.asarray(weight, dtype=np.float64)
    bias = None if bias is None else np.asarray(bias, dtype=np.float64)
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
