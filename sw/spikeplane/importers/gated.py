"""Values times a gate: what one population sends is multiplied by what another sends in the same step, a function of its
currents from 0 on (a sigmoid), or spikes.

```
 G ──┐     G: one value for each channel, pixel, neuron, or for all
 X ──┴▶ A
```
A maximum over channels is one over pixels, to which channels are moved: place (i, j) of a square of s x s is channel s i + j.
"""

from dataclasses import dataclass, replace
from math import isqrt
from typing import Any

import numpy as np

from spikeplane.float_network import FloatNeuron, FloatPopulation
from spikeplane.importers.flow import Currents, Draft, Source, Spikes, Value
from spikeplane.importers.maps import identity
from spikeplane.network import FUNCTIONS, MEMBRANE, Gate

#: Arguments at which a function is compared with those that a chip has.
_TRIED = np.concatenate((np.linspace(-9, 9, 289), [-40.0, 40.0]))
_CLOSE = 1e-6


@dataclass(frozen=True)
class Found:
    """A function of `network.FUNCTIONS`, of gain * v + offset."""

    name: str
    gain: float = 1.0
    offset: float = 0.0

    @property
    def is_gate(self) -> bool:
        """Whether it is nowhere below 0."""
        return FUNCTIONS[self.name].low >= 0


_KNOWN = (*(Found(name) for name in FUNCTIONS), Found("hard_sigmoid", 6.0, -3.0))


def function_of(function: Any) -> Found | None:
    """The one of `network.FUNCTIONS` that this is, of arrays: a clamp to 0..1 is a hard sigmoid of six times as much; None for
    any other."""
    with np.errstate(all="ignore"):
        found = np.asarray(function(_TRIED), dtype=np.float64)
    if found.shape != _TRIED.shape:
        return None
    for one in _KNOWN:
        wanted = FUNCTIONS[one.name].apply(one.gain * _TRIED + one.offset)
        if np.allclose(wanted, found, rtol=0, atol=_CLOSE):
            return one
    return None


def sent_function(made: Any, layer: str, value: Value, function: Found) -> Spikes:
    """A population that sends the function of what it gets."""
    name = made.free(layer)
    made.assume(
        name, "values", f"a population that sends {function.name}(v)", "a table of 256 entries on the chip"
    )
    neuron = FloatNeuron(decay=0.0, reset="none", kind=MEMBRANE, function=function.name)
    return made.neuron(name, value, neuron, function.gain, function.offset)


def alone(made: Any, layer: str, value: Value, why: str) -> tuple[Spikes, float]:
    """A population that sends the value, and its factor: the one that does, or a population of values. Raises
    SpikeplaneError for a value of the step before."""
    if isinstance(value, Spikes) and len(value.sources) == 1:
        source = value.sources[0]
        if source.delay:
            raise made.refuse(
                layer, "a product with a value of the step before", "multiply values of one step"
            )
        factor = _factor(source)
        if factor is not None:
            return Spikes((Source(source.population),), value.shape), factor
    return made.values(layer, replace(value, flat=False), why), 1.0


def _factor(source: Source) -> float | None:
    """What a population's values are multiplied by, all of them; None where more is done with them."""
    if source.map is None:
        return 1.0
    gains = np.unique(source.map.weight)
    same = source.map.pointwise and len(gains) == 1 and gains[0] > 0
    plain = same and all(
        np.array_equal(axis[0], np.eye(axis.shape[1])) for axis in (source.map.rows, source.map.columns)
    )
    return float(gains[0]) if plain else None


def multiplied(made: Any, layer: str, value: Value, gate: Spikes) -> Currents:
    """The value (C, H, W) times a gate (C or 1, H or 1, W or 1)."""
    x, factor = alone(made, f"{layer}_input", value, f"'{layer}' multiplies them by a gate")
    g, other = alone(made, f"{layer}_gate", gate, f"'{layer}' multiplies by them")
    gain = np.full(value.shape[0], factor * other)
    draft = Draft(
        x.sources[0].population, identity(value.shape).scaled(gain), dynamic=Gate(g.sources[0].population)
    )
    return Currents((draft,), np.zeros(value.shape[0]), value.shape)


def is_gate(made: Any, value: Value) -> bool:
    """Whether these are values of a population of a function that is nowhere below 0."""
    if not isinstance(value, Spikes) or len(value.sources) != 1 or value.sources[0].delay:
        return False
    found: FloatPopulation = next(p for p in made.populations if p.name == value.sources[0].population)
    own = found.neuron is not None and found.neuron.function
    return bool(own) and FUNCTIONS[own].low >= 0 and _factor(value.sources[0]) is not None


def largest_channel(made: Any, layer: str, value: Value, groups: np.ndarray) -> Value:
    """The largest of channels, (G, H, W): groups (G, n) are which of the value's each is the largest of."""
    count = groups.shape[1]
    side = isqrt(count - 1) + 1
    if side == 1:
        return made.channels(layer, value, [int(n) for n in groups[:, 0]])
    weight = np.zeros((value.shape[0], len(groups), side, side))
    for place in range(side * side):
        of = groups[:, place if place < count else 0]
        weight[of, np.arange(len(groups)), place // side, place % side] = 1.0
    square = (side, side)
    spread = made.transposed(layer, replace(value, flat=False), weight, None, stride=square, padding=(0, 0))
    return made.pool_max(layer, spread, square, square, (0, 0))
