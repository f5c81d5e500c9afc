"""`--preset` and `--config`: which chip a command is about."""

from pathlib import Path

from spikeplane.config import ChipConfig, preset
from spikeplane.errors import SpikeplaneError


def chosen_chip(name: str | None, path: Path | None, default: str | None = None) -> ChipConfig:
    """The preset or the TOML file; `default` is a preset for when neither is given. Raises SpikeplaneError."""
    if name and path:
        raise SpikeplaneError("give --preset or --config, not both")
    if path:
        return ChipConfig.from_toml(path)
    if name or default:
        return preset(name or default or "")
    raise SpikeplaneError("which chip? give --preset (tiny, small, medium, large) or --config FILE.toml")
