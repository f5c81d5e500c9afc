"""Rows or columns of a value that a forward writes numbers into: a padding of something else than 0, as layers have it
that fill their border with what a batch-norm makes of 0."""

from dataclasses import replace

import numpy as np
import torch

from spikeplane.importers.constants import narrow, settled
from spikeplane.importers.maps import seen
from spikeplane.importers.trace.axes import features, sizes
from spikeplane.importers.trace.cures import unknown_operator
from spikeplane.importers.trace.items import Const, Item
from spikeplane.importers.trace.operation import Operation, Rule, maps


def filled(operation: Operation) -> Item:
    """Numbers, one a channel and pixel, in the place of some rows or columns."""
    thing, source, args = operation.args["self"], operation.args["src"], operation.args
    value = maps(thing) if isinstance(thing, Item) else None
    if not isinstance(thing, Item) or value is None or not isinstance(source, Const):
        raise unknown_operator(operation.name)
    d = args["dim"] % len(thing.dims)
    along, numbers = d - (len(thing.dims) - 3), _of_all_samples(source.tensor)
    if along < 1 or thing.dims[d] != features(value.shape)[along] or numbers is None:
        raise unknown_operator(operation.name)
    size = sizes(thing.dims)[d]
    places = list(range(size)[slice(args["start"], args["end"], args["step"])])
    kept = [np.eye(n) for n in value.shape[1:]]
    kept[along - 1][places] = 0
    image = np.zeros(value.shape)
    image[(slice(None), *([slice(None)] * (along - 1)), places)] = numbers
    made = operation.made
    rest = made.seen(
        operation.layer, made.maximum(operation.layer, value), seen(value.shape, kept[0], kept[1])
    )
    currents = settled(made.populations, made.currents(operation.layer, rest), each=True)
    currents = replace(currents, bias=narrow(currents.image + image), terms=(), split=None)
    return Item(currents, thing.dims, thing.step)


def one_number(operation: Operation) -> Const:
    """A number in the place of a tensor."""
    number = operation.args["value"]
    number = number.tensor if isinstance(number, Const) else number
    if not isinstance(number, int | float | torch.Tensor):
        raise unknown_operator(operation.name)
    return Const(torch.full(operation.shape, float(number), dtype=torch.float64))


def _of_all_samples(tensor: torch.Tensor) -> np.ndarray | None:
    """Numbers (C, H, W) that are the same for all samples and steps; None where they are not."""
    if tensor.ndim < 4:
        return None
    each = tensor.reshape(-1, *tensor.shape[-3:]).numpy()
    return each[0].astype(np.float64) if (each == each[:1]).all() else None


RULES: dict[str, Rule] = {"slice_scatter": filled, "fill": one_number}
