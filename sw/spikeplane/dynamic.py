"""The dynamic memory of a chip: numbers that a network writes while it runs and then reads as weights. What the chip's
configuration knows of it."""

from typing import Any

from spikeplane.errors import SpikeplaneError

MOST_BITS = 16  #: of a number


def check_dynamic(config: Any) -> None:
    """Raises SpikeplaneError for sizes of a dynamic memory that a `ChipConfig`, or one of its kind, cannot have."""
    depth, bits = config.dynamic_depth, config.dynamic_bits
    for name, value, most in (
        ("dynamic_depth", depth, config.weight_depth),
        ("dynamic_bits", bits, min(MOST_BITS, config.acc_bits - 1)),
    ):
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
            raise SpikeplaneError(
                f"chip configuration: {name} must be an integer from 1 to {most} on this chip, or 0 for no dynamic memory, "
                f"not {value!r}"
            )
    if bool(depth) != bool(bits):
        raise SpikeplaneError(
            f"chip configuration: a dynamic memory needs dynamic_depth and dynamic_bits, not only one (they are {depth} and "
            f"{bits}); set both, or both to 0"
        )
    if depth % config.lanes:
        raise SpikeplaneError(
            f"chip configuration: dynamic_depth must be a multiple of lanes = {config.lanes}, not {depth}"
        )
    if depth and config.training is not None:
        raise SpikeplaneError(
            "chip configuration: a chip that learns has no dynamic memory; set dynamic_depth and dynamic_bits to 0"
        )
