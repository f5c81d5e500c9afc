"""What the kernel has to know of a population's neurons in a step."""

from ctypes import pointer
from typing import Any

import numpy as np

from spikeplane.network import Neuron, Population
from spikeplane_sim.golden.int8.binding import Fire

_LEAKS = {"none": 0, "memoryless": 1, "multiply": 2}
_RESETS = {"none": 0, "hard": 1, "soft": 2}
_SPIKES, _MEMBRANES, _LEVELS, _ENTRIES = range(4)
_INT32 = (-(1 << 31), (1 << 31) - 1)
_MOST = 1 << 30  #: magnitudes below can be added
_STRETCH = 512  #: neurons that are worked on together, at least


class Neurons:
    """The neurons of a population, a structure for each step that differs.

    `limits`: of membranes. `of` gives None for those that it cannot take.
    """

    def __init__(self, population: Population, limits: tuple[int, int]) -> None:
        self.population, self.limits = population, limits
        self._steps: dict[int, tuple[Any, list[np.ndarray]]] = {}

    @classmethod
    def of(cls, population: Population, limits: tuple[int, int]) -> "Neurons | None":
        """Of a population whose numbers are such that 32 bits hold all that the kernel works out."""
        neuron = population.neuron
        if neuron is None or limits[1] >= _MOST or abs(neuron.v_reset) >= _MOST:
            return None
        times = 2 * neuron.kind.top + 1 if neuron.kind.whole else 1
        given = (population.theta, population.amount)
        numbers = [np.abs(np.asarray(v, dtype=np.int64)) for v in given if v is not None]
        fits = all(int(n.max(initial=0)) * times < _MOST for n in numbers)
        return cls(population, limits) if fits else None

    def at(self, step: int) -> Any:
        """A pointer to that of step `step` of a sample."""
        p = self.population
        key = step if any(map(differs, (p.theta, p.amount, p.leaks))) else 0
        if key not in self._steps:
            made, kept = self._made(key)
            self._steps[key] = pointer(made), kept
        return self._steps[key][0]

    def _made(self, step: int) -> tuple[Fire, list[np.ndarray]]:
        p, (low, high) = self.population, self.limits
        neuron = p.neuron
        assert neuron is not None
        theta = of_channels(p.theta, p, step)
        amount = theta if p.amount is None else of_channels(p.amount, p, step)
        factor, up, odd = _leak(neuron, None if p.leaks is None else of_channels(p.leaks, p, step))
        table = np.zeros(1) if neuron.table is None else np.asarray(neuron.table.values)
        times = -(-_STRETCH // p.shape[0])
        rows = [
            np.tile(np.broadcast_to(row, theta.shape), times).astype(np.int32)
            for row in (theta, neuron.least(theta), amount, factor, up, odd)
        ]
        kept = [*rows, table.astype(np.int32)]
        sent_low, sent_high = _INT32 if not neuron.planes else neuron.limits(0)
        made = Fire(
            *(row.ctypes.data for row in kept),
            leak=_LEAKS[neuron.leak],
            reset=_RESETS[neuron.reset],
            sends=_sends(neuron),
            wide=high >= 1 << 15,
            low=max(low, 0) if neuron.floor else low,
            high=high,
            reset_low=low,
            reset_high=high,
            v_reset=neuron.v_reset,
            top=neuron.kind.top,
            table_shift=neuron.table.shift if neuron.table else 0,
            sent_low=sent_low,
            sent_high=sent_high,
            sent_shift=neuron.low,
            span=times * p.shape[0],
        )
        return made, kept


def differs(values: np.ndarray | None) -> bool:
    """Whether numbers by channel are of steps."""
    return values is not None and np.ndim(values) > 1


def of_channels(values: np.ndarray | None, population: Population, step: int) -> np.ndarray:
    """Numbers by channel, int64 (C,), in a step; 0 where there are none."""
    now = np.asarray(0 if values is None else values, dtype=np.int64)
    return np.broadcast_to(now[step] if now.ndim > 1 else now, population.shape[:1])


def _sends(neuron: Neuron) -> int:
    if neuron.table is not None:
        return _ENTRIES
    if neuron.kind.whole:
        return _LEVELS
    return _SPIKES if neuron.kind.spikes else _MEMBRANES


def _leak(neuron: Neuron, leaks: np.ndarray | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Factors, and what is added and what is set where a product was cut, each by channel or one for all."""
    factor = np.asarray(neuron.leak_value if leaks is None else leaks)
    odd = np.full(factor.shape, neuron.leak_round == "odd")
    if leaks is not None:
        odd |= (factor & (factor - 1)) != 0
    return factor, np.where(odd, 0, neuron.leak_round == "up"), odd
