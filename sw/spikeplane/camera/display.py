"""From a pipeline's values to grey levels: what is white, and how many levels there are."""

from dataclasses import dataclass

import numpy as np

FULL_SCALE = 0.6  #: spikes a plane of a white pixel, unless somebody says otherwise


@dataclass(frozen=True)
class Display:
    """How values are shown.

    scale        the value of a pixel that fires in every plane: 255, or 4080 with four binary places
    full_scale   spikes a plane of a white pixel, more than 0 and at most 1
    gamma        1: levels are proportional to light, as in the true images of data sets; 2.2: as
                 screens expect it
    """

    scale: int
    full_scale: float = FULL_SCALE
    gamma: float = 1.0

    def light(self, values: np.ndarray) -> np.ndarray:
        """float64, 0..1: value / scale / full_scale, 1 at most; without gamma. What is compared
        with a true image."""
        return np.minimum(values / (self.scale * self.full_scale), 1.0)

    def table(self, white: int) -> np.ndarray:
        """The level 0..white of every value 0..scale: index it with values. uint8 or uint16."""
        levels = self.light(np.arange(self.scale + 1)) ** (1 / self.gamma) * white
        return np.rint(levels).astype(np.uint8 if white < 256 else np.uint16)
