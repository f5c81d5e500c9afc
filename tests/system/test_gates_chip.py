"""Gates, tables and presentations on the chip, in lockstep with the golden model: of every size, of spikes, levels, values of
either sign and inputs, with relays and without, on one core and on several, placed in more than one way."""

from dataclasses import replace

import numpy as np
import pytest
from gatings import SIZES, crossed, gated, latched, planes
from test_random import CHIPS

from spikeplane.compiler.images import build_image
from spikeplane.compiler.place import place
from spikeplane.config import ChipConfig
from spikeplane.host.driver import Driver
from spikeplane.network import Network
from spikeplane.program.bounds import prove
from spikeplane.program.laid import laid_out
from spikeplane.program.sizes import check_sizes
from spikeplane.run.lockstep import compare
from spikeplane_sim.board import SimulatedBoard
from spikeplane_sim.golden import GoldenModel

pytestmark = [pytest.mark.cosim, pytest.mark.slow]

CORE = replace(
    CHIPS["core-8"], gates=True, tables=2, presentations=4, levels=True, step_bits=3, dynamic_depth=512, dynamic_bits=8,
    populations=16, projections=64, acc_depth=1024, membrane_depth=1024, parameter_depth=512,
)  # fmt: skip
MESH = replace(CORE, rows=2, cols=2)


def runs(
    network: Network, given: dict[str, np.ndarray], board: SimulatedBoard, config: ChipConfig, most: int
) -> None:
    """Everything that is sent is what the golden model sends; all of it differs from place to place."""
    check_sizes(network, config)
    prove(network, config)
    laid = laid_out(network, config)
    names = [p.name for p in network.populations if p.neuron is not None]
    golden = GoldenModel(network, membrane_bits=config.membrane_bits, acc_bits=config.acc_bits).run(given)
    assert all(len(np.unique(golden[name])) > 1 for name in names)
    placement = place(laid, config, most)
    driver = Driver(board, config, laid, placement, build_image(laid, placement, config, names))
    driver.load()
    found = compare(network, driver.run(given), golden)
    assert found.mismatches == 0, str(found)


@pytest.mark.parametrize("config", [CORE, MESH], ids=["core", "mesh"])
def test_gates_of_every_size_and_source(config: ChipConfig) -> None:
    shape = (12, 2, 3)
    with SimulatedBoard(config) as board:
        for size in SIZES:
            for x, g in (
                ("spikes", "table"),
                ("values", "table"),
                ("levels", "relu"),
                ("input", "table"),
                ("values", "spikes"),
            ):
                for apart in (False, True):
                    network = gated(size, x, g, apart=apart, shape=shape, pre=int(g == "relu"), seed=4)
                    for most in (4, 1)[: config.cores]:
                        runs(network, planes(shape), board, config, most)
        for most in (4, 1)[: config.cores]:
            runs(crossed(), planes(), board, config, most)


@pytest.mark.parametrize("config", [CORE, MESH], ids=["core", "mesh"])
def test_samples_are_presented_again(config: ChipConfig) -> None:
    """Latches that are kept, in two layers; samples behind one another begin anew."""
    with SimulatedBoard(config) as board:
        for presentations in (1, 2, 3, 4):
            runs(latched(presentations=presentations), planes((4, 2, 2), 4, 5), board, config, 4)
        runs(latched(5, 3, layers=1), planes((4, 2, 2), 5, 3), board, config, 1)
