"""Linear maps between pixels of channels, as what stands between two populations comes to: convolutions,
averages, paddings, slices and what they make one behind the other, all exact at borders.

Each axis has taps, which are matrices from pixels to pixels; a convolution's are shifts, an average's
is one that sums. `regular.py` finds the kernel, stride, padding and pool that a projection needs.
"""

from dataclasses import dataclass, replace

import numpy as np

from spikeplane.importers.geometry import Shape

#: Two taps are one where no entry differs by more: averages are quotients.
_SAME = 1e-12


@dataclass(frozen=True)
class Map:
    """`out[o, i, k] = sum of weight[o, c, s, t] * rows[s, i, y] * columns[t, k, x] * value[c, y, x]`.

    weight   (O, C, S, T), or (C, S, T) where each channel is for itself
    rows     (S, H out, H), columns (T, W out, W)
    """

    weight: np.ndarray
    rows: np.ndarray
    columns: np.ndarray

    @property
    def aligned(self) -> bool:
        """Each channel is for itself."""
        return self.weight.ndim == 3

    @property
    def pointwise(self) -> bool:
        """Each value is for itself."""
        return self.aligned and self.weight.shape[1:] == (1, 1) and self.shape == self.source

    @property
    def shape(self) -> Shape:
        """(C, H, W) of what comes out."""
        return len(self.weight), self.rows.shape[1], self.columns.shape[1]

    @property
    def source(self) -> Shape:
        """(C, H, W) of what goes in."""
        channels = self.weight.shape[0 if self.aligned else 1]
        return channels, self.rows.shape[2], self.columns.shape[2]

    def scaled(self, gain: np.ndarray) -> "Map":
        """gain (C,) times what comes out."""
        return replace(self, weight=self.weight * gain.reshape(-1, *[1] * (self.weight.ndim - 1)))

    def after(self, first: "Map") -> "Map":
        """This behind `first`, as one map."""
        rows, row_of = _merged(self.rows, first.rows)
        columns, column_of = _merged(self.columns, first.columns)
        weight = 0.0
        for s in range(first.rows.shape[0]):
            for t in range(first.columns.shape[0]):
                each = _channels(self.weight, first.weight[..., s, t])
                weight = weight + _collected(each, row_of[..., s], column_of[..., t])
        return Map(np.asarray(weight), rows, columns)

    def of(self, image: np.ndarray) -> np.ndarray:
        """What comes out for one image (C, H, W)."""
        channels = "cst" if self.aligned else "ocst"
        return np.einsum(
            f"{channels},siy,tkx,cyx->{channels[0]}ik",
            self.weight,
            self.rows,
            self.columns,
            image,
            optimize=True,
        )

    def largest(self) -> np.ndarray:
        """(C,) what comes out at most of values 0 to 1: a bound."""
        rows, columns = (np.abs(part).sum(2).max(1) for part in (self.rows, self.columns))
        negative = bool((self.rows < 0).any() or (self.columns < 0).any())
        weight = np.abs(self.weight) if negative else np.maximum(self.weight, 0)
        each = np.einsum("...st,s,t->...", weight, rows, columns)
        return each.reshape(len(each), -1).sum(1)

    def dense(self) -> np.ndarray:
        """(O, H out, W out, I, H, W): every weight between two values."""
        weight = self.weight
        if self.aligned:
            weight = np.eye(len(weight))[:, :, None, None] * weight[:, None]
        return np.einsum("ocst,siy,tkx->oikcyx", weight, self.rows, self.columns, optimize=True)

    def picks(self) -> bool:
        """Whether nothing that comes out is more than one value times 1: what gets in as spikes stays spikes."""
        parts = (self.weight, self.rows, self.columns)
        if not all(bool(np.isin(part, (0.0, 1.0)).all()) for part in parts):
            return False
        return bool((self.of(np.ones(self.source)) <= 1).all())


def identity(shape: Shape) -> Map:
    """Every value as it is."""
    channels, height, width = shape
    return Map(np.ones((channels, 1, 1)), np.eye(height)[None], np.eye(width)[None])


def seen(shape: Shape, rows: np.ndarray, columns: np.ndarray, gain: float = 1.0) -> Map:
    """Every channel through `rows` (H out, H) and `columns` (W out, W), times `gain`."""
    return Map(np.full((shape[0], 1, 1), gain), rows[None], columns[None])


def channels_of(shape: Shape, matrix: np.ndarray) -> Map:
    """Channels mixed by a matrix (O, C), pixels as they are."""
    return Map(matrix[:, :, None, None], np.eye(shape[1])[None], np.eye(shape[2])[None])


def covering(weight: np.ndarray) -> Map:
    """(O, C, H, W), one weight a value: a fully connected layer."""
    height, width = weight.shape[2:]
    return Map(weight, np.eye(height)[:, None], np.eye(width)[:, None])


def _collected(weight: np.ndarray, row_of: np.ndarray, column_of: np.ndarray) -> np.ndarray:
    """Weights (..., S, T) of taps as those of the taps that they became, by matrices (R, S) and (C, T)."""
    if not _plain(column_of):
        weight = weight @ column_of.T
    if _plain(row_of):
        return weight
    if weight.shape[-1] == 1:
        return (weight[..., 0] @ row_of.T)[..., None]
    return np.swapaxes(np.swapaxes(weight, -1, -2) @ row_of.T, -1, -2)


def _plain(matrix: np.ndarray) -> bool:
    return matrix.shape[0] == matrix.shape[1] and bool((matrix == np.eye(len(matrix))).all())


def _channels(second: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Weights (O, ..., S, T) of two maps in a row; `first` is one tap's (O, C) or (C,)."""
    if first.ndim == 1:  # each channel for itself
        factors = first[..., None, None]
        return second if (first == 1).all() else second * factors
    if second.ndim == 4:
        return np.moveaxis(np.tensordot(second, first, (1, 0)), -1, 1)
    return second[:, None] * first[:, :, None, None]


def _merged(second: np.ndarray, first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct taps (R, out, in) of two axes in a row, and which pair is which: (R, S second, S
    first) of 0 and 1. Pairs that see nothing are left out."""
    every = np.einsum("aim,bmj->abij", second, first, optimize=True)
    flat = every.reshape(-1, *every.shape[2:])
    found: list[np.ndarray] = []
    place: dict[bytes, int] = {}
    which = np.full(len(flat), -1)
    for n, tap in enumerate(flat):
        if not tap.any():
            continue
        key = np.round(tap / _SAME).astype(np.int64).tobytes()
        if key not in place:
            place[key] = len(found)
            found.append(tap)
        which[n] = place[key]
    if not found:
        found = [flat[0]]
    pairs = (np.arange(len(found))[:, None] == which).astype(np.float64)
    return np.stack(found), pairs.reshape(len(found), *every.shape[:2])
