"""What comes into the populations of value streams, in real numbers, while their units are chosen."""

from collections.abc import Mapping

import numpy as np

from spikeplane.compiler import gates
from spikeplane.compiler.importance import importance
from spikeplane.compiler.planes import bits_of, widest
from spikeplane.compiler.ranges import ranges
from spikeplane.compiler.steps import best_step, flat, top
from spikeplane.compiler.ties import Ties, is_gated, is_identity, single, ties
from spikeplane.config import ChipConfig
from spikeplane.encodings import Encodings, by_input
from spikeplane.float_network import FloatNetwork, FloatProjection
from spikeplane.network import Gate, times

_LEAST = 0.75  #: of a unit, which a weight of one size is at least
FINEST = 8.0  #: parts of the coarsest step of a class's branches that its unit is at least


class Branches:
    """A network's projections as its value streams see them.

    bits: of the weights, by population; peaks: by population the largest membrane (C,) on the calibration.
    units: of the classes chosen so far, by population the real value of one step (C,); room: the planes
    that a population sends at most; low: those below that it leaves out.
    """

    def __init__(
        self,
        net: FloatNetwork,
        config: ChipConfig,
        encodings: Encodings,
        bits: Mapping[str, int],
        peaks: Mapping[str, np.ndarray],
    ) -> None:
        self.net, self.config, self.bits, self.peaks = net, config, bits, peaks
        by = by_input(encodings, [p.name for p in net.inputs])
        found = ranges(net, by, peaks)
        self.usual = {name: each.usual for name, each in found.items()}
        self.worst = {name: each.worst for name, each in found.items()}
        #: the least and the largest integer that an input sends, the larger magnitude, and the real value of its 1
        self.spans = {name: e.span for name, e in by.items()}
        self.largest = {name: max(-e.span[0], e.span[1]) for name, e in by.items()}
        self.known = {name: e.value for name, e in by.items()}
        for p in filter(gates.has_function, net.populations):
            low, top = gates.ends(p, config)
            self.spans[p.name], self.largest[p.name] = (low, top), max(-low, top)
            self.known[p.name] = gates.unit(config)
        self.units: dict[str, np.ndarray] = {}
        self.room: dict[str, int] = {}
        self.low: dict[str, int] = {}
        self.ties: Ties = ties(net)
        #: by population what noise in it is worth
        self.matters = importance(net, peaks)
        self._steps: dict[tuple[int, bytes], list[np.ndarray]] = {}

    def inside(self, projection: FloatProjection, members: list[str]) -> bool:
        """An identity that joins two of a class."""
        return projection.source in members and is_identity(self.net, projection)

    def counted(self, projection: FloatProjection, members: list[str]) -> bool:
        """What a class sends through it counts as it is: an identity inside, or a gate."""
        gated = projection.source in members and is_gated(self.net, projection)
        return gated or self.inside(projection, members)

    def product(self, members: list[str]) -> np.ndarray | None:
        """The unit (C,) of a class behind a gate, whatever else it needs; None of others."""
        for name in members:
            for p in self.net.incoming(name):
                real = self.real(p) if isinstance(p.dynamic, Gate) else None
                if real is not None:
                    return np.abs(flat(real)).max(1)
        return None

    def leaks(self, members: list[str]) -> bool:
        """A membrane of a class is kept in part."""
        neurons = [self.net.population(name).neuron for name in members]
        return any(n is not None and n.leaks for n in neurons)

    def real(self, projection: FloatProjection) -> np.ndarray | None:
        """Its weights in real numbers per integer of the source; None where nobody knows that yet."""
        weight = np.asarray(projection.weight, dtype=np.float64)
        source = projection.source
        if source in self.ties.factor:
            units = self.unit_sent(source)
            return None if units is None else weight * projection.kind.by_source(units)
        return weight * self.known[source] if source in self.known else weight

    def unit_sent(self, name: str) -> np.ndarray | None:
        """The real value of 1 (C,) of what a value population sends; None where its class is not chosen."""
        units = self.units.get(name)
        return None if units is None else units * 2.0 ** self.low.get(name, 0)

    def sent(self, projection: FloatProjection, most: int) -> int:
        """The largest sum of a pool of the source's integers, of `most` planes where its class is not chosen."""
        source, largest = projection.source, self.largest.get(projection.source, 1)
        unit = self.unit_sent(source)
        if unit is not None:
            largest = 1 << (self.planes(source, unit, self.room[source]) - 1)
        elif source in self.ties.factor:
            largest = 1 << (most - 1)
        return largest * times(projection, self.net.population(source).shape)

    def ends(self, projection: FloatProjection, most: int) -> tuple[int, int]:
        """The least and the largest sum of a pool of the source's integers, see `sent`."""
        source = projection.source
        pixels = times(projection, self.net.population(source).shape)
        if source in self.ties.factor:
            largest = self.sent(projection, most)
            return -largest, largest
        low, high = self.spans.get(source, (0, 1))
        return low * pixels, high * pixels

    def planes(self, name: str, unit: np.ndarray, most: int) -> int:
        """Planes of a population in that unit (C,): what its worst case takes, `most` at most."""
        worst = float((self.worst[name] / unit).max())
        return min(most, widest(self.config), bits_of(-worst, worst))

    def coarsest(self, members: list[str]) -> np.ndarray:
        """What the unit (C,) of a class is at least: a part of the coarsest step of its branches.

        A step counts as often as the largest value that it multiplies: what is far below the steps of spikes is not
        below theirs where it multiplies pixels, or values.
        """
        found, values = np.zeros(self.net.population(members[0]).shape[0]), 1.0
        for name in members:
            for p in self.net.incoming(name):
                if not self.inside(p, members):
                    value = self._value(p.source)
                    values = max(values, value)
                    found = np.maximum(found, self.step(p)[1] * value / self.ties.factor[name])
        return found / values / FINEST

    def whole(self, members: list[str], unit: np.ndarray) -> bool:
        """Whether weights are left in that unit (C,) of a class: no integer is less than 1. Those of one size, and the largest
        of each channel, are nearly a unit at least."""
        for name in members:
            least, largest = _LEAST * unit * self.ties.factor[name], np.zeros(len(unit))
            for p in self.net.incoming(name):
                weight = None if self.inside(p, members) else self.real(p)
                size = np.full(len(unit), np.inf) if weight is None else np.abs(flat(weight)).max(1)
                if single(p) and (size < least).any():
                    return False
                largest = np.maximum(largest, size)
            if ((largest < least) & (largest > 0)).any():
                return False
        return True

    def _value(self, source: str) -> float:
        """The largest integer that a source usually sends."""
        unit = self.unit_sent(source)
        if unit is not None:
            return max(1.0, float((self.usual[source] / unit).max()))
        return float(self.largest.get(source, 1))

    def step(self, projection: FloatProjection) -> list[np.ndarray]:
        """Of a branch: its best step, the finest that it has a use for, and its grid; 0 where it has none."""
        units = self.unit_sent(projection.source)
        key = (id(projection), b"" if units is None else units.tobytes())
        if key not in self._steps:
            self._steps[key] = self._step(projection)
        return self._steps[key]

    def _step(self, projection: FloatProjection) -> list[np.ndarray]:
        weight = self.real(projection)
        channels, bits = self.net.population(projection.target).shape[0], self.bits[projection.target]
        if weight is None:
            return [np.zeros(channels)] * 3
        neuron = self.net.population(projection.target).neuron
        exact = neuron is not None and not np.any(neuron.decay)
        best, grid = best_step(weight, bits, uniform=False, exact=exact)
        return [best, np.minimum(best, np.abs(flat(weight)).max(1) / top(bits)), grid]
