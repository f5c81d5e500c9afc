"""Strides, paddings and groups that make sense, the pixels that come out, and kernels written out in full."""

from collections.abc import Mapping

import numpy as np

from spikeplane.errors import SpikeplaneError

Pair = tuple[int, int]
Shape = tuple[int, int, int]
Shapes = Shape | Mapping[str, Shape]  #: of the input, or of several by the names of forward's arguments
Pads = tuple[Pair, Pair]  #: of rows and of columns, in front and behind


def text(shape: tuple[int, ...]) -> str:
    """A shape for people: 16x8x8."""
    return "x".join(str(n) for n in shape)


def check_steps(
    layer: str, *, stride: Pair, padding: Pair, dilation: Pair = (1, 1), size: Pair = (1, 1)
) -> None:
    """Raise SpikeplaneError for a layer that would not move or would see nothing."""
    for what, pair, low in (
        ("size", size, 1),
        ("stride", stride, 1),
        ("padding", padding, 0),
        ("dilation", dilation, 1),
    ):
        if min(pair) < low:
            raise SpikeplaneError(f"layer '{layer}' has a {what} of {text(pair)}; it must be {low} or more")


def check_groups(layer: str, channels: int, weight: np.ndarray, groups: int) -> None:
    """Raise SpikeplaneError where a convolution's weights (O, I / groups, KH, KW) do not take so
    many channels in so many groups."""
    if weight.ndim != 4 or 0 in weight.shape:
        raise SpikeplaneError(
            f"layer '{layer}' has weights of shape {text(weight.shape)}; a convolution has four "
            "dimensions, none of 0"
        )
    if groups < 1 or weight.shape[0] % groups:
        raise SpikeplaneError(
            f"layer '{layer}' has {weight.shape[0]} channels in {groups} groups; groups must "
            "divide the channels"
        )


def check_bias(layer: str, bias: np.ndarray | None, channels: int) -> None:
    """Raise SpikeplaneError unless there is one bias a channel, or none."""
    if bias is not None and np.size(bias) not in (1, channels):
        raise SpikeplaneError(f"layer '{layer}' has {np.size(bias)} biases for {channels} channels")


def check_numbers(layer: str, weight: np.ndarray, bias: np.ndarray | None) -> None:
    """Raise SpikeplaneError for weights (O, ...) that are not finite, and for biases that are not one a channel."""
    wrong = int((~np.isfinite(weight)).sum())
    if wrong:
        raise SpikeplaneError(
            f"layer '{layer}': {wrong} of its {weight.size} weights are not finite numbers; check the trained model"
        )
    check_bias(layer, bias, len(weight))


def ungrouped(weight: np.ndarray, groups: int) -> np.ndarray:
    """A grouped kernel as a full one with zeros."""
    out, into = weight.shape[:2]
    full = np.zeros((out, into * groups, *weight.shape[2:]))
    for g in range(groups):
        rows = slice(g * out // groups, (g + 1) * out // groups)
        full[rows, g * into : (g + 1) * into] = weight[rows]
    return full
