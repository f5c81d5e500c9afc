"""Placement: which channel groups of which population live on which core.

A population is split by channel groups (`lanes` channels) over as many cores as it has groups,
least loaded cores first. A pair population or the rows of a gate (`program.laid`) lie with the population that
reads them, heads whole. Results do not depend on it: sums are exact, so any placement gives the
same spikes.
"""

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.network import Network, Population
from spikeplane.program.laid import pairs_of, units_of
from spikeplane.program.laid_parts import Writer
from spikeplane.program.placement import Part, Placement, groups_of


def place(network: Network, config: ChipConfig, most: int | None = None) -> Placement:
    """Spread the network over the chip's cores, a population over `most` of them at most. Raises
    SpikeplaneError when no core has a slot left."""
    cores = [(x, y) for y in range(config.rows) for x in range(config.cols)]
    load = dict.fromkeys(cores, 0)
    slots = dict.fromkeys(cores, 0)
    parts: dict[str, list[Part]] = {p.name: [] for p in network.populations}
    for population in network.populations:
        if population.neuron is None or isinstance(population, Writer):
            continue
        pairs, unit = pairs_of(network, population.name), units_of(network, population.name)
        total = groups_of(population, config) // unit
        free = [core for core in cores if slots[core] + len(pairs) < config.populations]
        if not free:
            raise SpikeplaneError(_crowded(population, pairs, config))
        chosen = sorted(free, key=lambda core: (load[core], cores.index(core)))[
            : min(total, most or len(cores))
        ]
        first = 0
        for i, core in enumerate(chosen):
            units = (total - first) // (len(chosen) - i)
            for one in (*pairs, population):
                size = unit // one.words if isinstance(one, Writer) else unit
                _, height, width = one.current_shape
                parts[one.name].append(
                    Part(
                        population=one.name,
                        core=core,
                        slot=slots[core],
                        first=first * size,
                        groups=units * size,
                    )
                )
                slots[core] += 1
                load[core] += units * size * height * width
            first += units
    return Placement(tuple(part for found in parts.values() for part in found))


def _crowded(population: Population, pairs: list[Writer], config: ChipConfig) -> str:
    if pairs:
        return (
            f"population '{population.name}' does not fit: it and its {len(pairs)} pair populations and gates lie on the same cores, "
            f"and no core of {config.populations} populations has room for them; use a chip with more populations per core"
        )
    return (
        f"population '{population.name}' does not fit: every core already holds "
        f"{config.populations} populations; "
        "use a chip with more populations per core or more cores"
    )
