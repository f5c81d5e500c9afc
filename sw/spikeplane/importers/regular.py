"""The kernel, stride, padding and pool of a projection that computes a `Map`, or that there are none."""

import re
from dataclasses import dataclass, fields, replace
from math import gcd
from typing import Any

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatNeuron
from spikeplane.importers.flow import Currents
from spikeplane.importers.geometry import Shape
from spikeplane.importers.maps import Map
from spikeplane.network import most_pixels

#: Taps of the same place in the kernel may differ by so much: averages are quotients.
_SAME = 1e-12
_USUAL = 4  #: pixels of a transposed convolution are so far apart at most, as a rule


@dataclass(frozen=True)
class Regular:
    """A projection's fields; weight (O, C, KH, KW), or (C, KH, KW) where each channel is for itself."""

    weight: np.ndarray
    stride: tuple[int, int]
    padding: tuple[int, int]
    pool: tuple[int, int]
    up: tuple[int, int]


@dataclass(frozen=True)
class _Axis:
    kernel: np.ndarray  #: (K, taps), what each tap adds to each place in the kernel
    stride: int
    padding: int
    pool: int
    up: int = 1


def regular(map: Map) -> Regular | None:
    """The projection, or None for a map that is not the same kernel moved from pixel to pixel: a
    border that a layer in the middle sees, windows of several sizes."""
    rows, columns = _axis(map.rows), _axis(map.columns)
    if rows is None or columns is None:
        return None
    weight = np.einsum("...st,ys,xt->...yx", map.weight, rows.kernel, columns.kernel, optimize=True)
    return Regular(
        weight,
        (rows.stride, columns.stride),
        (rows.padding, columns.padding),
        (rows.pool, columns.pool),
        (rows.up, columns.up),
    )


def even(map: Map) -> bool:
    """Whether there is a projection."""
    return _axis(map.rows) is not None and _axis(map.columns) is not None


def _axis(taps: np.ndarray) -> _Axis | None:
    """Of the axis whose taps are (S, out, in), with the smallest kernel; with zeros between the pixels only where
    there is none without."""
    pool = _pool(taps)
    blocks = taps[:, :, ::pool]
    strides = _strides(blocks)
    whole = gcd(blocks.shape[1], blocks.shape[2]) or 1
    resized = blocks.shape[2] // whole  # the stride of an upsampling to any number of pixels
    pairs = [(s, up) for up in _ups(blocks, whole) for s in {*strides, resized} if gcd(s, up) == 1]
    alike = max(blocks.shape[2] // max(blocks.shape[1], 1), 1)  # where both ends of few outputs are cut off
    for tried in ([(s, 1) for s in strides], [(alike, 1)], sorted(pairs)):
        axes = [_moved(blocks, stride, up) for stride, up in tried]
        found = [replace(axis, pool=pool) for axis in axes if axis is not None]
        if found:
            return min(found, key=lambda axis: (len(axis.kernel), axis.up))
    return None


def _pool(taps: np.ndarray) -> int:
    """The largest block of pixels that no tap looks into."""
    changes = (taps[:, :, 1:] != taps[:, :, :-1]).any(axis=(0, 1)).nonzero()[0] + 1
    return int(np.gcd.reduce(changes)) if len(changes) else taps.shape[2]


def _strides(blocks: np.ndarray) -> list[int]:
    """How far a kernel may move from one output to the next: what its first or its last pixel does."""
    return sorted({1} | _steps(np.abs(blocks).max(axis=0) > 0))


def _ups(blocks: np.ndarray, whole: int) -> set[int]:
    """How far apart the pixels may be: by how much the outputs of a tap, or of all, move from pixel to pixel; a
    padding may have left too few outputs to see it. Of an upsampling to any number of pixels as far as there
    are outputs, but for what divides both."""
    met = np.abs(blocks.swapaxes(1, 2)) > 0
    usual = {*range(2, _USUAL + 1), blocks.shape[1] // whole}
    each = (_steps(met[tap]) for tap in range(len(met)))
    return usual.union(_steps(met.max(axis=0)), *each) - {0, 1}


def _steps(met: np.ndarray) -> set[int]:
    """Of rows of places by how much the first or the last that is met moves forwards."""
    found = set[int]()
    for row in (met.argmax(axis=1), met.shape[1] - 1 - met[:, ::-1].argmax(axis=1)):
        seen = row[met.any(axis=1)]
        found |= {int(n) for n in np.diff(seen) if n > 0}
    return found


def _spread(blocks: np.ndarray) -> int:
    """How many outputs the one pixel that meets most of them meets, those between included."""
    met = np.abs(blocks).max(axis=0) > 0
    return max((int(np.ptp(np.flatnonzero(column))) + 1 for column in met.T if column.any()), default=1)


def _moved(blocks: np.ndarray, stride: int, up: int) -> _Axis | None:
    """A kernel that moves by `stride` a pixel over pixels `up` apart; None if there is none."""
    count, out, size = blocks.shape
    first, plane = (out - 1) * stride, (size - 1) * up + 1  # first: where pixel 0 is for the last output
    low = np.full((count, first + plane), np.inf)
    high = -low
    for i in range(out):
        part = slice(first - i * stride, first - i * stride + plane, up)
        low[:, part] = np.minimum(low[:, part], blocks[:, i])
        high[:, part] = np.maximum(high[:, part], blocks[:, i])
    if (high - low > _SAME).any():
        return None
    places = np.where(np.isfinite(low), low, 0.0)
    used = np.flatnonzero(np.abs(places).max(axis=0)) - first
    least, most = (int(used[0]), int(used[-1])) if len(used) else (0, 0)
    padding = max(-least, 0)
    if up == 1:
        while (length := max(most + padding + 1, size + 2 * padding - out * stride + 1, 1)) > (
            size + 2 * padding - first
        ):
            padding += 1
    else:
        length = most + padding + 1
        if out > most_pixels(size, up, padding, stride) or length > 2 * stride * _spread(blocks):
            return None
    kernel = np.zeros((length, count))
    for k in range(length):
        if 0 <= (place := k - padding + first) < places.shape[1]:
            kernel[k] = places[:, place]
    return _Axis(kernel, stride, padding, 1, up)


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
    if re.match(r"(mul|div|add|sub)(_\d+)?$", (names or [layer])[0]):
        return made.refuse(
            layer,
            f"behind '{names[0]}', whose outputs are not made alike at every pixel (a number for each pixel, as a mask or an "
            "embedding of positions)",
            "give one number a channel, flatten in front of the neurons, or apply a mask of the input before it is encoded",
        )
    return made.refuse(
        layer,
        f"behind '{(names or [layer])[0]}', whose outputs are not made alike at every pixel (a border inside, or windows "
        "of several sizes)",
        "put neurons in front of it, use windows of one size without padding, or flatten behind it",
    )
