"""Gates, tables and presentations of a chip: what its configuration knows of them."""

from typing import Any

from spikeplane.errors import SpikeplaneError


def check_gates(config: Any) -> None:
    """Raises SpikeplaneError for options that a `ChipConfig`, or one of its kind, cannot have together."""
    if config.gates and not config.dynamic_depth:
        raise SpikeplaneError(
            "chip configuration: gates = true writes rows of the dynamic memory; set dynamic_depth and dynamic_bits"
        )
    if config.training is not None and (config.tables or config.presentations > 1):
        raise SpikeplaneError(
            "chip configuration: a chip that learns has no tables and presents a sample once; set tables = 0 and "
            "presentations = 1"
        )
