"""Runs an integer network on the simulated chip and in the golden model, and compares the two."""

from pathlib import Path

import numpy as np

from spikeplane.compiler import Placement, build_image, place
from spikeplane.config import ChipConfig
from spikeplane.host.driver import Driver
from spikeplane.lockstep import Comparison, compare
from spikeplane.network import Network
from spikeplane_sim.board import SimulatedBoard
from spikeplane_sim.golden import GoldenModel


def on_chip(
    network: Network,
    inputs: dict[str, np.ndarray],
    config: ChipConfig,
    placement: Placement | None = None,
    library: Path | None = None,
) -> dict[str, np.ndarray]:
    """Every population's output on the simulated chip, (N, T, C, H, W). `library`: the simulator, if not the RTL's."""
    names = [p.name for p in network.populations if p.neuron is not None]
    placement = placement or place(network, config)
    image = build_image(network, placement, config, names)
    with SimulatedBoard(config, library=library) as board:
        driver = Driver(board, config, network, placement, image)
        driver.load()
        return driver.run(inputs)


def lockstep(network: Network, inputs: dict[str, np.ndarray], config: ChipConfig, library: Path | None = None) -> Comparison:
    """The chip against the golden model, in every population, step and neuron."""
    golden = GoldenModel(network, membrane_bits=config.membrane_bits, acc_bits=config.acc_bits).run(inputs)
    return compare(network, on_chip(network, inputs, config, library=library), golden)
