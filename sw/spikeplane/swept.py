"""Sweeps of a few lanes at a time: what a chip's configuration knows of them."""

from typing import Any

from spikeplane.errors import SpikeplaneError


def check_swept(config: Any) -> None:
    """Raises SpikeplaneError for a `sweep_lanes` that a `ChipConfig`, or one of its kind, cannot have."""
    found = config.sweep_lanes
    if found is None:
        return
    allowed = [n for n in range(1, config.lanes) if config.lanes % n == 0]
    if not isinstance(found, int) or isinstance(found, bool) or found not in allowed:
        raise SpikeplaneError(
            f"chip configuration: sweep_lanes must be one of {', '.join(map(str, allowed))} on a chip of {config.lanes} "
            f"lanes, not {found!r}; leave it out to compute all lanes at once"
        )
    if config.training is not None:
        raise SpikeplaneError(
            f"chip configuration: a chip that learns has a sweep of its own; leave sweep_lanes = {found} out"
        )
