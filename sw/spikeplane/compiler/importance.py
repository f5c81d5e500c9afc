"""How much noise in what reads a stream matters: as much as it changes what neurons, or the output, get.

```
 values ──▶ neurons, output      1, of noise over signal
 argument ──▶ sigmoid ──▶ gate   (slope / what is sent)^2, of noise alone: a gate of about a half hardly moves
 values ──▶ ... ──▶ argument     that, times the argument's usual power
```
"""

from collections.abc import Mapping

import numpy as np

from spikeplane.float_network import FloatNetwork, FloatPopulation
from spikeplane.network import FUNCTIONS

_SPREAD = 4.0  #: what is usual, in root mean squares
_TRIED = 257  #: arguments at which a function is looked at
_LEAST = 0.01  #: of a function's reach, which its arguments are taken to have at least


def importance(net: FloatNetwork, peaks: Mapping[str, np.ndarray]) -> dict[str, float]:
    """By population the power behind all functions of noise over signal in its currents; of one with a function that of the
    noise alone. peaks: by population the largest membrane (C,) on the calibration."""
    found: dict[str, float] = {}
    carried: dict[str, float] = {}
    for population in reversed(net.populations):
        name, neuron = population.name, population.neuron
        if neuron is not None and neuron.function:
            found[name], carried[name] = _of_function(population, peaks.get(name))
            continue
        # who reads it in a later step is not found yet
        behind = [carried.get(p.target, 1.0) for p in net.projections if p.source == name]
        values = population.sends_values and behind
        found[name] = carried[name] = max(behind) if values else 1.0
    return found


def _of_function(population: FloatPopulation, peak: np.ndarray | None) -> tuple[float, float]:
    """What a function makes of noise in its argument, and of noise over signal, as parts of what it sends."""
    assert population.neuron is not None
    function = FUNCTIONS[population.neuron.function]
    reach = function.reach if peak is None else min(function.reach, float(peak.max()))
    reach = max(reach, _LEAST * function.reach)
    at = np.linspace(-reach, reach, _TRIED)
    sent = function.apply(at)
    power = float(np.mean(np.gradient(sent, at) ** 2) / np.mean(sent**2))
    return power, min(1.0, power * (reach / _SPREAD) ** 2)
