"""Layers whose numbers differ from step to step, in one unit a channel over all steps."""

from dataclasses import replace

import numpy as np

from spikeplane.compiler.layers import Layer, per_channel
from spikeplane.compiler.off import changed
from spikeplane.network import steps_of


def with_biases(
    layer: Layer, low: np.ndarray, high: np.ndarray, unit: np.ndarray
) -> tuple[Layer, np.ndarray, np.ndarray]:
    """The layer with no bias that differs from step to step, and the least and the largest currents (C,) with one of any step,
    rounded in any unit that is finer, or none: neurons add it, so that what reaches them counts without it too."""
    if steps_of(layer.population.bias) is None:
        return layer, low, high
    bias = np.asarray(layer.population.bias) / unit
    plain = replace(layer, population=replace(layer.population, bias=None))
    return plain, low + np.minimum(bias.min(0) - 0.5, 0), high + np.maximum(bias.max(0) + 0.5, 0)


def changed_by_step(layer: Layer, whole: list[np.ndarray], steps: list[np.ndarray]) -> np.ndarray:
    """As `off.changed`, on average over the steps."""
    found = []
    for t, one in enumerate(layer.steps_apart()):
        found.append(
            changed(one, [layer.at(w, p, t) for w, p in zip(whole, layer.incoming, strict=True)], steps)
        )
    return np.mean(found, axis=0)


def numbers(values: np.ndarray | None, channels: int) -> np.ndarray:
    """One number a channel (C,), or one a step and channel (T, C)."""
    if values is None or np.ndim(values) < 2:
        return per_channel(values, channels)
    return np.broadcast_to(np.asarray(values, np.float64), (len(values), channels))
