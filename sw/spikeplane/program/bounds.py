"""Proof that no accumulator overflows: the worst case of every population, from its weights and the
ranges of its sources.

On a chip with fused words what is left of a membrane counts as well: it lies in the same word.

Sums are taken modulo the accumulator's width, so only the final total of a step has to fit,
whatever the order of the spikes. Membranes saturate by definition and need no proof.
"""

from dataclasses import dataclass, replace

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.network import Network, Population, Projection, is_stepped, met, steps_of, times, weights
from spikeplane.program.fused import kept_range


@dataclass(frozen=True, kw_only=True)
class Bound:
    """The range of one population's currents, and the bits that hold it."""

    population: str
    low: int
    high: int
    available: int

    @property
    def bits(self) -> int:
        """Two's complement bits that hold low..high."""
        return max(self.high.bit_length(), (-self.low - 1).bit_length() if self.low < 0 else 0) + 1


def reach(projection: Projection, source: Population, config: ChipConfig) -> tuple[np.ndarray, np.ndarray]:
    """Per target channel, the least and the most that one projection can add, its pre-shift
    included: two arrays (C,), int64, or of Python's integers where values, pools and shifts
    together go far beyond any accumulator.

    Of weights by step it is what any step can.
    Every synapse of a kernel is met by at most one (pooled) pixel of its channel, and where zeros stand
    between the pixels, a target pixel meets a part of the kernel. A weight that is counted is at most the number of tokens, a
    gate at most its top, and either may be 0.
    """
    if is_stepped(projection):
        lows, highs = reach_by_step(projection, source, config)
        return lows.min(0), highs.max(0)
    values = source.values(config.membrane_bits)
    low, high = (value * times(projection, source.shape) for value in values)
    if projection.dynamic is not None:
        low, high = min(low, 0), max(high, 0)
    weight = np.asarray(projection.weight, dtype=np.int64)
    up, down = (
        met(part, projection.up).astype(object) << projection.pre_shift
        for part in (np.maximum(weight, 0), np.maximum(-weight, 0))
    )
    down = -down
    least, most = down * high + up * low, up * high + down * low
    return (
        (least, most)
        if max(-least.min(), most.max()) >> 52
        else (least.astype(np.int64), most.astype(np.int64))
    )


def reach_by_step(
    projection: Projection, source: Population, config: ChipConfig
) -> tuple[np.ndarray, np.ndarray]:
    """As `reach`, by step: two arrays (T, C), (1, C) where weights are alike in all steps."""
    parts = [reach(replace(projection, weight=one), source, config) for one in weights(projection)]
    least, most = zip(*parts, strict=True)
    return np.stack(least), np.stack(most)


def prove(network: Network, config: ChipConfig) -> list[Bound]:
    """The bound of every population. Raises SpikeplaneError for the first whose worst case does not
    fit the accumulators."""
    bounds: list[Bound] = []
    limit = 1 << (config.acc_bits - 1)
    for population in network.populations:
        if population.neuron is None:
            continue
        bias = np.zeros(population.shape[0]) if population.bias is None else population.bias
        low = high = np.atleast_2d(np.asarray(bias, dtype=np.int64))
        if steps_of(population.theta, population.amount, population.bias, population.leaks) is not None:
            low, high = (
                np.minimum(low, 0),
                np.maximum(high, 0),
            )  # added by the neurons, behind the accumulators
        for projection in network.incoming(population.name):
            least, most = reach_by_step(projection, network.population(projection.source), config)
            low, high = low + least, high + most
        left = kept_range(population, config)
        low, high = low + left[0], high + left[1]
        found = Bound(
            population=population.name, low=int(low.min()), high=int(high.max()), available=config.acc_bits
        )
        if found.low < -limit or found.high >= limit:
            worst = found.high if found.high >= limit else found.low
            word = "word of accumulator and membrane" if config.fused else "accumulator"
            raise SpikeplaneError(
                f"population '{population.name}': its worst case {worst} exceeds the "
                f"{config.acc_bits}-bit {word} "
                f"({limit - 1}); use acc_bits = {found.bits} or smaller weights"
            )
        bounds.append(found)
    return bounds
