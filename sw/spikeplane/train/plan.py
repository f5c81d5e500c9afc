"""What is proved of a network before it learns: that no exact word overflows, and that every number is one that
the chip has. What cannot be proved is refused, with the row that shows it.

All bounds are real numbers; a word of `exact_bits` holds those below 2^(exact_bits - 25), in units of 2^-24.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from spikeplane.errors import SpikeplaneError, number
from spikeplane.train.network import LearningNetwork, LearningPopulation, LearningProjection

#: The widths of an exact word that chips have.
EXACT_BITS = (36, 48)
#: Bits of 2^-24 and of the sign.
_FRACTION = 25
#: Beyond it a product of a weight and a delta saturates.
_PRODUCT = 15
_MOST = 65504.0


@dataclass(frozen=True)
class Bound:
    """A row of the proof: the worst case of one sum, and how it comes about."""

    what: str
    how: str
    worst: float

    @property
    def bits(self) -> int:
        """The width of a word that holds it."""
        return max(0, math.floor(math.log2(self.worst)) + 1 if self.worst else 0) + _FRACTION


def bounds(network: LearningNetwork, samples: int, steps: int) -> list[Bound]:
    """The rows for batches of `samples`, `steps` long."""
    return [
        *_forward(network, steps),
        *_backward(network),
        *_gradients(network, samples, steps),
        *_steps(network),
    ]


def exact_bits(network: LearningNetwork, samples: int, steps: int) -> int:
    """The narrowest word that is proved to hold every sum. Raises SpikeplaneError where none is, or where the
    network holds numbers that a chip has not."""
    check(network)
    worst = max(bounds(network, samples, steps), key=lambda row: row.worst)
    for width in EXACT_BITS:
        if worst.bits <= width:
            return width
    raise SpikeplaneError(
        f"{worst.what} may reach {worst.how} = {worst.worst:.0f}, which takes a word of {worst.bits} bits, and chips have "
        f"{EXACT_BITS[-1]} at most; {'use smaller batches, fewer steps' if 'samples' in worst.how else 'use a smaller fan-in'} "
        "or a lower limit"
    )


def check(network: LearningNetwork) -> None:
    """Raises SpikeplaneError for numbers that training in binary16 has not."""
    for population in network.populations:
        _check_neurons(population)
    for projection in network.projections:
        _check_weights(projection)
        if min(projection.limit, network.delta_limit) < 0:
            raise SpikeplaneError(
                f"projection {projection.name}: weights within 2^{projection.limit} and deltas within 2^{network.delta_limit}; "
                "limits are powers of 0 and more"
            )
        if projection.limit + network.delta_limit > _PRODUCT:
            raise SpikeplaneError(
                f"projection {projection.name}: weights below 2^{projection.limit} times deltas below "
                f"2^{network.delta_limit} leave binary16; lower the limits to a sum of {_PRODUCT}"
            )
    if not any(p.trained for p in network.projections):
        raise SpikeplaneError("no projection of the network is trained; leave one that is not frozen")


def _check_neurons(population: LearningPopulation) -> None:
    if population.leak != float(np.float16(population.leak)) or not 0 <= population.leak <= 1:
        raise SpikeplaneError(
            f"layer '{population.name}': a leak of {number(population.leak)} is no binary16 number from 0 to 1; "
            f"use {number(float(np.float16(np.clip(population.leak, 0, 1))))}"
        )
    for theta in [] if population.theta is None else np.atleast_1d(population.theta).tolist():
        edges = (theta, theta - 0.5, theta + 0.5)
        if not all(math.isfinite(e) and float(np.float16(e)) == e and abs(e) <= _MOST for e in edges):
            raise SpikeplaneError(
                f"layer '{population.name}': the threshold {number(theta)} has no exact window in binary16 (it and it "
                "-+ 1/2 must be binary16 numbers); use a multiple of 1/1024 below 1, or scale the layer"
            )


def _check_weights(projection: LearningProjection) -> None:
    weight = projection.weight
    if not np.isfinite(weight).all():
        raise SpikeplaneError(
            f"projection {projection.name}: {int((~np.isfinite(weight)).sum())} of its weights are NaN or infinite; "
            "give finite ones, below 65520"
        )
    largest = float(np.abs(weight.astype(np.float64)).max(initial=0))
    if largest > 2.0**projection.limit:
        raise SpikeplaneError(
            f"projection {projection.name}: a weight of {number(largest)} is beyond its limit 2^{projection.limit}; "
            "raise the limit, or scale the layer"
        )


def _forward(network: LearningNetwork, steps: int) -> Iterator[Bound]:
    for population in network.populations:
        into = [network.projections[tag] for tag in network.tags_into(population.name)]
        if not into:
            continue
        each = sum(_fan_in(network, p) * 2.0**p.limit for p in into)
        how = " + ".join(f"{_fan_in(network, p)} x 2^{p.limit}" for p in into)
        if population.name == network.output:
            target = steps == 1  # a target is taken from the sum of one step, and from less of more
            how = f"{steps} steps x ({how}){' + 1' * target}"
            yield Bound(f"readout '{population.name}'", how, steps * each + target)
            continue
        worst = 0.0
        for _ in range(steps):
            kept = np.float16(min(worst, _MOST)) * np.float16(population.leak)
            worst = each + float(kept)
        leaking = f", leaking {number(population.leak)}" if population.leak and steps > 1 else ""
        yield Bound(f"layer '{population.name}'", f"{how}{leaking}", worst)


def _fan_in(network: LearningNetwork, p: LearningProjection) -> int:
    """Spikes that one neuron of the target can get in a step, planes counted."""
    top = 2 ** network.population(p.source).value_bits - 1
    return int(np.prod(p.weight.shape[1:])) * p.pool[0] * p.pool[1] * top


def _backward(network: LearningNetwork) -> Iterator[Bound]:
    delta = 2.0**network.delta_limit
    for population in network.populations:
        tags = network.tags_from(population.name)
        if population.name in network.with_delta and tags:
            out = [network.projections[tag] for tag in tags]
            fans = [(p.weight.shape[0] * p.weight.shape[2] * p.weight.shape[3], p.limit) for p in out]
            worst = sum(fan * 2.0**limit * delta for fan, limit in fans) + delta
            how = " + ".join(f"{fan} x 2^{limit} x 2^{network.delta_limit}" for fan, limit in fans)
            yield Bound(f"the delta of layer '{population.name}'", f"{how} + 2^{network.delta_limit}", worst)


def _gradients(network: LearningNetwork, samples: int, steps: int) -> Iterator[Bound]:
    for p in network.projections:
        if p.trained:
            yield Bound(
                f"the gradient of {p.name}",
                f"{samples} samples x {steps} steps x {_meetings(network, p)} x 2^{network.delta_limit}",
                float(gradient_limit(network, p, samples, steps)),
            )


def gradient_limit(network: LearningNetwork, p: LearningProjection, samples: int, steps: int) -> int:
    """What no gradient of a projection exceeds."""
    return samples * steps * _meetings(network, p) << network.delta_limit


def _meetings(network: LearningNetwork, p: LearningProjection) -> int:
    """How often a weight may meet a spike and a delta in a step."""
    _, height, width = network.population(p.target).shape
    return height * width * p.pool[0] * p.pool[1] * (2 ** network.population(p.source).value_bits - 1)


def _steps(network: LearningNetwork) -> Iterator[Bound]:
    """A chip limits a step to the largest number of its words: from there any weight goes beyond its limit."""
    for p in network.projections:
        if p.trained:
            yield Bound(f"a weight of {p.name} and its step", f"2 x 2^{p.limit}", 2.0 ** (p.limit + 1))
