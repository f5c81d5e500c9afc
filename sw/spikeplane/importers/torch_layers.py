"""torch.nn's layers with weights: linear ones become synapses, normalisation a scale."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.importers.flow import Currents, Value
from spikeplane.importers.geometry import Pads, Pair, text
from spikeplane.importers.registry import Call, builtin
from spikeplane.importers.unfollowed import Unfollowed
from spikeplane.importers.values import numbers, pair


def install() -> None:
    """Register the handlers."""
    from torch import nn

    builtin(nn.Identity)(same)
    builtin(nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout)(
        dropout
    )
    builtin(nn.Flatten)(flatten)
    builtin(nn.Linear)(linear)
    builtin(nn.Conv1d)(convolution_of_lines)
    builtin(nn.Conv2d)(convolution)
    builtin(nn.ConvTranspose1d)(transposed_of_lines)
    builtin(nn.ConvTranspose2d)(transposed)
    builtin(nn.BatchNorm1d)(norm_rows)
    builtin(nn.BatchNorm2d)(norm_maps)


def same(call: Call) -> Value:
    """The value itself."""
    return call.value


def dropout(call: Call) -> Value:
    """Nothing, in inference."""
    call.made.assume(call.layer, "dropout", "removed", "inference")
    return call.value


def flatten(call: Call) -> Value:
    """Of everything behind the samples; torch.nn's own counts the steps of step mode "m" as a dimension."""
    first = 2 if call.several_steps and not hasattr(call.module, "step_mode") else 1
    last = (-1, first) if call.value.flat else (-1, first + 2)
    if call.module.start_dim != first or call.module.end_dim not in last:
        raise call.refuse(
            f"a flatten of dimensions {call.module.start_dim} to {call.module.end_dim}",
            f"flatten from {first} to the last",
        )
    return call.made.flatten(call.value)


def linear(call: Call) -> Currents:
    """A fully connected layer."""
    return connected(call, call.module.weight)


def connected(call: Call, weight: Any) -> Currents:
    """As `linear`, with these weights."""
    shape = call.value.shape
    if not call.value.flat and shape[1:] != (1, 1) and shape[:2] != (1, 1):
        raise call.refuse(f"a fully connected layer on {text(shape)} pixels", "put nn.Flatten() in front")
    return call.made.linear(call.layer, call.value, numbers(call.layer, "weights", weight), bias(call))


def bias(call: Call) -> np.ndarray | None:
    """The layer's bias, if it has one."""
    given = call.module.bias
    return None if given is None else numbers(call.layer, "biases", given)


def convolution(call: Call) -> Currents:
    """A convolution over pixels."""
    return convolved(call, call.module.weight)


def convolved(call: Call, weight: Any) -> Currents:
    """As `convolution`, with these weights."""
    maps(call, "a convolution")
    return _convolved(call, numbers(call.layer, "weights", weight), _rows)


def convolution_of_lines(call: Call) -> Currents:
    """A convolution over a line of pixels, Cx1xL."""
    line(call, "a convolution")
    return _convolved(call, _as_rows(numbers(call.layer, "weights", call.module.weight)), _columns)


def _convolved(call: Call, weight: np.ndarray, numbers_of: Callable[[Any, int], Pair]) -> Currents:
    module = call.module
    _check_mode(call)
    stride, dilation = numbers_of(module.stride, 1), numbers_of(module.dilation, 1)
    padding: Any = module.padding
    if padding == "same":
        padding = _same(weight.shape[2:], dilation)
    elif padding == "valid":
        padding = (0, 0)
    else:
        padding = numbers_of(padding, 0)
    return call.made.convolution(
        call.layer,
        call.value,
        weight,
        bias(call),
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=module.groups,
    )


def _same(size: tuple[int, ...], dilation: Pair) -> Pads:
    """Zeros in front and behind for as many pixels as before: of an odd number one more behind."""
    total = [d * (k - 1) for k, d in zip(size, dilation, strict=True)]
    high, wide = ((n // 2, n - n // 2) for n in total)
    return high, wide


def _check_mode(call: Call) -> None:
    if call.module.padding_mode != "zeros":
        raise call.refuse(
            f"a convolution with padding_mode '{call.module.padding_mode}'", "use padding_mode='zeros'"
        )


def transposed(call: Call) -> Currents:
    """A transposed convolution."""
    maps(call, "a transposed convolution")
    return _transposed(call, numbers(call.layer, "weights", call.module.weight), _rows)


def transposed_of_lines(call: Call) -> Currents:
    """A transposed convolution over a line of pixels."""
    line(call, "a transposed convolution")
    return _transposed(call, _as_rows(numbers(call.layer, "weights", call.module.weight)), _columns)


def _transposed(call: Call, weight: np.ndarray, numbers_of: Callable[[Any, int], Pair]) -> Currents:
    module = call.module
    _check_mode(call)
    return call.made.transposed(
        call.layer,
        call.value,
        weight,
        bias(call),
        stride=numbers_of(module.stride, 1),
        padding=numbers_of(module.padding, 0),
        more=numbers_of(module.output_padding, 0),
        dilation=numbers_of(module.dilation, 1),
        groups=module.groups,
    )


def _rows(value: Any, _: int) -> Pair:
    """A size in rows and columns."""
    return pair(value)


def _columns(value: Any, rows: int) -> Pair:
    """The size of a line, whose one row has the number `rows`."""
    return rows, pair(value)[0] if isinstance(value, int) else int(value[0])


def _as_rows(weight: np.ndarray) -> np.ndarray:
    """A line's kernel (O, I, K) as (O, I, 1, K); others as they are, to be refused."""
    return weight[:, :, None] if weight.ndim == 3 else weight


def norm_rows(call: Call) -> Currents:
    """Batch-norm of the features of a row, or of the channels of a line."""
    value = call.value
    if value.flat:
        return norm(replace(call, value=call.made.row(call.layer, value)), flat=True)
    if value.shape[1] != 1:
        raise call.refuse(f"a {type(call.module).__name__} of pixels", "use BatchNorm2d")
    return norm(call)


def norm_maps(call: Call) -> Currents:
    """Batch-norm of channels."""
    maps(call, "a batch-norm of channels")
    return norm(call)


def norm(call: Call, *, flat: bool = False) -> Currents:
    """A scale and an offset a channel, from the running statistics."""
    module, layer = call.module, call.layer
    one_step(call)
    if module.running_var is None:
        raise call.refuse("a batch-norm without running statistics", "train it with track_running_stats")
    value = call.made.currents(layer, call.value)
    if len(module.running_var) != value.shape[0]:
        raise SpikeplaneError(
            f"layer '{layer}' normalises {len(module.running_var)} channels, it gets {text(value.shape)}"
        )
    gain = 1 / np.sqrt(numbers(layer, "running variances", module.running_var) + module.eps)
    offset = -numbers(layer, "running means", module.running_mean) * gain
    if module.affine:
        weight = numbers(layer, "weights", module.weight)
        gain, offset = gain * weight, offset * weight + numbers(layer, "biases", module.bias)
    if (gain < 0).any():
        value = call.made.currents(layer, call.made.maximum(layer, value))
    call.made.assume(layer, "batch-norm", "folded", "running statistics")
    return replace(call.made.scale(value, gain, offset), flat=value.flat or flat)


def maps(call: Call, what: str) -> None:
    """Raise SpikeplaneError unless the layer gets one step's pixels."""
    one_step(call)
    if call.value.flat:
        raise call.refuse(f"{what} behind a flatten", "flatten behind the convolutions")


def one_step(call: Call) -> None:
    """Raise SpikeplaneError for a layer without step mode in a model that takes several steps at once."""
    if call.several_steps and not hasattr(call.module, "step_mode"):
        what = "a layer without step mode in a model of step mode 'm'"
        why = "use the one of spikingjelly.activation_based.layer, or step mode 's'"
        raise Unfollowed(str(call.refuse(what, why)))


def line(call: Call, what: str) -> None:
    """Raise SpikeplaneError unless the layer gets one step's line of pixels, Cx1xL."""
    maps(call, f"{what} over a line")
    if call.value.shape[1] != 1:
        raise call.refuse(
            f"{what} over a line, of {text(call.value.shape)} pixels",
            "give input_shape=(channels, 1, length), or use its 2d form",
        )
