"""Numbers that differ from step to step, added to a value of all steps: what constant populations send in each step."""

import numpy as np

from spikeplane.float_network import FloatPopulation
from spikeplane.importers.flow import Source, Spikes
from spikeplane.importers.maps import Map
from spikeplane.importers.trace.axes import FEATURES, STEPS, order, sizes
from spikeplane.importers.trace.items import Item
from spikeplane.importers.trace.operation import Operation, places


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
    made.assume(operation.layer, "numbers of each step", "constant populations", "steps are channels")
    added = Spikes(tuple(sources), item.value.shape, flat=item.value.flat)
    return Item(made.add(operation.layer, item.value, added), item.dims, item.step)


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
