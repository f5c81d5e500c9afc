"""A run whose output becomes boxes, batch by batch."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spikeplane.boxes import Box, Head, Wanted
from spikeplane.boxes.draw import check_folder, picture, write_picture
from spikeplane.errors import SpikeplaneError
from spikeplane.program import Program
from spikeplane.run.execute import Result

Draw = Callable[[int, np.ndarray, list[Box]], None]  #: of a sample its number, its picture and its boxes


class Detecting(Result):
    """What came out, and the boxes of each sample; `draw` is called with each, as it comes."""

    def __init__(self, head: Head, wanted: Wanted, draw: Draw | None, *kept: int) -> None:
        super().__init__(*kept)
        self.head, self.wanted, self.draw = head, wanted, draw
        self.boxes: list[list[Box]] = []

    def take(self, program: Program, planes: dict[str, np.ndarray], outputs: dict[str, np.ndarray]) -> None:
        """Add a batch."""
        super().take(program, planes, outputs)
        found = self.head.boxes(self.head.values(program, outputs), self.wanted)
        if self.draw:
            driven = program.input.apart(planes[program.input.name])
            for number, (one, boxes) in enumerate(zip(driven, found, strict=True), len(self.boxes)):
                self.draw(number, pictured(program, one), boxes)
        self.boxes += found


def pictured(program: Program, planes: np.ndarray) -> np.ndarray:
    """uint8 (H, W, 3) of a sample's planes of the first input, in steps of the model."""
    first, encoding = program.input, program.encodings[program.input.name]
    return picture(planes, encoding, first.value_bits, first.signed)


def into(folder: str | Path, names: Sequence[str] | None) -> Draw:
    """Draws into a folder, which is made. Raises SpikeplaneError where it cannot be, and where Pillow is missing."""
    check_folder(folder)
    return lambda number, image, boxes: write_picture(folder, number, image, boxes, names)


def checked_names(names: Any, classes: int) -> list[str] | None:
    """A name for each class, or None. Raises SpikeplaneError for others."""
    if names is None:
        return None
    found = [] if isinstance(names, str) else [str(name) for name in names]
    if len(found) != classes:
        raise SpikeplaneError(
            f"names must be a list of one text for each of {classes} classes, not {names!r}"
        )
    return found
