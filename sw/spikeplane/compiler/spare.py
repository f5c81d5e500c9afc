"""Lanes beyond a population's channels. They have no weights and no bias, so that they send nothing, but for those of a table,
which has an entry for a membrane of 0 too, and of values that are copied from these lane by lane."""

from spikeplane.config import ChipConfig
from spikeplane.network import Network, Population, Projection


def lanes_met(projection: Projection, network: Network, config: ChipConfig) -> int:
    """The source's channels; all lanes of a word where there are fewer and the others send too: they meet weights of 0."""
    source = network.population(projection.source)
    channels = source.shape[0]
    return config.lanes if channels < config.lanes and sends_spare(source, network) else channels


def sends_spare(population: Population, network: Network) -> bool:
    """Whether lanes beyond its channels may send."""
    if population.neuron is None or not population.sends_values:
        return False
    copied = (p for p in network.incoming(population.name) if p.kind.by_packet)
    return population.neuron.table is not None or any(
        sends_spare(network.population(p.source), network) for p in copied
    )
