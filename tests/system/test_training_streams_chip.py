"""Streamed gradients: the golden model's weights after every iteration, bit for bit, as gradients that are stored give."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from test_training_chip import bits
from two_core_networks import CHIP, NETWORKS, Case

from spikeplane.errors import SpikeplaneError
from spikeplane.formats.tables import core_tables
from spikeplane.formats.training import KEEP, TrainingControl, TrainingCounter
from spikeplane.formats.training_tables import READ_ONLY, TrainingMemory
from spikeplane.host.memories import read_words
from spikeplane.host.writes import write_packets
from spikeplane.train import Optimiser
from spikeplane.train.activity import activity
from spikeplane.train.driver import TrainingDriver, prepared
from spikeplane.train.routes import BackRoutes
from spikeplane.train.streams import is_streamed
from spikeplane.training import TrainingConfig
from spikeplane_sim.board import SimulatedBoard
from spikeplane_sim.golden.training import Trainer

#: The chip of the other tests with streamed gradients; gradients of convolutions are stored.
STREAMS = replace(
    CHIP,
    training=TrainingConfig(
        momentum=True,
        streamed=True,
        stream_steps=32,
        stream_sources=256,
        stream_targets=16,
        gradient_depth=256,
    ),
)
FAST = (
    "readout",
    "split pixels",
    "branches",
)  #: values and a bias, convolutions on two cores, several targets


@pytest.fixture(scope="module")
def board() -> Iterator[SimulatedBoard]:
    with SimulatedBoard(STREAMS) as made:
        yield made


def pair(
    board: SimulatedBoard, case: Case, momentum: float, loss: str = "cross-entropy"
) -> tuple[TrainingDriver, Trainer]:
    """The chip, loaded, and the golden model."""
    optimiser, config = Optimiser(rate=0.5, momentum=momentum, loss=loss), board.config
    golden = Trainer(case.network, optimiser, batch=case.samples, steps=case.steps)
    image = prepared(case.network, config, optimiser, batch=case.samples, steps=case.steps, cores=case.cores)
    chip = TrainingDriver(board, config, case.network, optimiser, steps=case.steps, image=image)
    chip.load()
    return chip, golden


def learns(chip: TrainingDriver, golden: Trainer, case: Case, iterations: int) -> None:
    """Batches of which the second is shorter; every weight and momentum after each."""
    moved = set()
    for number in range(iterations):
        planes, labels = case.batch()
        if number == 1:
            planes, labels = _part(planes, labels, len(labels) - 1)
        before = bits(golden.state().weights)
        chip.accumulate(planes, labels)
        expected_gradients = golden.gradients(planes, labels)
        if number:  # read back, which changes nothing
            seen = chip.seen()
            assert sorted(seen.gradients) == sorted(expected_gradients.words)
            for tag, words in expected_gradients.words.items():
                assert (seen.gradients[tag] == words.numpy()).all()
        chip.update(len(labels))
        golden.update(expected_gradients)
        found, expected = chip.state(), golden.state()
        assert bits(found.weights) == bits(expected.weights)
        assert bits(found.momenta) == bits(expected.momenta)
        after = bits(expected.weights)
        moved |= {tag for tag in after if before[tag] != after[tag]}
    streamed = {
        tag for tag, p in enumerate(case.network.projections) if is_streamed(case.network, p, STREAMS)
    }
    assert streamed <= moved  # the network was active enough to tell


@pytest.mark.parametrize(
    "name", [n if n in FAST else pytest.param(n, marks=pytest.mark.slow) for n in NETWORKS]
)
def test_the_chip_has_the_golden_models_weights(board: SimulatedBoard, name: str) -> None:
    case = NETWORKS[name](np.random.default_rng(sum(map(ord, name))))
    loss = "squared" if name == "branches" else "cross-entropy"
    learns(*pair(board, case, 0.0 if name == "branches" else 0.875, loss), case, 3)


def _part(
    planes: dict[str, np.ndarray], labels: np.ndarray, samples: int
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    return {name: values[:samples] for name, values in planes.items()}, labels[:samples]


def test_a_batch_that_is_refused_leaves_nothing(board: SimulatedBoard) -> None:
    """Too many steps, told in numbers; and spikes of an iteration that was left are forgotten."""
    case = NETWORKS["branches"](np.random.default_rng(8))
    case.samples, case.steps = 10, 3
    chip, golden = pair(board, case, 0.0)
    planes, labels = case.batch()
    more = {name: np.concatenate([values, values[:1]]) for name, values in planes.items()}
    message = "11 samples of 3 steps takes 33 steps of streamed gradients, and the chip has stream_steps = 32; set stream_steps = 64"
    with pytest.raises(SpikeplaneError, match=message):
        chip.iterate(more, np.concatenate([labels, labels[:1]]))
    chip.accumulate(*_part(planes, labels, 3))  # in parts too
    with pytest.raises(SpikeplaneError, match="a batch of 11 samples of 3 steps"):
        chip.accumulate(*_part(planes, labels, 8))
    sample = {name: values[0] for name, values in planes.items()}
    chip._forward(sample)  # noqa: SLF001 - what an iteration that breaks off leaves
    chip._backward(sample, np.full(4, 0.5, np.float16))  # noqa: SLF001
    chip.load()
    for _ in range(2):
        chip.iterate(planes, labels)
        golden.iterate(planes, labels)
        assert bits(chip.state().weights) == bits(golden.state().weights)
        planes, labels = case.batch()


@pytest.mark.parametrize("memory", sorted(READ_ONLY), ids=lambda one: one.name)
def test_what_only_the_core_writes_is_not_written(board: SimulatedBoard, memory: TrainingMemory) -> None:
    """It is refused by the flag, which START takes away, and what is there stays."""
    case, core = NETWORKS["split pixels"](np.random.default_rng(1)), (1, 0)
    chip, golden = pair(board, case, 0.0)
    planes, labels = case.batch()
    chip.accumulate(planes, labels)
    chip.stop()
    before = read_words(chip, core, memory, 0, 64)
    assert any(before)
    assert not chip.flags(core)["write_refused"]
    chip.exchange(write_packets(STREAMS, core, [(memory, address, 5) for address in range(64)]))
    assert chip.flags(core)["write_refused"]
    assert read_words(chip, core, memory, 0, 64) == before
    chip.start(KEEP)
    assert not chip.flags(core)["write_refused"]
    chip.update(len(labels))
    golden.iterate(planes, labels)
    assert bits(chip.state().weights) == bits(golden.state().weights)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", NETWORKS)
def test_stored_and_streamed(board: SimulatedBoard, name: str, seed: int) -> None:
    """T of 1 to 5, batches of 1 and more, populations anywhere, momentum or none: what is streamed is what is stored."""
    case = NETWORKS[name](np.random.default_rng(2000 + seed))
    case.steps, case.samples = 1 + seed % 5, int(case.random.integers(2, 32 // (1 + seed % 5) + 1))
    if case.limited:
        case.steps, case.samples = 4, 4  # bounds of 2^0
    case.cores = {
        part.name: [[(0, 0)], [(1, 0)], [(1, 0), (0, 0)]][case.random.integers(0, 2 + (part.groups > 1))]
        for part in BackRoutes(case.network).on((0, 0))
    }
    momentum, loss = ((0.0, 0.875)[seed % 2], ("squared", "cross-entropy")[int(case.random.integers(2))])
    chip, golden = pair(board, case, momentum, loss)
    learns(chip, golden, case, 3)


def test_a_spike_again_is_one_operation(board: SimulatedBoard) -> None:
    """However many words its targets have: counted as work of gradients."""
    case = NETWORKS["hidden"](np.random.default_rng(9))
    chip, golden = pair(board, case, 0.0)
    planes, labels = case.batch()
    _, tape = golden.rules.forward(golden.weights, {n: torch.as_tensor(v) for n, v in planes.items()})
    before = activity(chip, chip.image.routes.cores)
    chip.accumulate(planes, labels)
    counts = activity(chip, chip.image.routes.cores).since(before).counts
    assert counts[TrainingCounter.OUTERS] == sum(int(tape.spikes[name].sum()) for name in ("in", "a")) > 50


def test_forgetting_takes_the_columns_once(board: SimulatedBoard) -> None:
    """Not for each weight word, of which there are 58."""
    case = NETWORKS["hidden"](np.random.default_rng(10))
    chip, _ = pair(board, case, 0.0)
    before = activity(chip, chip.image.routes.cores)
    chip.control(TrainingControl.DISCARD)
    counts = activity(chip, chip.image.routes.cores).since(before).counts
    columns = core_tables(STREAMS).depth(TrainingMemory.COLUMNS)
    assert columns < counts[TrainingCounter.UPDATE_CYCLES] < 2 * columns
