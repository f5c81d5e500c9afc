"""Binary stochastic learning of scikit-learn's digits: `python learn.py [--board sim] [--samples N] [--epochs N]`.

64-32-10 with steps of one unit, whichever weights they meet (docs/training.md, "Binary stochastic learning"). The bits are
the same in the golden model and on a chip.
"""

import argparse
from collections.abc import Iterator

import numpy as np
import torch

from spikeplane import Encoding
from spikeplane.encode import encode
from spikeplane.train import LearningNetwork, LearningPopulation, LearningProjection, Optimiser
from spikeplane.train.chip import chip_for
from spikeplane.train.driver import TrainingDriver, prepared
from spikeplane_sim.board import SimulatedBoard
from spikeplane_sim.demo import digits
from spikeplane_sim.golden.training import Trainer

UNIT = 1 / 32  #: of a weight, and the rate: every step is one of them
NOISE = 16  #: input planes that follow no pixel
MARGIN = 4  #: votes by which the right class has to be ahead
DRAWS = 8  #: presentations of a test sample, whose votes are added up
HIDDEN, CLASSES, PIXELS = 32, 10, 64
TRAINED, APART = 1437, 1 << 24  #: digits; draws that learning never reaches
HALF = 128  #: of 256: a pixel from there on is 1, and a noise plane is 1 half of the time

Planes = dict[str, np.ndarray]


def network(seed: int = 0) -> LearningNetwork:
    """Weights of whole units within 1 behind the pixels; noise of +-1/4 and votes of +-1, which stay as they are."""
    random = np.random.default_rng(seed)
    weight = np.round(np.clip(random.normal(0, 0.25, (HIDDEN, PIXELS)), -1, 1) / UNIT) * UNIT
    votes = random.choice([-1.0, 1.0], (CLASSES, HIDDEN))
    noise = random.choice([-0.25, 0.25], (HIDDEN, NOISE))

    def projection(source: str, target: str, values: np.ndarray, *, trained: bool) -> LearningProjection:
        numbers = values.astype(np.float16)[:, :, None, None]
        return LearningProjection(source=source, target=target, weight=numbers, trained=trained, limit=0)

    return LearningNetwork(
        populations=(
            LearningPopulation(name="pixels", shape=(PIXELS, 1, 1)),
            LearningPopulation(name="noise", shape=(NOISE, 1, 1)),
            LearningPopulation(name="hidden", shape=(HIDDEN, 1, 1), theta=np.ones(HIDDEN)),
            LearningPopulation(name="out", shape=(CLASSES, 1, 1)),
        ),
        projections=(
            projection("pixels", "hidden", weight, trained=True),
            projection("noise", "hidden", noise, trained=False),
            projection("hidden", "out", votes, trained=False),
        ),
        output="out",
        delta_limit=0,
    )


def planes(images: np.ndarray, draw: int) -> Planes:
    """Of images uint8 (N, 1, 8, 8): pixels at half and above, and the noise of this draw, by sample the hash of its number."""
    image = np.full((1, NOISE, 1, 1), HALF, np.uint8)
    noise = [
        encode(Encoding(kind="poisson", steps=1, seed=draw + n), image, (NOISE, 1, 1))
        for n in range(len(images))
    ]
    pixels = (images >= HALF).astype(np.uint8).reshape(-1, 1, PIXELS, 1, 1)
    return {"pixels": pixels, "noise": np.concatenate([np.asarray(one, np.uint8) for one in noise])}


def errors(votes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """float16 (N, classes): -1 for the right class and +1 for the strongest of those that are not MARGIN behind it; else 0."""
    found = np.zeros(votes.shape, np.float16)
    for error, vote, label in zip(found, votes.astype(np.float32), labels, strict=True):
        others = np.where(np.arange(len(vote)) == label, -np.inf, vote)
        strongest = int(others.argmax())
        if others[strongest] >= vote[label] - MARGIN:
            error[[label, strongest]] = -1, 1
    return found


class Golden(Trainer):
    """The golden model with these errors."""

    def _error(self, readout: torch.Tensor, labels: np.ndarray) -> torch.Tensor:
        return torch.as_tensor(errors(readout.flatten(1).numpy(), labels)).view(readout.shape)


class Chip(TrainingDriver):
    """A chip with these errors."""

    def _told(self, readout: np.ndarray, labels: np.ndarray) -> np.ndarray:
        return errors(readout, labels)


OPTIMISER = Optimiser(rate=UNIT)


def golden(net: LearningNetwork) -> Golden:
    """The golden model: one sample of one step is an iteration."""
    return Golden(net, OPTIMISER, batch=1, steps=1)


def chip(net: LearningNetwork, board: SimulatedBoard) -> Chip:
    """The same on a simulated chip, which is loaded."""
    image = prepared(net, board.config, OPTIMISER, batch=1, steps=1)
    found = Chip(board, board.config, net, OPTIMISER, steps=1, image=image)
    found.load()
    return found


def iterations(samples: int, epochs: int) -> Iterator[tuple[int, int]]:
    """(draw, sample) of each: every epoch in another order, with other noise."""
    for epoch in range(epochs):
        for place, sample in enumerate(np.random.default_rng([1, epoch]).permutation(samples)):
            yield epoch * TRAINED + place, int(sample)


def accuracy(learner: Golden | Chip, images: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Right by one presentation, and by the votes of DRAWS of them."""
    votes = [
        learner.readout(planes(images, APART + n * len(images))).astype(np.float64) for n in range(DRAWS)
    ]
    return tuple(float((each.argmax(1) == labels).mean()) for each in (votes[0], np.sum(votes, 0)))  # type: ignore[return-value]


def learn(learner: Golden | Chip, images: np.ndarray, labels: np.ndarray, samples: int, epochs: int) -> None:
    """One iteration a sample."""
    for draw, sample in iterations(samples, epochs):
        learner.iterate(planes(images[sample : sample + 1], draw), labels[sample : sample + 1])


def main() -> None:
    """Learn, and tell how well; on a chip, whether every weight is the golden model's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--board", choices=("golden", "sim"), default="golden")
    parser.add_argument("--samples", type=int, default=TRAINED)
    parser.add_argument("--epochs", type=int, default=15)
    options = parser.parse_args()
    data, net = digits.load(), network()
    lesson = (data.train_images, data.train_labels, options.samples, options.epochs)
    expected = golden(net)
    learn(expected, *lesson)
    one, several = accuracy(expected, data.test_images, data.test_labels)
    print(f"golden: {one:.1%} of {len(data.test_labels)} digits, {several:.1%} by the votes of {DRAWS} draws")
    if options.board == "sim":
        with SimulatedBoard(chip_for(net, 1, 1)) as board:
            found = chip(net, board)
            learn(found, *lesson)
            pairs = zip(found.state().weights.values(), expected.state().weights.values(), strict=True)
            differ = sum(int((a != b).sum()) for a, b in pairs)
        print(f"chip: {differ} of {HIDDEN * (PIXELS + NOISE + CLASSES)} weights are not the golden model's")


if __name__ == "__main__":
    main()
