"""A chip that learns on a simulator of four states: what nobody has written leaks into no packet, and its weights are the
golden model's."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from icarus_board import IcarusBoard
from two_core_networks import CHIP, Case, dense, inputs, network, neurons, readout

from spikeplane.errors import SpikeplaneError
from spikeplane.train import Optimiser
from spikeplane.train.driver import TrainingDriver, prepared
from spikeplane_sim.bench import icarus
from spikeplane_sim.golden.training import Trainer

SMALL = replace(CHIP, cols=1, weight_depth=32, acc_depth=16, populations=2, projections=8)


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not icarus.available(), reason=f"no Icarus Verilog here: {icarus.INSTALL}"),
]


def learns(folder: Path, unreset: str = "") -> bool:
    """4-3-2, two steps, two iterations: whether the chip has the golden model's weights after each."""
    r = np.random.default_rng(2)
    net = network(
        [inputs((4, 1, 1)), neurons("a", (3, 1, 1)), readout(2)],
        [dense(r, "in", "a", (3, 4)), dense(r, "a", "out", (2, 3))],
    )
    case, optimiser = Case(net, r, steps=2, samples=2, density=0.6), Optimiser(rate=0.5)
    golden = Trainer(net, optimiser, batch=case.samples, steps=case.steps)
    image = prepared(net, SMALL, optimiser, batch=case.samples, steps=case.steps)
    equal = []
    with IcarusBoard(SMALL, folder, unreset=unreset) as board:
        chip = TrainingDriver(board, SMALL, net, optimiser, steps=case.steps, image=image)
        chip.load()
        for _ in range(2):
            planes, labels = case.batch()
            chip.iterate(planes, labels)
            golden.iterate(planes, labels)
            found, known = chip.state().weights, golden.state().weights
            equal += [np.array_equal(found[tag], weight) for tag, weight in known.items()]
            assert all((weight != net.projections[tag].weight).any() for tag, weight in known.items())
    return len(equal) == 4 and all(equal)


def test_what_nobody_has_written_leaks_nowhere(tmp_path: Path) -> None:
    assert learns(tmp_path)


def test_a_register_without_reset_is_seen(tmp_path: Path) -> None:
    """Of the tree: the first gathered sum is one of nothing known."""
    try:
        equal = learns(tmp_path, "fresh")
    except (AssertionError, SpikeplaneError):
        equal = False
    assert not equal
