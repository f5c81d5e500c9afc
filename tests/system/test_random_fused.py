"""Random networks on chips with fused words: golden model, chip and numpy agree in every value, and the counters of every core."""

from collections import Counter
from dataclasses import replace
from functools import partial

import pytest
from features import ALL, features
from fused_drawn import fused_network
from reference import reference
from test_random import CHIPS, assert_active, check, chip, user_path

from spikeplane.config import ChipConfig

NETWORKS, MANY = 8, 30


def fused(name: str, **fields: object) -> ChipConfig:
    """A chip of `test_random` with fused words."""
    return replace(CHIPS[name], fused=True, **fields)


#: Leaks by multipliers and by shifts, one spike a cycle and two, shifts by logic and by multipliers, tables that share memories, integer
#: spikes; a word of one bit more than its membrane, and the widest.
FUSED = {
    "core-8": fused("core-8", narrow_tables=True, levels=True),
    "core-16": fused("core-16", membrane_bits=30),
    "core-32": fused("core-32", acc_bits=13),
    "row": fused("row"),
    "mesh": chip("2x3", 8, 8, False, 25, 24, 15, low=True, levels=True, shift_multiplier=True, fused=True),
    "column": fused("column"),
}
LEVELS = {"core-8": 0.4, "mesh": 0.5}


def run(name: str, count: int) -> None:
    """`count` networks on a chip."""
    seen: Counter[str] = Counter()
    check(FUSED[name], count, seen, partial(fused_network, levels=LEVELS.get(name, 0.0)))
    assert_active(seen, count)


@pytest.mark.cosim
@pytest.mark.parametrize("name", ["core-8"])
def test_random_with_one_word(name: str) -> None:
    run(name, NETWORKS)


@pytest.mark.cosim
@pytest.mark.slow
@pytest.mark.parametrize("name", FUSED)
def test_many_with_one_word(name: str) -> None:
    run(name, MANY)


def test_the_networks_have_everything() -> None:
    """All features but those that such a chip has no place for, in several networks; both limits of membranes are reached."""
    seen: Counter[str] = Counter()
    for name, config in FUSED.items():
        draw = partial(fused_network, levels=LEVELS.get(name, 0.0))
        for _, network, inputs in user_path(config, NETWORKS, draw):
            made = reference(network, inputs, membrane_bits=config.membrane_bits, acc_bits=config.acc_bits)
            assert not made.exceeded
            seen.update(features(network, made, config))
    print(dict(seen))
    assert {name for name in ALL if seen[name] < 2} == {"recurrence", "hold"}
    assert min(seen["saturated up"], seen["saturated down"]) >= 15
