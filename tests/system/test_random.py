"""Random networks on random chips, every population in lockstep with the golden model.

Building a simulator is what takes time, so a few random chips take many random networks each: 20 networks here, 200 in test-all.
"""

import random

import pytest
from chips import lockstep
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from networks import random_network

from spikeplane.compiler import build_image, place
from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError

pytestmark = pytest.mark.cosim


def random_chip(seed: int) -> ChipConfig:
    """Any mesh, lanes and widths; memories large enough for most of the networks."""
    rng = random.Random(seed)
    rows, cols = rng.choice([(1, 1), (1, 2), (2, 1), (2, 2), (1, 3)])
    return ChipConfig(
        rows=rows, cols=cols, lanes=rng.choice([8, 8, 16]), weight_bits=rng.choice([1, 2, 4, 8]), acc_bits=rng.randint(16, 26),
        membrane_bits=rng.randint(10, 24), weight_depth=1 << 14, acc_depth=2048, membrane_depth=2048,
        max_shift=rng.choice([3, 7, 25]), leak_multiplier=rng.random() < 0.7, coord_bits=rng.randint(3, 7),
    )  # fmt: skip


def check(chip: ChipConfig, seed: int) -> None:
    network, inputs = random_network(seed, chip)
    names = [p.name for p in network.populations if p.neuron is not None]
    try:
        build_image(network, place(network, chip), chip, names)
    except SpikeplaneError as error:
        note(f"does not fit: {error}")
        return
    result = lockstep(network, inputs, chip)
    assert result.mismatches == 0, f"network {seed} on chip {chip}: {result}"


COMMON = {
    "deadline": None,
    "derandomize": True,
    "phases": (Phase.explicit, Phase.generate),
    "suppress_health_check": list(HealthCheck),
}


@settings(max_examples=20, **COMMON)
@given(chip=st.integers(0, 3), seed=st.integers(0, 1 << 31))
def test_random_networks(chip: int, seed: int) -> None:
    check(random_chip(chip), seed)


@pytest.mark.slow
@settings(max_examples=200, **COMMON)
@given(chip=st.integers(10, 25), seed=st.integers(0, 1 << 31))
def test_many_random_networks(chip: int, seed: int) -> None:
    check(random_chip(chip), seed)
