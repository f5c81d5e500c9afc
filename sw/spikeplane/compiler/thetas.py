"""Thresholds as integers: those that are compared with, and those of integer spikes, which are halved."""

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.float_network import FloatNeuron

_CLOSE = 1e-6  #: relative rounding of float32 models, forgiven at thresholds


def theta_of(neuron: FloatNeuron, ratio: np.ndarray, config: ChipConfig, *, odd: bool) -> np.ndarray:
    """The thresholds, int64 in `ratio`'s shape: real ones in steps of the membranes. odd: a leak is rounded so."""
    if neuron.kind.whole:
        most = ((1 << (config.membrane_bits - 1)) - 1) // neuron.kind.top
        return _halved(ratio, most, odd=odd)
    return _compared(ratio, strict=neuron.strict)


def _halved(ratio: np.ndarray, most: int, *, odd: bool) -> np.ndarray:
    """Thresholds of integer spikes, `most` at most: a core compares with their halves, which are even where leaks are
    rounded to odd."""
    step = 4 if odd else 2
    return (step * np.clip(np.round(ratio / step), 1, most // step)).astype(np.int64)


def _compared(ratio: np.ndarray, *, strict: bool) -> np.ndarray:
    """v > t exactly where the integer is above floor(t), v >= t where it is at least ceil(t)."""
    close = _CLOSE * np.abs(ratio)
    return (np.floor(ratio + close) if strict else np.ceil(ratio - close)).astype(np.int64)
