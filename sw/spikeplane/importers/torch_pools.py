"""torch.nn's layers without weights: pooling, padding, upsampling, rows as pixels."""

from math import prod
from typing import Any

from spikeplane.importers.flow import Value
from spikeplane.importers.geometry import Pair, text
from spikeplane.importers.registry import Call, builtin
from spikeplane.importers.torch_layers import line, maps, one_step
from spikeplane.importers.unfollowed import Unfollowed
from spikeplane.importers.values import pair


def install() -> None:
    """Register the handlers."""
    from torch import nn

    builtin(nn.MaxPool1d)(max_pool_of_lines)
    builtin(nn.MaxPool2d)(max_pool)
    builtin(nn.MaxPool3d)(max_pool_of_depth)
    builtin(nn.AdaptiveMaxPool2d)(adaptive_max_pool)
    builtin(nn.AvgPool1d)(average_pool_of_lines)
    builtin(nn.AvgPool2d)(average_pool)
    builtin(nn.AdaptiveAvgPool1d)(adaptive_pool_of_lines)
    builtin(nn.AdaptiveAvgPool2d)(adaptive_pool)
    builtin(nn.ZeroPad1d)(pad_lines)
    builtin(nn.ZeroPad2d, nn.ConstantPad2d)(pad)
    builtin(nn.Upsample, nn.UpsamplingNearest2d)(upsample)
    builtin(nn.Unflatten)(unflatten)
    builtin(nn.ChannelShuffle)(shuffle)


def max_pool(call: Call) -> Value:
    """A maximum over squares: of currents a window, of spikes an OR."""
    maps(call, "a maximum")
    module = call.module
    size, stride, padding = (pair(getattr(module, n)) for n in ("kernel_size", "stride", "padding"))
    return _maximum(call, size, stride, padding)


def max_pool_of_depth(call: Call) -> Value:
    """A maximum over windows that are 1 deep: of pixels, or along flattened pixels and parts of channels."""
    why = "use MaxPool2d: a sample is channels, rows and columns"
    raise Unfollowed(str(call.refuse("a maximum over depth", why)))  # a trace knows what stands where


def max_pool_of_lines(call: Call) -> Value:
    """A maximum over pixels of a line."""
    line(call, "a maximum")
    module = call.module
    size, stride, padding = (_number(getattr(module, n)) for n in ("kernel_size", "stride", "padding"))
    return _maximum(call, (1, size), (1, stride), (0, padding))


def adaptive_max_pool(call: Call) -> Value:
    """A maximum over windows that divide the pixels."""
    maps(call, "a maximum")
    before, after = call.value.shape[1:], _wanted(call)
    if any(n % w for n, w in zip(before, after, strict=True)):
        raise call.refuse(
            f"a maximum over windows of several sizes ({text(before)} to {text(after)} pixels)",
            "choose a size that divides the pixels, or MaxPool2d",
        )
    size = (before[0] // after[0], before[1] // after[1])
    return _maximum(call, size, size, (0, 0))


def _maximum(call: Call, size: Pair, stride: Pair, padding: Pair) -> Value:
    module, value, layer = call.module, call.value, call.layer
    if module.return_indices:
        raise call.refuse("a maximum with indices", "set return_indices=False")
    if (size, stride) != ((1, 1), (1, 1)) and call.input_bits != 1 and call.made.has_input(value):
        raise call.refuse(
            "a maximum of the input, whose values may have several bits",
            "put a convolution in front, or encode the input as spikes",
        )
    dilation = getattr(module, "dilation", 1)
    return call.made.pool_max(
        layer,
        value,
        size,
        stride,
        padding,
        dilation=pair(dilation) if size[0] > 1 or not isinstance(dilation, int) else (1, dilation),
        up=getattr(module, "ceil_mode", False),
    )


def average_pool(call: Call) -> Value:
    """An average over windows."""
    maps(call, "an average")
    module = call.module
    size, stride, padding = (pair(getattr(module, n)) for n in ("kernel_size", "stride", "padding"))
    return _average(call, size, stride, padding)


def average_pool_of_lines(call: Call) -> Value:
    """An average over windows of a line."""
    line(call, "an average")
    module = call.module
    size, stride, padding = (_number(getattr(module, n)) for n in ("kernel_size", "stride", "padding"))
    return _average(call, (1, size), (1, stride), (0, padding))


def _average(call: Call, size: Pair, stride: Pair, padding: Pair) -> Value:
    module = call.module
    return call.made.pool_sum(
        call.layer,
        call.value,
        size,
        stride,
        padding,
        mean=True,
        up=module.ceil_mode,
        padded=module.count_include_pad,
        divisor=getattr(module, "divisor_override", None),
    )


def adaptive_pool(call: Call) -> Value:
    """An average to so many pixels."""
    maps(call, "an average")
    return call.made.pool_adaptive(call.layer, call.value, _wanted(call))


def adaptive_pool_of_lines(call: Call) -> Value:
    """An average to so many pixels of a line."""
    line(call, "an average")
    return call.made.pool_adaptive(call.layer, call.value, (1, _number(call.module.output_size)))


def _wanted(call: Call) -> Pair:
    """Rows and columns of an adaptive pooling; None: as many as there are."""
    wanted = call.module.output_size
    sizes = wanted if isinstance(wanted, tuple | list) else (wanted, wanted)
    high, wide = (n if w is None else int(w) for n, w in zip(call.value.shape[1:], sizes, strict=True))
    return high, wide


def pad(call: Call) -> Value:
    """Zeros around the pixels."""
    maps(call, "a padding")
    if getattr(call.module, "value", 0) != 0:
        raise call.refuse(f"a padding with {call.module.value:g}", "pad with 0: spikes outside do not exist")
    left, right, top, bottom = call.module.padding
    return call.made.pad(call.layer, call.value, ((top, bottom), (left, right)))


def pad_lines(call: Call) -> Value:
    """Zeros at the ends of a line."""
    line(call, "a padding")
    return call.made.pad(call.layer, call.value, ((0, 0), tuple(call.module.padding)))


def upsample(call: Call) -> Value:
    """Every pixel several times."""
    maps(call, "an upsampling")
    module, shape = call.module, call.value.shape
    if module.mode not in ("nearest", "nearest-exact"):
        raise call.refuse(f"an upsampling of mode '{module.mode}'", "use mode='nearest'")
    if module.size is not None:
        out = pair(module.size)
        ratios = [n / w if w else 0.0 for n, w in zip(shape[1:], out, strict=True)]
    else:
        scale: Any = module.scale_factor
        if shape[1] == 1 and not isinstance(scale, tuple | list):  # of a line its one row stays one
            why = "give its factors of rows and columns, as (1, 2)"
            raise Unfollowed(str(call.refuse("an upsampling of one row, or of a line", why)))
        times = list(scale) if isinstance(scale, tuple | list) else [scale, scale]
        out = [int(n * t) for n, t in zip(shape[1:], times, strict=True)]
        ratios = [1 / t if t else 0.0 for t in times]
    if min(out) < 1:
        raise call.refuse(f"an upsampling to {text(tuple(out))} pixels", "make one pixel or more")
    if module.mode == "nearest-exact" and not all(_whole(n, r) for n, r in zip(out, ratios, strict=True)):
        raise call.refuse("an upsampling of mode 'nearest-exact' by no whole number", "use mode='nearest'")
    return call.made.resized(call.layer, call.value, (out[0], out[1]), (ratios[0], ratios[1]))


def _whole(count: int, ratio: float) -> bool:
    """Whether each source pixel stands in as many of `count` places, in which both kinds of nearest are the same."""
    return (1 / ratio).is_integer() and (count * ratio).is_integer()


def shuffle(call: Call) -> Value:
    """Channels of groups in turn."""
    maps(call, "a shuffle of channels")
    channels, groups = call.value.shape[0], int(call.module.groups)
    if channels % groups:
        raise call.refuse(
            f"a shuffle of {channels} channels in {groups} groups", "let groups divide the channels"
        )
    order = [group * (channels // groups) + n for n in range(channels // groups) for group in range(groups)]
    return call.made.channels(call.layer, call.value, order)


def unflatten(call: Call) -> Value:
    """A row as channels, rows and columns."""
    one_step(call)
    module, value = call.module, call.value
    first = 2 if call.several_steps and hasattr(module, "step_mode") else 1
    sizes = [int(n) for n in module.unflattened_size]
    row = value.flat or value.shape[1:] == (1, 1)
    if module.dim not in (first, -1) or not row or len(sizes) > 3:
        raise call.refuse(
            f"an unflatten of dimension {module.dim} to {text(tuple(sizes))}",
            "make channels, rows and columns of a row: nn.Unflatten(1, (C, H, W))",
        )
    count, known = prod(value.shape), prod(n for n in sizes if n > 0)
    sizes = [n if n > 0 else count // known for n in sizes]
    channels, high, wide = sizes if len(sizes) == 3 else (sizes[0], 1, sizes[1] if len(sizes) == 2 else 1)
    return call.made.reshaped(call.layer, value, (channels, high, wide))


def _number(value: Any) -> int:
    """A size along a line."""
    return int(value) if isinstance(value, int) else int(value[0])
