"""Regions of interest of a camera's planes and images, as commands and driver take them, and which
words of an image a grabber keeps: one rule for driver, tests and gateware."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from spikeplane.camera.config import CameraConfig
from spikeplane.camera.size import Size
from spikeplane.errors import SpikeplaneError


@dataclass(frozen=True)
class Region:
    """Pixels x0..x1 and y0..y1 of an image, both ends included; x to the right, y downwards, from 0."""

    x0: int
    y0: int
    x1: int
    y1: int

    @classmethod
    def at(cls, x: int, y: int, width: int, height: int) -> Self:
        """Of so many pixels from (x, y) on, its upper left corner."""
        return cls(x, y, x + width - 1, y + height - 1)

    @property
    def width(self) -> int:
        """Its columns."""
        return self.x1 - self.x0 + 1

    @property
    def height(self) -> int:
        """Its rows."""
        return self.y1 - self.y0 + 1

    @property
    def size(self) -> Size:
        """(width, height) in pixels."""
        return self.width, self.height

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels, as arrays have it."""
        return self.height, self.width

    def __str__(self) -> str:
        """As the command line takes it: "X,Y,W,H"."""
        return f"{self.x0},{self.y0},{self.width},{self.height}"

    def lies_in(self, size: Size) -> bool:
        """Whether it has pixels and all of them are in planes of that size."""
        return 0 <= self.x0 <= self.x1 < size[0] and 0 <= self.y0 <= self.y1 < size[1]

    def of(self, planes: np.ndarray) -> np.ndarray:
        """These pixels of (..., H, W), a view."""
        return planes[..., self.y0 : self.y1 + 1, self.x0 : self.x1 + 1]

    def check(self, config: CameraConfig) -> None:
        """Raise SpikeplaneError unless the region has pixels and lies inside the image."""
        if not self.lies_in((config.width, config.height)):
            raise SpikeplaneError(
                f"region {self.x0},{self.y0},{self.x1},{self.y1} is not inside the "
                f"{config.width}x{config.height} image; "
                f"give x0,y0,x1,y1 with 0 <= x0 <= x1 <= {config.width - 1} and 0 <= y0 <= y1 <= "
                f"{config.height - 1}"
            )


def parse_region(text: str, wanted: str) -> Region:
    """The region of a command's `--roi X,Y,W,H`, wherever it lies. Raises SpikeplaneError for other
    text, which says what is `wanted`."""
    try:
        x, y, width, height = (int(word) for word in text.split(","))
    except ValueError:
        raise SpikeplaneError(f"--roi is {wanted}, not {text!r}") from None
    return Region.at(x, y, width, height)


def whole(config: CameraConfig) -> Region:
    """The whole image."""
    return Region(0, 0, config.width - 1, config.height - 1)


def kept_words(config: CameraConfig, region: Region) -> np.ndarray:
    """Indices of the words of an image that a grabber keeps, int64 ascending: those that hold a
    pixel of the region. Words longer than a row are kept wherever they touch a row of it.

    Raises SpikeplaneError for a region that is not inside the image.
    """
    region.check(config)
    inside = np.zeros((config.height, config.width), dtype=bool)
    columns = slice(region.x0, region.x1 + 1) if config.pixels <= config.width else slice(None)
    inside[region.y0 : region.y1 + 1, columns] = True
    return np.flatnonzero(inside.reshape(-1, config.pixels).any(1))
