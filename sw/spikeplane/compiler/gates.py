"""Functions of values, and gates, on their way to integers.

```
 function   values in their own unit ─▶ table of 256 entries ─▶ bits() planes, 1 of which is 2^-bits() in real numbers
 gate G     X in its unit, times an integer of G ─▶ A in the unit of X times that of G, so a weight is exactly 1
```
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from spikeplane.compiler.layers import Layer
from spikeplane.config import ChipConfig
from spikeplane.encoding import Encoding
from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatNetwork, FloatPopulation, FloatProjection
from spikeplane.network import FUNCTIONS, Gate, Neuron, Population, Table
from spikeplane.network.table import ENTRIES

_BITS = 8  #: of what a function gives at most
_ROOM = 4  #: bits of membranes besides; values and their gates share the others
_LEAST = 4
_MARGIN = 1.25  #: of the largest membrane on the calibration


def bits(config: ChipConfig) -> int:
    """Bits of what a function gives, without a sign: a gate of so many leaves room for values in the membranes."""
    return max(_LEAST, min(_BITS, config.dynamic_bits or _BITS, (config.membrane_bits - _ROOM) // 2))


def unit(config: ChipConfig) -> float:
    """The real value of 1 of what a function gives."""
    return 2.0 ** -bits(config)


def units(net: FloatNetwork, config: ChipConfig) -> dict[str, float]:
    """That of each population that has one."""
    return {p.name: unit(config) for p in net.populations if has_function(p)}


def ends(population: FloatPopulation, config: ChipConfig) -> tuple[int, int]:
    """The least and the largest integer that a population with a function sends."""
    assert population.neuron is not None
    function, top = FUNCTIONS[population.neuron.function], (1 << bits(config)) - 1
    return (0 if function.low >= 0 else -top - 1), top


def has_function(population: FloatPopulation) -> bool:
    """It sends a function of its values."""
    return population.neuron is not None and bool(population.neuron.function)


def factored(net: FloatNetwork, config: ChipConfig, encodings: Mapping[str, Encoding]) -> FloatNetwork:
    """With gated projections whose weights count for an integer of the gate. Raises SpikeplaneError for gates that are not
    0 or more, or whose integers are of no known unit."""
    if not any(isinstance(p.dynamic, Gate) for p in net.projections):
        return net
    return replace(net, projections=tuple(_factored(p, net, config, encodings) for p in net.projections))


def _factored(
    p: FloatProjection, net: FloatNetwork, config: ChipConfig, encodings: Mapping[str, Encoding]
) -> FloatProjection:
    if not isinstance(p.dynamic, Gate):
        return p
    gate = net.population(p.dynamic.g)
    one, low, top = _sent(gate, config, encodings, p.target)
    if low < 0:
        raise SpikeplaneError(
            f"layer '{p.target}' is multiplied by '{gate.name}', which sends values below 0; a gate sends 0 or more: use a "
            "sigmoid, or spikes"
        )
    return replace(p, weight=np.asarray(p.weight, np.float64) * one, dynamic=replace(p.dynamic, top=top))


def _sent(
    gate: FloatPopulation, config: ChipConfig, encodings: Mapping[str, Encoding], target: str
) -> tuple[float, int, int]:
    """The real value of 1, the least and the largest integer that a gate sends."""
    if gate.neuron is None:
        return (1.0, 0, 1) if gate.constant else (encodings[gate.name].value, *encodings[gate.name].span)
    if has_function(gate):
        return (unit(config), *ends(gate, config))
    if gate.sends_values:
        raise SpikeplaneError(
            f"layer '{target}' is multiplied by the values of '{gate.name}', whose range is not known; a gate sends spikes or "
            f"a function of its values: {', '.join(FUNCTIONS)}"
        )
    return 1.0, 0, gate.neuron.kind.top


def reach_of(layer: Layer, config: ChipConfig) -> float:
    """See `reach`."""
    return reach(layer.population, layer.peak, config)


def reach(population: FloatPopulation, peak: np.ndarray | None, config: ChipConfig) -> float:
    """Beyond which argument its function changes by less than is sent, or is not asked for on the calibration. peak: its
    largest membrane there (C,)."""
    assert population.neuron is not None
    function = FUNCTIONS[population.neuron.function]
    tried = np.linspace(0, function.reach, ENTRIES)[1:]
    left = [
        np.abs(function.apply(tried * sign) - function.apply(sign * function.reach)) for sign in (1.0, -1.0)
    ]
    furthest = float(tried[np.argmax(np.maximum(*left) < unit(config) / 4)])
    return furthest if peak is None else min(furthest, float(peak.max()) * _MARGIN)


def with_function(made: Population, layer: Layer, one: np.ndarray, config: ChipConfig) -> Population:
    """A population that sends its function. one: the real value of 1 of its membranes (C,), alike in all channels."""
    neuron, step = made.neuron, float(one[0])
    assert neuron is not None
    shift, furthest = 0, reach_of(layer, config)
    while (ENTRIES // 2 << shift) * step < furthest and shift < config.membrane_bits - 8:
        shift += 1
    low, top = ends(layer.population, config)
    middles = ((np.arange(ENTRIES) - ENTRIES // 2) * 2.0**shift + (2.0**shift - 1) / 2) * step
    values = np.clip(
        np.round(FUNCTIONS[layer.neuron.function].apply(middles) * 2.0 ** bits(config)), low, top
    )
    return replace(made, neuron=_sending(neuron, tuple(map(int, values)), shift, low, config))


def _sending(neuron: Neuron, values: tuple[int, ...], shift: int, low: int, config: ChipConfig) -> Neuron:
    planes = bits(config) + (low < 0)
    return replace(neuron, planes=planes, relu=low >= 0, table=Table(values, shift))
