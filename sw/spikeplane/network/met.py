"""What zeros between the source's pixels (`Projection.up`) change: what of a kernel one target pixel meets, and
how many pixels a target may have."""

import numpy as np

Pair = tuple[int, int]


def met(parts: np.ndarray, up: Pair) -> np.ndarray:
    """The largest sums (C,) that a target pixel of each channel meets of `parts` (C, ..., KH, KW)."""
    sums = [
        _phase(parts, up, y, x).reshape(len(parts), -1).sum(1) for y in range(up[0]) for x in range(up[1])
    ]
    return np.maximum.reduce(sums)


def most_met(shape: tuple[int, ...], up: Pair) -> int:
    """How many weights of a channel, of a kernel (C, ..., KH, KW), a target pixel meets at most."""
    *pairs, rows, columns = shape[1:]
    return int(np.prod(pairs, dtype=np.int64)) * -(-rows // up[0]) * -(-columns // up[1])


def most_pixels(size: int, up: int, padding: int, stride: int) -> int:
    """Pixels of the target, along an axis of `size` pixels `up` apart, at most: the last is no more than the padding,
    and what an output_padding adds, behind the last source pixel."""
    return (size * up - 1 + 2 * padding) // stride + 1


def _phase(weight: np.ndarray, up: Pair, y: int, x: int) -> np.ndarray:
    return weight[..., y :: up[0], x :: up[1]]
