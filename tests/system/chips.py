"""Runs an integer network on the simulated chip and in the golden model, and compares the two."""

from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from counts import Core, Counts

from spikeplane.compiler import Placement, build_image, place
from spikeplane.compiler.fit import try_fit
from spikeplane.config import ChipConfig
from spikeplane.formats.packet import Counter
from spikeplane.host.device import Device
from spikeplane.host.driver import Driver
from spikeplane.network import Network
from spikeplane.program.laid import laid_out
from spikeplane.run.lockstep import Comparison, compare
from spikeplane_sim.board import SimulatedBoard
from spikeplane_sim.golden import GoldenModel


def on_chip(
    network: Network,
    inputs: dict[str, np.ndarray],
    config: ChipConfig,
    placement: Placement | None = None,
    library: Path | None = None,
) -> dict[str, np.ndarray]:
    """Every population's output on the simulated chip, (N, T, C, H, W). `library`: the simulator,
    if not the RTL's."""
    names = [p.name for p in network.populations if p.neuron is not None]
    laid = laid_out(network, config)
    placement = placement or place(laid, config)
    image = build_image(laid, placement, config, names)
    with SimulatedBoard(config, library=library) as board:
        driver = Driver(board, config, laid, placement, image)
        driver.load()
        return driver.run(inputs)


def lockstep(
    network: Network, inputs: dict[str, np.ndarray], config: ChipConfig, library: Path | None = None
) -> Comparison:
    """The chip against the golden model, in every population, step and neuron."""
    golden = GoldenModel(network, membrane_bits=config.membrane_bits, acc_bits=config.acc_bits).run(inputs)
    return compare(network, on_chip(network, inputs, config, library=library), golden)


class Slow(Device):
    """A board whose host writes in pieces, and in between neither writes nor reads, so that packets wait in the chip."""

    def __init__(self, board: SimulatedBoard, seed: int) -> None:
        self.board, self.rng = board, np.random.default_rng(seed)
        self.stalled = 0  #: cycles in which the host did nothing

    def exchange(self, data: bytes) -> bytes:
        """See Device."""
        self._stall()
        if not data:
            return self.board.exchange(data)
        found = b""
        while data:
            size = int(self.rng.integers(1, 300))
            found += self.board.exchange(data[:size])
            data = data[size:]
            self._stall()
        return found

    def _stall(self) -> None:
        cycles = int(self.rng.choice([0, 0, 40, 1500]))
        self.board.alone(cycles)
        self.stalled += cycles

    def close(self) -> None:
        """Free the simulator."""
        self.board.close()


class Chip:
    """One simulated chip that takes one program after the other, and answers with its counters. stalls: `Slow`'s seed."""

    def __init__(self, config: ChipConfig, stalls: int | None = None) -> None:
        board = SimulatedBoard(config)
        self.config, self.board = config, board if stalls is None else Slow(board, stalls)

    def load(self, network: Network) -> Driver:
        """A driver with the network's program loaded, every population probed, placed as the
        compiler places it."""
        placement, image = try_fit(network, self.config, probes(network))
        driver = Driver(self.board, self.config, laid_out(network, self.config), placement, image)
        driver.load()
        return driver

    def counts(self, driver: Driver) -> dict[Core, Counts]:
        """What every core counted since the last START."""
        names = {field: Counter[field.upper()] for field in ("operations", "spikes", "sweeps", "packets")}
        cores = [(x, y) for y in range(self.config.rows) for x in range(self.config.cols)]
        return {
            core: Counts(**{name: driver.query(counter, core) for name, counter in names.items()})
            for core in cores
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.board.close()


def probes(network: Network) -> list[str]:
    """All populations of neurons."""
    return [p.name for p in network.populations if p.neuron is not None]
