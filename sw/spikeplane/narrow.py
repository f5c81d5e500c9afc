"""Tables of a core that share block RAMs: what a chip's configuration knows of them."""

from typing import Any

from spikeplane.errors import SpikeplaneError


def check_narrow(config: Any) -> None:
    """Raises SpikeplaneError for `narrow_tables` on a chip that cannot have them: projections lie behind the entries of each
    of the three coordinate tables, at most as many as these have places."""
    if not config.narrow_tables:
        return
    if config.training is not None:
        raise SpikeplaneError(
            "chip configuration: a chip that learns has tables of its own; leave narrow_tables out"
        )
    least = min(config.row_depth, config.column_depth, config.group_depth)
    if config.projections > least:
        raise SpikeplaneError(
            f"chip configuration: narrow_tables needs row_depth, column_depth and group_depth of at least projections = "
            f"{config.projections}, not {least}"
        )
