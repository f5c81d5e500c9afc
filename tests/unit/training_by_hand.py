"""One iteration of training, neuron by neuron in exact fractions, written from docs/training.md: it shares no code with
the golden model, which it is held against."""

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from typing import SupportsFloat

import numpy as np

from spikeplane.train import LearningNetwork, LearningProjection

LARGEST = 65504
Place = tuple[int, int, int]


def nearest16(x: Fraction) -> Fraction:
    """The binary16 number nearest to x, ties to even, limited to the finite ones."""
    if abs(x) >= 65520:
        return Fraction(LARGEST if x > 0 else -LARGEST)
    quantum = Fraction(1, 2**24)
    while abs(x) >= quantum * 2048:
        quantum *= 2
    return round(x / quantum) * quantum  # Python's round takes ties to even


def fraction(h: SupportsFloat) -> Fraction:
    return Fraction(float(h))


def pairs(network: LearningNetwork, p: LearningProjection) -> list[tuple[Place, Place, tuple[int, ...]]]:
    """(source neuron, target neuron, weight) of every synapse."""
    source, target = network.population(p.source).shape, network.population(p.target).shape
    found = []
    for weight in product(*map(range, p.weight.shape)):
        to, fro, ky, kx = weight
        for y, x in product(range(target[1]), range(target[2])):
            py, px = y * p.stride[0] - p.padding[0] + ky, x * p.stride[1] - p.padding[1] + kx
            for dy, dx in product(range(p.pool[0]), range(p.pool[1])):
                pixel = (fro, py * p.pool[0] + dy, px * p.pool[1] + dx)
                if py >= 0 and px >= 0 and pixel[1] < source[1] and pixel[2] < source[2]:
                    found.append((pixel, (to, y, x), weight))
    return found


@dataclass
class Hand:
    """Of one batch: by population and (sample, step) or sample what became of every neuron; gradients by tag."""

    spikes: dict[tuple[str, int, int], dict[Place, int]] = field(default_factory=dict)
    windows: dict[tuple[str, int, int], dict[Place, bool]] = field(default_factory=dict)
    readout: dict[int, dict[Place, Fraction]] = field(default_factory=dict)
    deltas: dict[tuple[str, int, int], dict[Place, Fraction]] = field(default_factory=dict)
    gradients: dict[int, dict[tuple[int, ...], Fraction]] = field(default_factory=dict)


def neurons(shape: Place) -> list[Place]:
    return [(c, y, x) for c, y, x in product(*map(range, shape))]


def forward(network: LearningNetwork, planes: dict[str, np.ndarray], hand: Hand) -> None:
    count, steps = next(iter(planes.values())).shape[:2]
    synapses = [pairs(network, p) for p in network.projections]
    for n in range(count):
        total = {i: Fraction(0) for i in neurons(network.population(network.output).shape)}
        membranes: dict[str, dict[Place, Fraction]] = {}
        for t, pop in product(range(steps), network.populations):
            key, every = (pop.name, n, t), neurons(pop.shape)
            if pop.constant or pop.name in planes:
                hand.spikes[key] = {
                    i: 1 if pop.constant else int(planes[pop.name][(n, t, *i)]) for i in every
                }
                continue
            current = {i: Fraction(0) for i in every}
            for tag in network.tags_into(pop.name):
                p = network.projections[tag]
                sent = hand.spikes[p.source, n, t]
                for i, j, w in synapses[tag]:
                    if sent[i]:
                        current[j] += sent[i] * fraction(p.weight[w])
            if pop.name == network.output:
                total = {i: total[i] + current[i] for i in every}
                continue
            u = membranes.get(pop.name, dict.fromkeys(every, Fraction(0)))
            v = {i: nearest16(current[i] + nearest16(fraction(pop.leak) * u[i])) for i in every}
            theta = {i: fraction(np.asarray(pop.theta)[i[0]]) for i in every}
            hand.spikes[key] = {i: int(v[i] >= theta[i]) for i in every}
            half = Fraction(1, 2)
            hand.windows[key] = {i: theta[i] - half < v[i] < theta[i] + half for i in every}
            membranes[pop.name] = {i: Fraction(0) if hand.spikes[key][i] else v[i] for i in every}
        hand.readout[n] = {i: nearest16(x) for i, x in total.items()}


def backward(network: LearningNetwork, steps: int, error: np.ndarray, hand: Hand) -> None:
    """`error` (N, *output)."""
    limit = Fraction(2) ** network.delta_limit
    synapses = [pairs(network, p) for p in network.projections]
    hidden = [p for p in network.populations if p.theta is not None]
    for n in range(len(error)):
        for t in reversed(range(steps)):
            out = neurons(network.population(network.output).shape)
            hand.deltas[network.output, n, t] = {i: fraction(error[(n, *i)]) for i in out}
            for pop in reversed(hidden):
                back = dict.fromkeys(neurons(pop.shape), Fraction(0))
                for tag in network.tags_from(pop.name):
                    p = network.projections[tag]
                    for i, j, w in synapses[tag]:
                        back[i] += nearest16(fraction(p.weight[w]) * hand.deltas[p.target, n, t][j])
                later = hand.deltas.get((pop.name, n, t + 1), dict.fromkeys(back, Fraction(0)))
                found = {}
                for i, g in back.items():
                    g = g if hand.windows[pop.name, n, t][i] else Fraction(0)
                    if not hand.spikes[pop.name, n, t][i]:
                        g += nearest16(fraction(pop.leak) * later[i])
                    found[i] = max(-limit, min(limit, nearest16(g)))
                hand.deltas[pop.name, n, t] = found
    for tag, p in enumerate(network.projections):
        if p.trained:
            total = dict.fromkeys(product(*map(range, p.weight.shape)), Fraction(0))
            for n, t in product(range(len(error)), range(steps)):
                for i, j, w in synapses[tag]:
                    total[w] += hand.spikes[p.source, n, t][i] * hand.deltas[p.target, n, t][j]
            hand.gradients[tag] = total


def update(
    w: Fraction,
    gradient: Fraction,
    rate: Fraction,
    limit: int,
    q: Fraction | None = None,
    mu: Fraction = Fraction(0),
) -> tuple[Fraction, Fraction]:
    """The weight behind an update, and q of the next."""
    g = nearest16(gradient if q is None else nearest16(mu * q) + gradient)
    moved = nearest16(w - nearest16(rate * g))
    most = Fraction(2) ** limit
    return max(-most, min(most, moved)), g
