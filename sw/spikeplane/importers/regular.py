"""The kernel, stride, padding and pool of a projection that computes a `Map`, or that there are none."""

import re
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatNeuron
from spikeplane.importers.flow import Currents
from spikeplane.importers.geometry import Shape
from spikeplane.importers.maps import Map

#: Taps of the same place in the kernel may differ by so much: averages are quotients.
_SAME = 1e-12


@dataclass(frozen=True)
class Regular:
    """A projection's fields; weight (O, C, KH, KW), or (C, KH, KW) where each channel is for itself."""

    weight: np.ndarray
    stride: tuple[int, int]
    padding: tuple[int, int]
    pool: tuple[int, int]


@dataclass(frozen=True)
class _Axis:
    kernel: np.ndarray  #: (K, taps), what each tap adds to each place in the kernel
    stride: int
    padding: int
    pool: int


def regular(map: Map) -> Regular | None:
    """The projection, or None for a map that is not the same kernel moved from pixel to pixel: a
    border that a layer in the middle sees, windows of several sizes, a transposed convolution."""
    rows, columns = _axis(map.rows), _axis(map.columns)
    if rows is None or columns is None:
        return None
    weight = np.einsum("...st,ys,xt->...yx", map.weight, rows.kernel, columns.kernel, optimize=True)
    return Regular(
        weight,
        (rows.stride, columns.stride),
        (rows.padding, columns.padding),
        (rows.pool, columns.pool),
    )


def even(map: Map) -> bool:
    """Whether there is a projection."""
    return _axis(map.rows) is not None and _axis(map.columns) is not None


def _axis(taps: np.ndarray) -> _Axis | None:
    """Of the axis whose taps are (S, out, in), with the smallest kernel."""
    pool = _pool(taps)
    blocks = taps[:, :, ::pool]
    axes = [_moved(blocks, stride, pool) for stride in _strides(blocks)]
    found = [axis for axis in axes if axis is not None]
    return min(found, key=lambda axis: len(axis.kernel), default=None)


def _pool(taps: np.ndarray) -> int:
    """The largest block of pixels that no tap looks into."""
    changes = (taps[:, :, 1:] != taps[:, :, :-1]).any(axis=(0, 1)).nonzero()[0] + 1
    return int(np.gcd.reduce(changes)) if len(changes) else taps.shape[2]


def _strides(blocks: np.ndarray) -> list[int]:
    """How far a kernel may move from one output to the next: what its first or its last pixel does."""
    met = np.abs(blocks).max(axis=0) > 0
    found = {1}
    for row in (met.argmax(axis=1), met.shape[1] - 1 - met[:, ::-1].argmax(axis=1)):
        seen = row[met.any(axis=1)]
        found |= {int(n) for n in np.diff(seen) if n > 0}
    return sorted(found)


def _moved(blocks: np.ndarray, stride: int, pool: int) -> _Axis | None:
    """A kernel that moves by `stride` a pixel; None if there is none."""
    count, out, size = blocks.shape
    first = (out - 1) * stride  # where pixel 0 is for the last output
    low = np.full((count, first + size), np.inf)
    high = -low
    for i in range(out):
        part = slice(first - i * stride, first - i * stride + size)
        low[:, part] = np.minimum(low[:, part], blocks[:, i])
        high[:, part] = np.maximum(high[:, part], blocks[:, i])
    if (high - low > _SAME).any():
        return None
    places = np.where(np.isfinite(low), low, 0.0)
    used = np.flatnonzero(np.abs(places).max(axis=0)) - first
    least, most = (int(used[0]), int(used[-1])) if len(used) else (0, 0)
    padding = max(-least, 0)
    while (length := max(most + padding + 1, size + 2 * padding - out * stride + 1, 1)) > (
        size + 2 * padding - first
    ):
        padding += 1
    kernel = np.zeros((length, count))
    for k in range(length):
        if 0 <= (place := k - padding + first) < places.shape[1]:
            kernel[k] = places[:, place]
    return _Axis(kernel, stride, padding, pool)


def repeated(neuron: FloatNeuron, shape: Shape) -> FloatNeuron:
    """What is one a channel of (C, H, W) as one a neuron of its row."""
    count = shape[1] * shape[2]
    several = {
        f.name: np.repeat(value, count)
        for f in fields(neuron)
        if isinstance(value := getattr(neuron, f.name), np.ndarray) and value.shape == shape[:1]
    }
    return replace(neuron, **several)


def irregular(made: Any, layer: str, currents: Currents) -> SpikeplaneError:
    """The error for neurons whose synapses differ from pixel to pixel."""
    each = currents.bias.ndim > 1
    names = [d.uneven for d in currents.drafts if d.uneven and (each or regular(d.map) is None)]
    pixels = int(np.prod(currents.shape[1:]))
    if re.match(r"(mul|div|add|sub)(_\d+)?$", (names or [layer])[0]):
        return made.refuse(
            layer,
            f"behind '{names[0]}', whose outputs are not made alike at every pixel (a number for each pixel, as a mask)",
            "give one number a channel, flatten in front of the neurons, or apply a mask of the input before it is encoded",
        )
    if any(int(np.prod(d.map.source[1:])) < pixels for d in currents.drafts):
        return made.refuse(
            layer,
            f"behind '{(names or [layer])[0]}', which makes more pixels than it gets (a transposed convolution with a "
            "stride, or an upsampling)",
            "that is not there yet; flatten behind it, or use convolutions that keep the pixels",
        )
    return made.refuse(
        layer,
        f"behind '{(names or [layer])[0]}', whose outputs are not made alike at every pixel (a border inside, or windows "
        "of several sizes)",
        "put neurons in front of it, use windows of one size without padding, or flatten behind it",
    )
