"""What flows between the layers of a model while it is imported: `Spikes`, the outputs of populations,
pooled or added, and `Currents`, synapses that no neuron has received yet."""

from dataclasses import dataclass

import numpy as np

from spikeplane.importers.geometry import Shape
from spikeplane.importers.maps import Map
from spikeplane.network import Gate, Pair, Window


@dataclass(frozen=True)
class Source:
    """One population inside a `Spikes` value, seen through a map: pooled, padded, a slice of it; None: as
    it is. `uneven`: the layer that made the map another one from pixel to pixel, if one did."""

    population: str
    delay: int = 0
    map: Map | None = None
    uneven: str = ""


@dataclass(frozen=True)
class Spikes:
    """A sum of sources, of shape (C, H, W); `flat` once a flatten has been passed."""

    sources: tuple[Source, ...]
    shape: Shape
    flat: bool = False
    split: "Split | None" = None

    @property
    def whole(self) -> bool:
        """Whether the values are whole numbers: spikes, or sums of them."""
        maps = [s.map for s in self.sources if s.map is not None]
        parts = [part for m in maps for part in (m.weight, m.rows, m.columns)]
        return all(bool((part == np.trunc(part)).all()) for part in parts)

    @property
    def binary(self) -> bool:
        """Whether spikes of 0 and 1 stay 0 and 1: no two of them meet in a value."""
        total = np.zeros(self.shape)
        for source in self.sources:
            if source.map is None:
                total += 1
            elif not source.map.picks():
                return False
            else:
                total += source.map.of(np.ones(source.map.source))
        return bool((total <= 1).all())


@dataclass(frozen=True)
class Draft:
    """Synapses of a population without a target; `layer` and `dynamic` as in `FloatProjection`, `uneven` as in `Source`. Of
    dynamic ones the map is a factor of each channel."""

    source: str
    map: Map
    delay: int = 0
    layer: str = ""
    uneven: str = ""
    dynamic: Pair | Gate | None = None


@dataclass(frozen=True)
class Term:
    """Of currents: these of their drafts, the objects themselves, are gain (C,) times a sum, which is
    known by its number (`sums.Sums.made`)."""

    sum: int
    drafts: tuple[Draft, ...]
    gain: np.ndarray


@dataclass(frozen=True)
class Currents:
    """Drafts, a bias and perhaps a maximum over a window of `shape` (C, H, W); `flat` as in `Spikes`.

    bias: (C,), or (C, H, W) where it differs inside a channel. terms: the sums among the drafts; one whose
    drafts have been replaced counts no more.
    """

    drafts: tuple[Draft, ...]
    bias: np.ndarray
    shape: Shape
    window: Window | None = None
    flat: bool = False
    terms: tuple[Term, ...] = ()
    split: "Split | None" = None

    @property
    def image(self) -> np.ndarray:
        """The bias of every value, (C, H, W)."""
        bias = self.bias if self.bias.ndim == 3 else self.bias[:, None, None]
        return np.broadcast_to(bias, self.shape)

    @property
    def attends(self) -> bool:
        """Whether some of the weights are counted anew in each step, or come from a gate."""
        return any(d.dynamic is not None for d in self.drafts)


Value = Spikes | Currents


@dataclass(frozen=True)
class Split:
    """Of an uneven value: what was in front of `layer`, which made it so, and the same value since, made of a
    population `name` that would send what was in front (splits.py)."""

    layer: str
    before: Value
    name: str
    since: Value
