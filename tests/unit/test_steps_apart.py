"""Blocks of 0 between steps in channels: every synapse still has its weight, fewer words are stored, and nothing of other
networks changes."""

from dataclasses import replace

import numpy as np
import pytest
from test_synapses import LANES, drawn, expected, walked

from spikeplane.compiler.steps_apart import met_groups
from spikeplane.compiler.synapses import build_synapses, weight_words
from spikeplane.config import ChipConfig
from spikeplane.network import DENSE, Network, Projection


def steps(seed: int) -> tuple[Projection, Network, ChipConfig]:
    """A dense projection between steps in channels, a random set of whose blocks is 0."""
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
        replace(source, shape=(c * count, *source.shape[1:]), fold=count),
        replace(target, shape=(o * count, *target.shape[1:]), fold=count),
    )
    projection = replace(projection, weight=weight)
    return projection, replace(network, populations=populations, projections=(projection,)), config


def stored(projection: Projection, network: Network, config: ChipConfig) -> int:
    groups = -(-network.populations[1].shape[0] // LANES)
    return weight_words(projection, network, config, 0, groups)


@pytest.mark.parametrize("seed", range(24))
def test_every_synapse_has_its_weight(seed: int) -> None:
    """What is not walked is 0; parts of a population that is split have tables of their own."""
    projection, network, config = steps(seed)
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
    seen = [steps(seed) for seed in range(24)]
    plain = [
        stored(p, replace(n, populations=tuple(replace(q, fold=1) for q in n.populations)), c)
        for p, n, c in seen
    ]
    fewer = [stored(*one) < whole for one, whole in zip(seen, plain, strict=True)]
    assert 6 < sum(fewer) < 24
    assert all(stored(*one) <= whole for one, whole in zip(seen, plain, strict=True))


def test_triangles_are_stored_as_triangles() -> None:
    """Four steps of as many channels as a core has lanes: 10 of 16 blocks."""
    projection, network, config = steps(1)
    mask = np.tril(np.ones((4, 4), np.int64))
    weight = np.kron(mask, np.ones((LANES, LANES), np.int64))[:, :, None, None]
    populations = tuple(replace(p, shape=(4 * LANES, 3, 3), fold=4) for p in network.populations)
    projection = replace(projection, weight=weight, stride=(1, 1), padding=(0, 0), pool=(1, 1))
    network = replace(network, populations=populations, projections=(projection,))
    assert stored(projection, network, config) == 10 * LANES
    assert met_groups(projection, network, config, 0, 4) == [(0, 4), (1, 4), (2, 4), (3, 4)]
    assert met_groups(projection, network, config, 2, 2) == [(0, 2), (0, 2), (0, 2), (1, 2)]
    whole = replace(network, populations=(replace(populations[0], fold=1), populations[1]))
    assert met_groups(projection, whole, config, 0, 4) is None
    assert stored(projection, whole, config) == 16 * LANES
