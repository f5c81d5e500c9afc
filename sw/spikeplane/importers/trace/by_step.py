"""Numbers that differ from step to step, added to a value of all steps: what constant populations send in each step."""

from dataclasses import replace

import numpy as np

from spikeplane.float_network import FloatPopulation
from spikeplane.importers.by_step import of_steps
from spikeplane.importers.flow import Source, Spikes, Value
from spikeplane.importers.maps import Map, channels_of
from spikeplane.importers.trace.axes import FEATURES, STEPS, features, order, sizes
from spikeplane.importers.trace.items import Const, Item, Reduced
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


def of_each(operation: Operation, item: Item, parts: list[Value]) -> Item:
    """The value that is parts[t] in step t, of the item's dimensions."""
    value = of_steps(operation.made, operation.layer, parts)
    if value is None:
        raise operation.unlike(
            "a value whose steps differ in more than their numbers",
            "give all steps the same layers, without a maximum",
        )
    return Item(replace(value, flat=item.value.flat), item.dims, item.step)


def over_steps(operation: Operation) -> Reduced:
    """A convolution (N, C, T, H, W) over all steps and single pixels: a sum of weights of each step."""
    item, args = operation.item(), operation.args
    weight, bias = args["weight"], args["bias"]
    steps = [d for d, atoms in enumerate(item.dims) if any(a.axis == STEPS for a in atoms)]
    many = sizes(item.dims)[steps[0]] if steps else 0
    plain = all(set(args[n]) <= {low} for n, low in (("stride", 1), ("dilation", 1), ("padding", 0)))
    shape = tuple(weight.tensor.shape) if isinstance(weight, Const) else ()
    c, h, w = features(item.value.shape)
    if (
        steps != [2]
        or shape[1:] != (item.value.shape[0], many, 1, 1)
        or not plain
        or item.dims[1:] != (c, item.dims[2], h, w)
    ):
        raise operation.unlike(
            "a convolution of several frames (conv3d)", "let it take all steps of single pixels, (T, 1, 1)"
        )
    kernels = weight.tensor.numpy().astype(np.float64)
    offset = 0.0 if bias is None else bias.tensor.numpy().astype(np.float64) / many
    made, value = operation.made, replace(item.value, flat=False)
    parts = [
        made.through(operation.layer, value, channels_of(value.shape, kernels[:, :, t, 0, 0]), offset)
        for t in range(many)
    ]
    found = of_steps(made, operation.layer, parts)
    if found is None:
        raise operation.unlike("a convolution of several frames (conv3d)", "put it behind spikes")
    o, *_ = features(found.shape)
    return Reduced(Item(found, (item.dims[0], o, (), h, w)), False, many)


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
