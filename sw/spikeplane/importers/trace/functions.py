"""Operators on every value for itself, of spikes: clamp, comparisons, conversions, maxima of two; the relu of any value."""

from typing import Any

import numpy as np
import torch

from spikeplane.errors import SpikeplaneError
from spikeplane.importers.flow import Currents
from spikeplane.importers.pointwise import is_count, keeps, level, levelled, of_spikes, rectifies, stepped
from spikeplane.importers.trace.cures import unknown_operator
from spikeplane.importers.trace.gates import binary, gated
from spikeplane.importers.trace.items import Bent, Const, Item, Reduced, Sum
from spikeplane.importers.trace.operation import Operation, Rule
from spikeplane.importers.trace.places import operator_of

_NAMES = (
    "relu", "abs", "round", "floor", "ceil", "trunc", "clamp", "clamp_min", "clamp_max", "clip", "hardtanh", "relu6",
    "sign", "sgn", "pow", "sqrt", "square", "gt", "ge", "lt", "le", "eq", "ne", "logical_not", "bitwise_not", "heaviside",
    "where", "sigmoid", "tanh", "exp", "expm1", "log1p", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "softplus",
    "hardsigmoid", "hardswish", "threshold", "nan_to_num", "sin", "cos", "mish", "softsign", "erf", "exp2",
    "maximum", "minimum", "fmax", "fmin", "logical_and", "logical_or", "logical_xor", "bitwise_and", "bitwise_or",
    "bitwise_xor", "and", "or", "xor", "remainder", "fmod",
)  # fmt: skip
_Values = Item | Sum | Bent
_REAL = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
#: Of more bits than any sum of spikes has.
_WIDE = (torch.int32, torch.int64)


def pointwise(operation: Operation) -> Any:
    """A function of every value for itself, of spikes; of several layers' spikes a gate; a relu of any value."""
    found = {
        n: t
        for n, t in operation.args.items()
        if isinstance(t, _Values) or (operation.made.presents and isinstance(t, Reduced))
    }
    if not found or len([t for t in operation.things() if not isinstance(t, Const)]) != len(found):
        raise unknown_operator(operation.name)
    names = list(found)

    def function(*values: np.ndarray) -> np.ndarray:
        return _evaluated(operation, dict(zip(names, values, strict=True)))

    if len(names) == 1:
        one = operation.args[names[0]]
        if isinstance(one, Bent):
            return _bent(operation, one.item, lambda v: function(one.function(v)), one.refused)
        item = operation.item(names[0])
        bits = operation.wanted.input_bits
        value = of_spikes(operation.made, operation.layer, item.value, operation.name, function, bits)
        if value is not None:
            return Item(value, item.dims, item.step)
        if isinstance(item.value, Currents) or operation.made.has_values(item.value):
            return _bent(operation, item, function, unknown_operator(operation.name))
    made = gated(operation, names, function, f"a {operation.name}")
    if made is None:
        raise unknown_operator(operation.name)
    return made


def _bent(operation: Operation, item: Item, function: Any, refused: SpikeplaneError) -> Item | Bent:
    """A function of currents: a relu, or one of two numbers, or none at all; else a later one may make that of it."""
    made, layer = operation.made, operation.layer
    if keeps(function):
        return item
    if rectifies(function):
        return Item(made.rectified(layer, item.value), item.dims, item.step)
    value = stepped(made, layer, item.value, operation.name, function)
    if value is None:
        value = levelled(made, layer, item.value, operation.name, function)
    return Bent(item, function, refused) if value is None else Item(value, item.dims, item.step)


def _dtype(operation: Operation, name: str) -> Any:
    """Of the tensor that is this argument."""
    names = [a.name for a in operation.node.target._schema.arguments]
    place = names.index(name)
    node = operation.node.args[place] if place < len(operation.node.args) else operation.node.kwargs[name]
    return node.meta["val"].dtype


def _evaluated(operation: Operation, given: dict[str, np.ndarray]) -> np.ndarray:
    """What comes out of these values in the arguments' places. NaN where other arguments are not one number
    for all."""
    count = len(next(iter(given.values())))
    args: dict[str, Any] = {}
    for key, thing in operation.args.items():
        if isinstance(thing, Const):
            numbers = torch.unique(thing.tensor)
            if len(numbers) != 1:
                return np.full(count, np.nan)
            thing = numbers.reshape(())
        args[key] = thing
    for name, array in given.items():
        values, dtype = torch.as_tensor(array.copy()), _dtype(operation, name)
        args[name] = values if dtype in _REAL else values.to(dtype)
    schema = operation.node.target._schema.arguments
    positional = [args.pop(a.name) for a in schema if not a.kwarg_only]
    return operation.node.target(*positional, **args).double().numpy()


def converted(operation: Operation) -> Any:
    """A conversion between real numbers converts nothing, nor does one of spikes to numbers or to true and
    false."""
    thing, dtype = operation.args["self"], operation.node.meta["val"].dtype
    if dtype in (torch.float32, torch.float64):
        return thing
    item = operation.item("self")
    bits = operation.wanted.input_bits
    if (level(operation.made, item.value, bits) == 1.0 or binary(operation, item.value)) and (
        dtype in (torch.bool, *_WIDE) or _comes_back(operation)
    ):
        return item
    if dtype in _WIDE and is_count(operation.made, item.value, bits) and item.value.whole:  # type: ignore[union-attr]
        return item
    raise operation.unlike(f"a conversion to {str(dtype).removeprefix('torch.')}", "convert nothing")


def _comes_back(operation: Operation) -> bool:
    """Whether nothing is computed at the other precision."""
    return operation.node.meta["val"].dtype in _REAL and all(
        operator_of(user) in ("to", "to_copy", "type_as") for user in operation.node.users
    )


def made_like(operation: Operation) -> Const:
    """Numbers in the shape of a value."""
    name = operation.name.removeprefix("new_").removesuffix("_like")
    fill = {"zeros": 0.0, "ones": 1.0, "full": operation.args.get("fill_value")}.get(name)
    if not isinstance(fill, int | float):
        raise unknown_operator(operation.name)
    return Const(torch.full(operation.shape, float(fill), dtype=torch.float64))


RULES: dict[str, Rule] = {
    **dict.fromkeys(_NAMES, pointwise),
    **dict.fromkeys(("to", "to_copy", "_to_copy", "type_as"), converted),
    **dict.fromkeys(("zeros_like", "ones_like", "full_like", "new_zeros", "new_ones", "new_full"), made_like),
}
