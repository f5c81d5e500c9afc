"""Random networks on a fixed list of chips: golden model, chip and a numpy reference of its own
agree in every value, and every core's counters are what the outputs say.

Building a simulator is what takes time, so ten chips take many networks each, on one board, one
program after the other.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from chips import Chip, probes
from counts import expected_counts
from features import ALL, features
from networks import random_network
from reference import presentations, reference

from spikeplane.compiler.fit import try_fit
from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.network import MEMBRANE, Network, Neuron, Population, Projection
from spikeplane.program.bounds import prove
from spikeplane.run.lockstep import compare
from spikeplane_sim.golden import GoldenModel


def chip(
    mesh: str,
    lanes: int,
    weight: int,
    multiplier: bool,
    acc: int,
    membrane: int,
    shift: int,
    *,
    low: bool = False,
    **fields: Any,
) -> ChipConfig:
    """A chip of `mesh` rows x columns with memories for small networks."""
    rows, cols = (int(n) for n in mesh.split("x"))
    return ChipConfig(
        rows=rows,
        cols=cols,
        lanes=lanes,
        weight_bits=weight,
        leak_multiplier=multiplier,
        low_planes=low,
        acc_bits=acc,
        membrane_bits=membrane,
        max_shift=shift,
        weight_depth=1 << 13,
        acc_depth=512,
        membrane_depth=512,
        parameter_depth=128,
        populations=4,
        projections=24,
        row_depth=128,
        column_depth=128,
        group_depth=128,
        egress_depth=128,
        coord_bits=4,
        group_bits=4,
        **fields,
    )


#: Weight bits 1, 2, 4, 8; 8, 16 and 32 lanes; with and without multipliers, and low planes left out; a dynamic memory; both
#: ends of both widths; four shapes of meshes; one spike a cycle or two; shifts by logic or by multipliers.
CHIPS = {
    "core-8": chip("1x1", 8, 8, True, 24, 16, 17, low=True),
    "core-16": chip("1x1", 16, 4, True, 32, 32, 31, spikes_per_cycle=2),
    "core-32": chip("1x1", 32, 2, False, 12, 8, 7),
    "row": chip("1x4", 8, 1, False, 22, 12, 11, spikes_per_cycle=2, shift_multiplier=True),
    "mesh": chip(
        "2x3", 8, 8, False, 32, 24, 15, low=True, dynamic_depth=256, dynamic_bits=6, shift_multiplier=True
    ),
    "column": chip("4x1", 8, 2, True, 20, 18, 7),
}
MORE_CHIPS = {
    "core-32-wide": chip("1x1", 32, 1, True, 32, 32, 31),
    "row-16": chip("1x4", 16, 4, False, 12, 32, 3),
    "mesh-4": chip("2x3", 8, 4, True, 16, 8, 9),
    "column-8": chip("4x1", 8, 8, True, 18, 20, 0),
}
#: Those of the slow random networks of one kind: gates, steps in channels, pixels apart, groups, planes left out.
OPERATOR_CHIPS = CHIPS | {"core-32-wide": MORE_CHIPS["core-32-wide"]}
NETWORKS, MANY = 8, 30

Drawn = tuple[int, Network, dict[str, np.ndarray]]
Draw = Callable[[int, ChipConfig], tuple[Network, dict[str, np.ndarray]]]


def user_path(config: ChipConfig, count: int, draw: Draw = random_network) -> list[Drawn]:
    """`count` networks that the compiler's own checks pass; what does not fit is drawn again."""
    found = []
    for seed in range(4 * count):
        network, inputs = draw(seed, config)
        prove(network, config)
        try:
            try_fit(network, config, probes(network))
        except SpikeplaneError:
            continue
        found.append((seed, network, inputs))
        if len(found) == count:
            return found
    raise AssertionError(f"only {len(found)} of {4 * count} networks fit")


def check(config: ChipConfig, count: int, seen: Counter[str], draw: Draw = random_network) -> None:
    """`compared` on `count` networks that fit."""
    compared(config, user_path(config, count, draw), seen)


def compared(
    config: ChipConfig, networks: list[Drawn], seen: Counter[str], stalls: int | None = None
) -> None:
    """Golden, chip and numpy on the networks, in every population, step and neuron, and the counters of every core.
    stalls: the seed of a host that is slow (`chips.Slow`)."""
    ran = 0
    with Chip(config, stalls) as device:
        for seed, network, inputs in networks:
            made = presentations(
                network, inputs, membrane_bits=config.membrane_bits, acc_bits=config.acc_bits
            )
            expected = {name: made[-1].outputs[name] for name in probes(network)}
            golden = GoldenModel(network, membrane_bits=config.membrane_bits, acc_bits=config.acc_bits).run(
                inputs
            )
            found = compare(network, golden, expected)
            assert found.mismatches == 0, f"seed {seed}: golden against numpy (here golden): {found}"
            driver = device.load(network)
            outputs = driver.run(inputs)
            found = compare(network, outputs, expected, names=probes(network))
            assert found.mismatches == 0, f"seed {seed}: chip against numpy (here golden): {found}"
            every = {name: np.concatenate([one.outputs[name] for one in made]) for name in made[-1].outputs}
            counts = expected_counts(network, every, driver.placement, config, probes(network))
            assert device.counts(driver) == counts, f"seed {seed}"
            seen["values"] += found.values
            seen["spikes"] += found.spikes
            seen["silent"] += sum(not values.any() for values in expected.values())
            seen["populations"] += len(expected)
            ran += 1
    seen["networks"] += ran


def assert_active(seen: Counter[str], networks: int) -> None:
    """Every network ran, and most of their populations had something to say."""
    print(dict(seen))
    assert seen["networks"] == networks
    assert seen["silent"] <= seen["populations"] // 8
    assert seen["spikes"] > 150 * networks


@pytest.mark.cosim
@pytest.mark.parametrize("name", CHIPS)
def test_random_networks(name: str) -> None:
    seen: Counter[str] = Counter()
    check(CHIPS[name], NETWORKS, seen)
    assert_active(seen, NETWORKS)


@pytest.mark.cosim
@pytest.mark.slow
@pytest.mark.parametrize("name", [*CHIPS, *MORE_CHIPS])
def test_many_random_networks(name: str) -> None:
    seen: Counter[str] = Counter()
    check((CHIPS | MORE_CHIPS)[name], MANY, seen)
    assert_active(seen, MANY)


def test_the_networks_have_everything() -> None:
    """Over the chips of `make test`: every feature several times, both limits reached in many populations."""
    seen: Counter[str] = Counter()
    for config in CHIPS.values():
        for _, network, inputs in user_path(config, NETWORKS):
            made = reference(network, inputs, membrane_bits=config.membrane_bits, acc_bits=config.acc_bits)
            assert not made.exceeded, "the compiler's proof let an overflow pass"
            seen.update(features(network, made, config))
    print(dict(seen))
    assert {name: seen[name] for name in ALL if seen[name] < 3} == {}
    assert min(seen["saturated up"], seen["saturated down"]) >= 15


@pytest.mark.cosim
def test_lanes_beyond_a_readout_are_counted() -> None:
    """With weights of 1 bit they hold membranes too, which are sent, and which nobody reads."""
    config, rng = CHIPS["row"], np.random.default_rng(0)
    read = Population(name="read", shape=(5, 1, 1), neuron=Neuron(reset="none", kind=MEMBRANE))
    weight = rng.choice([-1, 1], (5, 13, 1, 1))
    network = Network(
        populations=(Population(name="in", shape=(13, 1, 1)), read),
        output="read",
        steps=6,
        projections=(Projection(source="in", target="read", weight=weight),),
    )
    inputs = {"in": (rng.random((3, 6, 13, 1, 1)) < 0.4).astype(np.uint8)}
    expected = reference(
        network, inputs, membrane_bits=config.membrane_bits, acc_bits=config.acc_bits
    ).outputs
    with Chip(config) as device:
        driver = device.load(network)
        outputs = driver.run(inputs)
        assert compare(network, outputs, expected).mismatches == 0
        counts = expected_counts(network, {**inputs, **outputs}, driver.placement, config, ["read"])
        assert device.counts(driver) == counts
    fewer = sum(int((outputs["read"] >> bit & 1).any(2).sum()) for bit in range(config.membrane_bits))
    assert sum(core.packets for core in counts.values()) > fewer
