"""Squared error: a chip makes its readout's errors itself, of targets, and learns what the golden model learns."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from two_core_networks import CHIP, NETWORKS, Case, dense, inputs, network, readout

from spikeplane.errors import SpikeplaneError
from spikeplane.formats.packet import Kind, packet_format
from spikeplane.formats.training import TrainingKind
from spikeplane.host.packets import unpack_many
from spikeplane.train import Optimiser
from spikeplane.train.chip import chip_for
from spikeplane.train.driver import TrainingDriver, prepared
from spikeplane.train.errors import error_packets
from spikeplane.train.losses import SQUARED
from spikeplane.train.routes import BackRoutes
from spikeplane_sim.board import SimulatedBoard
from spikeplane_sim.golden.training import Trainer


@pytest.fixture(scope="module")
def board() -> Iterator[SimulatedBoard]:
    with SimulatedBoard(CHIP) as made:
        yield made


def pair(board: SimulatedBoard, case: Case, rate: float = 0.5) -> tuple[TrainingDriver, Trainer]:
    optimiser = Optimiser(rate=rate, loss=SQUARED)
    golden = Trainer(case.network, optimiser, batch=case.samples, steps=case.steps)
    image = prepared(case.network, CHIP, optimiser, batch=case.samples, steps=case.steps, cores=case.cores)
    chip = TrainingDriver(board, CHIP, case.network, optimiser, steps=case.steps, image=image)
    chip.load()
    return chip, golden


def same(chip: TrainingDriver, golden: Trainer) -> list[bytes]:
    found, expected = (
        [weights.tobytes() for _, weights in sorted(learner.state().weights.items())]
        for learner in (chip, golden)
    )
    assert found == expected
    return found


@pytest.mark.parametrize("name", ["readout", "split", "at edges", "one step", "frozen middle", "branches"])
def test_the_chip_has_the_weights_of_the_golden_model(board: SimulatedBoard, name: str) -> None:
    """With a readout of a sample that is not learned in between, which leaves its errors behind."""
    case = NETWORKS[name](np.random.default_rng(sum(map(ord, name))))
    chip, golden = pair(board, case)
    before = same(chip, golden)
    for _ in range(2):
        planes, labels = case.batch()
        found, expected = chip.iterate(planes, labels), golden.iterate(planes, labels)
        assert (found.right, found.loss) == (expected.right, expected.loss)
        after = same(chip, golden)
        moved = [tag for tag, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
        assert moved == [tag for tag, p in enumerate(case.network.projections) if p.trained]
        before = after
        other = case.batch()[0]
        assert chip.readout(other).tobytes() == golden.readout(other).tobytes()
    assert bool(chip.clipped) == bool(golden.clipped)


def test_errors_at_their_limit_are_told(board: SimulatedBoard) -> None:
    """A readout far from its targets, either way, and one at the largest number."""
    r = np.random.default_rng(3)
    weight = r.uniform(4, 7.9, (9, 20, 1, 1)).astype(np.float16) * r.choice([-1, 1], (9, 1, 1, 1))
    case = Case(
        network([inputs((20, 1, 1)), readout(9)], [replace(dense(r, "in", "out", (9, 20)), weight=weight)]), r
    )
    chip, golden = pair(board, case, 0.001)
    planes, labels = case.batch()
    for learner in (chip, golden):
        learner.iterate(planes, labels)
    same(chip, golden)
    assert chip.clipped
    assert golden.clipped


def test_a_readout_of_the_largest_number(board: SimulatedBoard) -> None:
    """65504, which no threshold holds back. Beyond it the iteration is refused, and what it left does not count."""
    weight = np.full((2, 1, 1, 1), 8, np.float16)
    weight[1] = -8
    one = replace(dense(np.random.default_rng(0), "in", "out", (2, 1)), weight=weight, limit=3)
    case = Case(
        network([inputs((1, 1, 1), value_bits=8), readout(2)], [one]), np.random.default_rng(0), 33, 1
    )
    chip, golden = pair(board, case, 0.001)
    planes = np.full((1, 33, 1, 1, 1), 255, np.uint8)
    most, more = 65504 // 8 - 32 * 255, 65520 // 8 - 32 * 255
    for learner in (chip, golden):
        planes[0, 32] = more
        with pytest.raises(SpikeplaneError, match="left binary16"):
            learner.iterate({"in": planes}, np.array([1]))
        planes[0, 32] = most
        assert learner.readout({"in": planes}).tolist() == [[65504, -65504]]
        learner.iterate({"in": planes}, np.array([1]))
    same(chip, golden)


def test_targets_are_told_in_limbs_and_those_of_0_not_at_all() -> None:
    case = NETWORKS["split"](np.random.default_rng(1))
    routes = BackRoutes(case.network, case.cores)
    targets = np.zeros(10, np.float16)
    targets[[3, 9]] = 1, -65504 - 2**-14  # the readout has a group on each core
    targets[4] = 2**-24
    packets = error_packets(CHIP, routes, targets, squared=True)
    found = unpack_many(packet_format(CHIP), packets, TrainingKind.PARTIAL)
    sums: dict[int, int] = {}
    for kind, group, lane, limb, value in zip(
        *(found[name].tolist() for name in ("kind", "group", "lane", "limb", "value")), strict=True
    ):
        if kind == TrainingKind.PARTIAL:
            signed = value - (value >> 15 << 16)
            assert signed
            sums[8 * group + lane] = sums.get(8 * group + lane, 0) + (signed << 16 * limb)
    assert sums == {3: -(1 << 24), 4: -1, 9: 65504 << 24}
    assert [kind for kind in found["kind"].tolist() if kind == Kind.TOKEN] == [Kind.TOKEN] * 2
    one = error_packets(CHIP, routes, np.eye(10, dtype=np.float16)[3], squared=True)
    assert len(one) == 3  # a limb, and a token to each core


def test_the_smallest_core_has_room_for_them() -> None:
    case = NETWORKS["hidden"](np.random.default_rng(1))
    plain, squared = (
        chip_for(case.network, 3, 3, Optimiser(loss=loss)) for loss in ("cross-entropy", SQUARED)
    )
    assert (plain.acc_depth, squared.acc_depth) == (16, 16)
    image = prepared(case.network, squared, Optimiser(loss=SQUARED), batch=3, steps=3)
    assert (
        image.used[0, 0]["acc"]
        == prepared(case.network, plain, Optimiser(), batch=3, steps=3).used[0, 0]["acc"] + 2
    )
