"""The golden training model: one iteration after the other, the same bits for every order and every split of a batch."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch

from spikeplane.errors import SpikeplaneError
from spikeplane.train.losses import mean_loss
from spikeplane.train.network import Learned, LearningNetwork, Optimiser
from spikeplane.train.plan import exact_bits
from spikeplane.train.seen import Seen
from spikeplane_sim.golden.training.arithmetic import Exact
from spikeplane_sim.golden.training.rules import Rules, Tape, gradient_of, updated

Tensor = torch.Tensor


@dataclass
class Gradients:
    """What a part of a batch adds: `words` by tag (int64 units of 2^-24), and figures of its `samples`."""

    words: dict[int, Tensor] = field(default_factory=dict)
    samples: int = 0
    right: int = 0
    loss: float = 0.0  #: summed over the samples
    clipped: int = 0

    def add(self, other: "Gradients") -> None:
        """Take in those of another part; exact, so in any order."""
        for tag, words in other.words.items():
            self.words[tag] = self.words[tag] + words if tag in self.words else words
        self.samples += other.samples
        self.right += other.right
        self.loss += other.loss
        self.clipped += other.clipped


class Trainer:
    """Trains a network.

    `batch`: samples of an iteration; `steps`: of a sample; `part`: samples that are computed at once, which
    changes no bit. Raises SpikeplaneError for a network whose sums are not proved to fit a chip's words.
    """

    def __init__(
        self,
        network: LearningNetwork,
        optimiser: Optimiser,
        *,
        batch: int,
        steps: int,
        part: int = 64,
    ) -> None:
        self.exact_bits = exact_bits(network, batch, steps)
        optimiser.step(batch, steps)
        self.network, self.optimiser, self.steps, self.part = network, optimiser, steps, part
        self.arithmetic = Exact()
        self.rules = Rules(network, self.arithmetic)
        self.weights = self.rules.weights()
        self.momenta: dict[int, Tensor] = {}
        self.iterations = 0
        if optimiser.momentum:
            trained = (tag for tag, p in enumerate(network.projections) if p.trained)
            self.momenta = {tag: torch.zeros_like(self.weights[tag]) for tag in trained}

    @property
    def clipped(self) -> int:
        """Weights and deltas that were limited so far."""
        return self.arithmetic.clipped

    def readout(self, planes: Mapping[str, np.ndarray]) -> np.ndarray:
        """float16 (N, classes) of whole numbers (N, T, C, H, W) by input population. Raises SpikeplaneError where a
        rounding saturates."""
        found = [self._part(planes, slice(first, first + self.part)) for first in self._firsts(planes)]
        return np.concatenate(found)

    def tape(self, planes: Mapping[str, np.ndarray]) -> Tape:
        """What samples (N, T, C, H, W) by input population leave behind. Raises SpikeplaneError where a rounding saturates."""
        _, found = self.rules.forward(self.weights, {k: torch.as_tensor(v) for k, v in planes.items()})
        self._refuse("forward")
        return found

    def gradients(self, planes: Mapping[str, np.ndarray], labels: np.ndarray) -> Gradients:
        """Of samples (N, T, C, H, W) by input population with labels (N,). Raises SpikeplaneError, and changes nothing,
        where a rounding saturates."""
        found = Gradients()
        for first in self._firsts(planes):
            where = slice(first, first + self.part)
            found.add(self._gradients({k: v[where] for k, v in planes.items()}, labels[where]))
        return found

    def seen(self, planes: Mapping[str, np.ndarray], labels: np.ndarray) -> Seen:
        """What a chip holds behind these samples, before its update; raises as `gradients` does, and changes nothing."""
        clipped, found = self.arithmetic.clipped, self.gradients(planes, labels)
        readout, tape = self.rules.forward(
            self.weights, {name: torch.as_tensor(values[-1:]) for name, values in planes.items()}
        )
        scores = readout.flatten(1).numpy()
        error = self._error(readout, labels[-1:])
        _, deltas = self.rules.backward(self.weights, tape, error)
        self.arithmetic.clipped = clipped
        return Seen(
            readout=scores[0],
            spikes={name: tape.spikes[name][0].numpy() for name in tape.windows},
            windows={name: windows[0].numpy() for name, windows in tape.windows.items()},
            deltas={name: of_all[0, 0].numpy() for name, of_all in deltas.items()},
            gradients={tag: words.numpy().astype(np.int64) for tag, words in found.words.items()},
        )

    def update(self, gradients: Gradients, rate: float | None = None) -> int:
        """Change the weights by a batch's gradients; how many were limited, which is told, not refused."""
        arithmetic, before = self.arithmetic, self.arithmetic.clipped
        step = self._number(self.optimiser.step(gradients.samples, self.steps, rate))
        mu = self._number(self.optimiser.mu)
        for tag, words in gradients.words.items():
            g = gradient_of(arithmetic, words, self.momenta.get(tag), mu)
            if tag in self.momenta:
                self.momenta[tag] = g
            limit = self.network.projections[tag].limit
            self.weights[tag] = updated(arithmetic, self.weights[tag], g, step, limit)
        arithmetic.clipped += arithmetic.saturated  # in an update it counts as limited
        arithmetic.saturated = 0
        self.iterations += 1
        return arithmetic.clipped - before

    def iterate(
        self, planes: Mapping[str, np.ndarray], labels: np.ndarray, rate: float | None = None
    ) -> Gradients:
        """Forward, backward and update of one batch. Raises SpikeplaneError and leaves the weights where a rounding saturates."""
        found = self.gradients(planes, labels)
        found.clipped += self.update(found, rate)
        return found

    def state(self) -> Learned:
        """Weights and momenta as arrays."""
        arrays = ({k: v.numpy().copy() for k, v in kept.items()} for kept in (self.weights, self.momenta))
        return Learned(*arrays)

    def restore(self, learned: Learned, iterations: int) -> None:
        """Go on from a state."""
        self.weights = self.rules.weights(learned.weights)
        self.momenta = self.rules.weights(learned.momenta)
        self.iterations = iterations

    def digest(self) -> str:
        """SHA-256 of all weights and momenta, in the order of their tags."""
        return digest(self.state())

    def _firsts(self, planes: Mapping[str, np.ndarray]) -> Iterable[int]:
        return range(0, len(next(iter(planes.values()))), self.part)

    def _number(self, value: np.float16) -> Tensor:
        return torch.as_tensor(np.asarray(value))

    def _part(self, planes: Mapping[str, np.ndarray], where: slice) -> np.ndarray:
        readout, _ = self.rules.forward(
            self.weights, {k: torch.as_tensor(v[where]) for k, v in planes.items()}
        )
        self._refuse("forward")
        return readout.flatten(1).numpy()

    def _gradients(self, planes: Mapping[str, np.ndarray], labels: np.ndarray) -> Gradients:
        clipped = self.arithmetic.clipped
        readout, tape = self.rules.forward(self.weights, {k: torch.as_tensor(v) for k, v in planes.items()})
        self._refuse("forward")
        scores = readout.flatten(1).numpy()
        error = self._error(readout, labels)
        words, _ = self.rules.backward(self.weights, tape, error)
        self._refuse("backward")
        count = len(labels)
        return Gradients(
            words,
            samples=count,
            right=int((scores.argmax(1) == labels).sum()),
            loss=mean_loss(self.optimiser.loss, scores, labels, self.steps) * count,
            clipped=self.arithmetic.clipped - clipped,
        )

    def _error(self, readout: Tensor, labels: np.ndarray) -> Tensor:
        """What goes back, float16 (N, *output): by the loss, or by a rule of one's own."""
        return self.rules.error(readout, labels, self.steps, squared=self.optimiser.squared)

    def _refuse(self, phase: str) -> None:
        found, self.arithmetic.saturated = self.arithmetic.saturated, 0
        if found:
            raise SpikeplaneError(
                f"iteration {self.iterations}, {phase}: {found} numbers left binary16 (65504); the weights are as before it; "
                "use a lower rate, or scale the layers"
            )


def digest(learned: Learned) -> str:
    """SHA-256 of weights and momenta, little-endian, in the order of their tags."""
    made = hashlib.sha256()
    for kept in (learned.weights, learned.momenta):
        for tag in sorted(kept):
            made.update(np.ascontiguousarray(kept[tag], "<f2").tobytes())
    return made.hexdigest()
