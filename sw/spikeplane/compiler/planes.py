"""How many bit planes a population sends its values on: all that its worst case needs, where the chip has them;
else what usual values need, and larger ones are sent as the largest."""

from dataclasses import replace

import numpy as np

from spikeplane.compiler.layers import Layer, gathered, per_channel
from spikeplane.config import ChipConfig
from spikeplane.network import Population


def widest(config: ChipConfig) -> int:
    """Planes that a value has at most: the shifter reaches them, and two values and a branch of the same
    size fit an accumulator."""
    return min(config.membrane_bits, config.max_shift + 1, config.acc_bits - 2)


def planes_of(
    layer: Layer, low: np.ndarray, high: np.ndarray, unit: np.ndarray, config: ChipConfig
) -> tuple[int, bool]:
    """`Neuron.planes` and `Neuron.relu` of a population that sends values to others.

    low, high: the worst case of the currents (C,), in steps of `unit` (C,), without bias.
    """
    neuron, bias = layer.neuron, np.round(per_channel(layer.population.bias, len(unit)) / unit) + layer.half
    times = gathered(neuron, layer.steps, len(unit))
    least, most = float(((low + bias) * times).min()), float(((high + bias) * times).max())
    if neuron.floor:
        least, most = max(least, 0.0), max(most, 0.0)
    relu = least >= 0 and neuron.threshold is None
    room = min(widest(config), config.membrane_bits - relu, max(1, layer.room + layer.low - relu))
    needed = bits_of(least, most) - relu
    if needed > room and layer.usual is not None:
        usual = float(np.ceil(layer.usual / unit).max())
        needed = min(bits_of(0 if relu else -usual, usual) - relu, room)
    planes = max(layer.low + 1, min(needed, room))
    return (0 if planes == config.membrane_bits else planes), relu


def with_planes(
    made: Population,
    layer: Layer,
    apart: Layer,
    ends: tuple[np.ndarray, np.ndarray],
    unit: np.ndarray,
    config: ChipConfig,
) -> Population:
    """A population with the planes of the values that it sends to others; without any as it is. apart, ends: as `planes_of`."""
    if layer.unit is None or made.neuron is None:
        return made
    planes, relu = planes_of(apart, *ends, unit, config)
    return replace(made, neuron=replace(made.neuron, planes=planes, relu=relu, low=layer.low))


def bits_of(low: float, high: float) -> int:
    """Bits in two's complement that hold low..high."""
    return (
        max(
            int(high).bit_length() if high > 0 else 0, (int(np.ceil(-low)) - 1).bit_length() if low < 0 else 0
        )
        + 1
    )
