"""One word for accumulator and membrane: what a chip's configuration knows of it."""

from typing import Any

from spikeplane.errors import SpikeplaneError

#: What a chip with fused words cannot have, and why.
_APART = {
    "dynamic_depth": "its ops go beside the sweep's requests, whose words are written later here",
    "step_bits": "a word takes the next step's bias before that step is known",
    "sweep_lanes": "a word of all lanes is written at once",
    "training": "a chip that learns has a sweep of its own",
}


def least_bits(config: Any) -> int:
    """Of accumulators."""
    return config.membrane_bits + 1 if config.fused else 0


def current_limit(config: Any) -> int:
    """The largest current that accumulators hold, with fused words beside any membrane."""
    membrane = 1 << config.membrane_bits - 1 if config.fused else 0
    return (1 << config.acc_bits - 1) - 1 - membrane


def check_fused(config: Any) -> None:
    """Raises SpikeplaneError where `fused` does not go with the other fields of a `ChipConfig`, or one of its kind."""
    if not config.fused:
        return
    for name, why in _APART.items():
        if getattr(config, name):
            raise SpikeplaneError(
                f"chip configuration: fused does not go with {name}, because {why}; leave one of the two out"
            )
    if config.acc_bits < least_bits(config):
        raise SpikeplaneError(
            f"chip configuration: with fused a word of acc_bits = {config.acc_bits} holds a membrane of membrane_bits = "
            f"{config.membrane_bits} and what is added to it; set acc_bits to {least_bits(config)} or more"
        )
