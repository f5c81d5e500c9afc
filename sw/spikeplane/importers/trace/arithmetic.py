"""Additions, factors that no input changes, and products of spikes."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from spikeplane.importers.flow import Value
from spikeplane.importers.trace.broadcast import of_one_step, together
from spikeplane.importers.trace.by_step import by_step, plus_by_step, times_by_step
from spikeplane.importers.trace.cures import Anyway
from spikeplane.importers.trace.functions_sent import sent
from spikeplane.importers.trace.gates import gated, simplified, unlike_spikes
from spikeplane.importers.trace.items import Bent, Const, Held, Item, Matrix, Reduced, Sum, dims_of
from spikeplane.importers.trace.numbers import per_value, plus, times
from spikeplane.importers.trace.operation import Operation, Rule, scaled, unfinished
from spikeplane.importers.trace.products import product


def added(operation: Operation) -> Any:
    """A sum or a difference."""
    if operation.node.meta["val"].dtype == torch.bool:
        raise operation.unlike("a sum of true and false", "make numbers of them first: .float()")
    sign = -1.0 if operation.name == "sub" else 1.0
    sign *= float(operation.args.get("alpha", 1))
    one, other = _pair(operation)
    if operation.name == "rsub":
        one, other, sign = other, one, -float(operation.args.get("alpha", 1))
    if not isinstance(one, Item | Sum | Held | Reduced):
        return _offset(operation, _scaled(operation, other, sign), one, 1.0)
    if not isinstance(other, Item | Sum | Held | Reduced):
        return _offset(operation, one, other, sign)
    if isinstance(one, Reduced) and isinstance(other, Reduced) and one.mean == other.mean:
        return replace(one, item=_sum(operation, [(1.0, one.item), (sign, other.item)]))
    terms = [*_terms(operation, one, 1.0), *_terms(operation, other, sign)]
    if _of_steps([item for _, item in terms]):
        return Sum(tuple(terms))
    return _sum(operation, terms)


def _pair(operation: Operation) -> tuple[Any, Any]:
    """Both arguments. Raises SpikeplaneError for a function of currents that no chip computes (a sigmoid), and for two layers'
    spikes multiplied with which more is done than a factor."""
    one, other = operation.args["self"], operation.args["other"]
    one, other = (sent(operation, t) if isinstance(t, Bent) else t for t in (one, other))
    for thing, beside in ((one, other), (other, one)):
        if isinstance(thing, Matrix) and (operation.name not in ("mul", "div") or not _numeric(beside)):
            raise unfinished(operation)
    return one, other


def _numeric(thing: Any) -> bool:
    """Whether a factor may be made of it."""
    return isinstance(thing, Const | float | int)


def _of_steps(items: list[Item]) -> bool:
    """Whether these are values of several single steps, of one shape."""
    steps = {item.step for item in items}
    return len(steps) > 1 and None not in steps and len({item.dims for item in items}) == 1


def _terms(operation: Operation, thing: Any, factor: float) -> list[tuple[float, Item]]:
    if isinstance(thing, Sum):
        return [(factor * f, item) for f, item in thing.terms]
    return [(factor, replace(operation, args={"self": thing}).item("self"))]


def _sum(operation: Operation, terms: list[tuple[float, Item]]) -> Item:
    """The values of one step, added."""
    items, step = of_one_step(operation, [item for _, item in terms])
    values, dims = together(operation, items, "a sum")
    value: Value | None = None
    for (factor, _), each in zip(terms, values, strict=True):
        term = scaled(operation.made, each, factor)
        value = term if value is None else operation.made.add(operation.layer, value, term)
    assert value is not None
    return Item(simplified(operation, value), dims, step)


def _offset(operation: Operation, thing: Any, number: Any, sign: float) -> Any:
    """A value and numbers."""
    if not isinstance(number, Const):
        number = Const(torch.tensor(float(number), dtype=torch.float64))
    if not bool(number.tensor.any()) and number.tensor.ndim <= len(dims_of(thing)):
        return thing
    if isinstance(thing, Reduced):
        if not thing.mean:
            raise operation.unlike(
                "a number added to a sum over steps", "add it in every step, or use a mean"
            )
        return replace(thing, item=_offset(operation, thing.item, number, sign))
    item = replace(operation, args={"self": thing}).item("self")
    steps = by_step(item, sign * number.tensor.numpy())
    if steps is not None:
        return plus_by_step(operation, item, steps)
    offsets = per_value(operation, item, number.tensor) * sign
    return Item(plus(operation, item.value, offsets), item.dims, item.step)


def multiplied(operation: Operation) -> Any:
    """A value times numbers, or divided by them; spikes times spikes are a gate, and so is a value times a sigmoid."""
    made = product(operation)
    if made is not None:
        return made
    one, other = _pair(operation)
    if operation.name == "mul" and not isinstance(one, Item | Sum | Held | Reduced | Matrix):
        one, other = other, one
    if isinstance(other, Item | Sum | Held | Reduced):
        return _of_two(replace(operation, args={"self": one, "other": other}))
    if operation.args.get("rounding_mode"):
        raise operation.unlike("a rounded division", "divide without rounding")
    factors = other.tensor if isinstance(other, Const) else torch.tensor(float(other), dtype=torch.float64)
    return _scaled(operation, one, 1 / factors if operation.name == "div" else factors)


def _of_two(operation: Operation) -> Item:
    """Spikes times spikes, a gate. Raises SpikeplaneError for other values."""
    if operation.name == "mul":
        made = gated(operation, ["self", "other"], np.multiply, "a product")
        if made is not None:
            return made
    raise Anyway(str(unlike_spikes(operation)))


def mixed(operation: Operation) -> Any:
    """lerp: (1 - w) times one and w times the other; addcmul and addcdiv: one and a product or quotient."""
    args = operation.args
    if operation.name == "lerp":
        weight = args["weight"]
        rest = Const(1 - weight.tensor) if isinstance(weight, Const) else 1 - weight
        one, other = (_product(operation, args[n], w) for n, w in (("self", rest), ("end", weight)))
        return added(replace(operation, name="add", args={"self": one, "other": other}))
    parts = {"self": args["tensor1"], "other": args["tensor2"]}
    if all(isinstance(t, Const) for t in parts.values()):
        first, second = (t.tensor for t in parts.values())
        product: Any = Const(first * second if operation.name == "addcmul" else first / second)
    else:
        name = "mul" if operation.name == "addcmul" else "div"
        product = multiplied(replace(operation, name=name, args=parts))
    return added(
        replace(operation, name="add", args={"self": args["self"], "other": product, "alpha": args["value"]})
    )


def _product(operation: Operation, thing: Any, factor: Any) -> Any:
    """The value, or numbers, times numbers."""
    if isinstance(thing, Const):
        return Const(thing.tensor * (factor.tensor if isinstance(factor, Const) else factor))
    return multiplied(replace(operation, name="mul", args={"self": thing, "other": factor}))


def negated(operation: Operation) -> Any:
    """The value times -1."""
    return _scaled(operation, operation.args["self"], -1.0)


def _scaled(operation: Operation, thing: Any, factors: Any) -> Any:
    factors = torch.as_tensor(factors, dtype=torch.float64)
    one = float(factors.reshape(-1)[0])
    uniform = bool((factors == one).all()) and factors.ndim <= len(dims_of(thing))
    if uniform and one == 1.0:
        return thing
    if isinstance(thing, Matrix):
        if not uniform:
            raise unfinished(operation)
        return replace(thing, factor=thing.factor * one)
    if isinstance(thing, Reduced):
        other = thing.times(one) if uniform else None
        return other or replace(thing, item=_scaled(operation, thing.item, factors))
    if uniform and isinstance(thing, Sum):
        return Sum(tuple((f * one, item) for f, item in thing.terms))
    item = replace(operation, args={"self": thing}).item("self")
    if uniform:
        return Item(scaled(operation.made, item.value, one), item.dims, item.step)
    numbers = by_step(item, factors.numpy()) if item.all_steps else None
    if numbers is not None:
        return times_by_step(operation, item, numbers)
    return Item(times(operation, item.value, per_value(operation, item, factors)), item.dims, item.step)


RULES: dict[str, Rule] = {
    **dict.fromkeys(("add", "sub", "rsub"), added),
    **dict.fromkeys(("mul", "div"), multiplied),
    "neg": negated,
    **dict.fromkeys(("lerp", "addcmul", "addcdiv"), mixed),
}
