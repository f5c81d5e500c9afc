"""Every step's value put together: an axis of steps."""

from dataclasses import replace
from typing import Any

import torch

from spikeplane.importers.by_step import of_steps
from spikeplane.importers.flow import Spikes
from spikeplane.importers.trace import channels
from spikeplane.importers.trace.axes import SAMPLES, STEPS, Atom, dim, features
from spikeplane.importers.trace.items import Const, Held, Item, Reduced, Slots, dims_of
from spikeplane.importers.trace.operation import Operation, Rule
from spikeplane.importers.trace.presented import reduced


def stacked(operation: Operation) -> Any:
    """Every step's value in order: an axis of steps."""
    things = _known(operation)
    stack = operation.name == "stack"
    rank = len(dims_of(things[0])) if hasattr(things[0], "dims") or isinstance(things[0], Reduced) else 0
    d = operation.args["dim"] % (rank + 1 if stack else max(rank, 1))
    own = all(isinstance(t, Item | Held) for t in things)
    if own and (stack or all(t.dims[d] == () for t in things)) and (many := steps_in_order(things)):
        first = things[0]
        dims = list(first.dims)
        if stack:
            dims.insert(d, (Atom(STEPS, many),))
        else:
            dims[d] = (Atom(STEPS, many),)
        if isinstance(first, Held):
            return replace(first, dims=tuple(dims), over="all")
        return Item(first.value, tuple(dims))
    if own and (made := _of_each_step(operation, things, d, stack)) is not None:
        return made
    if d == 0 and _copies(things) and (stack or things[0].dims[0] == ()):
        rest = things[0].dims if stack else things[0].dims[1:]
        return replace(things[0], dims=((Atom(STEPS, len(things)),), *rest))
    things = [_nothing_yet(t) if isinstance(t, Const) else t for t in things]
    if any(isinstance(t, Const) for t in things) and any(isinstance(t, Item) for t in things):
        raise operation.unlike(
            f"a {operation.name} of values and of numbers that are not 0 (a class token)",
            "leave the numbers out; what reads a class token may read the mean over all tokens",
        )
    if stack and all(isinstance(t, Item) and t.dims == things[0].dims for t in things):
        return channels.stacked(operation, things, d)
    if stack or not all(isinstance(t, Item) for t in things):
        raise operation.unlike(
            f"a {operation.name} of something else than every step's output in order",
            "collect one layer's output in every step",
        )
    return channels.concatenated(operation, things, d)


def _known(operation: Operation) -> Any:
    """What is put together; means over the steps as what is known of them, where a sample is presented again."""
    things = operation.args["tensors"]
    if not operation.made.presents:
        return things
    return [reduced(operation, t) if isinstance(t, Reduced) else t for t in things]


def _of_each_step(operation: Operation, things: list[Any], d: int, stack: bool) -> Item | None:
    """Values of the steps in their order that differ in their numbers alone, as behind a batch-norm of each step's own."""
    first = things[0]
    if len(things) < 2 or not all(
        isinstance(t, Item) and t.step == place and t.dims == first.dims for place, t in enumerate(things)
    ):
        return None
    if not stack and first.dims[d] != ():
        return None
    value = of_steps(operation.made, operation.layer, [t.value for t in things])
    if value is None:
        return None
    steps = (Atom(STEPS, len(things)),)
    dims = (*first.dims[:d], steps, *first.dims[d + (not stack) :])
    return Item(replace(value, flat=first.value.flat), dims)


def _copies(things: list[Any]) -> bool:
    """Whether these are one value again and again, of no step: in front of the samples they are its steps."""
    first = things[0]
    plain = isinstance(first, Item) and first.step is None and not first.all_steps
    return plain and len(things) > 1 and all(t is first for t in things)


def scattered(operation: Operation) -> Any:
    """A step's value put into its place in a tensor of zeros for all steps."""
    base, source, args = operation.args["self"], operation.args["src"], operation.args
    if not isinstance(source, Item) or not (
        isinstance(base, Slots) or (isinstance(base, Const) and not bool(base.tensor.any()))
    ):
        raise operation.unlike(
            "an assignment to a part of values", "collect one layer's output in every step"
        )
    d = args["dim"] % len(operation.shape)
    many = operation.shape[d]
    filled = base.filled if isinstance(base, Slots) else ()
    if args["index"] % many != len(filled) or (isinstance(base, Slots) and base.place != d):
        raise operation.unlike("an assignment to steps in another order", "take the steps in their order")
    filled = (*filled, source)
    if len(filled) < many:
        return Slots(filled, d)
    if many == 1:  # a loop over one step
        return replace(source, dims=(*source.dims[:d], (), *source.dims[d:]))
    if steps_in_order(list(filled)) != many and not (d == 0 and _copies(list(filled))):
        raise operation.unlike(
            "an assignment of several layers' outputs", "collect one layer's output in every step"
        )
    dims = (*source.dims[:d], (Atom(STEPS, many),), *source.dims[d:])
    return Item(source.value, dims)


def slot(operation: Operation, slots: Slots) -> Any:
    """The step's value, or the zeros in its place."""
    index = operation.args["index"]
    if 0 <= index < len(slots.filled):
        return slots.filled[index]
    return Const(torch.zeros(operation.shape, dtype=torch.float64))


def _nothing_yet(thing: Const) -> Any:
    """Zeros in the place of a row or pixels: no spikes, as before a first step."""
    if bool(thing.tensor.any()) or thing.tensor.ndim not in (2, 4):
        return thing
    samples, c, h, w = (*thing.tensor.shape, 1, 1)[:4]
    dims = (dim(Atom(SAMPLES, samples)), *features((c, h, w))[: thing.tensor.ndim - 1])
    return Item(Spikes((), (c, h, w), flat=thing.tensor.ndim == 2), dims)


def steps_in_order(things: list[Any]) -> int:
    """How many steps these are, in their order, of one value; 0 where they are not."""
    first = things[0]
    if type(first) not in (Item, Held):
        return 0
    for place, thing in enumerate(things):
        if type(thing) is not type(first) or thing.dims != first.dims:
            return 0
        if isinstance(thing, Item):
            same_value = thing.value is first.value or (
                isinstance(thing.value, Spikes) and thing.value == first.value
            )
            if not same_value or thing.step != place:
                return 0
        elif not isinstance(thing, Held) or (thing.layer, thing.place, thing.over, thing.call) != (
            first.layer,
            first.place,
            "one",
            place,
        ):
            return 0
    return len(things)


RULES: dict[str, Rule] = {
    "select_scatter": scattered,
    **dict.fromkeys(("stack", "cat", "concat", "concatenate"), stacked),
}
