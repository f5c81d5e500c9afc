"""Functions of every value for itself (relu, clamp, a comparison), of spikes: what is 0 or 1 in front of one
is one of two numbers behind it, which a factor and an offset make; and the relu of any value."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import SPIKES_ALONE, FloatNeuron
from spikeplane.importers.assemble import Assembler
from spikeplane.importers.flow import Source, Spikes, Value
from spikeplane.importers.maps import identity
from spikeplane.network import LEVELS

#: Values by which a relu is told from other functions: those that cut off above do it below the last one.
_SIGNED = np.array([-1e6, -3.7, -1.0, -0.3, -1e-6, 0.0, 1e-6, 0.3, 1.0, 2.7, 6.5, 64.0, 1e6])
#: Values at which a step is looked for.
_FINE = np.array([-1e6, -1e3, *np.arange(-8, 8, 1 / 64) + 1 / 256, 1e3, 1e6])
_MOST = 255  #: levels that are looked for
#: Of an array what the function makes of it.
Function = Callable[[np.ndarray], np.ndarray]


def of_spikes(
    made: Assembler, layer: str, value: Value, name: str, function: Function, input_bits: int | None
) -> Value | None:
    """The function's values of spikes, perhaps all times a factor, as spikes or currents, and of their sums
    where it leaves those as they are; None for all else, and for functions that are not finite there."""
    if not isinstance(value, Spikes):
        return None
    high = level(made, value, input_bits)
    if high is None:
        same = is_count(made, value, input_bits) and _stay(function, whole=value.whole)
        return value if same else None
    with np.errstate(all="ignore"):
        results = np.asarray(function(np.array([0.0, high])), dtype=np.float64)
    if results.shape != (2,) or not np.isfinite(results).all():
        return None
    low, top = results
    if (low, top) == (0.0, high):
        if not _stay(function, whole=False):
            made.assume(layer, f"{name} of spikes", "the spikes", SPIKES_ALONE)
        return value
    made.assume(layer, f"{name} of spikes", f"{low:g} and {top:g}", SPIKES_ALONE)
    gain = np.full(value.shape[0], (top - low) / high)
    if low == 0:
        return made.seen(layer, value, identity(value.shape).scaled(gain))
    return made.scale(made.currents(layer, value), gain, np.full(len(gain), low))


def keeps(function: Function) -> bool:
    """Whether every value comes out as it is, as of a leaky relu of slope 1."""
    values = np.array([-1e30, *_SIGNED, *_FINE, 1e30])
    with np.errstate(all="ignore"):
        return bool(np.array_equal(function(values), values))


def rectifies(function: Function) -> bool:
    """Whether it is a relu."""
    with np.errstate(all="ignore"):
        found = np.asarray(function(_SIGNED), dtype=np.float64)
    return found.shape == _SIGNED.shape and np.allclose(found, np.maximum(_SIGNED, 0), rtol=1e-6, atol=0)


def steps(function: Function) -> tuple[float, bool, float, float] | None:
    """Of a function that is one number up to a threshold and another beyond it: the threshold, whether the first
    is right there too, and the two numbers; None for any other."""
    with np.errstate(all="ignore"):
        found = np.asarray(function(_FINE), dtype=np.float64)
    if found.shape != _FINE.shape or not np.isfinite(found).all():
        return None
    changes = np.flatnonzero(found[1:] != found[:-1])
    if len(changes) != 1:
        return None
    below, above = float(_FINE[changes[0]]), float(_FINE[changes[0] + 1])
    low, high = found[0], found[-1]
    while (middle := (below + above) / 2) not in (below, above):
        value = float(function(np.array([middle, middle]))[0])
        if value not in (low, high):
            return None
        below, above = (middle, above) if value == low else (below, middle)
    strict = len(repr(below)) < len(repr(above))
    return (below if strict else above), strict, float(low), float(high)


class Staircase(NamedTuple):
    """A function that is factor * round(clamp(v / theta, 0, top)), half to even."""

    theta: float
    top: int
    factor: float


def staircase(function: Function) -> Staircase | None:
    """What a function is of whole levels from 0 on; None for any other, and for more than _MOST levels."""
    with np.errstate(all="ignore"):
        low, high = (float(n) for n in np.asarray(function(np.array([0.0, 1e6])), np.float64))
        if low or not np.isfinite(high) or high <= 0:
            return None
        below, above = 0.0, 1e6
        while (middle := (below + above) / 2) not in (below, above):
            below, above = (below, middle) if function(np.array([middle]))[0] else (middle, above)
        theta, factor = 2 * below, float(function(np.array([above]))[0])
        if theta <= 0 or not high / _MOST <= factor <= high:
            return None
        top = round(high / factor)
        ends = np.arange(top + 2) * theta + theta / 2
        given = np.concatenate((_FINE * theta, ends, ends * (1 - 1e-9), ends * (1 + 1e-9), -ends))
        wanted = factor * np.round(np.clip(given / theta, 0, top))
        same = np.allclose(np.asarray(function(given), np.float64), wanted, rtol=1e-12, atol=0)
    return Staircase(theta, top, factor) if same else None


def levelled(made: Assembler, layer: str, value: Value, name: str, function: Function) -> Value | None:
    """Of currents a function that is whole levels, as neurons of integer spikes without memory; None for other functions."""
    found = staircase(function)
    if found is None:
        return None
    own = made.free(layer)
    told = f"without memory, integer spikes up to {found.top} at {found.theta:g}"
    made.assume(own, "neurons", told, f"what '{name}' does")
    if found.top not in LEVELS:
        raise unsent(made, layer, found.top)
    theta = np.full(value.shape[0], found.theta)
    spikes = made.neuron(
        own, value, FloatNeuron(decay=0.0, threshold=theta, reset="none", kind=LEVELS[found.top])
    )
    factor = np.full(value.shape[0], found.factor)
    return spikes if found.factor == 1.0 else made.seen(layer, spikes, identity(spikes.shape).scaled(factor))


def unsent(made: Any, layer: str, top: int) -> SpikeplaneError:
    """The error for a top level that no core sends."""
    return made.refuse(
        layer,
        f"neurons that send integer spikes up to {top}",
        "a core sends up to 2^n - 1 or 2^(n-1), n to 7; use 1, 2, 3, 4, 7, 8, 15, 16, ...",
    )


def stepped(made: Assembler, layer: str, value: Value, name: str, function: Function) -> Value | None:
    """Of currents a function that is one of two numbers, as neurons without memory and what the two numbers make
    of their spikes; None for other functions."""
    found = steps(function)
    if found is None:
        return None
    threshold, strict, low, high = found
    own = made.free(layer)
    theta = np.full(value.shape[0], threshold)
    made.assume(
        own, "neurons", f"without memory, v {'>' if strict else '>='} {threshold:g}", f"what '{name}' does"
    )
    spikes = made.neuron(own, value, FloatNeuron(decay=0.0, threshold=theta, reset="none", strict=strict))
    if (low, high) == (0.0, 1.0):
        return spikes
    return of_spikes(made, layer, spikes, name, lambda each: np.where(each > 0, high, low), 1)


def level(made: Assembler, value: Value, input_bits: int | None) -> float | None:
    """The one number beside 0 that values of spikes may be; None where there are others."""
    if not _of_neurons(made, value, input_bits):
        return None
    assert isinstance(value, Spikes)
    largest = {float(s.map.weight.max(initial=0.0)) if s.map else 1.0 for s in value.sources}
    if len(largest) != 1 or (high := largest.pop()) <= 0:
        return None
    return high if replace(value, sources=tuple(_divided(s, high) for s in value.sources)).binary else None


def is_count(made: Assembler, value: Value, input_bits: int | None) -> bool:
    """Whether no value is less than 0: spikes, or sums of them."""
    if not _of_neurons(made, value, input_bits):
        return False
    assert isinstance(value, Spikes)
    maps = [s.map for s in value.sources if s.map is not None]
    return all(bool((part >= 0).all()) for m in maps for part in (m.weight, m.rows, m.columns))


def _of_neurons(made: Assembler, value: Value, input_bits: int | None) -> bool:
    """Whether only spikes are in the value, of neurons or of an input of one bit."""
    if not isinstance(value, Spikes) or made.has_values(value) or made.has_levels(value):
        return False
    return input_bits == 1 or not made.has_input(value)


def _divided(source: Source, number: float) -> Source:
    """Seen through a map with weights of so much less."""
    if source.map is None:
        return source
    return replace(source, map=replace(source.map, weight=source.map.weight / number))


def _stay(function: Function, *, whole: bool) -> bool:
    """Whether values of 0 and more, or whole ones, come out as they are, as of a relu."""
    values = np.array([0.0, 1.0, 2.0, 3.0, 64.0, 1e6, *(() if whole else (0.3, 0.5, 2.7))])
    return bool(np.array_equal(function(values), values))
