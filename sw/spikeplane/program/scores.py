"""What is read out of a sample: a score a class."""

import numpy as np


def scores(readout: str, values: np.ndarray, fold: int = 1) -> np.ndarray:
    """(N, classes) of what the output population sends, (N, T, C, H, W), pixels summed up.

    readout   "count": the sum over the steps of spikes, "sum" of values; "last": of the last step; "early": each spike
              counts T less its step, so that of neurons that fire once the first has the highest score
    fold      steps that stand behind one another in the channels
    """
    if readout == "early":
        left = np.arange(values.shape[1], 0, -1, dtype=np.int64)
        values = np.multiply(values, left[:, None, None, None])
    chosen: np.ndarray = values[:, -1] if readout == "last" else values.sum(1)
    return chosen.sum((-1, -2)).reshape(len(values), fold, -1).sum(1)
