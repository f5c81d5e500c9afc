"""Places of a dimension in another order, or some of them: indices, flips, rolls, strides."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from spikeplane.importers.maps import seen
from spikeplane.importers.trace.axes import ROWS, dim, features, sizes
from spikeplane.importers.trace.items import Const, Item
from spikeplane.importers.trace.operation import Operation, Rule, maps, row


def chosen(operation: Operation, item: Item, d: int, places: list[int]) -> Item:
    """These places of dimension d, in this order."""
    value, made, atoms = item.value, operation.made, item.dims[d]
    own = features(value.shape)
    if places == list(range(sizes(item.dims)[d])):
        return item
    if atoms == own[0] and maps(item) is not None:
        part = made.channels(operation.layer, replace(value, flat=False), places)
        put = features(part.shape)[0]
    elif atoms == dim(*(a for e in own for a in e)) and row(item) is not None:
        part = made.channels(operation.layer, replace(value, flat=True), places)
        put = features(part.shape)[0]
    elif atoms and atoms in own[1:] and maps(item) is not None:
        along = 1 if atoms[0].axis == ROWS else 2
        axes = [np.eye(n) for n in value.shape[1:]]
        axes[along - 1] = axes[along - 1][places]
        part = made.seen(operation.layer, replace(value, flat=False), seen(value.shape, axes[0], axes[1]))
        put = features(part.shape)[along]
    else:
        raise operation.unlike(
            f"a {operation.name} along something else than channels, rows or columns",
            "keep steps and samples in their order, and choose in front of reshapes",
        )
    return Item(part, (*item.dims[:d], put, *item.dims[d + 1 :]), item.step)


def indexed(operation: Operation) -> Any:
    """Places chosen by a list of numbers."""
    item, args = operation.item("self"), operation.args
    if operation.name == "index":
        given = [(d, index) for d, index in enumerate(args["indices"]) if index is not None]
    else:
        given = [(args["dim"] % len(item.dims), args["index"])]
    if len(given) != 1 or not isinstance(given[0][1], Const) or given[0][1].tensor.ndim != 1:
        raise operation.unlike(
            "an index by values, or by several lists", "index one dimension by a list of numbers"
        )
    d, numbers = given[0][0], given[0][1].tensor
    size = sizes(item.dims)[d]
    places = numbers.nonzero()[:, 0] if numbers.dtype == torch.bool else numbers
    return chosen(operation, item, d, [int(n) % size for n in places])


def flipped(operation: Operation) -> Item:
    """Dimensions in reverse."""
    item = operation.item("self")
    for d in operation.args["dims"]:
        size = sizes(item.dims)[d]
        item = chosen(operation, item, d % len(item.dims), list(range(size))[::-1])
    return item


def rolled(operation: Operation) -> Item:
    """Dimensions moved around."""
    item, dims = operation.item("self"), operation.args["dims"]
    if not dims:
        raise operation.unlike("a roll of all values in a row", "say along which dimension")
    for shift, d in zip(operation.args["shifts"], dims, strict=True):
        size = sizes(item.dims)[d]
        item = chosen(operation, item, d % len(item.dims), [(n - shift) % size for n in range(size)])
    return item


def rotated(operation: Operation) -> Item:
    """Two dimensions turned by right angles: a flip of one, and both exchanged."""
    item, turns = operation.item("self"), operation.args["k"] % 4
    first, second = (d % len(item.dims) for d in operation.args["dims"])
    flips = {0: (), 1: (second,), 2: (first, second), 3: (first,)}[turns]
    for d in flips:
        item = chosen(operation, item, d, list(range(sizes(item.dims)[d]))[::-1])
    if turns % 2:
        dims = list(item.dims)
        dims[first], dims[second] = dims[second], dims[first]
        item = replace(item, dims=tuple(dims))
    return item


RULES: dict[str, Rule] = {
    **dict.fromkeys(("index", "index_select"), indexed),
    "flip": flipped,
    "roll": rolled,
    "rot90": rotated,
}
