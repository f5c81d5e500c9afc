"""Masks that `topk` chooses: a number scattered to the places of the largest of a dimension."""

import operator
from typing import Any

import numpy as np
import torch

from spikeplane.errors import SpikeplaneError
from spikeplane.importers.gates import affine
from spikeplane.importers.ranked import of_the_largest
from spikeplane.importers.trace.axes import CHANNELS, STEPS
from spikeplane.importers.trace.cures import unknown_operator
from spikeplane.importers.trace.items import Const, Item, Ranked
from spikeplane.importers.trace.operation import Operation, Rule
from spikeplane.importers.trace.presented import all_steps

#: Values that are compared with one another, at most: n (n - 1) / 2 pairs are neurons.
_MOST = 32


def ranked(operation: Operation) -> Any:
    """(values, places) of the largest along a dimension, of which a network knows the places, as a mask."""
    args, users = operation.args, operation.node.users
    if any(u.target is operator.getitem and u.args[1] == 0 and u.users for u in users):
        raise unknown_operator(operation.name)
    item = operation.item("self")
    d = int(args["dim"]) % len(item.dims)
    if len(item.dims[d]) == 1 and item.dims[d][0].axis == STEPS and operation.made.presents:
        item = all_steps(operation, item)
    atoms = item.dims[d]
    if len(atoms) != 1 or atoms[0].axis != CHANNELS:
        raise operation.unlike(
            "a topk along something else than channels, or steps",
            "take it along one dimension of values that are 2 or more",
        )
    if atoms[0].size > _MOST:
        raise operation.unlike(
            f"a topk of {atoms[0].size} values", f"{_MOST} at most: each pair of them is a neuron"
        )
    return None, Ranked(item, d, int(args["k"]), bool(args.get("largest", True)))


def scattered(operation: Operation) -> Item:
    """A number put where the largest are, into numbers that are the same everywhere."""
    base, places, args = operation.args["self"], operation.args["index"], operation.args
    value = args.get("value", args.get("src"))
    numbers = [_number(n) for n in (base, value)]
    if not isinstance(places, Ranked) or None in numbers or tuple(operation.shape) != places.shape:
        raise operation.unlike(
            "a scatter of something else than one number to the places of the largest",
            "scatter 1 to what topk chose, into zeros like what it chose from, along the same dimension",
        )
    if args["dim"] % len(operation.shape) != places.dim:
        raise operation.unlike("a scatter along another dimension than topk's", "scatter along the same one")
    item, made = places.item, operation.made
    low, high = (float(n) for n in numbers if n is not None)
    sign = 1.0 if places.largest else -1.0
    mask = of_the_largest(made, operation.layer, item.value, _groups(item, places.dim), places.count, sign)
    return Item(affine(made, operation.layer, mask, low, high - low), item.dims, item.step)


def elsewhere(operation: Operation) -> SpikeplaneError:
    """The error for another use of the places."""
    return operation.unlike(
        f"called with the places of the largest ({operation.name})",
        "torch.zeros_like(x).scatter(dim, places, 1.0) is their mask; mask[:, i, places[:, i]] = 1 marks in each sample those "
        "of all samples of the batch",
    )


def _number(thing: Any) -> float | None:
    """The one number that it is everywhere."""
    if isinstance(thing, Const):
        found = torch.unique(thing.tensor)
        return float(found[0]) if len(found) == 1 else None
    return float(thing) if isinstance(thing, int | float) else None


def _groups(item: Item, d: int) -> np.ndarray:
    """(G, n): which channels are compared with one another."""
    (atom,) = item.dims[d]
    place = np.arange(item.value.shape[0]).reshape(-1, atom.size, atom.stride)
    return place.transpose(0, 2, 1).reshape(-1, atom.size)


RULES: dict[str, Rule] = {"topk": ranked, "scatter": scattered}
