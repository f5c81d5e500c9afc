"""Random networks that mix attention, integer spikes, numbers by step, gates, tables, samples that are presented again, values
without their lowest planes, and whatever else a network has, on chips that have it all: golden model, chip and a numpy reference
agree, and so do every core's counters, while the host is slow at random."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from mixed import OPTIONS, held, mixed
from reference import reference
from test_random import Drawn, chip, compared, user_path

from spikeplane.config import ChipConfig
from spikeplane.network import Network, is_stepped

FEW, MANY = 5, 50
#: Of gates, on chips that have values of any number of channels, and of what goes with them.
GATES = (
    "gates", "gated values", "a gate from a table", "a gate of a channel", "a gate of a pixel", "a table", "kept",
)  # fmt: skip
#: What is to be in a quarter of the networks, and all of it in some.
TOGETHER = ("attention", "levels", "steps", "gates")


def everything(config: ChipConfig, dynamic_bits: int) -> ChipConfig:
    """With all options, and room."""
    return replace(
        config, low_planes=True, levels=True, step_bits=3, dynamic_depth=1024, dynamic_bits=dynamic_bits, populations=16,
        gates=True, tables=4, presentations=3,
        projections=128, acc_depth=2048, membrane_depth=2048, weight_depth=1 << 17, parameter_depth=1024, row_depth=512,
        column_depth=512, group_depth=1024, egress_depth=256,
    )  # fmt: skip


#: One core and 2 x 2; 8, 16 and 32 lanes; weights of 1, 2, 4 and 8 bits; with and without multipliers; one spike a cycle
#: or two.
CHIPS = {
    "core-8": everything(chip("1x1", 8, 8, True, 24, 16, 17), 5),
    "square-8": everything(chip("2x2", 8, 1, False, 22, 16, 15), 6),
    "core-16": everything(chip("1x1", 16, 2, False, 20, 18, 9), 7),
    "square-16": everything(chip("2x2", 16, 4, True, 32, 24, 31, spikes_per_cycle=2), 16),
    "core-32": everything(chip("1x1", 32, 1, True, 18, 12, 11, spikes_per_cycle=2), 5),
    "square-32": everything(chip("2x2", 32, 8, True, 24, 16, 15), 6),
}


def facts(networks: list[Drawn], config: ChipConfig) -> Counter[str]:
    """What the networks have together (`mixed.held`), and of what they do: levels by value, steps with weights of their own
    that a source spikes into."""
    found: Counter[str] = Counter()
    for _, network, planes in networks:
        here = held(network, config.lanes)
        found += here
        found.update(f"a network of {name}" for name in TOGETHER if here[name])
        found["a network of all"] += all(here[name] for name in TOGETHER)
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


@pytest.mark.cosim
def test_everything_at_once() -> None:
    found = checked(CHIPS["core-8"], FEW, first=12)
    assert min(found[name] for name in OPTIONS) >= 2
    assert min(found[name] for name in GATES) > 0
    assert found["a network of all"]
    assert all(found[f"step {t}"] for t in range(6))
    assert all(found[f"level {n}"] for n in range(4))


@pytest.mark.cosim
@pytest.mark.slow
@pytest.mark.parametrize("name", CHIPS)
def test_many_with_everything(name: str) -> None:
    found = checked(CHIPS[name], MANY)
    assert min(found[name] for name in OPTIONS) > MANY // 4
    assert min(found[f"a network of {name}"] for name in TOGETHER) > MANY // 4
    assert found["a network of all"] > 2
    assert min(found[name] for name in (GATES if CHIPS[name].weight_bits > 1 else ("gates", "kept"))) > 1
    assert found["several heads of words"] > 2
    assert all(found[f"step {t}"] for t in range(6))
    assert all(found[f"level {n}"] for n in range(6))
