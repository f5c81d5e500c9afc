"""Which units there are."""

from spikeplane.config import ChipConfig
from spikeplane_gateware.units.camera.kind import Camera
from spikeplane_gateware.units.unit import Pin, Unit

#: By the name of their field in `ChipConfig`.
UNITS: dict[str, Unit] = {unit.name: unit for unit in (Camera(),)}


def units_of(config: ChipConfig) -> list[Unit]:
    """The units of a chip, in the order from the host link to the bridge."""
    return [UNITS[name] for name in config.units]


def pins_of(config: ChipConfig) -> dict[str, Pin]:
    """The pins of all of them, by name."""
    return {name: pin for unit in units_of(config) for name, pin in unit.pins(config).items()}


def modules_of(config: ChipConfig) -> list[str]:
    """The Verilog modules that they instantiate."""
    return [text for unit in units_of(config) for text in unit.modules(config)]
