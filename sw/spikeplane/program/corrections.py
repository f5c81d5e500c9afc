"""What calibration data changed in a layer beyond the rounding of each of its numbers: kept beside the float network,
because the same integers are to be made from it again."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Correction:
    """Of one population, (C,) each.

    scale      the unit of its weights is that many times the one of least error; where they lie on a grid it is not
               used
    bias, threshold   added to the bias and to the threshold, in real numbers
    """

    scale: np.ndarray
    bias: np.ndarray
    threshold: np.ndarray

    @staticmethod
    def none(channels: int) -> "Correction":
        """One that changes nothing."""
        return Correction(scale=np.ones(channels), bias=np.zeros(channels), threshold=np.zeros(channels))

    @property
    def changed(self) -> dict[str, int]:
        """How many channels have another scale, bias and threshold."""
        return {
            "scale": int((self.scale != 1).sum()),
            "bias": int((self.bias != 0).sum()),
            "threshold": int((self.threshold != 0).sum()),
        }
