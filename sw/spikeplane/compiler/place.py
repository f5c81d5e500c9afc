"""Placement: which channel groups of which population live on which core.

A population is split by channel groups (`lanes` channels) over as many cores as it has groups,
least loaded cores first. Results do not depend on it: sums are exact, so any placement gives the
same spikes.
"""

from dataclasses import dataclass

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.network import Network, Population


@dataclass(frozen=True, kw_only=True)
class Part:
    """`groups` channel groups of a population from `first` on, at core (x, y), in that core's slot `slot`."""

    population: str
    core: tuple[int, int]
    slot: int
    first: int
    groups: int


@dataclass(frozen=True)
class Placement:
    """All parts, in the network's order; populations of the host have none."""

    parts: tuple[Part, ...]

    def of(self, population: str) -> tuple[Part, ...]:
        """The parts of one population, by first group."""
        return tuple(part for part in self.parts if part.population == population)

    def on(self, core: tuple[int, int]) -> tuple[Part, ...]:
        """The parts on one core, by slot."""
        return tuple(part for part in self.parts if part.core == core)


def groups_of(population: Population, config: ChipConfig) -> int:
    """Channel groups of a population."""
    return -(-population.shape[0] // config.lanes)


def place(network: Network, config: ChipConfig, most: int | None = None) -> Placement:
    """Spread the network over the chip's cores, a population over `most` of them at most. Raises
    SpikeplaneError when no core has a slot left."""
    cores = [(x, y) for y in range(config.rows) for x in range(config.cols)]
    load = dict.fromkeys(cores, 0)
    slots = dict.fromkeys(cores, 0)
    parts = []
    for population in network.populations:
        if population.neuron is None:
            continue
        total = groups_of(population, config)
        _, height, width = population.current_shape
        free = [core for core in cores if slots[core] < config.populations]
        if not free:
            raise SpikeplaneError(
                f"population '{population.name}' does not fit: every core already holds "
                f"{config.populations} populations; "
                "use a chip with more populations per core or more cores"
            )
        chosen = sorted(free, key=lambda core: (load[core], cores.index(core)))[
            : min(total, most or len(cores))
        ]
        first = 0
        for i, core in enumerate(chosen):
            groups = (total - first) // (len(chosen) - i)
            parts.append(
                Part(population=population.name, core=core, slot=slots[core], first=first, groups=groups)
            )
            slots[core] += 1
            load[core] += groups * height * width
            first += groups
    return Placement(tuple(parts))


def rectangles(cores: list[tuple[int, int]]) -> list[tuple[int, int, int, int]]:
    """Disjoint rectangles (x0, y0, x1, y1) that cover exactly these cores: each packet goes once to each."""
    left, found = sorted(set(cores), key=lambda core: (core[1], core[0])), []
    while left:
        x0, y0 = left[0]
        x1, y1 = x0, y0
        while (x1 + 1, y0) in left:
            x1 += 1
        while all((x, y1 + 1) in left for x in range(x0, x1 + 1)):
            y1 += 1
        found.append((x0, y0, x1, y1))
        left = [core for core in left if not (x0 <= core[0] <= x1 and y0 <= core[1] <= y1)]
    return found
