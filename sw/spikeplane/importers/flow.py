"""What flows between the layers of a model while it is imported: `Spikes`, the outputs of populations,
pooled or added, and `Currents`, synapses that no neuron has received yet."""

from dataclasses import dataclass

import numpy as np

from spikeplane.float_network import FloatProjection
from spikeplane.importers.geometry import Shape
from spikeplane.network import Window


@dataclass(frozen=True)
class Source:
    """One population inside a `Spikes` value: gain times its sum over pool blocks."""

    population: str
    pool: tuple[int, int] = (1, 1)
    gain: float = 1.0
    delay: int = 0


@dataclass(frozen=True)
class Spikes:
    """A sum of sources, of shape (C, H, W); `flat` once a flatten has been passed."""

    sources: tuple[Source, ...]
    shape: Shape
    flat: bool = False


@dataclass(frozen=True)
class Currents:
    """Projections without a target, a bias (C,) and perhaps a maximum over a window of `shape` (C,
    H, W); `flat` as in `Spikes`."""

    drafts: tuple[FloatProjection, ...]
    bias: np.ndarray
    shape: Shape
    window: Window | None = None
    flat: bool = False


Value = Spikes | Currents
