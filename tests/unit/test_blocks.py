"""Blocks of 0 between channel groups: every synapse still has its weight, fewer words are stored, and nothing of
networks without them changes."""

from dataclasses import replace

import numpy as np
import pytest
from test_synapses import LANES, drawn, expected, walked

from spikeplane.compiler.blocks import met_groups
from spikeplane.compiler.synapses import build_synapses, weight_words
from spikeplane.config import ChipConfig, preset
from spikeplane.errors import SpikeplaneError
from spikeplane.network import DENSE, Network, Population, Projection
from spikeplane.program.values import check_weights


def blocked(seed: int) -> tuple[Projection, Network, ChipConfig]:
    """A dense projection a random set of whose blocks of channels, lanes or not, is 0."""
    while True:
        projection, network, _, config = drawn(seed)
        if projection.kind is DENSE and config.weight_bits > 1:
            break
        seed += 1000
    rng = np.random.default_rng(seed)
    count, (c, o) = int(rng.integers(2, 5)), rng.integers(1, 12, 2)
    kernel = projection.weight.shape[2:]
    mask = np.tril(np.ones((count, count))) if seed % 2 else rng.random((count, count)) < 0.4
    weight = np.kron(mask, np.ones((o, c)))[:, :, None, None] * rng.integers(
        1, 2, (o * count, c * count, *kernel)
    )
    weight = weight.astype(np.int64) * rng.choice([-1, 1], weight.shape)
    source, target = network.populations
    populations = (
        replace(source, shape=(c * count, *source.shape[1:])),
        replace(target, shape=(o * count, *target.shape[1:])),
    )
    projection = replace(projection, weight=weight)
    return projection, replace(network, populations=populations, projections=(projection,)), config


def stored(projection: Projection, network: Network, config: ChipConfig) -> int:
    groups = -(-network.populations[1].shape[0] // LANES)
    return weight_words(projection, network, config, 0, groups)


def whole(projection: Projection, network: Network) -> int:
    """Words of all blocks."""
    sources, targets = (-(-p.shape[0] // LANES) for p in network.populations)
    slots = min(LANES, network.populations[0].shape[0])
    return slots * sources * targets * projection.weight[0, 0].size


@pytest.mark.parametrize("seed", range(24))
def test_every_synapse_has_its_weight(seed: int) -> None:
    """What is not walked is 0; parts of a population that is split have tables of their own."""
    projection, network, config = blocked(seed)
    shape = network.populations[1].shape
    groups, plane = -(-shape[0] // LANES), shape[1] * shape[2]
    split = seed % groups
    for first, count in [(0, split), (split, groups - split)] if split else [(0, groups)]:
        one = build_synapses(projection, network, config, first, count)
        assert len(one.weights) == weight_words(projection, network, config, first, count)
        for at in np.ndindex(*network.populations[0].shape):
            found = {
                ((first + acc // plane) * LANES + lane, *divmod(acc % plane, shape[2])): weight
                for (lane, acc), weight in walked(one, at, config.weight_bits, False, plane).items()
            }
            for place, weight in expected(projection, shape, at).items():
                if first <= place[0] // LANES < first + count:
                    assert found.pop(place, 0) == weight
            assert not any(found.values())


def test_the_draw_leaves_blocks_out() -> None:
    seen = [blocked(seed) for seed in range(24)]
    assert 6 < sum(stored(p, n, c) < whole(p, n) for p, n, c in seen) < 24
    assert all(stored(p, n, c) <= whole(p, n) for p, n, c in seen)


def test_triangles_are_stored_as_triangles() -> None:
    """Four times as many channels as a core has lanes, in a triangle: 10 of 16 blocks."""
    projection, network, config = blocked(1)
    mask = np.tril(np.ones((4, 4), np.int64))
    weight = np.kron(mask, np.ones((LANES, LANES), np.int64))[:, :, None, None]
    populations = tuple(replace(p, shape=(4 * LANES, 3, 3)) for p in network.populations)
    projection = replace(projection, weight=weight, stride=(1, 1), padding=(0, 0), pool=(1, 1))
    network = replace(network, populations=populations, projections=(projection,))
    assert stored(projection, network, config) == 10 * LANES
    assert met_groups(projection, network, config, 0, 4) == [(0, 4), (1, 4), (2, 4), (3, 4)]
    assert met_groups(projection, network, config, 2, 2) == [(0, 2), (0, 2), (0, 2), (1, 2)]
    filled = replace(projection, weight=np.ones_like(weight))
    assert met_groups(filled, network, config, 0, 4) is None
    assert stored(filled, network, config) == whole(filled, network) == 16 * LANES


def test_weights_of_0_are_not_stored() -> None:
    """All of a projection, and all of a source group: a spike there visits nothing."""
    projection, network, config = blocked(1)
    projection = replace(projection, weight=0 * projection.weight)
    network = replace(network, projections=(projection,))
    assert stored(projection, network, config) == 0
    made = build_synapses(projection, network, config, 0, -(-network.populations[1].shape[0] // LANES))
    assert made.weights == []
    assert {entry["count"] for entry in made.groups} == {0}


def test_a_block_is_met_by_any_position_of_its_kernels() -> None:
    weight = np.zeros((2, 2, 3, 3), dtype=np.int64)
    weight[0, 1, 1, 2] = weight[1, 0, 2, 0] = -1
    linked = DENSE.linked(weight, 2)
    assert linked is not None
    assert linked.tolist() == [[False, True], [True, False]]


def test_a_chip_of_one_bit_takes_zeros_only_where_no_core_stores_them() -> None:
    config = replace(preset("tiny"), weight_bits=1)
    lanes = config.lanes
    weight = np.kron(np.eye(2, dtype=np.int64), np.ones((lanes, lanes), dtype=np.int64))[:, :, None, None]
    source = Population(name="in", shape=(2 * lanes, 1, 1))
    projection = Projection(source="in", target="out", kind=DENSE, weight=weight)
    check_weights(projection, source, config)
    weight = weight.copy()
    weight[1, 2] = 0
    with pytest.raises(SpikeplaneError) as refused:
        check_weights(replace(projection, weight=weight), source, config)
    said = "projection 'in' to 'out': weights must be +1 or -1 on a chip with 1-bit weights, not 0"
    assert str(refused.value) == said
