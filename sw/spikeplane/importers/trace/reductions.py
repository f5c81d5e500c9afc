"""Sums and means: over steps a readout, over pixels a pool, over groups of channels a convolution of 1x1."""

from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from spikeplane.importers import torch_pools
from spikeplane.importers.flow import Value
from spikeplane.importers.maps import channels_of
from spikeplane.importers.trace.axes import CHANNELS, COLUMNS, ROWS, SAMPLES, STEPS, Atom, Dims, dim
from spikeplane.importers.trace.items import Held, Item, Reduced
from spikeplane.importers.trace.layers import of_lines, pool_fields
from spikeplane.importers.trace.operation import Operation, Rule


def reduced(operation: Operation) -> Any:
    """A sum or a mean over some dimensions."""
    thing = operation.args["self"]
    if isinstance(thing, Held):
        return _membranes(operation, thing)
    item = thing.item if isinstance(thing, Reduced) else operation.item()
    chosen, keep = _chosen(operation, item.dims), bool(operation.args.get("keepdim"))
    gone = [a for d in chosen for a in item.dims[d]]
    axes = {a.axis for a in gone}
    if SAMPLES in axes:
        raise operation.unlike(f"a {operation.name} over samples", "keep the samples apart")
    dims = tuple(() if d in chosen else e for d, e in enumerate(item.dims) if keep or d not in chosen)
    value, mean = item.value, operation.name == "mean"
    if CHANNELS in axes:
        value, dims = _over_channels(
            operation, replace(item, dims=dims), [a for a in gone if a.axis == CHANNELS]
        )
    if axes & {ROWS, COLUMNS}:
        value = _over_pixels(operation, value, gone, mean)
    result = Item(value, dims, item.step)
    if STEPS in axes:
        return Reduced(result, mean, prod(a.size for a in gone if a.axis == STEPS))
    return replace(thing, item=result) if isinstance(thing, Reduced) else result


def _chosen(operation: Operation, dims: Dims) -> list[int]:
    given = operation.args.get("dim")
    if given is None or given == []:
        return list(range(len(dims)))
    return [d % len(dims) for d in (given if isinstance(given, list | tuple) else [given])]


def _membranes(operation: Operation, held: Held) -> Held:
    chosen = _chosen(operation, held.dims)
    if {a.axis for d in chosen for a in held.dims[d]} != {STEPS} or held.over != "all":
        raise operation.unlike(
            f"a {operation.name} of membranes", "return the membranes of all steps, or of the last"
        )
    dims = tuple(e for d, e in enumerate(held.dims) if d not in chosen)
    return replace(held, dims=dims, over="sum")


def _over_pixels(operation: Operation, value: Value, gone: list[Atom], mean: bool) -> Value:
    """All rows, columns or both summed up."""
    size = []
    for axis, pixels in zip((ROWS, COLUMNS), value.shape[1:], strict=True):
        atoms = sorted((a for a in gone if a.axis == axis), key=lambda a: -a.stride)
        if atoms and dim(*atoms) != dim(Atom(axis, pixels)):
            raise operation.unlike(f"a {operation.name} over a part of the {axis}", "use AvgPool2d")
        size.append(pixels if atoms else 1)
    high, wide = size
    whole = replace(value, flat=False)
    return operation.made.pool_sum(operation.layer, whole, (high, wide), (high, wide), (0, 0), mean=mean)


def _over_channels(operation: Operation, item: Item, gone: list[Atom]) -> tuple[Value, Dims]:
    """Groups of channels summed up, by a convolution of 1x1; and the dimensions that are left."""
    if len(gone) != 1:
        raise operation.unlike(f"a {operation.name} over several parts of the channels", "use a Linear layer")
    size, stride = gone[0].size, gone[0].stride
    channels = item.value.shape[0]
    place = np.arange(channels)
    group = place // (size * stride) * stride + place % stride
    weight = np.zeros((channels // size, channels))
    weight[group, place] = 1 / size if operation.name == "mean" else 1.0
    dims = tuple(dim(*(_closer(a, size, stride) for a in d)) for d in item.dims)
    value = replace(item.value, flat=False)
    return operation.made.seen(operation.layer, value, channels_of(value.shape, weight)), dims


def _closer(atom: Atom, size: int, stride: int) -> Atom:
    """An atom of channels after the atom (size, stride) is gone."""
    outside = atom.axis == CHANNELS and atom.stride > stride
    return replace(atom, stride=atom.stride // size) if outside else atom


def average_along(operation: Operation) -> Item:
    """An average along a line, or over neighbours in a row (N, 1, C) as SpikingJelly's VotingLayer has it."""
    item, args = operation.item(), operation.args
    size, stride, padding = (
        int((args[n] or args["kernel_size"])[0]) if n != "padding" else int(args[n][0])
        for n in ("kernel_size", "stride", "padding")
    )
    atoms = item.dims[-1]
    if len(atoms) != 1 or atoms[0].axis != CHANNELS or item.dims[-2] != ():
        return of_lines(torch_pools.average_pool_of_lines, pool_fields)(operation)
    if (stride, padding) != (size, 0) or atoms[0].size % size:
        raise operation.unlike("an average along a row", "let groups of equal size divide the row")
    inner = Atom(CHANNELS, size, atoms[0].stride)
    outer = Atom(CHANNELS, atoms[0].size // size, atoms[0].stride * size)
    left = replace(item, dims=(*item.dims[:-1], dim(outer)))
    value, dims = _over_channels(replace(operation, name="mean"), left, [inner])
    return Item(value, dims, item.step)


RULES: dict[str, Rule] = {"mean": reduced, "sum": reduced, "avg_pool1d": average_along}
