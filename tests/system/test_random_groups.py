"""Random networks whose channel groups do not all meet: convolutions in groups of whole lanes and of less, blocks of 0,
sources that reach nothing. Golden model, chip and a numpy reference agree, and so do every core's counters, which count
the words that are walked."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from chips import probes
from networks import Planes, random_network
from test_random import CHIPS, OPERATOR_CHIPS, check, user_path

from spikeplane.compiler.blocks import met_groups
from spikeplane.compiler.fit import try_fit
from spikeplane.config import ChipConfig
from spikeplane.network import DENSE, Network, Projection

FEW, MANY = 3, 30


def drawn(seed: int, config: ChipConfig) -> tuple[Network, Planes]:
    """A random network, its dense projections with blocks of 0."""
    network, planes = random_network(seed, config)
    rng = np.random.default_rng([seed, 11])
    return replace(network, projections=tuple(_blocks(rng, p, config) for p in network.projections)), planes


def _blocks(rng: np.random.Generator, p: Projection, config: ChipConfig) -> Projection:
    """By source group a range of target groups; on chips that store zeros others among them, and groups of any size."""
    if p.kind is not DENSE or rng.random() < 0.2:
        return p
    out, into = p.weight.shape[:2]
    targets, sources = -(-out // config.lanes), -(-into // config.lanes)
    low, high = np.sort(rng.integers(0, targets + 1, (2, sources)), 0)
    each = np.arange(targets)[:, None]
    mask = (each >= low) & (each < high)
    if not mask.any():
        mask[rng.integers(targets), rng.integers(sources)] = True
    zeros = config.weight_bits > 1 and rng.random() < 0.5
    if zeros:
        mask &= rng.random(mask.shape) < 0.7
    whole = np.kron(mask, np.ones((config.lanes, config.lanes), bool))[:out, :into]
    if zeros and rng.random() < 0.5:
        count = int(rng.integers(1, 5))
        whole = np.arange(out)[:, None] * count // out == np.arange(into) * count // into
    return replace(p, weight=np.where(whole[:, :, None, None], p.weight, 0))


def left_out(config: ChipConfig, count: int) -> int:
    """Projections into parts that do not meet all of their sources."""
    total = 0
    for _, network, _ in user_path(config, count, drawn):
        placement, _ = try_fit(network, config, probes(network))
        for p in network.projections:
            parts = [met_groups(p, network, config, q.first, q.groups) for q in placement.of(p.target)]
            total += any(met is not None for met in parts)
    return total


def checked(config: ChipConfig, count: int) -> None:
    seen: Counter[str] = Counter()
    check(config, count, seen, drawn)
    print(dict(seen))
    assert seen["networks"] == count
    assert seen["spikes"] > 30 * count
    assert left_out(config, count) > count // 2


@pytest.mark.cosim
@pytest.mark.parametrize("name", ["core-16", "row"])
def test_groups(name: str) -> None:
    checked(CHIPS[name], FEW)


@pytest.mark.cosim
@pytest.mark.slow
@pytest.mark.parametrize("name", OPERATOR_CHIPS)
def test_many_groups(name: str) -> None:
    checked(OPERATOR_CHIPS[name], MANY)
