"""The integer leak of a population: which factor, and which rounding, keeps the spikes of the real one.

    decay (kept of the membrane a step) -> factor in 1/65536, rounding down, up or to odd

Floors compose, and so do ceilings: where the decay is 1/2^k, a membrane rounded down is the floor
of the exact one, and `v >= theta` is decided as in real numbers; the same holds for ceilings and `v
> theta`. Any other decay cuts a remainder that no rounding keeps, and rounding to odd has no bias.
"""

import math
from dataclasses import dataclass

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError, number
from spikeplane.network import LEAK_ONE, LeakKind, LeakRound

_CLOSE = 1e-6  #: relative rounding of float32 models
MOVED = 0.01  #: a time constant that moves by more is told


@dataclass(frozen=True)
class Leak:
    """The leak fields of a `Neuron`, and by which part the time constant differs from the real one's."""

    kind: LeakKind
    value: int = 0
    rounding: LeakRound = "down"
    moved: float = 0.0


def leak(decay: float, *, strict: bool, layer: str, config: ChipConfig) -> Leak:
    """The leak nearest to keeping `decay` of the membrane. Raises SpikeplaneError if the chip
    cannot do it."""
    if decay == 1.0:
        return Leak("none")
    if decay == 0.0:
        return Leak("memoryless")
    if not 0 < decay < 1:
        raise SpikeplaneError(
            f"layer '{layer}': a membrane decay of {number(decay)} a step is not between 0 and 1; "
            "check tau and dt"
        )
    for k in range(1, (config.leak_bits if config.leak_multiplier else 8) + 1):
        if abs(decay * 2.0**k - 1) < _CLOSE:
            return Leak("multiply", LEAK_ONE >> k, _exact(strict))
    value = _factor(decay, strict, config)
    if value is None:
        raise SpikeplaneError(
            f"layer '{layer}': a membrane decay of {decay:g} needs a chip with leak_multiplier = "
            "true, or a decay of 1/2^k or 1 - 1/2^k, "
            "k from 1 to 8"
        )
    if value in (0, LEAK_ONE):
        return Leak("none" if value else "memoryless", moved=math.inf)
    return Leak("multiply", value, "odd", moved=abs(math.log(decay) / math.log(value / LEAK_ONE) - 1))


def leaks(
    decay: float | np.ndarray, *, strict: bool, layer: str, config: ChipConfig
) -> tuple[Leak, np.ndarray | None]:
    """The leak of a population, and in 1/65536 that of each channel (C,) where they differ. Raises
    SpikeplaneError if the chip cannot do it."""
    each = np.atleast_1d(np.asarray(decay, dtype=np.float64))
    real = np.unique(each)
    found = [leak(float(one), strict=strict, layer=layer, config=config) for one in real]
    values = np.array([{"none": LEAK_ONE, "memoryless": 0}.get(one.kind, one.value) for one in found])
    if len(np.unique(values)) == 1:
        return found[0], None
    if not config.leak_multiplier:
        raise SpikeplaneError(
            f"layer '{layer}': its channels leak differently, which needs a chip with leak_multiplier = true"
        )
    moved = max(one.moved for one in found)
    kept = Leak("multiply", 0, _exact(strict), moved=moved)
    return kept, values[np.searchsorted(real, each)]


def _exact(strict: bool) -> LeakRound:
    """The rounding that keeps the spikes of decays of 1/2^k."""
    return "up" if strict else "down"


def _factor(decay: float, strict: bool, config: ChipConfig) -> int | None:
    """In 1/65536: on the side where an exact tie of v and theta is decided as in real numbers; None
    where the chip has none."""
    if not config.leak_multiplier:
        near = [LEAK_ONE - (LEAK_ONE >> k) for k in range(2, 9) if abs(decay - (1 - 2.0**-k)) < _CLOSE]
        return near[0] if near else None
    if config.leak_bits < 16:
        step = LEAK_ONE >> config.leak_bits
        return round(decay * LEAK_ONE / step) * step
    exact = decay * LEAK_ONE
    if abs(exact - round(exact)) < _CLOSE * LEAK_ONE / 16:
        return round(exact)
    return math.floor(exact) if strict else math.ceil(exact)
