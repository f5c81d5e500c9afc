"""Random networks on chips with narrow sweeps, or tables that share memories: golden model, chip and numpy agree in every value."""

from collections import Counter
from dataclasses import replace
from functools import partial

import pytest
from networks import random_network
from test_random import CHIPS, assert_active, check, chip

MANY = 5
#: One part of four: with multipliers and low planes left out, by shifts with two spikes a cycle; with and without integer spikes.
NARROW = {
    "multipliers": (replace(CHIPS["core-8"], sweep_lanes=2), 0.0),
    "shifts": (replace(CHIPS["core-8"], sweep_lanes=2, leak_multiplier=False, spikes_per_cycle=2), 0.0),
    "levels": (replace(CHIPS["core-8"], sweep_lanes=2, levels=True), 0.6),
    "tables": (replace(CHIPS["core-8"], narrow_tables=True, step_bits=2), 0.0),
    "small": (
        chip(
            "1x1",
            16,
            8,
            True,
            18,
            16,
            15,
            spikes_per_cycle=2,
            shift_multiplier=True,
            sweep_lanes=4,
            narrow_tables=True,
        ),
        0.0,
    ),
}


@pytest.mark.cosim
@pytest.mark.slow
@pytest.mark.parametrize("name", NARROW)
def test_random_networks_on_narrow_sweeps(name: str) -> None:
    config, levels = NARROW[name]
    seen: Counter[str] = Counter()
    check(config, MANY, seen, partial(random_network, levels=levels))
    assert_active(seen, MANY)
