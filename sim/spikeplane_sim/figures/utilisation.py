"""Cycles of one 16-lane core against the least that its spikes take: a dense and a convolutional layer at 10 % activity. That
is a cycle for each spike of a packet, or for each two, and each accumulator word that it reaches.

Steps follow each other without a pause, as they do in use: the core accumulates one step while it
sweeps the one before.
"""

from dataclasses import dataclass, replace

import numpy as np

from spikeplane.compiler import build_image, place
from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.host.driver import Driver
from spikeplane.network import Network, Neuron, Population, Projection
from spikeplane.run.lockstep import compare
from spikeplane_sim.board import SimulatedBoard
from spikeplane_sim.golden import GoldenModel

#: One core with room for both layers: 1024 x 1024 weights are 65,536 words of 16.
CHIP = ChipConfig(rows=1, cols=1, lanes=16, weight_depth=1 << 16)
#: The same with the option of two spikes a cycle.
TWO = replace(CHIP, spikes_per_cycle=2)
STEPS, ACTIVITY = 40, 0.1
#: (chip, what is required of each layer)
REQUIRED = ((CHIP, (0.90, 0.85)), (TWO, (0.95, 0.90)))


@dataclass(frozen=True)
class Use:
    """One layer's cycles, measured on the chip, and the bound."""

    name: str
    cycles: int
    bound: float
    mismatches: int

    @property
    def utilisation(self) -> float:
        """Bound over cycles: 1.0 is a useful operation in every lane and cycle."""
        return self.bound / self.cycles


def layers(seed: int = 0) -> dict[str, Network]:
    """The two layers, with thresholds that keep the output near a tenth of the neurons."""
    rng = np.random.default_rng(seed)
    dense = rng.integers(-20, 21, (1024, 1024, 1, 1))
    kernel = rng.integers(-20, 21, (32, 32, 3, 3))
    return {
        "dense 1024 -> 1024": _network(
            (1024, 1, 1), (1024, 1, 1), Projection(source="in", target="out", weight=dense), 300
        ),
        "convolution 32 -> 32, 3x3, 16x16": _network(
            (32, 16, 16),
            (32, 16, 16),
            Projection(source="in", target="out", weight=kernel, padding=(1, 1)),
            150,
        ),
    }


def measure(
    name: str, network: Network, chip: ChipConfig = CHIP, seed: int = 1, activity: float = ACTIVITY
) -> Use:
    """Run `STEPS` steps on the simulated chip; every spike is compared with the golden model.
    Raises SpikeplaneError if one differs."""
    planes = {"in": inputs(network, seed, activity)}
    placement = place(network, chip)
    image = build_image(network, placement, chip, ["out"])
    with SimulatedBoard(chip) as board:
        driver = Driver(board, chip, network, placement, image)
        driver.load()
        found = driver.run(planes)
        cycles = driver.busy_cycles
    result = compare(
        network,
        found,
        GoldenModel(network, membrane_bits=chip.membrane_bits, acc_bits=chip.acc_bits).run(planes),
    )
    if result.mismatches:
        raise SpikeplaneError(f"{name}: {result}")
    return Use(name, cycles, least_cycles(network, planes["in"], chip), result.mismatches)


def inputs(network: Network, seed: int = 1, activity: float = ACTIVITY) -> np.ndarray:
    """The spikes of a run, (1, STEPS, C, H, W)."""
    shape = network.populations[0].shape
    return (np.random.default_rng(seed).random((1, STEPS, *shape)) < activity).astype(np.uint8)


def operations(network: Network) -> int:
    """Synaptic operations of a run of a dense layer: weights that are added to a sum."""
    channels, height, width = network.populations[1].shape
    return int(inputs(network).sum()) * channels * height * width


def least_cycles(network: Network, planes: np.ndarray, chip: ChipConfig) -> int:
    """Of k spikes in a mask k / spikes_per_cycle, rounded up, times the words that each meets: kernel positions that lie inside
    the target, times target groups."""
    projection = network.projections[0]
    channels, height, width = network.population("out").shape
    (py, px), (kh, kw) = projection.padding, projection.weight.shape[2:]
    samples, steps, sources, *plane = planes.shape
    masks = planes.reshape(samples, steps, sources // chip.lanes, chip.lanes, *plane).sum(3, dtype=np.int64)
    visits = -(-masks // chip.spikes_per_cycle).sum((0, 1, 2))  # per source pixel
    rows = np.array([sum(0 <= y + py - k < height for k in range(kh)) for y in range(planes.shape[3])])
    columns = np.array([sum(0 <= x + px - k < width for k in range(kw)) for x in range(planes.shape[4])])
    return int((visits * rows[:, None] * columns[None, :]).sum()) * -(-channels // chip.lanes)


def _network(
    source: tuple[int, int, int], target: tuple[int, int, int], projection: Projection, theta: int
) -> Network:
    return Network(
        populations=(
            Population(name="in", shape=source),
            Population(
                name="out",
                shape=target,
                neuron=Neuron(leak="multiply", leak_value=32768, leak_round="up"),
                theta=np.full(target[0], theta),
            ),
        ),
        projections=(projection,),
        output="out",
        steps=STEPS,
    )
