"""Whether a chip's packets can name all of a network: tags, coordinates, channel groups, significances."""

from math import prod

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.network import Gate, Network, Projection
from spikeplane.program.gate import check_gate_size
from spikeplane.program.values import check_shift


def check_tags(network: Network, config: ChipConfig, probes: list[str]) -> None:
    """Every projection and every probe has a tag of its own. Raises SpikeplaneError."""
    if len(network.projections) + len(probes) > config.projections:
        raise SpikeplaneError(
            f"the network does not fit: {len(network.projections)} projections and {len(probes)} "
            "probes need as many tags, the chip "
            f"has {config.projections}; probe fewer populations (--probe NAME), or use fewer layers"
        )


def check_sizes(network: Network, config: ChipConfig) -> None:
    """Coordinates, groups and significances fit the packets. Raises SpikeplaneError."""
    for projection in network.projections:
        check_dynamic_size(projection, network, config)
    for population in network.populations:
        channels, height, width = population.current_shape
        side = 1 << config.coord_bits
        height, width = max(height, population.shape[1]), max(width, population.shape[2])
        if max(height, width) > side:
            raise SpikeplaneError(
                f"population '{population.name}' is {height}x{width} pixels, the chip's "
                f"coordinates reach {side}x{side}; "
                "use a chip with more coord_bits"
            )
        if channels > config.lanes << config.group_bits:
            raise SpikeplaneError(
                f"population '{population.name}' has {channels} channels, the chip's packets name "
                f"{config.lanes << config.group_bits}; "
                "use a chip with more group_bits or lanes"
            )
        sends = network.outgoing(population.name)
        for projection in sends:
            check_shift(projection, population, config)
        if (
            population.sends_values
            and network.sends(population.name)
            and config.weight_bits == 1
            and channels % config.lanes
        ):
            raise SpikeplaneError(
                f"population '{population.name}' sends membrane values of {channels} channels, a "
                "chip with 1-bit weights needs a "
                f"multiple of its {config.lanes} lanes; use a chip with weight_bits = 2"
            )


def check_dynamic_size(projection: Projection, network: Network, config: ChipConfig) -> None:
    """The dynamic memory counts as far as a dynamic projection has tokens, and as a gate goes."""
    if projection.dynamic is None:
        return
    if isinstance(projection.dynamic, Gate):
        check_gate_size(projection, projection.dynamic, network, config)
        return
    what = f"projection '{projection.source}' to '{projection.target}'"
    if not config.dynamic_depth:
        raise SpikeplaneError(
            f"{what} counts its weights from spikes, which needs a chip with dynamic_depth and dynamic_bits"
        )
    count = prod(network.population(projection.source).shape[1:])
    if count >> config.dynamic_bits:
        raise SpikeplaneError(
            f"{what} has {count} tokens, the chip's dynamic memory counts to {(1 << config.dynamic_bits) - 1}; use a chip "
            f"with dynamic_bits = {count.bit_length()}"
        )
