"""Networks of the size that people train, on chips of 1 to 20 cores: every gradient, bit of the tape, delta and weight is the
golden model's in each iteration."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spikeplane import Encoding
from spikeplane.config import ChipConfig
from spikeplane.data import read_labels, read_samples
from spikeplane.encode import encode
from spikeplane.train import LearningNetwork, LearningPopulation, LearningProjection, Optimiser
from spikeplane.train.chip import chip_for, spread
from spikeplane.train.driver import TrainingDriver, prepared
from spikeplane.train.seen import Comparison
from spikeplane_sim.board import SimulatedBoard
from spikeplane_sim.golden.training import Trainer

FASHION = Path(__file__).parents[3] / "shared/data/fashion_mnist"
STEPS = 4
Shape = tuple[int, int, int]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not FASHION.exists(), reason="Fashion-MNIST is not there"),
]


def lif(name: str, shape: Shape) -> LearningPopulation:
    return LearningPopulation(name=name, shape=shape, theta=np.ones(shape[0]), leak=0.5)


def drawn(
    r: np.random.Generator,
    source: str,
    target: str,
    form: tuple[int, ...],
    gain: float = 1.0,
    stride: int = 1,
) -> LearningProjection:
    weight = r.uniform(-1, 1, form) * gain / np.sqrt(np.prod(form[1:]))
    edge = int(stride > 1)
    return LearningProjection(
        source=source,
        target=target,
        weight=weight.astype(np.float16),
        stride=(stride, stride),
        padding=(edge, edge),
    )


def mlp(hidden: int) -> LearningNetwork:
    r = np.random.default_rng(0)
    return LearningNetwork(
        populations=(
            LearningPopulation(name="in", shape=(1, 28, 28)), lif("l1", (hidden, 1, 1)),
            LearningPopulation(name="out", shape=(10, 1, 1)),
        ),
        projections=(
            drawn(r, "in", "l1", (hidden, 1, 28, 28)), drawn(r, "l1", "out", (10, hidden, 1, 1)),
        ),
        output="out",
    )  # fmt: skip


def convolutional() -> LearningNetwork:
    """1-8-16 of 3 x 3 with stride 2, and a readout of all 784."""
    r = np.random.default_rng(0)
    return LearningNetwork(
        populations=(
            LearningPopulation(name="in", shape=(1, 28, 28)), lif("l1", (8, 14, 14)), lif("l2", (16, 7, 7)),
            LearningPopulation(name="out", shape=(10, 1, 1)),
        ),
        projections=(
            drawn(r, "in", "l1", (8, 1, 3, 3), 2.0, 2), drawn(r, "l1", "l2", (16, 8, 3, 3), 2.0, 2),
            drawn(r, "l2", "out", (10, 16, 7, 7)),
        ),
        output="out",
    )  # fmt: skip


def batches(count: int, samples: int) -> list[tuple[dict[str, np.ndarray], np.ndarray]]:
    code = Encoding(kind="rate", steps=STEPS)
    images = read_samples(FASHION / "train-images-idx3-ubyte.gz", (1, 28, 28), code, count * samples)
    labels = read_labels(FASHION / "train-labels-idx1-ubyte.gz", count * samples, at_least=True)
    found = []
    for first in range(0, count * samples, samples):
        part = slice(first, first + samples)
        found.append(({"in": encode(code, images[part], (1, 28, 28), first)}, labels[part]))
    return found


def learn(make: Callable[[], LearningNetwork], sides: tuple[int, int], iterations: int, samples: int) -> None:
    """Both learn the same batches; everything is compared before the update of each, and every weight behind it."""
    network, optimiser = make(), Optimiser(rate=0.4)
    alone = chip_for(network, samples, STEPS)
    config = sized(alone, network, samples, *sides)
    image = prepared(network, config, optimiser, batch=samples, steps=STEPS, cores=spread(network, config))
    golden = Trainer(network, optimiser, batch=samples, steps=STEPS)
    with SimulatedBoard(config) as board:
        chip = TrainingDriver(board, config, network, optimiser, steps=STEPS, image=image)
        chip.load()
        held = Comparison(network)
        for planes, labels in batches(iterations, samples):
            before = golden.digest()
            found, expected = chip.accumulate(planes, labels), golden.seen(planes, labels)
            held.seen(chip.seen(), expected)
            chip.update(samples)
            figures = golden.iterate(planes, labels)
            assert (found.right, found.loss) == (figures.right, figures.loss)
            assert golden.digest() != before
            held.learned(chip.state(), golden.state())
        print(f"0 mismatches, {held.values:,} values compared")


def sized(alone: ChipConfig, network: LearningNetwork, samples: int, rows: int, cols: int) -> ChipConfig:
    """The chip of one core, as many times."""
    return replace(alone, rows=rows, cols=cols, egress_depth=64) if rows * cols > 1 else alone


@pytest.mark.parametrize("sides", [(1, 1), (1, 2), (2, 2)], ids=["1 core", "2 cores", "4 cores"])
def test_twenty_iterations_of_a_fully_connected_network(sides: tuple[int, int]) -> None:
    """784-128-10, 64 samples of 4 steps each."""
    learn(lambda: mlp(128), sides, 20, 64)


@pytest.mark.parametrize("sides", [(1, 1), (1, 2), (2, 2)], ids=["1 core", "2 cores", "4 cores"])
def test_five_iterations_of_a_convolutional_network(sides: tuple[int, int]) -> None:
    """1-8-16 and a readout, 64 samples of 4 steps each."""
    learn(convolutional, sides, 5, 64)


def test_three_iterations_on_twenty_cores() -> None:
    """784-160-10: a group of hidden channels on each core."""
    learn(lambda: mlp(160), (4, 5), 3, 64)
