"""Random networks that mix attention, integer spikes, numbers by step, values without their lowest planes, and whatever else a
network has, on chips that have it all: golden model, chip and a numpy reference agree, and so do every core's counters, while
the host is slow at random."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from chips import probes
from mixed import OPTIONS, held, mixed
from reference import reference
from test_random import Drawn, chip, compared, user_path

from spikeplane.config import ChipConfig
from spikeplane.network import Network, is_stepped
from spikeplane.run.lockstep import compare
from spikeplane_sim.golden import GoldenModel

FEW, MANY = 5, 50
#: Of gates.
GATES = (
    "gates", "gated values", "a gate from a table", "a gate of a channel", "a gate of a pixel",
)  # fmt: skip


def everything(config: ChipConfig, dynamic_bits: int) -> ChipConfig:
    """With all options, and room."""
    return replace(
        config, low_planes=True, levels=True, step_bits=3, dynamic_depth=1024, dynamic_bits=dynamic_bits, populations=16,
        projections=128, acc_depth=2048, membrane_depth=2048, weight_depth=1 << 16, parameter_depth=1024, row_depth=512,
        column_depth=512, group_depth=1024, egress_depth=256,
    )  # fmt: skip


#: One core and 2 x 2; 8, 16 and 32 lanes; weights of 1, 2, 4 and 8 bits; with and without multipliers.
CHIPS = {
    "core-8": everything(chip("1x1", 8, 8, True, 24, 16, 17), 5),
    "square-8": everything(chip("2x2", 8, 1, False, 22, 16, 15), 6),
    "core-16": everything(chip("1x1", 16, 2, False, 20, 18, 9), 7),
    "square-16": everything(chip("2x2", 16, 4, True, 32, 24, 31), 16),
    "core-32": everything(chip("1x1", 32, 1, True, 18, 12, 11), 5),
    "square-32": everything(chip("2x2", 32, 8, True, 24, 16, 15), 6),
}

#: With gates and tables too.
GATED = {
    name: replace(CHIPS[name], gates=True, tables=2, dynamic_bits=max(9, CHIPS[name].dynamic_bits))
    for name in ("core-8", "square-16")
}


def facts(networks: list[Drawn], config: ChipConfig) -> Counter[str]:
    """What the networks have together (`mixed.held`), and of what they do: levels by value, steps with weights of their own
    that a source spikes into."""
    found: Counter[str] = Counter()
    for _, network, planes in networks:
        found += held(network, config.lanes)
        made = reference(network, planes, membrane_bits=config.membrane_bits, acc_bits=config.acc_bits)
        found += _done(network, made.outputs)
    return found


def _done(network: Network, outputs: dict[str, np.ndarray]) -> Counter[str]:
    found: Counter[str] = Counter()
    for p in network.populations:
        if p.neuron is not None and p.neuron.kind.whole:
            found.update(f"level {level}" for level in np.unique(outputs[p.name]))
    for p in network.projections:
        if is_stepped(p):
            fired = outputs[p.source][:, : network.steps - p.delay].any((0, 2, 3, 4))
            found.update(f"step {t + p.delay}" for t in np.flatnonzero(fired))
    return found


def checked(config: ChipConfig, count: int, first: int = 0) -> Counter[str]:
    """Of so many networks, from a seed on, with a host that is slow at random."""
    seen: Counter[str] = Counter()
    networks = user_path(config, count, lambda seed, config: mixed(first + seed, config))
    compared(config, networks, seen, stalls=first + config.lanes)
    found = facts(networks, config)
    print(dict(seen), dict(sorted(found.items())))
    assert seen["networks"] == count
    assert seen["spikes"] > 50 * count
    assert seen["silent"] == 0
    return found


def test_gates_with_everything() -> None:
    """Golden model and numpy."""
    config = GATED["core-8"]
    networks = [(seed, *mixed(seed, config)) for seed in (2, 4, 7, 9, 16)]
    for seed, network, planes in networks:
        made = reference(network, planes, membrane_bits=config.membrane_bits, acc_bits=config.acc_bits)
        golden = GoldenModel(network, membrane_bits=config.membrane_bits, acc_bits=config.acc_bits).run(
            planes
        )
        found = compare(network, golden, made.outputs, names=probes(network))
        assert found.mismatches == 0, f"seed {seed}: {found}"
    seen = facts(networks, config)
    print(dict(seen))
    assert min(seen[name] for name in GATES) > 0


@pytest.mark.cosim
def test_everything_at_once() -> None:
    found = checked(CHIPS["core-8"], FEW, first=15)
    assert min(found[name] for name in OPTIONS) >= 2
    assert found["several heads of words"]
    assert all(found[f"step {t}"] for t in range(6))
    assert all(found[f"level {n}"] for n in range(4))


@pytest.mark.cosim
@pytest.mark.slow
@pytest.mark.parametrize("name", CHIPS)
def test_many_with_everything(name: str) -> None:
    found = checked(CHIPS[name], MANY)
    assert min(found[name] for name in OPTIONS) > MANY // 4
    assert found["several heads of words"] > 2
    assert all(found[f"step {t}"] for t in range(6))
    assert all(found[f"level {n}"] for n in range(6))


@pytest.mark.cosim
@pytest.mark.slow
@pytest.mark.parametrize("name", GATED)
def test_many_with_gates(name: str) -> None:
    found = checked(GATED[name], MANY)
    assert min(found[kind] for kind in GATES) > 0
