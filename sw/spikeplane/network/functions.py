"""Functions of a membrane that a chip has as tables (`network.table`)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Function:
    """One of them, of real numbers.

    apply    the function, of arrays
    low, high   what it gives: from the one to the other
    reach    arguments beyond -reach..reach give (nearly) the same as these
    """

    apply: Callable[[Any], Any]
    low: float
    high: float
    reach: float


#: By name, as `FloatNeuron.function` has it. The hard sigmoid is PyTorch's, clip(x / 6 + 1/2, 0, 1).
FUNCTIONS = {
    "sigmoid": Function(lambda x: 1 / (1 + np.exp(-x)), 0.0, 1.0, 8.0),
    "hard_sigmoid": Function(lambda x: np.clip(x / 6 + 0.5, 0.0, 1.0), 0.0, 1.0, 3.0),
    "tanh": Function(np.tanh, -1.0, 1.0, 4.0),
}
