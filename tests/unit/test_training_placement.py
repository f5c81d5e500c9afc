"""Where the populations of a network that learns lie, where nobody says: evenly, or as the memories allow."""

from dataclasses import replace

import numpy as np
import pytest

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.train import LearningNetwork, LearningPopulation, LearningProjection
from spikeplane.train.chip import placed, spread
from spikeplane.train.image import build_training_image
from spikeplane.train.routes import Cores
from spikeplane.training import TrainingConfig

CHIP = ChipConfig(
    rows=1, cols=2, lanes=8, weight_bits=16, training=TrainingConfig(), weight_depth=256, projections=16, populations=4
)  # fmt: skip


def network(sizes: dict[str, int], pairs: str) -> LearningNetwork:
    """Layers of so many neurons, inputs first, readout last, connected in pairs."""
    first, *_, last = sizes
    populations = [
        LearningPopulation(name=n, shape=(size, 1, 1), theta=None if n in (first, last) else np.ones(size))
        for n, size in sizes.items()
    ]
    projections = [
        LearningProjection(source=a, target=b, weight=np.zeros((sizes[b], sizes[a], 1, 1), np.float16))
        for a, b in pairs.split()
    ]
    return LearningNetwork(populations=tuple(populations), projections=tuple(projections), output=last)


def test_evenly_where_that_fits() -> None:
    net = network({"i": 16, "a": 40, "o": 8}, "ia ao")
    assert placed(net, CHIP, 2) == spread(net, CHIP)


def fits(net: LearningNetwork, cores: Cores) -> bool:
    try:
        build_training_image(net, CHIP, 2, cores)
    except SpikeplaneError:
        return False
    return True


@pytest.mark.parametrize(
    ("net", "where"),
    [
        # evenly those of 200 words share a core
        (network({"i": 200, "a": 8, "b": 8, "o": 8}, "ia ab io bo"), {"o": [(0, 0)], "a": [(1, 0)], "b": [(1, 0)]}),
        # evenly each has two of its three groups on the second core
        (network({"i": 72, "a": 24, "b": 24, "o": 4}, "ia ib bo"), {"a": [(1, 0), (0, 0)], "b": [(0, 0), (1, 0)], "o": [(0, 0)]}),
    ],
)  # fmt: skip
def test_as_the_memories_allow(net: LearningNetwork, where: Cores) -> None:
    assert not fits(net, spread(net, CHIP))
    assert placed(net, CHIP, 2) == where
    assert fits(net, where)


def test_whole_where_every_part_takes_a_slot() -> None:
    """Four populations of two groups are eight parts, and two cores have six slots."""
    net = network({"i": 8, "a": 16, "b": 16, "c": 16, "o": 16}, "ia ab bc co")
    chip = replace(CHIP, populations=3)
    assert all(len(cores) == 1 for cores in placed(net, chip, 2).values())


def test_refused_with_numbers() -> None:
    net = network({"i": 300, "a": 8, "o": 8}, "ia ao")
    with pytest.raises(SpikeplaneError) as refused:
        placed(net, CHIP, 2)
    assert str(refused.value) == (
        "the network does not fit: projection i->a needs words 0 to 303 of the weight memory of core (0, 0), which has 256; "
        "neither does it fit where the weights fill all cores evenly"
    )
