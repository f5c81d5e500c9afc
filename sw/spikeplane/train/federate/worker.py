"""A worker: it has samples and something that learns, answers tasks, and keeps nothing between them, so that one which
starts again, or late, is as good as one that was there all the time."""

from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.train.course import Settings, epoch_code
from spikeplane.train.federate.message import Fact, Message, by_name, by_tag
from spikeplane.train.federate.shards import Shard
from spikeplane.train.federate.terms import Terms
from spikeplane.train.network import Learned, LearningNetwork


class Sums(Protocol):
    """Gradients of a part of a batch: int64 `words` by tag, and figures."""

    words: Any
    samples: int
    right: int
    loss: float
    clipped: int


class Worker:
    """Worker `number`, from 0 on. `learner`: see `open_learner`; in mode step it has `gradients` too."""

    def __init__(
        self, number: int, terms: Terms, network: LearningNetwork, learner: Any, shard: Shard
    ) -> None:
        self.number, self.terms, self.network = number, terms, network
        self.learner, self.shard = learner, shard
        self.digest = terms.digest(network)
        self.settings = local_settings(terms, len(shard.labels))
        if not self.settings.an_epoch:
            raise SpikeplaneError(
                f"worker {number + 1} has {len(shard.labels)} samples for batches of {terms.settings.batch}; with momentum every "
                "batch is full: use smaller ones"
            )

    def answer(self, task: Message) -> Message:
        """What this worker makes of a task, or the line that says why nothing."""
        number = int(task.facts["round"])
        facts: dict[str, Fact] = {"round": number, "digest": self.digest, "worker": self.number}
        try:
            if task.facts["digest"] != self.digest:
                raise SpikeplaneError("the task is for another network or course than this worker's")
            weights = by_tag(task.arrays)
            figures, arrays = (self._step if self.terms.mode == "step" else self._epochs)(number, weights)
        except SpikeplaneError as error:
            return Message({**facts, "error": str(error)})
        return Message({**facts, **figures}, by_name(arrays))

    def _step(
        self, number: int, weights: dict[int, np.ndarray]
    ) -> tuple[dict[str, Fact], dict[int, np.ndarray]]:
        """Its part of an iteration: the gradients of those samples of the batch that it has."""
        settings = self.terms.settings
        zeros = {
            t: np.zeros(p.weight.shape, np.int64) for t, p in enumerate(self.network.projections) if p.trained
        }
        places = self.shard.places(settings.members(number))
        if not len(places):
            return _figures([]), zeros
        self.learner.restore(Learned(weights), number)
        found: Sums = self.learner.gradients(*self._batch(number // settings.an_epoch, places))
        words = {tag: np.asarray(one, dtype=np.int64) for tag, one in found.words.items()}
        return _figures([found]), zeros | words

    def _epochs(
        self, number: int, weights: dict[int, np.ndarray]
    ) -> tuple[dict[str, Fact], dict[int, np.ndarray]]:
        """Its epochs of a round, with momenta from 0."""
        mine, epochs = self.settings, self.terms.local_epochs
        trained = {tag for tag, p in enumerate(self.network.projections) if p.trained}
        momenta = {tag: np.zeros_like(weights[tag]) for tag in trained} if mine.momentum else {}
        first = number * epochs * mine.an_epoch
        self.learner.restore(Learned(weights, momenta), first)
        done = []
        for epoch in range(number * epochs, (number + 1) * epochs):
            order = self.shard.places(self.terms.settings.order(epoch))
            for i in range(mine.an_epoch):
                places = order[i * mine.batch : (i + 1) * mine.batch]
                rate = mine.rate_of(epoch * mine.an_epoch + i)
                done.append(self.learner.iterate(*self._batch(epoch, places), rate))
        learned = self.learner.state().weights
        return _figures(done) | {"samples": len(self.shard.labels)}, {tag: learned[tag] for tag in trained}

    def _batch(self, epoch: int, places: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
        population = self.network.inputs[0]
        planes = self.shard.planes(epoch_code(self.settings.encoding, epoch), population.shape, places)
        return {population.name: planes}, self.shard.labels[places]


def local_settings(terms: Terms, samples: int) -> Settings:
    """What a worker's learner runs by. In mode step the momenta are the server's."""
    if terms.mode == "step":
        return replace(terms.settings, momentum=0.0)
    return replace(terms.settings, samples=samples)


def _figures(found: list[Any]) -> dict[str, Fact]:
    """Sums over batches. seen: samples that were learned from, each as often as it was."""
    return {
        "samples": sum(one.samples for one in found),
        "seen": sum(one.samples for one in found),
        "right": sum(one.right for one in found),
        "loss": float(sum(one.loss for one in found)),
        "clipped": sum(one.clipped for one in found),
    }
