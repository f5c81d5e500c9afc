"""`--preset` and `--config`: which chip a command is about."""

import difflib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from spikeplane.camera.config import camera_preset
from spikeplane.config import PRESETS, ChipConfig, preset
from spikeplane.errors import SpikeplaneError

if TYPE_CHECKING:
    from spikeplane_hw.board import Board


def chosen_chip(name: str | None, path: Path | None, default: str | None = None) -> ChipConfig:
    """The preset or the TOML file; `default` is a preset for when neither is given. Raises
    SpikeplaneError."""
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


def chip_of(board: "Board", name: str | None, path: Path | None) -> tuple[ChipConfig | None, float]:
    """What a board is to be: its own preset of that name, one of the general ones, or the TOML
    file; without either what suits it.

    Returns the chip (None: the UART echo) and its clock on this board, MHz. Raises SpikeplaneError."""
    own = board.presets
    if path is None and (name is None or name in own):
        return own[name or next(iter(own))]
    if path is None and name not in PRESETS:
        known = [*own, *sorted(PRESETS)]
        close = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
        advice = f"did you mean '{close[0]}'?" if close else f"choose from {', '.join(known)}"
        raise SpikeplaneError(f"unknown preset '{name}'; {advice}")
    chip = chosen_chip(name, path)
    return chip, board.clock_of(chip)
