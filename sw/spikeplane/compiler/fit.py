"""Does it fit: placement and images in one go, the mapping table, and the smallest preset where the
given chip is too small."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from spikeplane.compiler.images import build_image
from spikeplane.compiler.pack import Crowded
from spikeplane.compiler.place import place
from spikeplane.config import PRESETS, ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.log import logger
from spikeplane.network import Network
from spikeplane.program.fused import check_fused_network
from spikeplane.program.image import Image
from spikeplane.program.laid import laid_out
from spikeplane.program.placement import Placement
from spikeplane.program.sizes import check_sizes, check_tags

_log = logger(__name__)
#: Cores for one population, tried in turn where its connections are too many for the counters of a core.
_SPREADS = (31, 15, 10, 7, 5, 3, 2, 1)


#: A chip, the network's places on it, and its memories' contents.
Fitted = tuple[ChipConfig, Placement, Image]
#: Finds the chip of a network quantised for one, with these probes; raises SpikeplaneError.
Placed = Callable[[Network, ChipConfig, list[str]], Fitted]


def fit(network: Network, config: ChipConfig, probes: list[str]) -> Fitted:
    """Place the network and fill the memories. Raises SpikeplaneError with what does not fit and
    the smallest preset that would."""
    try:
        placement, image = try_fit(network, config, probes)
    except SpikeplaneError as error:
        smallest = next(
            (name for name, chip in PRESETS.items() if _fits(network, _sized(chip, config), probes)), None
        )
        advice = (
            f"the smallest preset that holds it is '{smallest}'"
            if smallest
            else "no preset holds it; try the chip 'auto', which is made for the network"
        )
        raise SpikeplaneError(f"{error}; {advice}") from None
    cores = config.rows * config.cols
    _log.info("placed on %d of %d cores of chip %s", len(image.used), cores, config.digest)
    return config, placement, image


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


def try_fit(network: Network, config: ChipConfig, probes: list[str]) -> tuple[Placement, Image]:
    """As `fit`, without looking for a chip that would do."""
    laid = laid_out(network, config)
    check_tags(laid, config, probes)
    check_sizes(network, config)
    check_fused_network(network, config)
    crowded: Crowded | None = None
    for most in (config.cores, *(n for n in _SPREADS if n < config.cores)):
        placement = place(laid, config, most)
        try:
            return placement, build_image(laid, placement, config, probes)
        except Crowded as error:
            crowded = crowded or error
    assert crowded is not None
    raise crowded


def _sized(chip: ChipConfig, config: ChipConfig) -> ChipConfig:
    """The preset with the arithmetic that the network was quantised for."""
    return replace(
        chip,
        weight_bits=config.weight_bits,
        acc_bits=config.acc_bits,
        membrane_bits=config.membrane_bits,
        low_planes=config.low_planes,
        levels=config.levels,
        dynamic_depth=config.dynamic_depth,
        dynamic_bits=config.dynamic_bits,
        step_bits=config.step_bits,
        gates=config.gates,
        tables=config.tables,
        presentations=config.presentations,
        spikes_per_cycle=config.spikes_per_cycle,
        fused=config.fused,
    )


def _fits(network: Network, config: ChipConfig, probes: list[str]) -> bool:
    try:
        try_fit(network, config, probes)
    except SpikeplaneError:
        return False
    return True
