"""The networks of the chip bench on a netlist, every population against the golden model."""

from dataclasses import dataclass
from pathlib import Path

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.host.driver import Driver
from spikeplane.program.sizes import check_sizes
from spikeplane.run.lockstep import Comparison, compare
from spikeplane_sim.bench.programs import NETWORKS, job
from spikeplane_sim.board import SimulatedBoard


@dataclass(frozen=True)
class Run:
    """One network: the comparison, the chip's cycles; or (comparison None) why it does not fit the chip."""

    name: str
    comparison: Comparison | None
    cycles: int
    refused: str = ""


def run_networks(config: ChipConfig, library: Path, seed: int = 0) -> list[Run]:
    """Each of the bench's networks on the simulated board `library`, weights and inputs from the
    seed. Raises SpikeplaneError if the chip does not answer, or if none of them fits it."""
    runs = [_run(name, config, library, seed) for name in NETWORKS]
    if all(run.comparison is None for run in runs):
        raise SpikeplaneError(f"none of the networks fits this chip: {runs[0].name}: {runs[0].refused}")
    return runs


def _run(name: str, config: ChipConfig, library: Path, seed: int) -> Run:
    try:
        work = job(name, config, seed)
        check_sizes(work.network, config)  # shifts and coordinates, which placing alone does not look at
    except SpikeplaneError as error:
        return Run(name, None, 0, str(error))
    with SimulatedBoard(config, library=library) as board:
        driver = Driver(board, config, work.network, work.placement, work.image)
        driver.load()
        outputs = driver.run(work.inputs)
        return Run(name, compare(work.network, outputs, work.golden), board.cycles)
