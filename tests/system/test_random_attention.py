"""Random networks with attention, on chips of every shape that have a dynamic memory: golden model, chip and a numpy reference
agree, and so do every core's counters, with heads of less than a word, a word, and more, of one core and of several."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from attention_drawn import attention
from chips import probes
from networks import Planes, random_network
from reference import reference
from test_random import CHIPS, OPERATOR_CHIPS, check, user_path

from spikeplane.config import ChipConfig
from spikeplane.network import Network, Pair
from spikeplane.run.lockstep import compare
from spikeplane_sim.golden import GoldenModel

FEW, MANY = 3, 30
WIDE = {
    name: replace(
        config, dynamic_depth=1024, dynamic_bits=min(5 + number, config.acc_bits - 1), populations=16, projections=128, acc_depth=1024
    )
    for number, (name, config) in enumerate(OPERATOR_CHIPS.items())
    if config.weight_bits > 1
}  # fmt: skip


def drawn(seed: int, config: ChipConfig) -> tuple[Network, Planes]:
    """The first random network, from the seed on, with attention."""
    for again in range(200):
        network, planes = random_network(1000 * seed + again, config, 2, kinds=((0.6, attention),))
        if any(p.dynamic for p in network.projections):
            return network, planes
    raise AssertionError(f"no network with attention from seed {seed} on")


def sizes(networks: list[Network], config: ChipConfig) -> Counter[str]:
    """How many heads there are of which size."""
    found: Counter[str] = Counter()
    for network in networks:
        for p in network.projections:
            if isinstance(p.dynamic, Pair):
                size = p.weight.shape[0] // p.dynamic.heads
                found["less" if size < config.lanes else "a word" if size == config.lanes else "more"] += 1
    return found


def test_golden_against_numpy() -> None:
    """And attention that adds up."""
    config, largest = WIDE["core-8"], 0
    networks = [drawn(seed, config) for seed in range(12)]
    for network, planes in networks:
        made = reference(network, planes, membrane_bits=config.membrane_bits, acc_bits=config.acc_bits)
        golden = GoldenModel(network, membrane_bits=config.membrane_bits, acc_bits=config.acc_bits).run(
            planes
        )
        assert (
            compare(network, golden, {name: made.outputs[name] for name in probes(network)}).mismatches == 0
        )
        names = [p.target for p in network.projections if p.dynamic]
        largest = max(largest, *(int(np.ptp(made.currents[name])) for name in names))
    assert largest > 8
    assert len(sizes([network for network, _ in networks], config)) == 3


@pytest.mark.cosim
def test_attention_on_a_mesh() -> None:
    seen: Counter[str] = Counter()
    check(CHIPS["mesh"], FEW, seen, drawn)
    assert seen["networks"] == FEW
    assert seen["spikes"] > 50 * FEW


@pytest.mark.cosim
@pytest.mark.slow
@pytest.mark.parametrize("name", WIDE)
def test_many_with_attention(name: str) -> None:
    seen: Counter[str] = Counter()
    check(WIDE[name], MANY, seen, drawn)
    found = sizes([network for _, network, _ in user_path(WIDE[name], MANY, drawn)], WIDE[name])
    print(dict(seen), dict(found))
    assert seen["networks"] == MANY
    assert seen["spikes"] > 50 * MANY
    assert len(found) == 3
