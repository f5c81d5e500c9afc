"""Small federations: a network, samples, workers in this process, and grids on which they go wrong."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from learning_networks import drawn

from spikeplane import Encoding
from spikeplane.train import LearningNetwork
from spikeplane.train.course import Settings
from spikeplane.train.federate import Federation, LocalGrid, Terms, Worker
from spikeplane.train.federate.message import Message
from spikeplane.train.federate.rounds import federate
from spikeplane.train.federate.shards import shard, split
from spikeplane.train.federate.worker import local_settings
from spikeplane.train.file import begun
from spikeplane.train.learners import open_learner
from spikeplane.train.loop import Labelled, train
from spikeplane_sim.golden.training import digest

SAMPLES = 80


def data(network: LearningNetwork, count: int = SAMPLES) -> Labelled:
    """Images whose class shows a little."""
    rng = np.random.default_rng(3)
    shape = network.inputs[0].shape
    labels = np.arange(count) % 3
    images = rng.integers(0, 200, (count, *shape), dtype=np.uint8)
    images.reshape(count, -1)[np.arange(count), labels] = 255
    return Labelled(images, labels)


def terms(**options: Any) -> Terms:
    """Five workers, batches of 80: of 16 samples a worker."""
    course = {"samples": SAMPLES, "batch": SAMPLES, "epochs": 10, "rate": 2.0, "last_rate": 0.5}
    own = {
        name: options.pop(name)
        for name in list(options)
        if name in ("workers", "mode", "split", "local_epochs")
    }
    encoding = Encoding(kind="rate", steps=3, seed=1)
    return Terms(settings=Settings(encoding=encoding, **{**course, **options}), **own)  # pyright: ignore[reportArgumentType]


class Shuffled(LocalGrid):
    """Answers arrive in an order drawn from a seed."""

    def __init__(self, workers: Any, seed: int) -> None:
        super().__init__(workers)
        self.rng = np.random.default_rng(seed)
        self.orders: set[tuple[str, ...]] = set()

    def ask(self, task: Message, addresses: Sequence[str], timeout: float) -> Iterator[tuple[str, Message]]:
        """See Grid."""
        found = sorted(super().ask(task, addresses, timeout), key=lambda one: one[0])
        self.rng.shuffle(found)  # pyright: ignore[reportArgumentType]
        self.orders.add(tuple(address for address, _ in found))
        return iter(found)


def workers(network: LearningNetwork, agreed: Terms) -> dict[str, Worker]:
    """All of them, by address."""
    every = data(network, agreed.settings.samples)
    parts = split(agreed.split, every.labels, agreed.workers, agreed.settings.seed)
    made = {}
    for k, numbers in enumerate(parts):
        mine = shard(every, numbers)
        learner = open_learner("golden", network, local_settings(agreed, len(numbers)))
        made[f"node {k}"] = Worker(k, agreed, network, learner, mine)
    return made


class Run:
    """A federation that ran: the digest of its weights, the lines that were said."""

    def __init__(
        self,
        agreed: Terms,
        name: str = "mlp",
        grid: Callable[[dict[str, Any]], LocalGrid] = LocalGrid,
        rounds: int | None = None,
        before: Callable[[int, LocalGrid], None] | None = None,
        **options: Any,
    ) -> None:
        network = drawn(name)
        self.lines: list[str] = []
        self.made = workers(network, agreed)
        self.grid = grid({address: worker.answer for address, worker in self.made.items()})
        self.training = begun(network, agreed.settings)
        self.server = Federation(agreed, self.training, self.grid, say=self.lines.append, **options)
        try:
            for number in range(agreed.rounds if rounds is None else rounds):
                if before:
                    before(number, self.grid)
                federate(self.server, rounds=number + 1)
        finally:
            self.grid.close()
        self.sha256 = digest(self.training.learned)


def alone(agreed: Terms, name: str = "mlp", rounds: int | None = None) -> str:
    """The digest of what one computer learns that has all samples: after so many iterations."""
    network = drawn(name)
    training = begun(network, agreed.settings)
    learner = open_learner("golden", network, agreed.settings)
    kept: list[str] = []
    train(
        training, learner, data(network, agreed.settings.samples), every=1,
        checkpoint=lambda now: kept.append(digest(now.learned)),
    )  # fmt: skip
    return kept[-1 if rounds is None else rounds - 1]
