"""The units of value streams: one a class and channel (`ties`), chosen before the layers are quantised.

```
    unit = the largest of   what usual values need to fit the membranes       (beyond, they saturate: told)
                            what the worst case needs to fit every accumulator that an identity goes into
                            the finest step of a branch, but no finer than 1/8 of the coarsest
```
"""

from collections.abc import Mapping

import numpy as np

from spikeplane.compiler.guard import MARGIN, ROOM
from spikeplane.compiler.layers import per_channel, thresholds
from spikeplane.compiler.planes import widest
from spikeplane.compiler.ranges import ranges
from spikeplane.compiler.steps import best_step, finer, flat, top
from spikeplane.compiler.ties import Ties, gain, is_identity, ties, uniform
from spikeplane.config import ChipConfig
from spikeplane.encodings import Encodings, by_input
from spikeplane.float_network import FloatNetwork, FloatPopulation, FloatProjection

_MOST_GUARD = 7  #: powers of two by which a stream that leaks is finer than its branches, at most
_MOST_ROOM = 16  #: thresholds of room, at most, of membranes behind a stream that leaks
_FINEST = 8.0  #: parts of the coarsest step of a class's branches that its unit is at least


class Streams:
    """Chooses `units`: by value population that others listen to, the real value of one step (C,).

    bits: of the weights, by population; peaks: by population the largest membrane (C,) on the calibration.
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
        self.usual = {name: found.usual for name, found in ranges(net, by, peaks).items()}
        #: the largest integer that a source sends, and the real value of its 1
        self.largest = {name: max(-e.span[0], e.span[1]) for name, e in by.items()}
        self.known = {name: e.value for name, e in by.items()}
        self.units: dict[str, np.ndarray] = {}
        self.ties: Ties = ties(net)
        for members in self.ties.members.values():
            unit = self._unit(members)
            if any(uniform(net, net.population(name)) for name in members):
                unit = np.full_like(unit, unit.max())
            self.units |= {name: unit * self.ties.factor[name] for name in members}

    def _unit(self, members: list[str]) -> np.ndarray:
        """The unit of a class (C,)."""
        net, least, branches = self.net, [], []
        highest = (1 << (widest(self.config) - 1)) - 1
        for name in members:
            population, factor = net.population(name), self.ties.factor[name]
            least += [self.usual[name] / highest / factor, self._accumulator(population, members) / factor]
            found = [self._step(p) for p in net.incoming(name) if not self._inside(p, members)]
            branches += [[each / factor for each in branch] for branch in found]
        for p in net.projections:
            target = net.population(p.target)
            if p.source in members and is_identity(net, p) and p.target not in self.ties.factor:
                least.append(self._behind(target, members) / gain(p) / self.ties.factor[p.source])
        needed = np.max(least, axis=0)
        unit, grid = _finest(branches, needed.shape[0])
        unit = np.where(unit >= needed, unit, finer(grid, needed))
        unit = np.where(unit > 0, unit, unit.max() or 1.0)
        return unit * 2.0 ** -self._guard(members, unit, needed)

    def _guard(self, members: list[str], unit: np.ndarray, needed: np.ndarray) -> int:
        """By how many powers of two a class is finer than its branches: where a member leaks, its leak rounds."""
        if not self._leaks(members):
            return 0
        room = np.min(unit[needed > 0] / needed[needed > 0], initial=2.0**_MOST_GUARD)
        return max(0, min(_MOST_GUARD, self.config.max_shift, int(np.floor(np.log2(room)))))

    def _leaks(self, members: list[str]) -> bool:
        neurons = [self.net.population(name).neuron for name in members]
        return not all(n is None or n.decay in (0.0, 1.0) for n in neurons)

    def _inside(self, projection: FloatProjection, members: list[str]) -> bool:
        """An identity that joins two of the class."""
        return projection.source in members and is_identity(self.net, projection)

    def _real(self, projection: FloatProjection) -> np.ndarray | None:
        """Its weights in real numbers per integer of the source; None where nobody knows that yet."""
        weight = np.asarray(projection.weight, dtype=np.float64)
        source = projection.source
        if source in self.ties.factor:
            units = self.units.get(source)
            return None if units is None else weight * projection.kind.by_source(units)
        return weight * self.known[source] if source in self.known else weight

    def _sent(self, projection: FloatProjection) -> int:
        """The largest sum of a pool of the source's integers."""
        values = 1 << (widest(self.config) - 1)
        largest = values if projection.source in self.ties.factor else self.largest.get(projection.source, 1)
        return largest * projection.pool[0] * projection.pool[1]

    def _step(self, projection: FloatProjection) -> list[np.ndarray]:
        """Of a branch: its best step, the finest that it has a use for, and its grid; 0 where it has none."""
        weight = self._real(projection)
        channels, bits = self.net.population(projection.target).shape[0], self.bits[projection.target]
        if weight is None:
            return [np.zeros(channels)] * 3
        neuron = self.net.population(projection.target).neuron
        exact = neuron is not None and neuron.decay == 0
        best, grid = best_step(weight, bits, uniform=False, exact=exact)
        return [best, np.minimum(best, np.abs(flat(weight)).max(1) / top(bits)), grid]

    def _accumulator(self, target: FloatPopulation, members: list[str]) -> np.ndarray:
        """The finest unit of `target` at which its worst case fits, where the class's identities count 1."""
        total = np.abs(per_channel(target.bias, target.shape[0]))
        limit = float((1 << (self.config.acc_bits - 1)) - 1)
        room = limit
        for p in self.net.incoming(target.name):
            weight, sent = self._real(p), self._sent(p)
            if self._inside(p, members):
                room -= sent
            elif weight is not None:
                rows = flat(weight)
                step = np.abs(rows).max(1) / top(self.bits[target.name])
                total = total + (np.abs(rows).sum(1) + 0.5 * rows.shape[1] * step) * sent
                room -= 0.5 * rows.shape[1] * sent if step.any() else 0
        # where nothing fits the proof says so, with the accumulator that would do
        return total / max(room, limit / 16)

    def _behind(self, target: FloatPopulation, members: list[str]) -> np.ndarray:
        """The finest unit of neurons behind an identity."""
        neuron = target.neuron
        assert neuron is not None
        highest = (1 << (self.config.membrane_bits - 1)) - 4
        reached = thresholds(neuron, target.shape[0])
        if self._leaks(members):  # guard bits find no room for the membranes afterwards
            seen = self.peaks.get(target.name, 0 * reached) * MARGIN
            reached = np.clip(seen, reached * ROOM, reached * _MOST_ROOM)
        reached = reached / highest
        return np.maximum(self._accumulator(target, members), reached)


def _finest(branches: list[list[np.ndarray]], channels: int) -> tuple[np.ndarray, np.ndarray]:
    """The finest of the branches' steps, but not far below the coarsest; and a grid that the weights of one
    lie on, 0 without."""
    unit, least, grid = np.full(channels, np.inf), np.zeros(channels), np.zeros(channels)
    for best, finest, own in branches:
        unit = np.where(best > 0, np.minimum(unit, best), unit)
        least = np.maximum(least, finest / _FINEST)
        grid = np.where(grid > 0, grid, own)
    unit = np.where(np.isfinite(unit), unit, 0.0)
    unit = np.where(unit >= least, unit, finer(grid, least))
    return unit, grid
