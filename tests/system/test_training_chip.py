"""A chip that learns against the golden model: every weight after every iteration, bit for bit."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from two_core_networks import CHIP, NETWORKS, Case, dense, inputs, large, network, neurons, readout

from spikeplane.errors import SpikeplaneError
from spikeplane.formats.packet import Control, Kind
from spikeplane.formats.tables import Memory, core_tables
from spikeplane.formats.training import KEEP, TrainingControl
from spikeplane.formats.training_tables import TrainingMemory
from spikeplane.host.channel import rect_fields
from spikeplane.host.memories import read_words
from spikeplane.host.packets import pack_many
from spikeplane.host.writes import write_packets
from spikeplane.train import Optimiser
from spikeplane.train.chip import chip_for, spread
from spikeplane.train.driver import TrainingDriver, prepared
from spikeplane.train.network import Learned
from spikeplane.train.routes import BackRoutes
from spikeplane.train.seen import Comparison
from spikeplane_sim.board import SimulatedBoard
from spikeplane_sim.golden.training import Trainer


@pytest.fixture(scope="module")
def board() -> Iterator[SimulatedBoard]:
    with SimulatedBoard(CHIP) as made:
        yield made


def bits(weights: dict[int, np.ndarray]) -> dict[int, list[int]]:
    return {tag: weight.view(np.uint16).ravel().tolist() for tag, weight in weights.items()}


def pair(board: SimulatedBoard, case: Case, rate: float = 0.5) -> tuple[TrainingDriver, Trainer]:
    """The chip, loaded, and the golden model."""
    optimiser = Optimiser(rate=rate)
    golden = Trainer(case.network, optimiser, batch=case.samples, steps=case.steps)
    image = prepared(case.network, CHIP, optimiser, batch=case.samples, steps=case.steps, cores=case.cores)
    chip = TrainingDriver(board, CHIP, case.network, optimiser, steps=case.steps, image=image)
    chip.load()
    return chip, golden


def compared(case: Case) -> int:
    """Values before an update: the readout and its deltas, of hidden neurons two bits a step and a delta, gradients."""
    needed = case.network.with_delta
    sizes = {p.name: int(np.prod(p.shape)) for p in case.network.populations}
    hidden = [p.name for p in case.network.populations if p.theta is not None]
    neurons = sum(sizes[name] * (2 * case.steps + (name in needed)) for name in hidden)
    return 2 * sizes["out"] + neurons + sum(p.weight.size for p in case.network.projections if p.trained)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_chip_has_the_weights_of_the_golden_model_after_every_iteration(
    board: SimulatedBoard, name: str
) -> None:
    case = NETWORKS[name](np.random.default_rng(sum(map(ord, name))))
    chip, golden = pair(board, case)
    assert bits(chip.state().weights) == bits(golden.state().weights)
    moved, held = set(), Comparison(case.network)
    for reads in (False, True):
        planes, labels = case.batch()
        before = bits(golden.state().weights)
        found = chip.accumulate(planes, labels)
        if reads:  # which changes nothing
            held.seen(chip.seen(), golden.seen(planes, labels))
        chip.update(len(labels))
        expected = golden.iterate(planes, labels)
        after = bits(golden.state().weights)
        assert bits(chip.state().weights) == after
        assert (found.right, found.loss) == (expected.right, expected.loss)
        moved |= {tag for tag in after if before[tag] != after[tag]}
    trained = {tag for tag, p in enumerate(case.network.projections) if p.trained}
    assert moved == trained  # the network was active enough to tell
    assert held.values == compared(case)
    assert bool(chip.clipped) == bool(golden.clipped) == case.limited


def test_a_readout_is_the_golden_models_and_changes_nothing(board: SimulatedBoard) -> None:
    case = NETWORKS["hidden"](np.random.default_rng(1))
    chip, golden = pair(board, case)
    planes, labels = case.batch()
    assert chip.readout(planes).tobytes() == golden.readout(planes).tobytes()
    chip.iterate(planes, labels)
    golden.iterate(planes, labels)
    assert chip.readout(planes).tobytes() == golden.readout(planes).tobytes()
    assert bits(chip.state().weights) == bits(golden.state().weights)


def test_numbers_that_leave_binary16_refuse_the_iteration_as_a_whole(board: SimulatedBoard) -> None:
    case = large(np.random.default_rng(2))
    chip, golden = pair(board, case)
    planes, labels = case.batch()
    full = {name: np.full_like(values, 255) for name, values in planes.items()}
    for learner in (chip, golden):
        with pytest.raises(SpikeplaneError, match="left binary16") as refused:
            learner.iterate(full, labels)
        if learner is chip:
            assert str(refused.value) == (
                "iteration 0, forward: numbers of layer 'out' left binary16 (65504) on core (0, 0); the weights are as before it; "
                "use a lower rate, or scale the layers"
            )
    assert (
        bits(chip.state().weights)
        == bits(golden.state().weights)
        == bits({0: case.network.projections[0].weight})
    )
    few = {name: np.zeros_like(values) for name, values in planes.items()}
    for values in few.values():
        values[:, :, 0] = 1
    chip.iterate(few, labels)  # gradients of what was refused are forgotten
    golden.iterate(few, labels)
    assert bits(chip.state().weights) == bits(golden.state().weights)


def test_what_is_restored_goes_on_with_equal_bits(board: SimulatedBoard) -> None:
    case = NETWORKS["hidden"](np.random.default_rng(3))
    chip, golden = pair(board, case)
    batches = [case.batch() for _ in range(2)]
    chip.iterate(*batches[0])
    golden.iterate(*batches[0])
    kept = chip.state()
    chip.iterate(*batches[1])
    chip.restore(kept, 1)
    chip.iterate(*batches[1])
    golden.iterate(*batches[1])
    assert bits(chip.state().weights) == bits(golden.state().weights)


def test_gradients_for_somebody_elses_update(board: SimulatedBoard) -> None:
    """The chip gives them and forgets them."""
    case = NETWORKS["split"](np.random.default_rng(4))
    chip, golden = pair(board, case)
    planes, labels = case.batch()
    found, expected = chip.gradients(planes, labels), golden.gradients(planes, labels)
    assert all((found.words[tag] == words.numpy()).all() for tag, words in expected.words.items())
    assert sum(np.count_nonzero(words) for words in found.words.values()) > 100
    assert (found.samples, found.right, found.loss, found.clipped) == (
        expected.samples, expected.right, expected.loss, expected.clipped,
    )  # fmt: skip
    assert bits(chip.state().weights) == bits(golden.state().weights)
    chip.iterate(planes, labels)
    golden.iterate(planes, labels)
    assert bits(chip.state().weights) == bits(golden.state().weights)


def test_gradients_and_their_flags_stay_where_a_start_keeps_them(board: SimulatedBoard) -> None:
    case = large(np.random.default_rng(2))
    chip, _ = pair(board, case)
    planes, labels = case.batch()
    chip.accumulate({name: np.minimum(values, 1) for name, values in planes.items()}, labels)
    kept = chip.seen().gradients[0]
    assert kept.any()
    for keep in (KEEP, 0):
        chip.stop()
        chip.start(keep)
        assert (chip.seen().gradients[0] == (kept if keep else 0)).all()
    sample = {name: np.full_like(values[0], 255) for name, values in planes.items()}
    chip._forward(sample)
    for keep in (KEEP, 0):
        assert {name: chip.flags((0, 0))[name] for name in ("overflow", "clipped", "busy")} == {
            "overflow": 1, "clipped": 0, "busy": 0,
        }  # fmt: skip
        chip.stop()
        chip.start(keep)
    assert not chip.flags((0, 0))["overflow"]


def test_gradients_are_not_written(board: SimulatedBoard) -> None:
    case = NETWORKS["hidden"](np.random.default_rng(1))
    chip, golden = pair(board, case)
    chip.stop()
    for memory in (TrainingMemory.DELTA, TrainingMemory.GRADIENT):
        packets = write_packets(CHIP, (0, 0), [(memory, 0, 7)])
        chip.exchange(packets)
        assert chip.flags((0, 0))["write_refused"] == (memory == TrainingMemory.GRADIENT)
    assert read_words(chip, (0, 0), TrainingMemory.DELTA, 0, 1) == [7]
    chip.start(KEEP)
    assert not chip.flags((0, 0))["write_refused"]
    planes, labels = case.batch()
    chip.iterate(planes, labels)
    golden.iterate(planes, labels)
    assert bits(chip.state().weights) == bits(golden.state().weights)


@pytest.mark.slow
def test_one_core_and_four_learn_images_with_the_same_bits() -> None:
    """784-32-10, three iterations of 16 samples."""
    r = np.random.default_rng(5)
    net = network(
        [inputs((784, 1, 1)), neurons("a", (32, 1, 1)), readout(10)],
        [dense(r, "in", "a", (32, 784)), dense(r, "a", "out", (10, 32))],
    )
    case = Case(net, r, steps=4, samples=16, density=0.2)
    optimiser, batches = Optimiser(rate=0.4), [case.batch() for _ in range(3)]
    golden = Trainer(net, optimiser, batch=16, steps=4)
    alone = replace(chip_for(net, 16, 4), egress_depth=32)
    for config in (alone, replace(alone, rows=2, cols=2)):
        image = prepared(net, config, optimiser, batch=16, steps=4, cores=spread(net, config))
        with SimulatedBoard(config) as board:
            chip = TrainingDriver(board, config, net, optimiser, steps=4, image=image)
            chip.load()
            golden.restore(Learned({tag: p.weight for tag, p in enumerate(net.projections)}), 0)
            for planes, labels in batches:
                chip.iterate(planes, labels)
                golden.iterate(planes, labels)
                assert bits(chip.state().weights) == bits(golden.state().weights)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("name", NETWORKS)
def test_many_weights_and_placements(board: SimulatedBoard, name: str, seed: int) -> None:
    case = NETWORKS[name](np.random.default_rng(1000 + seed))
    routes = BackRoutes(case.network)
    places = {
        part.name: [[(0, 0)], [(1, 0)], [(1, 0), (0, 0)]][case.random.integers(0, 2 + (part.groups > 1))]
        for part in routes.on((0, 0))
    }
    case.cores = places
    chip, golden = pair(board, case)
    for _ in range(3):
        planes, labels = case.batch()
        chip.iterate(planes, labels)
        golden.iterate(planes, labels)
        assert bits(chip.state().weights) == bits(golden.state().weights)


def test_a_change_that_comes_while_words_are_swept_waits_for_their_end(board: SimulatedBoard) -> None:
    """DISCARD right behind START, which sets the sums of every population to 0 first."""
    case = NETWORKS["split"](np.random.default_rng(4))
    chip, golden = pair(board, case)
    ops = (Control.STOP, Control.START, TrainingControl.DISCARD)
    fields = [{"op": op, "arg": 0, **rect_fields((0, 0, 1, 0))} for op in ops]
    chip.exchange(np.concatenate([pack_many(chip.form, Kind.CONTROL, 1, one) for one in fields]))
    chip.load()
    planes, labels = case.batch()
    chip.iterate(planes, labels)
    golden.iterate(planes, labels)
    assert bits(chip.state().weights) == bits(golden.state().weights)


def test_a_core_that_a_network_leaves_alone_forgets_the_one_before(board: SimulatedBoard) -> None:
    pair(board, NETWORKS["split"](np.random.default_rng(6)))
    chip, _ = pair(board, NETWORKS["hidden"](np.random.default_rng(7)))
    chip.control(Control.STOP)
    words = core_tables(CHIP).depth(Memory.POPULATION)
    assert any(read_words(chip, (0, 0), Memory.POPULATION, 0, words))
    assert not any(read_words(chip, (1, 0), Memory.POPULATION, 0, words))
