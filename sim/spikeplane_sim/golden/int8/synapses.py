"""A projection as the kernel takes it: its weights in the kernel's order, what its source sends in digits.

Sums wrap in 32 bits, so what is between may leave them, offsets and shifts too: currents are exact because they fit
themselves (`GoldenModel.reach`).
"""

from math import prod

import numpy as np
import torch
from torch import Tensor

from spikeplane.network import Network, Projection
from spikeplane_sim.golden.int8.binding import Source
from spikeplane_sim.golden.int8.digits import digits_of
from spikeplane_sim.golden.synapses import pooled

_LANES = 16  #: channels that the kernel works on at a time
_LOW, _HIGH = -128, 127


class ByteSynapses:
    """One projection.

    Attributes
    ----------
    fits: weights and values are such that the kernel can take it.
    low, high: what its source sends in a step at least and at most.
    """

    def __init__(self, projection: Projection, network: Network, membrane_bits: int, digit_bits: int) -> None:
        self.projection = projection
        self.out = network.population(projection.target).current_shape
        self.source, area = network.population(projection.source), prod(projection.pool)
        self.low, self.high = self.source.values(membrane_bits)
        self.digits = digits_of(min(self.low, 0) * area, max(self.high, 0) * area, digit_bits)
        weight, self.rank = np.asarray(projection.weight, dtype=np.int64), projection.kind.rank
        within = int(weight.min(initial=0)) >= _LOW and int(weight.max(initial=0)) <= _HIGH
        self.fits = bool(projection.dynamic is None and self.digits and within)
        kernel = tuple(range(1 - self.rank, 0))
        self._mask, by_step = (1 << digit_bits) - 1, weight.reshape(-1, *weight.shape[-self.rank :])
        self._made: list[list[Source]] = []
        if self.fits:
            #: what the pointers of the structures lead to
            weights = [_ordered(w).astype(np.int8) for w in by_step]
            self._kept: list[np.ndarray] = [*weights]
            self._made = [self._by_digit(*pair) for pair in zip(weights, by_step.sum(kernel), strict=True)]

    def holds(self, x: Tensor) -> bool:
        """Whether x (N, C, H, W), what the source sends, is within what it can send; neurons never send anything else."""
        if self.source.neuron is not None or self.source.constant:
            return True
        low, high = (int(end) for end in x.aminmax())
        return self.low <= low and high <= self.high

    def sources(self, x: Tensor, step: int, kept: list[Tensor]) -> list[Source]:
        """What the kernel is given in a step, of x (N, C, H, W) int32 that the projection's source sends. `kept` takes what has to
        live as long as these do."""
        p = self.projection
        if p.pool != (1, 1):
            x = pooled(x, p.pool).to(torch.int32)
        kept.append(x)
        return [_given(made, x) for made in self._made[step if len(self._made) > 1 else 0]]

    def _by_digit(self, weight: np.ndarray, sums: np.ndarray) -> list[Source]:
        """All but the values, of each digit: by weights in the kernel's order and their sum by channel."""
        p, (_, height, width) = self.projection, self.out
        kernel, made = p.weight.shape[-2:], []
        plane = [(n - 1) * s + k for n, s, k in zip((height, width), p.stride, kernel, strict=True)]
        for digit in self.digits:
            corrections = (-digit.offset * sums).astype(np.int32)
            self._kept.append(corrections)
            source = Source(weights=weight.ctypes.data, corrections=corrections.ctypes.data)
            (source.plane_height, source.plane_width), (source.top, source.left) = plane, p.padding
            (source.up_y, source.up_x), (source.kernel_y, source.kernel_x) = p.up, kernel
            (source.stride_y, source.stride_x), source.out_width = p.stride, width
            source.digit, source.mask, source.offset = digit.place, self._mask, digit.offset
            source.shift, source.aligned = p.pre_shift + digit.place, self.rank == 3
            made.append(source)
        return made


def _given(made: Source, x: Tensor) -> Source:
    """With values x (N, C, H, W)."""
    source = Source.from_buffer_copy(made)
    source.values, source.strides = x.data_ptr(), _strides(x)
    source.channels, source.height, source.width = x.shape[1:]
    return source


def _strides(x: Tensor) -> tuple[int, ...]:
    """Of x (N, C, H, W), in elements; those that nobody walks along are as if channels stood side by side."""
    image, channel, y, column = x.stride()
    return image, 1 if x.shape[1] == 1 else channel, y, x.shape[1] if x.shape[3] == 1 else column


def _ordered(weight: np.ndarray) -> np.ndarray:
    """An aligned one (C, KH, KW) -> (KH, KW, C). A dense one (Cout, Cin, KH, KW): a row of the kernel is a run of KW * Cin bytes, in
    fours -> (blocks, KH, fours, LANES, 4), filled up with 0."""
    if weight.ndim == 3:
        return np.ascontiguousarray(weight.transpose(1, 2, 0))
    runs = weight.transpose(0, 2, 3, 1).reshape(len(weight), weight.shape[2], -1)
    filled = np.pad(runs, ((0, -len(weight) % _LANES), (0, 0), (0, -runs.shape[2] % 4)))
    fours = filled.reshape(-1, _LANES, weight.shape[2], filled.shape[2] // 4, 4)
    return np.ascontiguousarray(fours.transpose(0, 2, 3, 1, 4))
