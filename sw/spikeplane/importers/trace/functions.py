"""Operators on every value for itself, of spikes: relu, clamp, comparisons, conversions."""

from typing import Any

import numpy as np
import torch

from spikeplane.importers.pointwise import is_count, level, of_spikes
from spikeplane.importers.trace.cures import unknown_operator
from spikeplane.importers.trace.items import Const, Item
from spikeplane.importers.trace.operation import Operation, Rule
from spikeplane.importers.trace.places import operator_of

_NAMES = (
    "relu", "abs", "round", "floor", "ceil", "trunc", "clamp", "clamp_min", "clamp_max", "clip", "hardtanh", "relu6",
    "sign", "sgn", "pow", "sqrt", "square", "gt", "ge", "lt", "le", "eq", "ne", "logical_not", "bitwise_not", "heaviside",
    "where", "sigmoid", "tanh", "exp", "expm1", "log1p", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "softplus",
    "hardsigmoid", "hardswish", "threshold", "nan_to_num", "sin", "cos", "mish", "softsign", "erf", "exp2",
)  # fmt: skip
_REAL = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
#: Of more bits than any sum of spikes has.
_WIDE = (torch.int32, torch.int64)


def pointwise(operation: Operation) -> Any:
    """A function of every value for itself, of spikes."""
    found = {n: t for n, t in operation.args.items() if isinstance(t, Item)}
    if len(found) != 1 or len([t for t in operation.things() if not isinstance(t, Const)]) != 1:
        raise unknown_operator(operation.name)
    ((name, item),) = found.items()
    dtype = _dtype(operation, name)

    def function(values: np.ndarray) -> np.ndarray:
        return _evaluated(operation, name, torch.as_tensor(values), dtype)

    value = of_spikes(
        operation.made, operation.layer, item.value, operation.name, function, operation.wanted.input_bits
    )
    if value is None:
        raise unknown_operator(operation.name)
    return Item(value, item.dims, item.step)


def _dtype(operation: Operation, name: str) -> Any:
    """Of the tensor that is this argument."""
    names = [a.name for a in operation.node.target._schema.arguments]
    place = names.index(name)
    node = operation.node.args[place] if place < len(operation.node.args) else operation.node.kwargs[name]
    return node.meta["val"].dtype


def _evaluated(operation: Operation, name: str, values: torch.Tensor, dtype: Any) -> np.ndarray:
    """What comes out of these values in the argument's place. NaN where other arguments are not one number
    for all."""
    args: dict[str, Any] = {}
    for key, thing in operation.args.items():
        if isinstance(thing, Const):
            numbers = torch.unique(thing.tensor)
            if len(numbers) != 1:
                return np.full(len(values), np.nan)
            thing = numbers.reshape(())
        args[key] = thing
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
    if level(operation.made, item.value, bits) == 1.0 and (
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
