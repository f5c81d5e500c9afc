"""Random networks whose values leave their lowest planes out, on chips of every shape: golden model, chip and a numpy
reference agree, and so do every core's counters."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from networks import Planes, random_network
from test_random import OPERATOR_CHIPS, check, user_path

from spikeplane.config import ChipConfig
from spikeplane.network import Network

MANY = 30
#: `core-8` and `mesh` send planes from `low` on in the other random networks too.
CHIPS = {name: replace(config, low_planes=True) for name, config in OPERATOR_CHIPS.items()}


def drawn(seed: int, config: ChipConfig) -> tuple[Network, Planes]:
    """The first random network, from the seed on, in which values leave planes out."""
    for again in range(200):
        network, planes = random_network(1000 * seed + again, config)
        if any(_low(network)):
            return network, planes
    raise AssertionError(f"no network with low planes from seed {seed} on")


def _low(network: Network) -> list[int]:
    return [p.neuron.low for p in network.populations if p.neuron is not None and p.neuron.low > 0]


@pytest.mark.cosim
@pytest.mark.slow
@pytest.mark.parametrize("name", CHIPS)
def test_many_with_planes_left_out(name: str) -> None:
    seen: Counter[str] = Counter()
    check(CHIPS[name], MANY, seen, drawn)
    left_out = [low for _, network, _ in user_path(CHIPS[name], MANY, drawn) for low in _low(network)]
    print(dict(seen), np.bincount(left_out).tolist())
    assert seen["networks"] == MANY
    assert seen["spikes"] > 50 * MANY
    assert len(left_out) >= MANY
    assert max(left_out) > min(left_out)
