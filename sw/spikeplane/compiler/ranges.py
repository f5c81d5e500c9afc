"""How large values get, in real numbers, channel by channel: the worst case, and what sources that are
active half of the time hardly ever exceed."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from spikeplane.compiler.guard import MARGIN, SIGMAS
from spikeplane.compiler.layers import gathered, per_channel
from spikeplane.encoding import Encoding
from spikeplane.float_network import FloatNetwork, FloatPopulation
from spikeplane.network import FUNCTIONS, Gate, met, times


@dataclass(frozen=True)
class Range:
    """Of what a population sends, per channel (C,): mean and variance of its values, the least and the most."""

    mean: np.ndarray
    variance: np.ndarray
    low: np.ndarray
    high: np.ndarray
    peak: np.ndarray | None = None

    @property
    def worst(self) -> np.ndarray:
        """The largest magnitude that any input makes."""
        return np.maximum(self.high, -self.low)

    @property
    def usual(self) -> np.ndarray:
        """The largest magnitude on the calibration, with room; else of half-active sources; the worst case
        where that is less."""
        if self.peak is not None:
            return np.minimum(self.worst, self.peak * MARGIN)
        return np.minimum(self.worst, np.abs(self.mean) + SIGMAS * np.sqrt(self.variance))


def ranges(
    net: FloatNetwork, encodings: Mapping[str, Encoding], peaks: Mapping[str, np.ndarray]
) -> dict[str, Range]:
    """Of every population. encodings: by input; peaks: by population the largest membrane (C,) on the
    calibration."""
    ends = {name: (e.span[0] * e.value, e.span[1] * e.value) for name, e in encodings.items()}
    steps = next(iter(encodings.values())).steps
    found = {p.name: _either(p, *ends.get(p.name, (0.0, _top(p)))) for p in net.populations}
    for population in net.populations:
        if population.neuron is not None and population.neuron.function:
            function = FUNCTIONS[population.neuron.function]
            found[population.name] = _either(population, function.low, function.high)
        elif population.sends_values:
            found[population.name] = _values(net, population, found, steps, peaks.get(population.name))
    return found


def _top(population: FloatPopulation) -> float:
    return 1.0 if population.neuron is None else float(population.neuron.kind.top)


def _either(population: FloatPopulation, low: float, high: float) -> Range:
    """At one end half of the time, at the other else."""
    ones = np.ones(population.shape[0])
    return Range(ones * (low + high) / 2, ones * ((high - low) / 2) ** 2, ones * low, ones * high)


def _values(
    net: FloatNetwork,
    population: FloatPopulation,
    known: dict[str, Range],
    steps: int,
    peak: np.ndarray | None,
) -> Range:
    neuron, channels = population.neuron, population.shape[0]
    assert neuron is not None
    bias = per_channel(population.bias, channels)
    mean, variance, low, high = bias, np.zeros(channels), bias, bias
    for p in net.incoming(population.name):
        source, pixels = known[p.source], times(p, net.population(p.source).shape)
        weight = np.asarray(p.weight, dtype=np.float64) * pixels
        means, variances, lows, highs = (
            p.kind.by_source(each) for each in (source.mean, source.variance, source.low, source.high)
        )
        ends = weight * lows, weight * highs
        apart = p.up[0] * p.up[1]  # of the kernel a pixel meets as large a part, on average
        mean = mean + _rows(weight * means) / apart
        several = (
            1 if isinstance(p.dynamic, Gate) else pixels
        )  # a gate counts one value so often, no sum of values
        variance = variance + _rows(weight**2 / several * variances) / apart
        low, high = low - met(-np.minimum(*ends), p.up), high + met(np.maximum(*ends), p.up)
    often = gathered(neuron, steps, channels)
    if neuron.floor:  # a normal distribution that is cut off at 0 has a larger mean and less variance
        mean = np.maximum(mean, 0.0) + np.sqrt(variance / (2 * np.pi))
        low, high = np.maximum(low, 0.0), np.maximum(high, 0.0)
    return Range(
        mean * often, variance * often, np.minimum(low * often, low), np.maximum(high * often, high), peak
    )


def _rows(weight: np.ndarray) -> np.ndarray:
    return weight.reshape(len(weight), -1).sum(1)
