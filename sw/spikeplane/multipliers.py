"""Multipliers in the place of shifters: what a chip's configuration knows of them."""

from typing import Any

from spikeplane.errors import SpikeplaneError

MOST_SHIFT = 16  #: its power of two, with either sign, is a number of 18 bits


def check_shifts(config: Any) -> None:
    """Raises SpikeplaneError where `shift_multiplier` does not go with the other fields of a `ChipConfig`, or one of its kind."""
    if not config.shift_multiplier:
        return
    if config.max_shift > MOST_SHIFT:
        raise SpikeplaneError(
            f"chip configuration: a multiplier shifts by at most {MOST_SHIFT}, and max_shift is {config.max_shift}; set "
            f"max_shift = {MOST_SHIFT} or shift_multiplier = false"
        )
    if config.training is not None:
        raise SpikeplaneError(
            "chip configuration: a chip that learns shifts no weights; set shift_multiplier = false"
        )
