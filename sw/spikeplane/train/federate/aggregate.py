"""What the server makes of answers: a step of the whole network, or the mean of its weights. Sums of whole numbers,
each rounded once when it is used: no order of the answers changes a bit."""

from collections.abc import Iterable, Mapping

import numpy as np

from spikeplane.train.federate.integers import clamp16, decode, mul16, round16
from spikeplane.train.network import Learned, LearningNetwork

#: Samples that a mean may count: what a sum in 64 bits has room for.
MOST_SAMPLES = 1 << 21


def summed(gradients: Iterable[Mapping[int, np.ndarray]]) -> dict[int, np.ndarray]:
    """The int64 sums of workers' gradients, by tag."""
    found: dict[int, np.ndarray] = {}
    for one in gradients:
        for tag, words in one.items():
            found[tag] = found[tag] + words if tag in found else words
    return found


def stepped(
    network: LearningNetwork,
    learned: Learned,
    gradients: Mapping[int, np.ndarray],
    step: np.float16,
    momentum: float,
) -> tuple[Learned, int]:
    """Weights and momenta behind an update by `gradients` (int64 units by tag) at `step`, rate / (samples * steps);
    and how many weights were limited."""
    made, limited = Learned(dict(learned.weights), dict(learned.momenta)), 0
    rate, mu = np.asarray(step), np.asarray(np.float16(momentum))
    for tag, words in gradients.items():
        if tag in made.momenta:
            words = words + decode(mul16(mu, made.momenta[tag]))
            made.momenta[tag] = round16(words)
        change = decode(mul16(rate, round16(words)))
        weight, limit = round16(decode(made.weights[tag]) - change), network.projections[tag].limit
        made.weights[tag] = clamp16(weight, limit)
        limited += int((made.weights[tag] != weight).sum())
    return made, limited


def mean(parts: Iterable[tuple[int, Mapping[int, np.ndarray]]]) -> dict[int, np.ndarray]:
    """The weights in the mean of (samples, float16 weights by tag), each worker counting as its samples do; at most
    MOST_SAMPLES in all."""
    sums: dict[int, np.ndarray] = {}
    total = 0
    for samples, weights in parts:
        total += samples
        for tag, weight in weights.items():
            sums[tag] = sums.get(tag, 0) + samples * decode(weight)
    return {tag: round16(units, total) for tag, units in sums.items()}
