"""Networks whose numbers differ from step to step, on chips with a step index: golden model, chip and numpy agree in every
value, and every core's counters are what the outputs say."""

from collections import Counter
from dataclasses import replace

import pytest
from stepped import stepped
from test_random import assert_active, check, chip

from spikeplane.config import ChipConfig

NETWORKS = 8


def by_step(config: ChipConfig) -> ChipConfig:
    """With a step index, and room for the weights and entries of six steps."""
    return replace(config, step_bits=3, group_depth=512, parameter_depth=512, weight_depth=1 << 14)


#: With and without multipliers; one core, a square and a mesh that is none.
CHIPS = {
    "core": by_step(chip("1x1", 8, 8, True, 24, 16, 17, low=True)),
    "square": by_step(chip("2x2", 8, 4, False, 20, 16, 15)),
    "wide": by_step(chip("1x1", 32, 2, False, 12, 8, 7)),
    "mesh": by_step(chip("2x3", 8, 8, False, 32, 24, 15, low=True)),
}


@pytest.mark.slow
@pytest.mark.cosim
@pytest.mark.parametrize("name", CHIPS)
def test_random_networks_by_step(name: str) -> None:
    seen: Counter[str] = Counter()
    check(CHIPS[name], NETWORKS, seen, stepped)
    assert_active(seen, NETWORKS)
