"""Operators that are layers: their arguments go to the handlers of torch.nn's modules."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from spikeplane.importers import torch_layers, torch_pools
from spikeplane.importers.flow import Value
from spikeplane.importers.registry import Call
from spikeplane.importers.trace.arithmetic import added, multiplied
from spikeplane.importers.trace.axes import STEPS, features, has
from spikeplane.importers.trace.by_step import linear_over_steps
from spikeplane.importers.trace.items import Const, Item, Matrix, Reduced
from spikeplane.importers.trace.matrices import matrices, others, product
from spikeplane.importers.trace.mixed import along, pointwise_along
from spikeplane.importers.trace.norms import norm
from spikeplane.importers.trace.operation import Operation, Rule, led, maps, row, unfolded

_Fields = dict[str, Any]


def linear(operation: Operation) -> Item | Reduced:
    """A fully connected layer of a row, or the same one of every pixel's channels."""
    bias = operation.args.get("bias")
    weight = number(operation, "weight")
    return connected(operation, operation.item(), weight, None if bias is None else number(operation, "bias"))


def matmul(operation: Operation) -> Item | Matrix | Reduced:
    """Values times a matrix of numbers; the spikes of three layers, in two products, are attention."""
    names = {"matmul": ("self", "other"), "addmm": ("mat1", "mat2")}.get(operation.name, ("self", "mat2"))
    first, second = (_once(operation.args[name]) for name in names)
    if not isinstance(first, Const) and not isinstance(second, Const):
        return _product(
            operation,
            *(
                t if isinstance(t, Matrix) else operation.item(n)
                for n, t in zip(names, (first, second), strict=True)
            ),
        )
    turned = isinstance(first, Const) and not isinstance(second, Const)  # W x^T is (x W^T)^T
    matrix, value = (first, names[1]) if turned else (second, names[0])
    if not isinstance(matrix, Const) or matrix.tensor.ndim != 2:
        raise operation.unlike("a product with several matrices of numbers (matmul)", "use Linear or Conv2d")
    item = operation.item(value)
    if turned:
        return _turned(connected(operation, _turned(item), matrix.tensor, None))
    return connected(operation, item, matrix.tensor.T, None)


def _product(operation: Operation, one: Item | Matrix, other: Item | Matrix) -> Item | Matrix:
    if len(one.dims) != len(other.dims):
        raise others(operation)
    return product(operation, matrices(one, other))


def _once(thing: Any) -> Any:
    """Matrices that are the same for all samples as one."""
    if not isinstance(thing, Const) or thing.tensor.ndim < 3:
        return thing
    every = thing.tensor.reshape(-1, *thing.tensor.shape[-2:])
    return Const(every[0]) if bool((every == every[:1]).all()) else thing


def _turned(item: Any) -> Any:
    """With its last two dimensions swapped."""
    if isinstance(item, Reduced):
        return replace(item, item=_turned(item.item))
    return replace(item, dims=(*item.dims[:-2], *item.dims[:-3:-1]))


def product_added(operation: Operation) -> Any:
    """beta times numbers or a value, and alpha times a product with a matrix of numbers."""
    one, alpha, beta = (operation.args[name] for name in ("self", "alpha", "beta"))
    parts = {"self": _times(operation, one, beta), "other": _times(operation, matmul(operation), alpha)}
    return added(replace(operation, name="add", args={**parts, "alpha": 1}))


def _times(operation: Operation, thing: Any, factor: float) -> Any:
    if isinstance(thing, Const):
        return Const(thing.tensor * factor)
    return multiplied(replace(operation, name="mul", args={"self": thing, "other": factor}))


def connected(operation: Operation, item: Item, weight: Any, bias: Any) -> Item | Reduced:
    """As `linear`, with these weights (O, I)."""
    if has(item.dims[-1:], STEPS) and not operation.made.presents:
        return linear_over_steps(operation, item, weight, bias, partial(_connected, operation))
    return _connected(operation, item, weight, bias)


def _connected(operation: Operation, item: Item, weight: Any, bias: Any) -> Item:
    flat = row(item)
    if flat is not None and int(np.prod(item.value.shape)) == len(flat[1]):
        value, where = flat
        ordered = np.empty_like(weight.numpy())
        ordered[:, where] = weight.numpy()
        made = torch_layers.connected(operation.call(value, bias=bias), ordered)
    elif item.dims[-1] == features(item.value.shape)[0]:
        kernel = weight[:, :, None, None]
        fields = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "padding_mode": "zeros"}
        value = replace(item.value, flat=False)
        made = torch_layers.convolved(operation.call(value, bias=bias, **fields), kernel)
    else:
        if (mixed := along(operation, item, -1, weight, bias)) is not None:
            return mixed
        raise operation.unlike(
            "a fully connected layer along pixels", "flatten all behind the samples, or put the channels last"
        )
    return Item(made, (*item.dims[:-1], features(made.shape)[0]), item.step)


def number(operation: Operation, name: str) -> Any:
    """An argument that must be numbers, not what flows through the network."""
    thing = operation.args[name]
    if not isinstance(thing, Const):
        raise operation.unlike(
            f"a {operation.name} whose {name} depends on the input",
            "use matmul or einsum for attention",
        )
    return thing.tensor


def of_pixels(handler: Callable[[Call], Value], fields: Callable[[Operation], _Fields]) -> Rule:
    """The rule of an operator on (..., C, H, W)."""

    def rule(operation: Operation) -> Item:
        item = unfolded(operation, operation.item())
        value = maps(item)
        if value is None:
            raise operation.unlike(
                f"a {operation.name} of permuted or flattened pixels", "hand it (N, C, H, W)"
            )
        made = handler(operation.call(value, **fields(operation)))
        return Item(made, (*item.dims[:-3], *features(made.shape)), item.step)

    return rule


def of_lines(handler: Callable[[Call], Value], fields: Callable[[Operation], _Fields]) -> Rule:
    """The rule of an operator on (..., C, L): of one row of pixels."""

    def rule(operation: Operation) -> Item:
        item = operation.item()
        channels, rows, columns = features(item.value.shape)
        if len(item.dims) < 3 or item.dims[-2:] != (channels, columns) or rows or not led(item.dims[:-2]):
            raise operation.unlike(f"a {operation.name} of permuted or flattened pixels", "hand it (N, C, L)")
        made = handler(operation.call(replace(item.value, flat=False), **fields(operation)))
        c, _, w = features(made.shape)
        return Item(made, (*item.dims[:-2], c, w), item.step)

    return rule


def convolution_along(operation: Operation) -> Item:
    """A convolution (N, C, L), of which one of size 1 takes pixels in any order."""
    item, args = operation.item(), operation.args
    weight = number(operation, "weight")
    pointwise = weight.shape[2:] == (1,) and (args["stride"], args["padding"]) == ([1], [0])
    if pointwise and (mixed := pointwise_along(operation, item, weight)) is not None:
        return mixed
    if not pointwise or len(item.dims) < 3 or item.dims[-2] != features(item.value.shape)[0]:
        return of_lines(torch_layers.convolution_of_lines, _convolution)(operation)
    fields = {**_convolution(operation), "stride": 1, "padding": 0, "dilation": 1}
    call = operation.call(replace(item.value, flat=False), **fields)
    made = torch_layers.convolved(call, weight[:, :, :, None])
    return Item(made, (*item.dims[:-2], features(made.shape)[0], item.dims[-1]), item.step)


def _convolution(operation: Operation) -> _Fields:
    args = operation.args
    bias = None if args["bias"] is None else number(operation, "bias")
    named = {n: args[n] for n in ("stride", "padding", "dilation", "output_padding", "groups") if n in args}
    return {"weight": number(operation, "weight"), "bias": bias, "padding_mode": "zeros", **named}


def pool_fields(operation: Operation) -> _Fields:
    """A pooling's arguments as a module has them."""
    args = operation.args
    names = ("kernel_size", "padding", "dilation", "ceil_mode", "count_include_pad", "divisor_override")
    fields = {n: two(args[n]) for n in names if n in args}
    return {**fields, "stride": two(args["stride"] or args["kernel_size"]), "return_indices": False}


def _adaptive(operation: Operation) -> _Fields:
    size = list(operation.args["output_size"])
    return {"output_size": tuple(size) if len(size) > 1 else size[0], "return_indices": False}


def _kept_depth(operation: Operation) -> _Fields:
    """Of (..., channels, rows, columns) as (depth, rows, columns)."""
    depth, *size = operation.args["output_size"]
    if depth != operation.shape[-3] or depth != operation.item().value.shape[0]:
        raise operation.unlike("an average over depth", "keep it: (None, rows, columns)")
    return {"output_size": tuple(size), "return_indices": False}


def _upsample(operation: Operation) -> _Fields:
    args = operation.args
    size = args.get("output_size")
    scales = args.get("scale_factors") or [args.get("scales_h"), args.get("scales_w")]
    mode = "nearest-exact" if "exact" in operation.name else "nearest"
    return {"mode": mode, "size": size, "scale_factor": scales}


def _upsample_depth(operation: Operation) -> _Fields:
    """Of (..., channels, rows, columns) as (depth, rows, columns)."""
    args, size = operation.args, operation.args.get("output_size")
    names = ("scales_d", "scales_h", "scales_w")
    depth, *scales = args.get("scale_factors") or [args.get(name) for name in names]
    if operation.shape[-3] != operation.item().value.shape[0] or depth not in (None, 1.0):
        raise operation.unlike("an upsampling of depth", "keep it: scale_factor=(1, rows, columns)")
    return {"mode": "nearest", "size": None if size is None else tuple(size[1:]), "scale_factor": scales}


def _upsample_line(operation: Operation) -> _Fields:
    args = operation.args
    size = args.get("output_size")
    scales = args.get("scale_factors") or [args.get("scales")]
    return {"mode": "nearest", "size": None if size is None else (1, size[0]), "scale_factor": [1, scales[0]]}


def two(value: Any) -> Any:
    """A size in rows and columns; one along a line as it is."""
    return (int(value[0]), int(value[-1])) if isinstance(value, list | tuple) else value


def padded(operation: Operation) -> Item:
    """Zeros around the pixels, or at the ends of a line."""
    args = operation.args
    mode, value = args.get("mode", "constant"), args.get("value") or 0
    if mode != "constant" or value != 0:
        raise operation.unlike(
            "a padding with something else than 0", "pad with 0: spikes outside do not exist"
        )
    pads = [int(n) for n in args["pad"]]
    if any(pads[6:]):
        raise operation.unlike("a padding of samples or steps", "pad channels and pixels")
    if any(pads[4:]):
        item = of_pixels(lambda call: call.made.widened(call.layer, call.value, *pads[4:6]), lambda _: {})(
            operation
        )
        operation = replace(operation, args={**args, "self": item})
    if len(pads) == 2 and not features(operation.item("self").value.shape)[1]:
        return of_lines(torch_pools.pad_lines, lambda _: {"padding": pads})(operation)
    return of_pixels(torch_pools.pad, lambda _: {"padding": (*pads, 0, 0)[:4]})(operation)


RULES: dict[str, Rule] = {
    "linear": linear,
    **dict.fromkeys(("matmul", "mm", "bmm"), matmul),
    "addmm": product_added,
    "batch_norm": lambda operation: norm(operation)[0],
    "native_batch_norm_legit_no_training": norm,
    "conv2d": of_pixels(torch_layers.convolution, _convolution),
    "conv_transpose2d": of_pixels(torch_layers.transposed, _convolution),
    "conv1d": convolution_along,
    "conv_transpose1d": of_lines(torch_layers.transposed_of_lines, _convolution),
    "max_pool2d": of_pixels(torch_pools.max_pool, pool_fields),
    "max_pool1d": of_lines(torch_pools.max_pool_of_lines, pool_fields),
    "avg_pool2d": of_pixels(torch_pools.average_pool, pool_fields),
    "adaptive_avg_pool2d": of_pixels(torch_pools.adaptive_pool, _adaptive),
    "adaptive_avg_pool3d": of_pixels(torch_pools.adaptive_pool, _kept_depth),
    "adaptive_avg_pool1d": of_lines(torch_pools.adaptive_pool_of_lines, _adaptive),
    "adaptive_max_pool2d": lambda o: (of_pixels(torch_pools.adaptive_max_pool, _adaptive)(o), None),
    **dict.fromkeys(
        ("upsample_nearest2d", "upsample_nearest_exact2d"), of_pixels(torch_pools.upsample, _upsample)
    ),
    "upsample_nearest3d": of_pixels(torch_pools.upsample, _upsample_depth),
    "upsample_nearest1d": of_lines(torch_pools.upsample, _upsample_line),
    **dict.fromkeys(("pad", "constant_pad_nd"), padded),
}
