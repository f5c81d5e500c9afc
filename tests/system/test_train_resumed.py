"""A training with momentum that is broken off goes on with equal bits: what the golden model began on a chip, and what a
chip began in the golden model."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_training_momentum import CHIPS

from spikeplane.encoding import Encoding
from spikeplane.train import LearningNetwork, LearningPopulation, LearningProjection
from spikeplane.train.course import Settings
from spikeplane.train.file import Training, begun
from spikeplane.train.learners import open_learner
from spikeplane.train.loop import Labelled, train
from spikeplane.train.losses import LOSSES


class Broken:
    """A learner that stops in the middle of an epoch."""

    def __init__(self, learner: Any, after: int) -> None:
        self.learner, self.left = learner, after

    def __getattr__(self, name: str) -> Any:
        return getattr(self.learner, name)

    def iterate(self, *given: Any, **named: Any) -> Any:
        if not self.left:
            raise KeyboardInterrupt
        self.left -= 1
        return self.learner.iterate(*given, **named)


def task(loss: str) -> tuple[LearningNetwork, Settings, Labelled]:
    rng = np.random.default_rng(1)

    def weights(*shape: int) -> np.ndarray:
        return rng.normal(0.05, 1.6 / shape[1] ** 0.5, (*shape, 1, 1)).astype(np.float16)

    network = LearningNetwork(
        populations=(
            LearningPopulation(name="in", shape=(16, 1, 1)),
            LearningPopulation(name="hid", shape=(12, 1, 1), theta=np.full(12, 0.75), leak=0.5),
            LearningPopulation(name="out", shape=(3, 1, 1)),
        ),
        projections=(
            LearningProjection(source="in", target="hid", weight=weights(12, 16)),
            LearningProjection(source="hid", target="out", weight=weights(3, 12)),
        ),
        output="out",
    )
    settings = Settings(
        encoding=Encoding(kind="rate", steps=3), samples=14, batch=4, epochs=2, rate=0.5, last_rate=0.05, momentum=0.8, loss=loss
    )  # fmt: skip
    return network, settings, Labelled(rng.integers(0, 256, (14, 16, 1, 1), np.uint8), rng.integers(0, 3, 14))


@pytest.mark.parametrize(
    ("first", "then", "loss"), [("golden", "sim", LOSSES[0]), ("sim", "golden", LOSSES[1])]
)
def test_it_goes_on_elsewhere(tmp_path: Path, first: str, then: str, loss: str) -> None:
    network, settings, data = task(loss)

    def learner(board: str) -> Any:
        return open_learner(board, network, settings, None if board == "golden" else CHIPS[36])

    whole = train(begun(network, settings), learner("golden"), data)
    assert whole.iterations == 6  # three of four samples each epoch: the rest fills no batch
    place = tmp_path / "half.spt"
    broken: Any = Broken(learner(first), 5)
    with pytest.raises(KeyboardInterrupt):
        train(
            begun(network, settings),
            broken,
            data,
            checkpoint=lambda now: now.save(place),
            every=2,
        )
    half = Training.load(place)
    assert half.iterations == 4
    assert all(momenta.any() for momenta in half.learned.momenta.values())
    done = train(half, learner(then), data)
    assert done.figures.epochs == whole.figures.epochs
    for name in ("weights", "momenta"):
        found, expected = getattr(done.learned, name), getattr(whole.learned, name)
        assert sorted(found) == sorted(expected) == [0, 1]
        assert all(found[tag].tobytes() == expected[tag].tobytes() for tag in found)
