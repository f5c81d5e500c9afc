"""Numbers that differ from step to step, added to a value of all steps: what constant populations send in each step."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from spikeplane.float_network import FloatPopulation
from spikeplane.importers import torch_layers
from spikeplane.importers.by_step import of_steps
from spikeplane.importers.flow import Source, Spikes, Value
from spikeplane.importers.maps import Map
from spikeplane.importers.trace.axes import FEATURES, STEPS, dim, features, order, sizes
from spikeplane.importers.trace.items import Const, Item, Reduced
from spikeplane.importers.trace.mixed import along
from spikeplane.importers.trace.operation import Operation, Rule, places


def by_step(item: Item, numbers: np.ndarray) -> np.ndarray | None:
    """(T, C) of numbers that broadcast over the item, where they differ between steps and nowhere else but between
    channels; None for all others."""
    shape = sizes(item.dims)
    atoms = [a for d in item.dims for a in d]
    steps = [i for i, a in enumerate(atoms) if a.axis == STEPS]
    if len(steps) != 1 or tuple(np.broadcast_shapes(numbers.shape, shape)) != shape:
        return None
    own = [i for i, a in enumerate(atoms) if a.axis in FEATURES]
    rest = [i for i in range(len(atoms)) if i not in (*steps, *own)]
    tensor = np.broadcast_to(numbers, shape).reshape([a.size for a in atoms]).transpose(*steps, *own, *rest)
    many, count = len(tensor), int(np.prod(item.value.shape))
    each = tensor.reshape(many, count, -1)
    image = np.empty((many, count))
    image[:, places(item, order(item.dims))] = each[:, :, 0]
    rows = image.reshape(many, item.value.shape[0], -1)
    alike = (each == each[:, :, :1]).all() and (rows == rows[:, :, :1]).all()
    return rows[:, :, 0].astype(np.float64) if alike and (rows != rows[:1]).any() else None


def plus_by_step(operation: Operation, item: Item, numbers: np.ndarray) -> Item:
    """The value plus (T, C)."""
    made, (channels, height, width) = operation.made, item.value.shape
    axes = np.eye(height)[None], np.eye(width)[None]
    sources = []
    for name, levels, weight in _parts(operation.layer, numbers):
        population = FloatPopulation(
            name=made.free(name), shape=(1, height, width), constant=True, levels=levels
        )
        first = next(
            (i for i, p in enumerate(made.populations) if p.neuron is not None), len(made.populations)
        )
        made.populations.insert(first, population)
        image = Map(np.broadcast_to(weight, (channels,)).reshape(-1, 1, 1, 1), *axes)
        sources.append(Source(population.name, map=image))
    made.assume(operation.layer, "numbers of each step", "constant populations", "padding sees them")
    added = Spikes(tuple(sources), item.value.shape, flat=item.value.flat)
    return Item(made.add(operation.layer, item.value, added), item.dims, item.step)


def times_by_step(operation: Operation, item: Item, numbers: np.ndarray) -> Item:
    """The value times (T, C)."""
    made, currents = operation.made, operation.made.currents(operation.layer, item.value)
    zeros = np.zeros(numbers.shape[1])
    return of_each(operation, item, [made.scale(currents, own, zeros) for own in numbers])


def of_each(operation: Operation, item: Item, parts: Sequence[Value]) -> Item:
    """The value that is parts[t] in step t, of the item's dimensions."""
    value = of_steps(operation.made, operation.layer, parts)
    if value is None:
        raise operation.unlike(
            "a value whose steps differ in more than their numbers",
            "give all steps the same layers, without a maximum",
        )
    return Item(replace(value, flat=item.value.flat), item.dims, item.step)


def of_all_steps(item: Item) -> int | None:
    """How many steps there are where the second dimension is the channels of each, steps outermost; else None."""
    channels = features(item.value.shape)[0]
    second = item.dims[1] if len(item.dims) > 1 else ()
    steps = second[0] if second and second[0].axis == STEPS else None
    return steps.size if steps and second[1:] == channels else None


def over_steps(operation: Operation) -> Item | Reduced:
    """A convolution (N, C, T, H, W) over all steps: a sum of weights of each step, over pixels as any other. Of size 1 it is a
    layer along its channels, which may be steps."""
    item, args = operation.item(), operation.args
    weight, bias = args["weight"], args["bias"]
    if isinstance(weight, Const) and weight.tensor.shape[2:] == (1, 1, 1):
        made = _along(operation, item, weight)
        if made is not None:
            return made
    steps = item.dims[2] if len(item.dims) == 5 else ()
    many = steps[0].size if steps and steps[0].axis == STEPS else 0
    c, h, w = features(item.value.shape)
    whole = isinstance(weight, Const) and weight.tensor.shape[2] == many
    if not whole or item.dims[1:] != (c, steps, h, w) or args["padding"][0]:
        raise operation.unlike(
            "a convolution of several frames (conv3d)",
            "let it take all steps at once, (T, H, W), behind spikes",
        )
    own = {name: args[name][1:] for name in ("stride", "padding", "dilation")}
    own |= {"groups": args["groups"], "padding_mode": "zeros", "bias": bias and bias.tensor.double() / many}
    value = replace(item.value, flat=False)
    parts = [
        torch_layers.convolved(operation.call(value, **own), weight.tensor[:, :, t]) for t in range(many)
    ]
    found = of_each(operation, replace(item, dims=(item.dims[0], c, h, w)), parts)
    o, h, w = features(found.value.shape)
    return Reduced(replace(found, dims=(item.dims[0], o, (), h, w)), False, many, fixed=True)


def _along(operation: Operation, item: Item, weight: Const) -> Item | None:
    args, bias = operation.args, operation.args["bias"]
    if (
        set(args["stride"]) | set(args["dilation"]) != {1}
        or set(args["padding"]) != {0}
        or args["groups"] != 1
    ):
        return None
    numbers = weight.tensor
    return along(
        operation, item, 1, numbers.reshape(numbers.shape[:2]), None if bias is None else bias.tensor
    )


def linear_over_steps(
    operation: Operation, item: Item, weight: Any, bias: Any, connected: Callable[[Item, Any, Any], Item]
) -> Reduced:
    """A fully connected layer along the steps, (..., T), or along steps and features at once: a sum of weights of each step.
    connected: the layer of one step's features."""
    last = item.dims[-1]
    at = next(i for i, atom in enumerate(last) if atom.axis == STEPS)
    many, rest = last[at].size, (*last[:at], *last[at + 1 :])
    inner = prod(a.size for a in last[at + 1 :])
    each = weight.double().reshape(len(weight), -1, many, inner)
    own = None if bias is None else bias.double() / many
    one = replace(item, dims=(*item.dims[:-1], dim(*rest)))
    if rest:
        parts = [connected(one, each[:, :, t].flatten(1), own) for t in range(many)]
        found = of_each(operation, parts[0], [part.value for part in parts])
    else:
        if len(weight) > 1:
            raise operation.unlike(
                f"a fully connected layer that makes {len(weight)} of the steps",
                "let it make one, Linear(T, 1), or flatten",
            )
        offset = np.full(item.value.shape[0], 0.0 if own is None else float(own))
        currents = operation.made.currents(operation.layer, item.value)
        gains = [np.full(item.value.shape[0], float(w)) for w in each.flatten()]
        found = of_each(operation, one, [operation.made.scale(currents, gain, offset) for gain in gains])
    return Reduced(found, False, many, fixed=True)


def _parts(layer: str, numbers: np.ndarray) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Names, what is sent in each step (T,), and weights: one population where all channels get the same, else one a
    step."""
    if (numbers == numbers[:, :1]).all():
        return [(f"steps of {layer}", numbers[:, 0], np.ones(1))]
    return [
        (f"step {step} of {layer}", np.eye(len(numbers))[step], row)
        for step, row in enumerate(numbers)
        if row.any()
    ]


RULES: dict[str, Rule] = {"conv3d": over_steps}
