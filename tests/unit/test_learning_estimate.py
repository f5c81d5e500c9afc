"""The estimate of training: its counts are those of a walk that counts every access, its energies those of a sum by hand."""

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from random_learners import random_learner

from spikeplane.estimate.learning.activity import Densities, assumed, dense, measured
from spikeplane.estimate.learning.counts import LIMBS, LearningCounts, Walks, count
from spikeplane.estimate.learning.energy import BANK, SCALE, Batch, Core, energy
from spikeplane.estimate.learning.shapes import SHAPES
from spikeplane.estimate.learning.shown import footer, lines, rows
from spikeplane.estimate.learning.time import cycles
from spikeplane.estimate.learning.traffic import delta_traffic, dense_traffic, our_traffic
from spikeplane.estimate.learning.whole import by_densities
from spikeplane.train import LearningNetwork, LearningPopulation, LearningProjection
from spikeplane.train.network import LearningProjection as Projection

LANES = 8


def met(network: LearningNetwork, p: Projection, y: int, x: int) -> int:
    """Target pixels that a pixel meets, one kernel position after the other."""
    _, height, width = network.population(p.target).shape
    found = 0
    for oy in range(height):
        for ox in range(width):
            for ky in range(p.weight.shape[2]):
                for kx in range(p.weight.shape[3]):
                    at = (oy * p.stride[0] - p.padding[0] + ky, ox * p.stride[1] - p.padding[1] + kx)
                    found += at == (y // p.pool[0], x // p.pool[1])
    return found


def walked(
    network: LearningNetwork, values: dict[str, np.ndarray], windows: dict[str, np.ndarray]
) -> Counter:
    """Every op of every sample, counted as it comes; by projection and verb."""
    found: Counter = Counter()
    gathered = {p.name for p in network.populations if p.theta is not None} & network.with_delta
    for tag, p in enumerate(network.projections):
        channels = network.population(p.target).shape[0]
        groups = math.ceil(channels / LANES)
        bits = network.population(p.source).value_bits
        planes = [values[p.source] >> bit & 1 for bit in range(bits)]
        verbs = {"add": planes, "outer": planes if p.trained else []}
        verbs["gather"] = [windows[p.source].astype(int)] if p.source in gathered else []
        for verb, several in verbs.items():
            for plane in several:
                samples, _, sources, height, width = plane.shape
                for y in range(height):
                    for x in range(width):
                        ops = groups * met(network, p, y, x)
                        for first in range(0, sources, LANES):
                            each = plane[:, :, first : first + LANES, y, x].sum(2)
                            found[tag, verb] += ops * int(each.sum()) / samples
                            found[tag, f"{verb}_masks"] += ops * int((each > 0).sum()) / samples
                            real = channels * met(network, p, y, x) * int(each.sum()) / samples
                            found["performed"] += real * (2 if verb == "gather" else 1)
                            if verb == "gather":
                                found["partials"] += LIMBS * int(each.sum()) / samples
    return found


@pytest.mark.parametrize("seed", [2, 5, 8, 16, 21, 47])
def test_counts_are_those_of_a_walk_that_counts_every_op(seed: int) -> None:
    learner = random_learner(seed)
    network, (planes, _) = learner.network, learner.batches[0]
    tape = learner.golden().tape(planes)
    values = {name: np.asarray(one).astype(int) for name, one in tape.spikes.items()}
    windows = {name: np.asarray(one) for name, one in tape.windows.items()}
    found = count(network, measured(network, values, windows, ""))
    expected = walked(network, values, windows)
    for tag, walk in enumerate(found.walks):
        for verb in ("add", "add_masks", "outer", "outer_masks", "gather"):
            assert getattr(walk, verb) == pytest.approx(expected[tag, verb], rel=1e-12), (walk.name, verb)
    assert found.performed == pytest.approx(expected["performed"])
    assert found.partials == pytest.approx(expected["partials"])
    assert found.total("add") > 0


def test_dense_operations_are_products_of_every_weight_and_position() -> None:
    found = count(SHAPES["784-128-10"](), assumed(SHAPES["784-128-10"](), 4, Densities()))
    layer, last = 784 * 128, 128 * 10
    assert found.equivalent == 2 * 4 * (2 * layer + 3 * last)
    conv = SHAPES["conv-8-16"]()
    layers = (72 * 196, 1152 * 49, 7840)
    assert count(conv, dense(conv, 3)).equivalent == 2 * 3 * (2 * layers[0] + 3 * layers[1] + 3 * layers[2])


def test_all_bits_set_is_every_op() -> None:
    """The walk of a network that is never silent is that of dense training, a group of channels an op."""
    network = SHAPES["784-128-10"]()
    full = count(network, assumed(network, 2, Densities(1, 1, 1)))
    assert full.total("add") == full.total("outer") == 2 * (784 * 16 + 128 * 2)
    assert full.total("add_masks") == full.total("add") / LANES
    assert full.total("gather") == 2 * 128 * 2
    assert (full.forward, full.backward, full.taped) == (2 * (16 + 2), 2 * 16, 2 * 16)
    assert full.carries == (16 + 2) + 16
    assert full.packets == 2 * 2 * (98 + 16) + 2 * 16 + 2 * 2 * 2 + 2 + LIMBS * 256 + 2 * 10 + 2


SMALL = LearningNetwork(
    populations=(
        LearningPopulation(name="in", shape=(8, 1, 1)), LearningPopulation(name="out", shape=(8, 1, 1)),
    ),
    projections=(LearningProjection(source="in", target="out", weight=np.zeros((8, 8, 1, 1), np.float16), limit=0),),
    output="out",
)  # fmt: skip


def test_energy_of_a_readout_by_hand() -> None:
    """Eight inputs, three of which fire in one step; memories of 1,024 words in which 64 bits take 10 pJ from 8 kbyte."""
    planes = np.zeros((1, 1, 8, 1, 1), int)
    planes[0, 0, :3] = 1
    counts = count(SMALL, measured(SMALL, {"in": planes}, {}, ""))
    assert (counts.total("add"), counts.total("add_masks"), counts.total("outer")) == (3, 1, 3)
    core = Core(exact_bits=32, weight_words=1024, sum_words=512)
    found = energy(core, counts, Batch(samples=2, steps=1, kept=10)).parts
    weight, number = 20 * math.sqrt(2), 5 * math.sqrt(1 / 2)  # of 128 bits; of 32 bits of one lane
    assert found["weights"] == pytest.approx(SCALE * 3 * weight)
    assert found["sums"] == pytest.approx(SCALE * 3 * 8 * 2 * number)
    assert found["gradients"] == pytest.approx(SCALE * 3 * 8 * 2 * number)
    assert found["deltas"] == pytest.approx(SCALE * 3 * 20)
    assert found["arithmetic"] == pytest.approx(SCALE * 6 * 8 * 0.2)
    assert found["sweeps"] == pytest.approx(SCALE * (8 * 2 * number + 8 * (1.1 + 0.5 + 3 * 0.05)))
    words = 8 * (2 * weight + 8 * 2 * number + 8 * (1.1 + 0.5))
    assert found["update"] == pytest.approx(SCALE * words / 2)
    assert found["DRAM"] == 203
    kept = energy(replace(core, combined=True), counts, Batch(2, 1)).parts
    assert kept["sums"] == pytest.approx(found["sums"] / 3)
    assert kept["deltas"] == pytest.approx(found["deltas"] / 3)
    assert kept["gradients"] == found["gradients"]


def test_planes_of_values_and_what_a_frozen_layer_sends() -> None:
    """A value of 3 is two spikes in two planes, one of 2 a spike in the upper one; a frozen readout of the input is replayed to nobody."""
    wide = replace(SMALL.populations[0], value_bits=2)
    network = replace(SMALL, populations=(wide, SMALL.populations[1]))
    values = np.zeros((1, 1, 8, 1, 1), int)
    values[0, 0, :3] = np.array([3, 2, 2])[:, None, None]
    found = count(network, measured(network, {"in": values}, {}, ""))
    assert (found.total("add"), found.total("add_masks")) == (4, 2)
    assert found.packets == 2 * 2 + 2 + 2 * 8 + 2
    frozen = replace(network, projections=(replace(SMALL.projections[0], trained=False),))
    still = count(frozen, measured(frozen, {"in": values}, {}, ""))
    assert (still.total("outer"), still.packets) == (0, 2 + 1 + 2 * 8 + 2)
    assert count(network, assumed(network, 1, Densities(1, 1, 1))).total("add") == 16


def test_assumed_masks_are_those_that_are_not_empty() -> None:
    wide = replace(SMALL.populations[0], shape=(10, 1, 2))
    plane = assumed(replace(SMALL, populations=(wide, SMALL.populations[1])), 3, Densities(0.5, 0, 0)).spikes[
        "in"
    ]
    assert plane.bits.tolist() == [[15, 15]]
    assert plane.masks.tolist() == [[3 * (1 - 0.5**8 + 1 - 0.5**2)] * 2]


def test_streamed_gradients_take_no_gradient_memory() -> None:
    walk = Walks("a", add=10, outer=10, outer_masks=5, weights=8, trained=True, dense=True, groups=2)
    core, batch = Core(exact_bits=48, streamed=True), Batch(4, 4)
    streamed = energy(core, LearningCounts(walks=[walk]), batch).parts
    kept = core.access(128, 4 * 4 * 2)
    assert streamed["deltas"] == pytest.approx(SCALE * 10 * kept)
    assert streamed["gradients"] == pytest.approx(SCALE * 5 * 2 * core.access(4, 4 * 2048))
    for other in (replace(walk, dense=False), walk):
        stored = energy(replace(core, streamed=other.dense is False), LearningCounts(walks=[other]), batch)
        assert stored.parts["gradients"] == pytest.approx(SCALE * 20 * core.gradient)
        words = 8 * 2 * core.gradient - 8 / 2 * core.access(
            4 * 4, 2048
        )  # a column is read once for its two words
        assert stored.parts["update"] - streamed["update"] == pytest.approx(SCALE * words / 4)


def test_energy_of_sweeps_by_hand() -> None:
    """Of three words forward and two backward, one of which is carried on; tape and parameters."""
    core = Core(exact_bits=32, weight_words=1024, sum_words=512)
    counts = LearningCounts(forward=3, backward=2, carries=1, taped=5, groups=7)
    number, tape = 5 * math.sqrt(1 / 2), 2.5 * math.sqrt(1 / 8)
    sums = (5 + 1) * 8 * 2 * number + 5 * 8 * (1.1 + 0.5 + 3 * 0.05)
    planes = 5 * 2 * tape + 2 * tape  # written, replayed, and read by the backward
    parameters, deltas = 7 * 3 * 20 * math.sqrt(1 / 2), 2 * 20
    found = energy(core, counts, Batch(1, 1)).parts
    assert found["sweeps"] == pytest.approx(SCALE * (sums + planes + parameters + deltas))


def test_a_bank_is_what_an_access_pays_for() -> None:
    core = Core(weight_words=1 << 14)
    assert replace(core, bank=BANK).weight == pytest.approx(20)
    assert core.weight > 50
    assert replace(core, bank=1 << 30).weight == core.weight


@pytest.mark.parametrize("name", SHAPES)
def test_energy_operations_and_cycles_grow_with_each_density(name: str) -> None:
    network, low = SHAPES[name](), Densities(0.2, 0.2, 0.1)
    before = by_densities(network, steps=3, samples=16, densities=low)
    for density in ("inputs", "spikes", "windows"):
        after = by_densities(network, steps=3, samples=16, densities=replace(low, **{density: 0.4}))
        for one, other in zip(before["rows"], after["rows"], strict=True):
            assert other["energy"] > one["energy"], (density, one["name"])
        assert after["operations"]["performed"] > before["operations"]["performed"]
        assert after["cycles"]["total"] > before["cycles"]["total"]
        assert after["dense"] == before["dense"]


@pytest.mark.parametrize("name", SHAPES)
def test_each_change_of_memories_takes_less(name: str) -> None:
    found = by_densities(SHAPES[name](), steps=4, samples=64, densities=Densities())
    for bits in {row["exact_bits"] for row in found["rows"]}:
        energies = [row["energy"] for row in found["rows"] if row["exact_bits"] == bits]
        assert energies == sorted(energies, reverse=True)
    inside = [row["inside"] + row["parts"]["network"] + row["parts"]["DRAM"] for row in found["rows"]]
    assert inside == pytest.approx([row["energy"] for row in found["rows"]])


@pytest.mark.parametrize(
    ("name", "others", "ours"),
    [("784-128-10", 384.2e3, 6272), ("conv-8-16", 1.93e6, 6272), ("vgg-7", 178.6e6, 5.80e6)],
)
def test_traffic_of_the_shapes(name: str, others: float, ours: float) -> None:
    network = SHAPES[name]()
    assert dense_traffic(network, 4, 64) == pytest.approx(others, rel=1e-3)
    assert our_traffic(network, 4, 64, inside=name != "vgg-7") == pytest.approx(ours, rel=1e-3)
    wide = replace(SMALL, populations=(replace(SMALL.populations[0], value_bits=3), SMALL.populations[1]))
    assert our_traffic(wide, 4, 64, inside=True) == 2 * 4 * 8 * 3
    waiting = delta_traffic(network, assumed(network, 4, Densities(0, 0, 0.5)))
    hidden = sum(math.prod(p.shape) for p in network.populations if p.theta is not None)
    assert waiting == 2 * 16 * 4 * hidden * 0.5


def test_cycles_are_those_of_the_formula() -> None:
    network = SHAPES["784-128-10"]()
    counts = count(network, assumed(network, 4, Densities(0.25, 0.5, 0.25)))
    found = cycles(counts, 64)
    assert found.add == found.outer == 4 * (196 * 16 + 64 * 2)
    assert found.gather == 4 * 32 * 2 + counts.partials
    assert found.sweeps == 4 * 4 * (16 + 2 + 16)
    assert found.update == 8 * (784 * 16 + 128 * 2) / 64
    assert found.total == found.add * 2 + found.gather + found.sweeps + found.update


def test_what_is_shown_names_every_assumption() -> None:
    found = by_densities(SHAPES["vgg-7"](), steps=4, samples=64, densities=Densities(), inside=False, hops=3)
    below = "\n".join(footer(found))
    for assumption in (
        "Horowitz",
        "0.54",
        "20.3 pJ",
        "passes 3 routers",
        "2,048 words",
        "performed",
        "dense binary16",
        "48 bits",
    ):
        assert assumption in below
    assert [len(cells) for cells in rows(found)] == [6] * 6
    assert found["dense"]["performed"] == found["dense"]["equivalent"]
    assert "deltas wait in DRAM (94" in dict(lines(found))["DRAM"]
