"""What becomes of a PyTorch module."""

from dataclasses import dataclass, field

import numpy as np

from spikeplane.float_network import Called, FloatNetwork


@dataclass(frozen=True)
class Imported:
    """A float network, how its model is called (None: once a step), where neurons have their values, and which take
    samples first, as in `Origin`."""

    net: FloatNetwork
    called: Called | None = None
    places: dict[str, np.ndarray] = field(default_factory=dict)
    samples_first: frozenset[str] = frozenset()
