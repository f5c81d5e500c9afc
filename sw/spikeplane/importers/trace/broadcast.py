"""Values that an operator takes together: of one step, and of one shape, those of fewer dimensions repeated."""

from dataclasses import replace

import numpy as np

from spikeplane.importers.flow import Value
from spikeplane.importers.geometry import Shape
from spikeplane.importers.maps import Map, seen
from spikeplane.importers.trace.axes import FEATURES, STEPS, Dim, Dims
from spikeplane.importers.trace.items import Item
from spikeplane.importers.trace.operation import Operation


def of_one_step(operation: Operation, items: list[Item]) -> tuple[list[Item], int | None]:
    """The items as they come to the latest of their steps; None where they have all steps."""
    last = max((item.step for item in items if item.step is not None), default=None)
    late = [item if last is None or item.step is None else operation.late(item, last) for item in items]
    return late, None if any(item.all_steps for item in items) else last


def together(operation: Operation, items: list[Item], what: str) -> tuple[list[Value], Dims]:
    """The items' values in one shape, and its dimensions. Raises SpikeplaneError where they have others; `what`: the
    operator in words."""
    rank = max(len(item.dims) for item in items)
    every = [((),) * (rank - len(item.dims)) + item.dims for item in items]
    largest = max(range(len(items)), key=lambda n: int(np.prod(items[n].value.shape)))
    dims = tuple(
        own or next((d[place] for d in every if d[place]), ()) for place, own in enumerate(every[largest])
    )
    if all(_but_steps(d) == _but_steps(dims) for d in every):
        return [item.value for item in items], dims
    shape = _shape(dims)
    values = []
    for item, own in zip(items, every, strict=True):
        axes = None if shape is None else _places(dims, own, shape, item.value.shape)
        if shape is None or axes is None:
            raise operation.unlike(
                f"{what} of values whose dimensions are others", "give values of one shape"
            )
        values.append(_moved(operation, replace(item.value, flat=False), axes))
    flat = items[largest].value.flat
    return [replace(value, flat=flat) for value in values], dims


def _but_steps(dims: Dims) -> Dims:
    """Without steps: a value may be the same in all."""
    return tuple(() if all(a.axis == STEPS for a in d) else d for d in dims)


def _shape(dims: Dims) -> Shape | None:
    """Channels, rows and columns of a value that has these dimensions; None if its atoms do not make whole axes."""
    sizes = []
    for axis in FEATURES:
        size = 1
        for atom in sorted((a for d in dims for a in d if a.axis == axis), key=lambda a: a.stride):
            if atom.stride != size:
                return None
            size *= atom.size
        sizes.append(size)
    return sizes[0], sizes[1], sizes[2]


def _places(dims: Dims, own: Dims, shape: Shape, source: Shape) -> list[np.ndarray] | None:
    """Of each axis which place of a value of dimensions `own` every place of the result is. None where a dimension
    of the two is made of other axes."""
    found = []
    for axis, size in zip(FEATURES, shape, strict=True):
        place, at = np.arange(size), np.zeros(size, dtype=np.int64)
        for whole, part in zip(dims, own, strict=True):
            if not part:
                continue
            if _kinds(whole) != _kinds(part):
                return None
            for atom, other in zip(whole, part, strict=True):
                if atom.axis == axis:
                    at += place // atom.stride % atom.size * other.stride
        found.append(at)
    if any(len(set(at.tolist())) != n for at, n in zip(found, source, strict=True)):
        return None
    return found


def _kinds(dim: Dim) -> list[tuple[str, int]]:
    return [(a.axis, a.size) for a in dim]


def _moved(operation: Operation, value: Value, axes: list[np.ndarray]) -> Value:
    """The value with these places of its channels, rows and columns."""
    own = [np.arange(n) for n in value.shape]
    if all(np.array_equal(at, same) for at, same in zip(axes, own, strict=True)):
        return value
    channels, rows, columns = (np.eye(n)[at] for at, n in zip(axes, value.shape, strict=True))
    if np.array_equal(axes[0], own[0]):
        return operation.made.seen(operation.layer, value, seen(value.shape, rows, columns))
    return operation.made.seen(
        operation.layer, value, Map(channels[:, :, None, None], rows[None], columns[None])
    )
