"""Random networks for chips with fused words: those of `networks`, without what such a chip has no place for."""

from dataclasses import replace

from networks import Planes, random_network

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.network import Network, Population
from spikeplane.program.fused import check_fused_network


def fused_network(seed: int, config: ChipConfig, *, levels: float = 0.0) -> tuple[Network, Planes]:
    """As `random_network`, with numbers for accumulators of one bit less: the membranes take the rest of a word. Nothing is held,
    no membranes lie behind windows, and delayed projections that would wait for themselves are left out."""
    less = replace(config, fused=False, acc_bits=config.acc_bits - 1)
    network, planes = random_network(seed, less, levels=levels)
    return fitted(network, config), planes


def fitted(network: Network, config: ChipConfig) -> Network:
    """The network without what a chip with fused words has no place for."""
    network = replace(network, populations=tuple(map(_without, network.populations)))
    plain = [p for p in network.projections if not p.delay]
    kept = replace(network, projections=tuple(plain))
    for delayed in (p for p in network.projections if p.delay):
        more = replace(kept, projections=(*kept.projections, delayed))
        try:
            check_fused_network(more, config)
        except SpikeplaneError:
            continue
        kept = more
    return kept


def _without(population: Population) -> Population:
    neuron = population.neuron
    if population.window is not None and neuron is not None and not neuron.stateless:
        neuron = replace(neuron, leak="memoryless", leak_value=0)
        population = replace(population, leaks=None)
    return replace(population, neuron=neuron, hold=False)
