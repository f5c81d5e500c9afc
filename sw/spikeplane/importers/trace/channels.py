"""Channels of a value taken apart and put together."""

from dataclasses import replace

import numpy as np

from spikeplane.importers.trace.axes import CHANNELS, ROWS, Atom, dim, features, reshaped, sizes
from spikeplane.importers.trace.items import Item
from spikeplane.importers.trace.operation import Operation, maps, row


def picked(operation: Operation, item: Item, d: int, start: int, count: int, *, drop: bool) -> Item:
    """`count` channels from `start` on, in dimension d; drop: the dimension goes."""
    atoms, value = item.dims[d], item.value
    own = dim(*(a for e in features(value.shape) for a in e))
    if atoms == features(value.shape)[0] and maps(item) is not None:
        part = operation.made.channels(
            operation.layer, replace(value, flat=False), slice(start, start + count)
        )
    elif atoms == own and row(item) is not None:
        part = operation.made.channels(
            operation.layer, replace(value, flat=True), slice(start, start + count)
        )
    elif len(atoms) == 1 and atoms[0].axis == CHANNELS:
        return _of_a_split(operation, item, d, start, count, drop=drop)
    else:
        return _of_pixels(operation, item, d, start, count, drop=drop)
    put = () if drop else (features(part.shape)[0],)
    return Item(part, (*item.dims[:d], *put, *item.dims[d + 1 :]), item.step)


def ordered(operation: Operation, item: Item) -> Item:
    """A dimension that holds all channels in another order, as a shuffle leaves them, as the channels of a value in that
    order; any other item as it is."""
    count, (channels, _, _) = item.value.shape[0], features(item.value.shape)
    for place, each in enumerate(item.dims):
        if (
            len(each) > 1
            and each != channels
            and all(a.axis == CHANNELS for a in each)
            and sizes((each,)) == (count,)
        ):
            order = sum(
                (np.arange(a.size) * a.stride).reshape(-1, *[1] * n) for n, a in enumerate(reversed(each))
            )
            value = replace(item.value, flat=False)
            made = operation.made.channels(operation.layer, value, np.ravel(order).tolist())
            return Item(made, (*item.dims[:place], channels, *item.dims[place + 1 :]), item.step)
    return item


def _of_a_split(operation: Operation, item: Item, d: int, start: int, count: int, *, drop: bool) -> Item:
    """Every channel whose place along one atom is in the slice."""
    atom, value = item.dims[d][0], item.value
    along = np.arange(value.shape[0]) // atom.stride % atom.size
    chosen = np.flatnonzero((along >= start) & (along < start + count)).tolist()
    part = operation.made.channels(operation.layer, replace(value, flat=False), chosen)
    dims = [dim(*(_fewer(a, atom, count) for a in e)) for e in item.dims]
    if drop:
        dims.pop(d)
    return Item(part, tuple(dims), item.step)


def _fewer(atom: Atom, cut: Atom, count: int) -> Atom:
    """An atom of channels after `count` places of another are left."""
    if atom == cut:
        return replace(atom, size=count)
    outside = atom.axis == CHANNELS and atom.stride > cut.stride
    return replace(atom, stride=atom.stride // cut.size * count) if outside else atom


def _of_pixels(operation: Operation, item: Item, d: int, start: int, count: int, *, drop: bool) -> Item:
    """Some of the rows or columns."""
    if len(item.dims[d]) != 1 or item.dims[d] not in features(item.value.shape)[1:]:
        raise operation.unlike("a slice of permuted or flattened pixels", "slice channels, rows or columns")
    _, high, wide = item.value.shape
    rows = item.dims[d][0].axis == ROWS
    cut = (-start, start + count - (high if rows else wide))
    value = replace(item.value, flat=False)
    part = operation.made.pad(operation.layer, value, (cut, (0, 0)) if rows else ((0, 0), cut))
    left = () if drop else (features(part.shape)[1 if rows else 2],)
    return Item(part, (*item.dims[:d], *left, *item.dims[d + 1 :]), item.step)


def concatenated(operation: Operation, things: list[Item], d: int) -> Item:
    """Channels of several values behind each other."""
    step = operation.step()
    things = [t if step is None or t.step is None else operation.late(t, step) for t in things]
    pixels = [maps(t) for t in things]
    rows = [row(t) for t in things]
    lead = things[0].dims[:d]
    if any(t.dims[:d] != lead for t in things):
        raise operation.unlike("a concatenation of values whose dimensions are others", "join channels")
    if all(
        p is not None and t.dims[d] == features(t.value.shape)[0] for p, t in zip(pixels, things, strict=True)
    ):
        made = operation.made.joined(operation.layer, [p for p in pixels if p is not None])
    elif all(r is not None and np.array_equal(r[1], np.arange(len(r[1]))) for r in rows):
        made = operation.made.joined(operation.layer, [r[0] for r in rows if r is not None])
    else:
        raise operation.unlike("a concatenation of something else than channels", "join channels, or rows")
    return Item(made, (*lead, features(made.shape)[0], *things[0].dims[d + 1 :]), step)


def stacked(operation: Operation, things: list[Item], d: int) -> Item:
    """Values of one shape in a dimension of their own, which are channels in groups."""
    own = features(things[0].value.shape)
    flat = dim(*(a for e in own for a in e))
    place = next((p for p, e in enumerate(things[0].dims) if e and e in (own[0], flat)), None)
    if place is None:
        raise operation.unlike("a stack of something else than channels", "add them, or join channels")
    made = concatenated(operation, things, place)
    outer, inner = reshaped(made.dims[place : place + 1], (len(things), sizes(things[0].dims)[place]))
    dims = [*made.dims[:place], inner, *made.dims[place + 1 :]]
    dims.insert(d, outer)
    return replace(made, dims=tuple(dims))
