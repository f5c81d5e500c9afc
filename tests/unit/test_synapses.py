"""The tables of one projection, walked as docs/architecture.md says a core does, give every synapse
its weight: against the sum over the kernel, written down here from its definition."""

from dataclasses import replace

import numpy as np
import pytest

from spikeplane.compiler.synapses import (
    Synapses,
    axis_reach,
    build_synapses,
    packed_weights,
    stored,
    weight_words,
)
from spikeplane.config import ChipConfig
from spikeplane.network import ALIGNED, DENSE, KINDS, Network, Neuron, Population, Projection
from spikeplane.program.structure import check_structure

LANES = 8


def walked(tables: Synapses, at: tuple[int, int, int], bits: int, aligned: bool, plane: int) -> dict:
    """(lane, accumulator word) -> weight, of one spike of channel, row and column `at`."""
    channel, y, x = at
    entries = (tables.rows[y], tables.columns[x], tables.groups[channel // LANES])
    found: dict[tuple[int, int], int] = {}
    steps = tables.steps
    for i in range(entries[0]["count"]):
        for j in range(entries[1]["count"]):
            for k in range(entries[2]["count"]):
                acc = sum(e["acc"] for e in entries)
                acc += i * steps["acc_row"] + j * steps["acc_column"] + k * steps["acc_group"]
                weight = sum(e["weight"] for e in entries)
                weight += i * steps["weight_row"] + j * steps["weight_column"] + k * steps["weight_group"]
                word = tables.weights[weight + (0 if aligned else channel % LANES)]
                assert 0 <= acc < plane * max(1, len(tables.groups) + 8)
                for lane in [channel % LANES] if aligned else range(LANES):
                    stored = word >> lane * bits & (1 << bits) - 1
                    signed = 1 - 2 * stored if bits == 1 else stored - (stored >> bits - 1 << bits)
                    assert (lane, acc) not in found
                    found[lane, acc] = signed
    return found


def expected(p: Projection, shape: tuple[int, int, int], at: tuple[int, int, int]) -> dict:
    """(target channel, row, column) -> weight, of one spike at `at`."""
    channel, y, x = at
    channels, height, width = shape
    kh, kw = p.weight.shape[-2:]
    found = {}
    for ty in range(height):
        for tx in range(width):
            ky = y // p.pool[0] * p.up[0] + p.padding[0] - ty * p.stride[0]
            kx = x // p.pool[1] * p.up[1] + p.padding[1] - tx * p.stride[1]
            if 0 <= ky < kh and 0 <= kx < kw:
                for target in [channel] if p.kind is ALIGNED else range(channels):
                    found[target, ty, tx] = int(
                        p.weight[(target, ky, kx) if p.kind is ALIGNED else (target, channel, ky, kx)]
                    )
    return found


def drawn(seed: int) -> tuple[Projection, Network, tuple[int, int, int], ChipConfig]:
    """A projection of any geometry, its network, the shape of its target and a chip."""
    rng = np.random.default_rng(seed)
    aligned, bits = bool(rng.integers(2)), int(rng.choice((1, 2, 4, 8)))
    channels, out = int(rng.integers(1, 20)), int(rng.integers(1, 20))
    kernel, stride, pool = rng.integers(1, 5, 2), rng.integers(1, 4, 2), rng.integers(1, 3, 2)
    padding = [int(rng.integers(k)) for k in kernel]
    size = [int(rng.integers(k, k + 5) * p) for k, p in zip(kernel, pool, strict=True)]
    target = [
        (size[i] // int(pool[i]) + 2 * padding[i] - int(kernel[i])) // int(stride[i]) + 1 for i in range(2)
    ]
    shape = (channels if aligned else out, target[0], target[1])
    values = (-1, 1) if bits == 1 else range(-(1 << bits - 1), 1 << bits - 1)
    inputs = () if aligned else (channels,)
    weight = rng.choice(list(values), (shape[0], *inputs, *kernel))
    projection = Projection(
        source="a",
        target="b",
        weight=weight,
        stride=(int(stride[0]), int(stride[1])),
        padding=(padding[0], padding[1]),
        pool=(int(pool[0]), int(pool[1])),
        kind=ALIGNED if aligned else DENSE,
    )
    source = Population(name="a", shape=(channels, size[0], size[1]))
    target_population = Population(name="b", shape=(shape[0], target[0], target[1]), neuron=Neuron())
    network = Network(populations=(source, target_population), projections=(projection,), output="b")
    return projection, network, shape, ChipConfig(rows=1, cols=1, lanes=LANES, weight_bits=bits)


def apart(seed: int) -> tuple[Projection, Network, tuple[int, int, int], ChipConfig]:
    """One whose source's pixels have zeros between; some kernels are the same everywhere."""
    projection, network, shape, config = drawn(seed)
    rng = np.random.default_rng((seed, 1))
    up = (int(rng.integers(1, 4)), int(rng.integers(2, 4)))
    weight = projection.weight
    for axis in (0, 1):
        if rng.random() < 0.4:
            weight = np.repeat(np.take(weight, [0], axis - 2), weight.shape[axis - 2], axis - 2)
    source, target = network.populations
    size = [1]  # of a target: anything that the structure allows
    for axis in (0, 1):
        plane = -(-source.shape[1 + axis] // projection.pool[axis]) * up[axis]
        most = (plane - 1 + projection.padding[axis]) // projection.stride[axis] + 1
        size.append(int(rng.integers(1, most + 1)))
    if up[0] == 1:
        size[1] = shape[1]
    made = (shape[0], size[1], size[2])
    projection = replace(projection, up=up, weight=weight)
    network = replace(network, populations=(source, replace(target, shape=made)), projections=(projection,))
    check_structure(network)
    return projection, network, made, config


@pytest.mark.parametrize("seed", range(60))
def test_every_synapse_has_its_weight(seed: int) -> None:
    assert walk_all(seed, *drawn(seed))


@pytest.mark.parametrize("seed", range(40))
def test_every_synapse_of_pixels_apart_has_its_weight(seed: int) -> None:
    walk_all(seed, *apart(seed))


def test_the_draw_of_pixels_apart_has_every_kind() -> None:
    seen = [apart(seed) for seed in range(40)]
    met = [[sum(axis_reach(p, network, axis)) for axis in (0, 1)] for p, network, *_ in seen]
    assert sum(min(each) > 3 for each in met) > 12
    assert sum(min(p.up) > 1 and max(p.stride) > 1 for p, *_ in seen) > 6
    kept = [stored(p, network.populations[0]).shape[-2:] for p, network, *_ in seen]
    fewer = [small != p.weight.shape[-2:] for small, (p, *_) in zip(kept, seen, strict=True)]
    assert 8 < sum(fewer) < 35


def walk_all(
    seed: int, projection: Projection, network: Network, shape: tuple[int, int, int], config: ChipConfig
) -> int:
    """Every spike of a source finds the weights of its definition; how many, zeros included."""
    groups, plane = -(-shape[0] // LANES), shape[1] * shape[2]
    split = seed % groups  # the part's first group: the others are on another core
    parts = [(0, split), (split, groups - split)] if split else [(0, groups)]
    source = network.populations[0].shape
    tables = [(first, build_synapses(projection, network, config, first, n)) for first, n in parts]
    for (first, n), (_, one) in zip(parts, tables, strict=True):
        assert len(one.weights) == weight_words(projection, network, config, first, n)
    met = 0
    for at in np.ndindex(*source):
        found = {}
        for first, one in tables:
            for (lane, acc), weight in walked(
                one, at, config.weight_bits, projection.kind is ALIGNED, plane
            ).items():
                place = ((first + acc // plane) * LANES + lane, *divmod(acc % plane, shape[2]))
                if place[0] < shape[0]:
                    assert place not in found
                    found[place] = weight
        assert found == expected(projection, shape, at)
        met += len(found)
    return met


def test_the_draw_has_every_kind() -> None:
    seen = [drawn(seed) for seed in range(60)]
    assert {config.weight_bits for *_, config in seen} == {1, 2, 4, 8}
    assert {p.kind.tag for p, *_ in seen} == set(KINDS)
    assert sum(max(p.stride) > 1 and max(p.padding) > 0 for p, *_ in seen) > 10
    assert sum(p.kind is ALIGNED and shape[0] > LANES for p, _, shape, _ in seen) > 5


@pytest.mark.parametrize(("channels", "words"), [(3, 3 * 6), (8, 8 * 6), (9, 16 * 6)])
def test_a_group_that_is_not_full_has_a_word_a_channel_if_it_is_the_only_one(
    channels: int, words: int
) -> None:
    populations = (Population(name="a", shape=(channels, 2, 3)), Population(name="b", shape=(5, 1, 1)))
    projection = Projection(source="a", target="b", weight=np.ones((5, channels, 2, 3), int))
    network = Network(populations=populations, projections=(projection,), output="b")
    config = ChipConfig(rows=1, cols=1, lanes=LANES)
    assert weight_words(projection, network, config, 0, 1) == words
    assert len(build_synapses(projection, network, config, 0, 1).weights) == words


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_more_words_than_are_packed_together_stay_in_order(bits: int) -> None:
    rows = np.random.default_rng(bits).integers(-(1 << (bits - 1)), 1 << (bits - 1), (9000, LANES))
    fields = (rows if bits > 1 else rows * -1) % (1 << bits)  # of one bit the sign alone is stored
    powers = [1 << (bits * lane) for lane in range(LANES)]
    found = packed_weights(rows, ChipConfig(rows=1, cols=1, lanes=LANES, weight_bits=bits))
    assert found == [sum(v * p for v, p in zip(row, powers, strict=True)) for row in fields.tolist()]
    assert packed_weights(rows[:0], ChipConfig(rows=1, cols=1, lanes=LANES, weight_bits=bits)) == []
