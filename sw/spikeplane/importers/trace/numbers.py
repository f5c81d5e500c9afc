"""Tensors of numbers beside a value: what each means for the value's channels and pixels."""

from dataclasses import replace
from typing import Any

import numpy as np

from spikeplane.importers.flow import Currents, Value
from spikeplane.importers.maps import Map
from spikeplane.importers.trace.axes import FEATURES, order, sizes
from spikeplane.importers.trace.items import Item
from spikeplane.importers.trace.operation import Operation, places


def per_value(operation: Operation, item: Item, numbers: Any) -> np.ndarray:
    """(C,), or (C, H, W) where they differ inside a channel, of numbers that broadcast over the item. Raises
    SpikeplaneError where they differ between samples or steps, or make more values of it."""
    shape = sizes(item.dims)
    if tuple(np.broadcast_shapes(tuple(numbers.shape), shape)) != shape:
        raise operation.unlike(
            "a factor or an addition that makes more values of one",
            "give numbers that broadcast over the value",
        )
    atoms = [a for d in item.dims for a in d]
    tensor = numbers.expand(shape).reshape([a.size for a in atoms]).numpy().astype(np.float64)
    own = [i for i, a in enumerate(atoms) if a.axis in FEATURES]
    rest = [i for i in range(len(atoms)) if i not in own]
    each = tensor.transpose(*own, *rest).reshape(int(np.prod([atoms[i].size for i in own])), -1)
    if not (each == each[:, :1]).all():
        raise operation.unlike(
            "a factor or an addition that differs between samples or steps",
            "give one number a channel or a value",
        )
    image = np.empty(int(np.prod(item.value.shape)))
    image[places(item, order(item.dims))] = each[:, 0]
    whole = image.reshape(item.value.shape)
    return whole[:, 0, 0].copy() if (whole == whole[:, :1, :1]).all() else whole


def times(operation: Operation, value: Value, numbers: np.ndarray) -> Value:
    """The value times numbers (C,), or one each (C, H, W)."""
    made = operation.made
    if numbers.ndim == 1:
        return made.scale(made.currents(operation.layer, value), numbers, np.zeros(len(numbers)))
    _, height, width = numbers.shape
    rows, columns = (np.eye(n)[:, :, None] * np.eye(n)[:, None] for n in (height, width))
    return made.seen(operation.layer, value, Map(numbers, rows, columns))


def plus(operation: Operation, value: Value, numbers: np.ndarray) -> Currents:
    """The value plus numbers (C,), or one each (C, H, W)."""
    made = operation.made
    currents = made.currents(
        operation.layer, made.maximum(operation.layer, value) if numbers.ndim > 1 else value
    )
    if numbers.ndim == 1:
        return made.scale(currents, np.ones(len(numbers)), numbers)
    drafts = tuple(replace(d, uneven=d.uneven or operation.layer) for d in currents.drafts)
    return replace(currents, drafts=drafts, terms=(), bias=currents.image + numbers, split=None)
