"""Forward, backward and update of a learning network, in any arithmetic (docs/training.md).

X[t]  = leak * u[t-1] + sum of w                      v = X[t], rounded once     s = v >= theta
u[t]  = 0 where s, else v                             m = theta - 1/2 < v < theta + 1/2
R     = sum over t of the readout's currents          r = R, rounded once
G[t]  = leak * d[t+1] * (1 - s[t]) + m[t] * sum of w * d_target[t]
d[t]  = G[t], rounded once, limited; the readout's d is the error in every step
D     = sum over samples, steps and positions of s * d
w'    = w - rate * D, rounded and limited; with momentum q' = mu * q + D stands for D
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch

from spikeplane.train.losses import targets16
from spikeplane.train.network import LearningNetwork, LearningPopulation
from spikeplane.train.softmax import softmax16
from spikeplane_sim.golden.training.arithmetic import Arithmetic
from spikeplane_sim.golden.training.binary16 import LARGEST
from spikeplane_sim.golden.training.synapses import Synapses

Tensor = torch.Tensor
Weights = Mapping[int, Tensor]


@dataclass
class Tape:
    """What backward needs of forward: by population the values that it sent and where its window was open, (N, T, C, H, W)."""

    spikes: dict[str, Tensor] = field(default_factory=dict)
    windows: dict[str, Tensor] = field(default_factory=dict)


class Rules:
    """A learning network in an arithmetic."""

    def __init__(self, network: LearningNetwork, arithmetic: Arithmetic) -> None:
        self.network, self.arithmetic = network, arithmetic
        self.synapses = [Synapses(network, tag, arithmetic) for tag in range(len(network.projections))]

    def weights(self, arrays: Mapping[int, np.ndarray] | None = None) -> dict[int, Tensor]:
        """Weights as numbers, by tag: the network's, or `arrays`."""
        found = dict(enumerate(p.weight for p in self.network.projections)) if arrays is None else arrays
        return {tag: self._numbers(weight) for tag, weight in found.items()}

    def forward(self, weights: Weights, planes: Mapping[str, Tensor]) -> tuple[Tensor, Tape]:
        """The readout (N, *shape) and the tape of values `planes`: by input population whole numbers (N, T, C, H, W)."""
        tape = Tape(spikes=dict(planes))
        count, steps = next(iter(planes.values())).shape[:2]
        for population in self.network.populations:
            if population.constant:
                ones = torch.ones((1, 1, 1, 1, 1), dtype=torch.uint8)
                tape.spikes[population.name] = ones.expand(count, steps, *population.shape)
        for population in self.network.populations:
            if population.name in tape.spikes:
                continue
            currents = self._currents(population, weights, tape)
            if population.name == self.network.output:
                return self.arithmetic.number(currents.sum(1)), tape
            self._fire(population, currents, tape)
        raise KeyError(self.network.output)

    def backward(
        self, weights: Weights, tape: Tape, error: Tensor
    ) -> tuple[dict[int, Tensor], dict[str, Tensor]]:
        """Gradients by tag, as words, and deltas (N, T, C, H, W) by population, of numbers `error` (N, *output)."""
        steps = next(iter(tape.spikes.values())).shape[1]
        needed = self.network.with_delta
        deltas = {self.network.output: error[:, None].expand(-1, steps, *error.shape[1:])}
        for population in reversed(self.network.populations):
            into = [
                t
                for t in self.network.tags_from(population.name)
                if self.network.projections[t].target in deltas
            ]
            if population.name in needed and population.name != self.network.output and into:
                deltas[population.name] = self._deltas(population, weights, into, deltas, tape)
        found: dict[int, Tensor] = {}
        for tag, p in enumerate(self.network.projections):
            if p.trained and p.target in deltas:
                values, back = tape.spikes[p.source].flatten(0, 1), deltas[p.target].flatten(0, 1)
                found[tag] = self.arithmetic.total(self.synapses[tag].outer(values, back))
        return found, deltas

    def error(self, readout: Tensor, labels: np.ndarray, steps: int, *, squared: bool) -> Tensor:
        """What goes back, float16, of readouts (N, *output) and labels (N,): of the cross-entropy, or of the squared error."""
        scores = readout.flatten(1)
        if squared:
            targets = torch.as_tensor(targets16(labels, scores.shape[1]))
            found = self.squared(scores, targets, torch.as_tensor(np.float16(1 / steps)))
        else:
            found = torch.as_tensor(softmax16(scores.numpy(), labels, steps))
        return found.view(readout.shape)

    def squared(self, readout: Tensor, targets: Tensor, share: Tensor) -> Tensor:
        """The error of the squared error, numbers (N, *output): `share` (1 / T) of the readout less the targets."""
        arithmetic = self.arithmetic
        away = arithmetic.word(arithmetic.product(share, readout)) - arithmetic.word(targets)
        return arithmetic.limited(arithmetic.number(away), self.network.delta_limit)

    def _currents(self, population: LearningPopulation, weights: Weights, tape: Tape) -> Tensor:
        """Words (N, T, *shape)."""
        total: Tensor | float = 0.0
        count = next(iter(tape.spikes.values())).shape[:2]
        for tag in self.network.tags_into(population.name):
            values = tape.spikes[self.network.projections[tag].source].flatten(0, 1)
            total = total + self.synapses[tag].add(weights[tag], values)
        assert isinstance(total, Tensor)
        return total.view(*count, *population.shape)

    def _fire(self, population: LearningPopulation, currents: Tensor, tape: Tape) -> None:
        arithmetic, leak = self.arithmetic, self._leak(population)
        theta = self._channels(population.theta)
        low, high = theta - 0.5, theta + 0.5  # exact: `plan.check` refuses others
        u = torch.zeros_like(currents[:, 0], dtype=arithmetic.numbers)
        spikes, windows = [], []
        for current in currents.unbind(1):
            v = arithmetic.number(arithmetic.word(arithmetic.product(leak, u)) + current)
            fired = v >= theta
            spikes.append(fired)
            windows.append((v > low) & (v < high))
            u = v.masked_fill(fired, 0)
        tape.spikes[population.name] = torch.stack(spikes, 1)
        tape.windows[population.name] = torch.stack(windows, 1)

    def _deltas(
        self,
        population: LearningPopulation,
        weights: Weights,
        tags: list[int],
        deltas: Mapping[str, Tensor],
        tape: Tape,
    ) -> Tensor:
        arithmetic, leak = self.arithmetic, self._leak(population)
        spikes, windows = tape.spikes[population.name], tape.windows[population.name]
        found: list[Tensor] = []
        for t in reversed(range(spikes.shape[1])):
            gathered: Tensor | float = 0.0
            for tag in tags:
                back = deltas[self.network.projections[tag].target][:, t]
                gathered = gathered + self.synapses[tag].gather(weights[tag], back)
            total = windows[:, t] * gathered
            if found:
                total = total + arithmetic.word(arithmetic.product(leak, found[-1])) * ~spikes[:, t]
            found.append(arithmetic.limited(arithmetic.number(total), self.network.delta_limit))
        return torch.stack(found[::-1], 1)

    def _leak(self, population: LearningPopulation) -> Tensor:
        return self._numbers(np.asarray(population.leak))

    def _channels(self, values: np.ndarray | None) -> Tensor:
        return self._numbers(np.asarray(values)).view(-1, 1, 1)

    def _numbers(self, values: np.ndarray) -> Tensor:
        return torch.as_tensor(np.array(values)).to(self.arithmetic.numbers)


def updated(arithmetic: Arithmetic, weight: Tensor, gradient: Tensor, rate: Tensor, limit: int) -> Tensor:
    """The weight behind an update by a gradient, which is a number already."""
    change = arithmetic.word(arithmetic.product(rate, gradient).clamp(-LARGEST, LARGEST))
    return arithmetic.limited(arithmetic.number(arithmetic.word(weight) - change), limit)


def gradient_of(arithmetic: Arithmetic, total: Tensor, before: Tensor | None, momentum: Tensor) -> Tensor:
    """The number that stands for a gradient's words `total`; with momentum that of `before` goes into the same sum."""
    words = total.to(arithmetic.words)
    if before is not None:
        words = words + arithmetic.word(arithmetic.product(momentum, before))
    return arithmetic.number(words)
