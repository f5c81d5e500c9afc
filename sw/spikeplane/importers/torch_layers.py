"""torch.nn's layers: linear ones become synapses, normalisation a scale, pooling a pool or a window."""

from typing import Any

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.importers.flow import Currents, Value
from spikeplane.importers.geometry import text
from spikeplane.importers.registry import Call, builtin
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
    builtin(nn.Conv2d)(convolution)
    builtin(nn.BatchNorm1d)(norm_rows)
    builtin(nn.BatchNorm2d)(norm_maps)
    builtin(nn.MaxPool2d)(max_pool)
    builtin(nn.AvgPool2d)(average_pool)
    builtin(nn.AdaptiveAvgPool2d)(adaptive_pool)


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
    module = call.module
    maps(call, "a convolution")
    if isinstance(module.padding, str) or module.padding_mode != "zeros":
        raise call.refuse(
            f"a convolution with padding '{module.padding}' ({module.padding_mode})", "give zeros as numbers"
        )
    return call.made.convolution(
        call.layer,
        call.value,
        numbers(call.layer, "weights", weight),
        bias(call),
        stride=pair(module.stride),
        padding=pair(module.padding),
        dilation=pair(module.dilation),
        groups=module.groups,
    )


def norm_rows(call: Call) -> Currents:
    """Batch-norm of the features of a row."""
    if not call.value.flat:
        raise call.refuse(f"a {type(call.module).__name__} of pixels", "use BatchNorm2d")
    if call.value.shape[1:] != (1, 1):
        raise call.refuse("a batch-norm behind a flatten", "put it in front of the flatten")
    return norm(call)


def norm_maps(call: Call) -> Currents:
    """Batch-norm of channels."""
    maps(call, "a batch-norm of channels")
    return norm(call)


def norm(call: Call) -> Currents:
    """A scale and an offset a channel, from the running statistics."""
    module, value, layer = call.module, call.value, call.layer
    one_step(call)
    if not isinstance(value, Currents):
        raise call.refuse("a batch-norm of spikes", "put it behind a convolution or a fully connected layer")
    if module.running_var is None:
        raise call.refuse("a batch-norm without running statistics", "train it with track_running_stats")
    if len(module.running_var) != value.shape[0]:
        raise SpikeplaneError(
            f"layer '{layer}' normalises {len(module.running_var)} channels, it gets {text(value.shape)}"
        )
    gain = 1 / np.sqrt(numbers(layer, "running variances", module.running_var) + module.eps)
    offset = -numbers(layer, "running means", module.running_mean) * gain
    if module.affine:
        weight = numbers(layer, "weights", module.weight)
        gain, offset = gain * weight, offset * weight + numbers(layer, "biases", module.bias)
    call.made.assume(layer, "batch-norm", "folded", "running statistics")
    return call.made.scale(value, gain, offset)


def max_pool(call: Call) -> Value:
    """A maximum over squares: of currents a window, of spikes an OR."""
    module, value, layer = call.module, call.value, call.layer
    maps(call, "a maximum")
    size, stride, padding = (_square(call, getattr(module, n)) for n in ("kernel_size", "stride", "padding"))
    cut = any((n + 2 * padding - size) % stride for n in value.shape[1:])
    if pair(module.dilation) != (1, 1) or (module.ceil_mode and cut):
        raise call.refuse("a maximum with dilation or ceil_mode", "use neither")
    if module.return_indices:
        raise call.refuse("a maximum with indices", "set return_indices=False")
    if (size, stride) != (1, 1) and call.input_bits != 1 and call.made.has_input(value):
        raise call.refuse(
            "a maximum of the input, whose values may have several bits",
            "put a convolution in front, or encode the input as spikes",
        )
    return call.made.pool_max(layer, value, size, stride, padding)


def average_pool(call: Call) -> Value:
    """An average over blocks of spikes."""
    module = call.module
    maps(call, "an average")
    if module.divisor_override is not None:
        raise call.refuse("an average with a divisor of its own", "fold the factor into the layer behind")
    size, stride, padding = (pair(getattr(module, n)) for n in ("kernel_size", "stride", "padding"))
    return call.made.pool_sum(call.layer, call.value, size, stride, padding, mean=True)


def adaptive_pool(call: Call) -> Value:
    """An average over all pixels."""
    maps(call, "an average")
    wanted, shape = call.module.output_size, call.value.shape
    rows = wanted if isinstance(wanted, tuple | list) else (wanted, wanted)
    if tuple(rows) != (1, 1):
        raise call.refuse(
            f"an adaptive average of {text(tuple(rows))} pixels", "use AdaptiveAvgPool2d(1), or AvgPool2d"
        )
    return call.made.pool_sum(call.layer, call.value, shape[1:], shape[1:], (0, 0), mean=True)


def maps(call: Call, what: str) -> None:
    """Raise SpikeplaneError unless the layer gets one step's pixels."""
    one_step(call)
    if call.value.flat:
        raise call.refuse(f"{what} behind a flatten", "flatten behind the convolutions")


def one_step(call: Call) -> None:
    """Raise SpikeplaneError for a layer without step mode in a model that takes several steps at once."""
    if call.several_steps and not hasattr(call.module, "step_mode"):
        raise call.refuse(
            "a layer without step mode in a model of step mode 'm'",
            "use the one of spikingjelly.activation_based.layer, or step mode 's'",
        )


def _square(call: Call, value: Any) -> int:
    size = pair(value)
    if size[0] != size[1]:
        raise SpikeplaneError(f"layer '{call.layer}' pools {text(size)} pixels; a maximum takes squares only")
    return size[0]
