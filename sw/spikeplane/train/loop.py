"""The loop around what learns: batches, epochs, figures, checkpoints. The same for the golden model and for boards."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from spikeplane.encode import encode
from spikeplane.train.course import coded, epoch_code
from spikeplane.train.file import Summed, Training
from spikeplane.train.network import Learned
from spikeplane.train.profile import Observer


class Learner(Protocol):
    """Whatever learns: the golden model, or a chip. `clipped`: how often a number was limited; of a chip 1, if ever."""

    @property
    def clipped(self) -> int:
        """See above."""
        ...

    def iterate(
        self, planes: Mapping[str, np.ndarray], labels: np.ndarray, rate: float | None = None
    ) -> Summed:
        """Forward, backward and update of one batch."""
        ...

    def readout(self, planes: Mapping[str, np.ndarray]) -> np.ndarray:
        """float16 (N, classes)."""
        ...

    def state(self) -> Learned:
        """Weights and momenta."""
        ...

    def restore(self, learned: Learned, iterations: int) -> None:
        """Go on from them."""
        ...


@dataclass(frozen=True)
class Labelled:
    """Samples as `read_samples` gives them, and their classes (N,)."""

    samples: Any
    labels: np.ndarray


def train(
    training: Training,
    learner: Learner,
    data: Labelled,
    test: Labelled | None = None,
    *,
    progress: Callable[[Summed], None] = lambda found: None,
    epoch_done: Callable[[dict[str, Any]], None] | None = None,
    checkpoint: Callable[[Training], None] | None = None,
    every: int = 0,
    observe: Observer | None = None,
) -> Training:
    """Train to the end of the settings, from where `training` is.

    progress, epoch_done   told the figures of an iteration, of an epoch
    checkpoint  given the training behind every epoch, and behind every `every` iterations (0: not within epochs)
    observe     makes the profile of an epoch, of its last batch"""
    settings, figures = training.settings, training.figures
    learner.restore(training.learned, training.iterations)
    (name, shape), *_ = [(p.name, p.shape) for p in training.network.inputs]
    while training.iterations < settings.iterations:
        epoch = training.iterations // settings.an_epoch
        members = settings.members(training.iterations)
        planes = coded(epoch_code(settings.encoding, epoch), data.samples, shape, members)
        rate = settings.rate_of(training.iterations)
        found = learner.iterate({name: planes}, data.labels[members], rate)
        figures.add(found)
        training.iterations += 1
        progress(found)
        whole = training.iterations % settings.an_epoch == 0
        if whole and observe is not None:
            profile = observe(learner.state(), {name: planes}, data.labels[members])
            figures.profiles.append({"epoch": epoch + 1, **profile})
        if whole:
            _close(training, learner, epoch, test, epoch_done)
        if checkpoint is not None and (whole or (every and training.iterations % every == 0)):
            training.learned = learner.state()
            checkpoint(training)
    training.learned = learner.state()
    return training


def _close(
    training: Training,
    learner: Learner,
    epoch: int,
    test: Labelled | None,
    epoch_done: Callable[[dict[str, Any]], None] | None,
) -> None:
    figures = training.figures
    row = {"epoch": epoch + 1, "loss": figures.loss / figures.seen, "accuracy": figures.right / figures.seen}
    if test is not None:
        row["test"] = accuracy(training, learner, test)
    figures.epochs.append(row)
    figures.right, figures.seen, figures.loss = 0, 0, 0.0
    if epoch_done is not None:
        epoch_done(row)


def accuracy(training: Training, learner: Learner, test: Labelled, part: int = 500) -> float:
    """The share of samples that are told right, with the encoding's own seed."""
    population = training.network.inputs[0]
    right = 0
    for first in range(0, len(test.labels), part):
        planes = encode(
            training.settings.encoding, test.samples[first : first + part], population.shape, first
        )
        scores = learner.readout({population.name: planes})
        right += int((scores.argmax(1) == test.labels[first : first + part]).sum())
    return right / len(test.labels)
