"""Random networks with integer spikes, on chips of every shape: golden model, chip and a numpy reference agree, and so do
every core's counters."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from networks import Planes, random_network
from test_random import OPERATOR_CHIPS, check, user_path
from test_random_mixed import CHIPS as MIXED

from spikeplane.config import ChipConfig
from spikeplane.network import Network

FEW, MANY = 8, 30
CHIPS = {name: replace(config, levels=True) for name, config in OPERATOR_CHIPS.items()}


def drawn(seed: int, config: ChipConfig) -> tuple[Network, Planes]:
    """The first random network, from the seed on, with integer spikes that another layer takes."""
    for again in range(200):
        network, planes = random_network(1000 * seed + again, config, levels=0.6)
        if any(network.outgoing(name) for name in _whole(network)):
            return network, planes
    raise AssertionError(f"no network with integer spikes from seed {seed} on")


def _whole(network: Network) -> dict[str, int]:
    """The populations that send them, and their tops."""
    found = [p for p in network.populations if p.neuron is not None and p.neuron.kind.whole]
    return {p.name: p.neuron.values(8)[1] for p in found if p.neuron is not None}


def checked(config: ChipConfig, count: int) -> None:
    seen: Counter[str] = Counter()
    check(config, count, seen, drawn)
    networks = [network for _, network, _ in user_path(config, count, drawn)]
    tops = [top for network in networks for top in _whole(network).values()]
    print(dict(seen), np.bincount(tops).tolist())
    assert seen["networks"] == count
    assert seen["spikes"] > 50 * count
    assert len(tops) >= count
    assert len(set(tops)) > 3


@pytest.mark.cosim
def test_integer_spikes() -> None:
    """On a chip that other tests build."""
    checked(MIXED["core-8"], FEW)


@pytest.mark.cosim
@pytest.mark.slow
@pytest.mark.parametrize("name", CHIPS)
def test_many_with_integer_spikes(name: str) -> None:
    checked(CHIPS[name], MANY)
