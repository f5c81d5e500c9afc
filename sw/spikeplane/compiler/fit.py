"""Does it fit: placement and images in one go, the mapping table, and the smallest preset where the
given chip is too small."""

from dataclasses import replace
from typing import Any

from spikeplane.compiler.images import Image, build_image
from spikeplane.compiler.pack import Crowded, check_shift
from spikeplane.compiler.place import Placement, place
from spikeplane.config import PRESETS, ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.log import logger
from spikeplane.network import Network

_log = logger(__name__)
#: Cores for one population, tried in turn where its connections are too many for the counters of a core.
_SPREADS = (31, 15, 10, 7, 5, 3, 2, 1)


def fit(network: Network, config: ChipConfig, probes: list[str]) -> tuple[Placement, Image]:
    """Place the network and fill the memories. Raises SpikeplaneError with what does not fit and
    the smallest preset that would."""
    try:
        placement, image = try_fit(network, config, probes)
    except SpikeplaneError as error:
        smallest = next(
            (name for name, chip in PRESETS.items() if _fits(network, _sized(chip, config), probes)), None
        )
        advice = f"the smallest preset that holds it is '{smallest}'" if smallest else "no preset holds it"
        raise SpikeplaneError(f"{error}; {advice}") from None
    cores = config.rows * config.cols
    _log.info("placed on %d of %d cores of chip %s", len(image.used), cores, config.digest)
    return placement, image


def mapping_rows(placement: Placement, image: Image) -> list[dict[str, Any]]:
    """One row per core in use: its populations, and words used and available of each memory."""
    rows = []
    for core, used in image.used.items():
        held = [
            f"{part.population}[{part.first}:{part.first + part.groups}]"
            if len(placement.of(part.population)) > 1
            else part.population
            for part in placement.on(core)
        ]
        rows.append(
            {
                "core": list(core),
                "populations": held,
                "used": {name: list(pair) for name, pair in used.items()},
            }
        )
    return rows


def check_tags(network: Network, config: ChipConfig, probes: list[str]) -> None:
    """Every projection and every probe has a tag of its own. Raises SpikeplaneError."""
    if len(network.projections) + len(probes) > config.projections:
        raise SpikeplaneError(
            f"the network does not fit: {len(network.projections)} projections and {len(probes)} "
            "probes need as many tags, the chip "
            f"has {config.projections}"
        )


def check_sizes(network: Network, config: ChipConfig) -> None:
    """Coordinates, groups and significances fit the packets. Raises SpikeplaneError."""
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
        readout = population.neuron is not None and population.neuron.membrane_out
        sends = network.outgoing(population.name)
        for projection in sends:
            check_shift(projection, population, config)
        if readout and sends and config.weight_bits == 1 and channels % config.lanes:
            raise SpikeplaneError(
                f"population '{population.name}' sends membrane values of {channels} channels, a "
                "chip with 1-bit weights needs a "
                f"multiple of its {config.lanes} lanes; use a chip with weight_bits = 2"
            )


def try_fit(network: Network, config: ChipConfig, probes: list[str]) -> tuple[Placement, Image]:
    """As `fit`, without looking for a chip that would do."""
    check_tags(network, config, probes)
    check_sizes(network, config)
    crowded: Crowded | None = None
    for most in (config.cores, *(n for n in _SPREADS if n < config.cores)):
        placement = place(network, config, most)
        try:
            return placement, build_image(network, placement, config, probes)
        except Crowded as error:
            crowded = crowded or error
    assert crowded is not None
    raise crowded


def _sized(chip: ChipConfig, config: ChipConfig) -> ChipConfig:
    """The preset with the arithmetic that the network was quantised for."""
    return replace(
        chip, weight_bits=config.weight_bits, acc_bits=config.acc_bits, membrane_bits=config.membrane_bits
    )


def _fits(network: Network, config: ChipConfig, probes: list[str]) -> bool:
    try:
        try_fit(network, config, probes)
    except SpikeplaneError:
        return False
    return True
