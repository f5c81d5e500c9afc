"""What a training makes smaller: the cross-entropy, whose errors the host computes, or the squared error, of which a chip
needs the targets only."""

import numpy as np

from spikeplane.train.softmax import cross_entropy

CROSS_ENTROPY, SQUARED = "cross-entropy", "squared"
LOSSES = (CROSS_ENTROPY, SQUARED)


def targets16(labels: np.ndarray, classes: int) -> np.ndarray:
    """What the readout's mean over the steps ought to be: 1 for the right class, 0 else; float16 (N, classes) of labels (N,)."""
    return np.eye(classes, dtype=np.float16)[labels]


def squared_error(readout: np.ndarray, labels: np.ndarray, steps: int) -> float:
    """Half the squared distance from the targets, the mean over the samples, of float16 `readout` (N, C) summed over
    `steps`: to be looked at, not part of the contract."""
    away = readout.astype(np.float64) / steps - targets16(labels, readout.shape[1])
    return float((away * away).sum(1).mean() / 2)


def mean_loss(loss: str, readout: np.ndarray, labels: np.ndarray, steps: int) -> float:
    """That of `LOSSES`, as it is reported."""
    return {CROSS_ENTROPY: cross_entropy, SQUARED: squared_error}[loss](readout, labels, steps)
