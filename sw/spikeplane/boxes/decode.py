"""A head's values as boxes and scores: those of anchor-free detectors (YOLOv8, SpikeYOLO).

Each pixel has the distances from its centre to the left, upper, right and lower side, counted in pixels of the map: the
mean of 0, 1, ..., bins - 1, weighted by the softmax of that side's bins. One bin is the distance itself.
"""

import numpy as np


def decode(values: np.ndarray, bins: int, stride: int) -> tuple[np.ndarray, np.ndarray]:
    """Corners (N, H * W, 4), left, upper, right and lower in pixels of the image, and scores (N, H * W, classes) from 0 to 1,
    of one map (N, 4 * bins + classes, H, W), pixels row by row. `stride`: pixels of the image a pixel of the map."""
    count, _, high, wide = values.shape
    flat = np.asarray(values, np.float64).reshape(count, -1, high * wide)
    sides = _distances(flat[:, : 4 * bins].reshape(count, 4, bins, high * wide))
    y, x = np.divmod(np.arange(high * wide), wide)
    centre = np.stack((x, y)) + 0.5
    corners = np.concatenate((centre - sides[:, :2], centre + sides[:, 2:]), 1) * stride
    return corners.swapaxes(1, 2), _sigmoid(flat[:, 4 * bins :]).swapaxes(1, 2)


def _distances(logits: np.ndarray) -> np.ndarray:
    """(N, 4, A) of bins (N, 4, bins, A)."""
    bins = logits.shape[2]
    if bins == 1:
        return logits[:, :, 0]
    share = np.exp(logits - logits.max(2, keepdims=True))
    share /= share.sum(2, keepdims=True)
    return np.einsum("nsba,b->nsa", share, np.arange(bins))


def _sigmoid(values: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-v)), without an overflow."""
    small = np.exp(-np.abs(values))
    return np.where(values >= 0, 1.0, small) / (1.0 + small)
