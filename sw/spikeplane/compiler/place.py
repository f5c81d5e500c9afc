"""Placement: which channel groups of which population live on which core.

A population is split by channel groups (`lanes` channels) over as many cores as it has groups,
least loaded cores first. Results do not depend on it: sums are exact, so any placement gives the
same spikes.
"""

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.network import Network
from spikeplane.program.placement import Part, Placement, groups_of


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
