"""`--preset` and `--config`: which chip a command is about."""

from dataclasses import replace
from pathlib import Path

from spikeplane.camera.config import camera_preset
from spikeplane.config import ChipConfig, preset
from spikeplane.errors import SpikeplaneError


def chosen_chip(name: str | None, path: Path | None, default: str | None = None) -> ChipConfig:
    """The preset or the TOML file; `default` is a preset for when neither is given. Raises SpikeplaneError."""
    if name is not None and path is not None:
        raise SpikeplaneError("give --preset or --config, not both")
    if path is not None:
        return ChipConfig.from_toml(path)
    name = default if name is None else name
    if name is not None:
        return preset(name)
    raise SpikeplaneError("which chip? give --preset (tiny, small, medium, large) or --config FILE.toml")


def with_camera(chip: ChipConfig, name: str | None) -> ChipConfig:
    """The chip with the camera preset of that name; the same chip for None. Raises SpikeplaneError."""
    return chip if name is None else replace(chip, camera=camera_preset(name))
