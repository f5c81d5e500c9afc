"""Maxima over whole dimensions: pixels, channels, and steps, of which a sample's presentation before is kept."""

import operator
from dataclasses import replace
from typing import Any

import numpy as np

from spikeplane.importers.flow import Value
from spikeplane.importers.gated import largest_channel
from spikeplane.importers.trace import layers
from spikeplane.importers.trace.axes import CHANNELS, COLUMNS, ROWS, SAMPLES, STEPS, Atom, Dims, dim
from spikeplane.importers.trace.cures import unknown_operator
from spikeplane.importers.trace.items import Item
from spikeplane.importers.trace.operation import Operation, Rule
from spikeplane.importers.trace.presented import all_steps
from spikeplane.importers.trace.reductions import reduced


def largest(operation: Operation) -> Any:
    """The maximum over dimensions: (values, which), of which the second is nothing that a network knows."""
    args, users = operation.args, operation.node.users
    places = [u for u in users if u.target is operator.getitem and u.args[1] == 1 and u.users]
    if "dim" not in args or "other" in args or places:
        raise unknown_operator(operation.name)
    given = args["dim"] if isinstance(args["dim"], list | tuple) else [args["dim"]]
    item = over(operation, operation.item("self"), [int(d) for d in given], bool(args.get("keepdim")))
    return item if operation.name == "amax" else (item, None)


def over(operation: Operation, item: Item, given: list[int], keep: bool) -> Item:
    """The largest along these dimensions."""
    chosen = [d % len(item.dims) for d in given] or list(range(len(item.dims)))
    gone = [a for d in chosen for a in item.dims[d]]
    if any(a.axis == SAMPLES for a in gone):
        raise operation.unlike(f"a {operation.name} over samples", "keep the samples apart")
    dims = tuple(() if d in chosen else e for d, e in enumerate(item.dims) if keep or d not in chosen)
    value = _over_pixels(operation, replace(item.value, flat=False), gone)
    value, dims = _over_channels(operation, value, dims, [a for a in gone if a.axis == CHANNELS])
    if not any(a.axis == STEPS for a in gone):
        return Item(value, dims, item.step)
    return _over_steps(operation, value, dims, gone)


def _over_pixels(operation: Operation, value: Value, gone: list[Atom]) -> Value:
    sizes = [
        n if any(a.axis == axis for a in gone) else 1
        for axis, n in zip((ROWS, COLUMNS), value.shape[1:], strict=True)
    ]
    for axis, n in zip((ROWS, COLUMNS), value.shape[1:], strict=True):
        part = [a for a in gone if a.axis == axis]
        if part and dim(*sorted(part, key=lambda a: -a.stride)) != dim(Atom(axis, n)):
            raise operation.unlike(f"a {operation.name} over a part of the {axis}", "use MaxPool2d")
    if sizes == [1, 1]:
        return value
    high, wide = sizes
    return operation.made.pool_max(operation.layer, value, (high, wide), (high, wide), (0, 0))


def _over_channels(operation: Operation, value: Value, dims: Dims, gone: list[Atom]) -> tuple[Value, Dims]:
    if not gone:
        return value, dims
    if len(gone) != 1:
        raise operation.unlike(
            f"a {operation.name} over several parts of the channels", "reshape them to one dimension"
        )
    (atom,) = gone
    place = np.arange(value.shape[0]).reshape(-1, atom.size, atom.stride)
    groups = place.transpose(0, 2, 1).reshape(-1, atom.size)
    made = largest_channel(operation.made, operation.layer, value, groups)
    kept = tuple(
        dim(
            *(
                replace(a, stride=a.stride // atom.size)
                if a.axis == CHANNELS and a.stride > atom.stride
                else a
                for a in d
            )
        )
        for d in dims
    )
    return made, kept


def _over_steps(operation: Operation, value: Value, dims: Dims, gone: list[Atom]) -> Item:
    steps = next(a for a in gone if a.axis == STEPS)
    if not operation.made.presents:
        raise operation.unlike(f"a {operation.name} over steps", "return every step's output")
    item = all_steps(operation, Item(value, (*dims, (steps,))))
    (atom,) = item.dims[-1]
    found, left = _over_channels(operation, item.value, item.dims[:-1], [atom])
    return Item(found, left)


def adaptive_largest(operation: Operation) -> Any:
    """An adaptive maximum whose sizes are those that there are, or 1."""
    item = operation.item()
    return over(operation, item, _to_one(operation, tuple(operation.node.meta["val"][0].shape)), True), None


def adaptive_mean(operation: Operation) -> Any:
    """An adaptive average whose sizes are those that there are, or 1."""
    thing, before = operation.args["self"], tuple(operation.node.args[0].meta["val"].shape)
    if any(now not in (1, then) for now, then in zip(operation.shape, before, strict=True)):
        return layers.RULES[operation.name](operation)
    args = {"self": thing, "dim": _to_one(operation, operation.shape), "keepdim": True}
    return reduced(replace(operation, name="mean", args=args)) if args["dim"] else thing


def _to_one(operation: Operation, shape: tuple[int, ...]) -> list[int]:
    """Which of the last dimensions become 1. Raises SpikeplaneError where one becomes something else."""
    before = tuple(operation.node.args[0].meta["val"].shape)
    many = len(operation.args["output_size"])
    changed = [d for d in range(-many, 0) if shape[d] != before[d]]
    if any(shape[d] != 1 for d in changed):
        raise operation.unlike(
            f"a {operation.name} to several values", "give 1, or None where a size is kept"
        )
    return changed


RULES: dict[str, Rule] = {
    **dict.fromkeys(("max", "amax"), largest),
    **dict.fromkeys(("adaptive_max_pool1d", "adaptive_max_pool3d"), adaptive_largest),
    **dict.fromkeys(("adaptive_avg_pool1d", "adaptive_avg_pool3d"), adaptive_mean),
}
