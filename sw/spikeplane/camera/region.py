"""Regions of interest of a camera's image, and which words of it a grabber keeps: one rule for
driver, tests and gateware."""

from dataclasses import dataclass

import numpy as np

from spikeplane.camera.config import CameraConfig
from spikeplane.errors import SpikeplaneError


@dataclass(frozen=True)
class Region:
    """Pixels x0..x1 and y0..y1 of an image, both ends included; x to the right, y downwards, from 0."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.y1 - self.y0 + 1, self.x1 - self.x0 + 1

    def check(self, config: CameraConfig) -> None:
        """Raise SpikeplaneError unless the region has pixels and lies inside the image."""
        if not (0 <= self.x0 <= self.x1 < config.width and 0 <= self.y0 <= self.y1 < config.height):
            raise SpikeplaneError(
                f"region {self.x0},{self.y0},{self.x1},{self.y1} is not inside the "
                f"{config.width}x{config.height} image; "
                f"give x0,y0,x1,y1 with 0 <= x0 <= x1 <= {config.width - 1} and 0 <= y0 <= y1 <= "
                f"{config.height - 1}"
            )


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
