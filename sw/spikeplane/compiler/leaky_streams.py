"""The unit of synaptic currents: what one step rounds adds up in their leak, and once more in the membranes behind.

of units up to a tenth coarser (C, tried), in which the threshold behind is a whole number, the one in which
biases and weights are nearest to whole numbers
"""

from collections.abc import Iterable

import numpy as np

from spikeplane.compiler.layers import per_channel
from spikeplane.compiler.steps import flat, integers, power_of
from spikeplane.float_network import FloatNeuron, FloatPopulation

_COARSER = np.linspace(1.0, 0.9, 101)  #: units that are tried: the finest over these


def suited(
    unit: np.ndarray,
    drives: Iterable[tuple[FloatPopulation, np.ndarray, list[tuple[np.ndarray, float]], int]],
    behind: Iterable[tuple[FloatNeuron, np.ndarray]],
    steps: int,
) -> np.ndarray:
    """The unit (C,) of a class, at least `unit` (C,).

    drives: of each member its unit in units of the class (C,), its weights in real numbers with the part of the
    steps in which their sources are active, and their bits. behind: neurons that take a member's values, and
    their unit in units of the class (C,). steps: of a sample.
    """
    tried, gathered = unit[:, None] / _COARSER, np.ones((len(unit), 1))
    for neuron, factor in behind:
        tried = _whole(per_channel(neuron.threshold, len(unit)) / factor, unit)
        gathered = np.maximum(gathered, _gathered(neuron, len(unit), steps))
    wrong = np.zeros(tried.shape)
    for population, factor, weights, bits in drives:
        neuron = population.neuron
        assert neuron is not None
        own = tried * factor[:, None]
        bias = per_channel(population.bias, len(unit))[:, None] / own
        mean, spread = np.round(bias) - bias, np.zeros(own.shape)
        for weight, active in weights:
            moved = _moved(weight, own, bits)
            mean, spread = mean + active * moved.sum(-1), spread + active * (moved**2).sum(-1)
        wrong = wrong + ((mean * _gathered(neuron, len(unit), steps)) ** 2 + spread) * (gathered * own) ** 2
    return np.take_along_axis(tried, np.argmin(wrong, axis=1)[:, None], axis=1)[:, 0]


def _whole(threshold: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Units (C, tried) of which the threshold (C,) is a multiple; any where it is no positive number of them."""
    most = np.floor(threshold / unit * (1 + 1e-9))
    parts = np.maximum(np.ceil(most[:, None] * _COARSER), 1)
    return np.where(most[:, None] >= 1, threshold[:, None] / parts, unit[:, None] / _COARSER)


def _gathered(neuron: FloatNeuron, channels: int, steps: int) -> np.ndarray:
    """What a constant 1 a step gathers to (C, 1): at most all that come."""
    lost = 1 - per_channel(neuron.decay, channels)
    return (1 / np.maximum(lost, 1 / steps))[:, None]


def _moved(weight: np.ndarray, unit: np.ndarray, bits: int) -> np.ndarray:
    """By how much a weight's integers differ from it, in units (C, tried): (C, tried, all else)."""
    step = unit * 2.0 ** power_of(weight, unit[:, 0], bits, 31)
    whole = np.stack([integers(flat(weight), each, bits) for each in step.T], 1)
    return (whole * step[:, :, None] - flat(weight)[:, None]) / unit[:, :, None]
