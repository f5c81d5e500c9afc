"""The units of value streams: one a class and channel (`ties`), chosen before the layers are quantised.

```
    unit = the largest of   what usual values need to fit the membranes       (beyond, they saturate: told)
                            what the worst case needs to fit every accumulator that an identity goes into
                            the finest step of a branch, but no finer than 1/8 of the coarsest, both times their sources'
            largest values
```
"""

from collections.abc import Iterator, Mapping

import numpy as np

from spikeplane.compiler.branches import Branches
from spikeplane.compiler.guard import MARGIN, ROOM
from spikeplane.compiler.layers import Chosen, per_channel, thresholds
from spikeplane.compiler.leaky_streams import suited
from spikeplane.compiler.planes import bits_of, widest
from spikeplane.compiler.readers import before, error, pooled, read_by_streams, weighted
from spikeplane.compiler.sides import reached
from spikeplane.compiler.signs import STREAM, alike, power_apart, share_shifts, step_of
from spikeplane.compiler.steps import finer, flat, plain, top
from spikeplane.compiler.ties import gain, in_front_of_neurons, is_gated, is_identity, rounds, uniform
from spikeplane.config import ChipConfig
from spikeplane.encodings import Encodings, by_input
from spikeplane.float_network import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.fused import current_limit
from spikeplane.network import Gate

_MOST_GUARD = 7  #: powers of two by which a stream that leaks is finer than its branches, at most
_MOST_BEHIND = 16  #: thresholds of room, at most, of membranes behind a stream that leaks
_MOST_ROOM = 40  #: of those behind synaptic currents, which inhibition takes far below 0
_ACTIVE = (0.02, 0.1)  #: part of the steps in which neurons, and inputs, are taken to be active
_PAST = 8.0  #: times the least error so far: fewer planes are no better
_NEAR = 1.25  #: times the least error: as good
_ALIKE = 1.02  #: times the least error: no worse

#: Of a class: the error of its readers, its unit (C,), the planes that are sent, and how many below are left out.
Choice = tuple[float, np.ndarray, int, int]


class Streams(Branches):
    """Chooses `units`: by value population that others listen to, the real value of one step of what it sends
    (C,); `room`, the planes that it sends at most; and `low`, how many below these it leaves out."""

    def __init__(
        self,
        net: FloatNetwork,
        config: ChipConfig,
        encodings: Encodings,
        bits: Mapping[str, int],
        peaks: Mapping[str, np.ndarray],
        several: int = 1,
    ) -> None:
        super().__init__(net, config, encodings, bits, peaks)
        self.several = min(several, STREAM)
        self.steps = next(iter(by_input(encodings, [p.name for p in net.inputs]).values())).steps
        self.synaptic = in_front_of_neurons(net)
        classes = self.ties.members
        self._known: dict[tuple[object, ...], Choice] = {}
        self._looked_at = {first: before(self, members) for first, members in classes.items()}
        given: dict[str, int] = {}
        least = self._chosen(given)
        for first in [first for first, members in classes.items() if read_by_streams(self, members)]:
            # fewer planes here may leave the values behind, which are products of these, their weights
            for most in range(self.room[first] - 1, 3, -1):
                total = self._chosen({**given, first: most})
                if total < least:
                    given, least = {**given, first: most}, total
            self._chosen(given)

    @property
    def chosen(self) -> Chosen:
        """Of all classes."""
        return Chosen(units=self.units, usual=self.usual, room=self.room, low=self.low)

    def _chosen(self, given: Mapping[str, int]) -> float:
        """Chooses all classes in the network's order, and adds up the errors of their readers. given: planes
        of classes, by their first member."""
        self.units, self.room, self.low, total = {}, {}, {}, 0.0
        for first, members in self.ties.members.items():
            known = (first, given.get(first), *map(self._sends, self._looked_at[first]))
            if known not in self._known:
                self._known[known] = self._balanced(members, given.get(first))
            wrong, unit, most, low = self._known[known]
            self.units |= {name: unit * self.ties.factor[name] for name in members}
            self.room |= dict.fromkeys(members, most)
            self.low |= dict.fromkeys(members, low)
            total += wrong
        return total

    def _sends(self, first: str) -> tuple[object, ...]:
        """What others see of a class."""
        unit = self.units.get(first, np.zeros(0))
        return unit.tobytes(), self.room.get(first), self.low.get(first)

    def _balanced(self, members: list[str], given: int | None) -> Choice:
        """The error of a class's readers, its unit, and its planes: as many as there are, or fewer where weights
        behind its values gain more by it than the values lose."""
        every, may = self._widest(members), self._may_leave_out(members)
        if (product := self.product(members)) is not None:
            return self._of_product(members, product, given or every, may)
        if self.several > 1 and any(
            p.source in members and share_shifts(self.net, p) for p in self.net.projections
        ):
            room = min(self.config.max_shift + 2, self.config.acc_bits - 1)
            every = min(every, max(self.several, room - self.several))
        if not weighted(self, members) and not (may and pooled(self, members)):
            return 0.0, self._unit(members, every), every, 0
        found: list[Choice] = []
        for most in range(every, 1, -1) if given is None else [given]:
            unit = self._unit(members, most)
            tried = [(error(self, members, unit, most), unit, most, 0)]
            if may:
                tried += self._finer(members, most)
            if most < every:
                tried = [one if self.whole(members, one[1]) else (np.inf, *one[1:]) for one in tried]
            found += tried
            if min(wrong for wrong, *_ in tried) > _PAST * min(wrong for wrong, *_ in found):
                break
        least = min(wrong for wrong, *_ in found)
        first = next(one for one in found if one[0] <= _NEAR * least)
        if not first[3]:
            return first
        # of values that count finely in any case the planes are but packets
        return next(one for one in reversed(found) if one[0] <= _ALIKE * least)

    def _widest(self, members: list[str]) -> int:
        """Planes that a class has at most: of values that meet gates those that leave room for the products."""
        tops = [
            p.dynamic.top.bit_length()
            for p in self.net.projections
            if p.source in members and isinstance(p.dynamic, Gate)
        ]
        return min(widest(self.config), self.config.acc_bits - 1 - max(tops, default=0))

    def _of_product(self, members: list[str], unit: np.ndarray, every: int, may: bool) -> Choice:
        """The planes of a class behind a gate, whose unit is given: all, or the highest where others are not missed."""
        usual = max(float((self._usual(n) / unit / self.ties.factor[n]).max()) for n in members)
        needed = bits_of(-usual, usual)
        if not may or needed < 3:
            return error(self, members, unit, every), unit, every, 0
        found: list[Choice] = []
        for most in range(min(every, needed), 1, -1):
            low = needed - most
            found.append((error(self, members, unit, most, low), unit, most, low))
        least = min(wrong for wrong, *_ in found)
        return next(one for one in reversed(found) if one[0] <= _NEAR * least)

    def _may_leave_out(self, members: list[str]) -> bool:
        """Whether a class's values may be sent without their lowest planes: half of these, in the bias, rounds what is sent."""
        plain = all(rounds(self.net.population(name)) for name in members)
        return self.config.low_planes and self.config.weight_bits > 1 and plain

    def _finer(self, members: list[str], most: int) -> list[Choice]:
        """The same planes of values that count in as fine a unit as their membranes have room for."""
        every = widest(self.config)
        unit = self._unit(members, most, every - most)
        usual = max(float((self._usual(n) / unit / self.ties.factor[n]).max()) for n in members)
        low = bits_of(0, usual) - most
        return [(error(self, members, unit, most, low), unit, most, low)] if low > 0 else []

    def _unit(self, members: list[str], most: int, low: int = 0) -> np.ndarray:
        """The unit of a class (C,) whose values have `most` planes, and `low` below that are not sent."""
        net, least, branches = self.net, [], []
        highest = (1 << (most + low - 1)) - 1
        for name in members:
            population, factor = net.population(name), self.ties.factor[name]
            least += [
                self._usual(name) / highest / factor,
                self._accumulator(population, members, most + low, (1 << low) >> 1) / factor,
            ]
            for p in net.incoming(name):
                if not self.inside(p, members):
                    branches.append([each / factor for each in self.step(p)])
        for p in net.projections:
            target = net.population(p.target)
            if p.source not in members or not (is_identity(net, p) or is_gated(net, p)):
                continue
            if p.target not in self.ties.factor:
                behind = self._behind(target, members, most) / 2.0**low
                least.append(behind / gain(p) / self.ties.factor[p.source])
            elif is_gated(net, p):
                behind = self._usual(p.target) / ((1 << (self.config.membrane_bits - 1)) - 1) / 2.0**low
                least.append(behind / gain(p) / self.ties.factor[p.source])
        needed = np.max(least, axis=0)
        if self.config.weight_bits == 1:
            return self._signs(members, needed)
        unit, grid = _finest(branches, self.coarsest(members))
        unit = np.where(unit >= needed, unit, finer(grid, needed))
        unit = np.where(unit > 0, unit, unit.max() or 1.0)
        if any(uniform(net, net.population(name)) for name in members):
            unit, needed = np.full_like(unit, unit.max()), np.full_like(needed, needed.max())
        unit = unit * 2.0 ** -self._guard(members, unit, needed)
        if self.synaptic.isdisjoint(members):
            return unit
        return np.where(grid > 0, unit, self._suited(members, unit))

    def _signs(self, members: list[str], needed: np.ndarray) -> np.ndarray:
        """The unit of a class on a chip of signs: a power of two of the step of its largest branch, so fine that
        the others are whole numbers of it."""
        outer = [(p, self.real(p), name) for name in members for p in self.net.incoming(name)]
        found = [
            (w, self.ties.factor[name])
            for p, w, name in outer
            if w is not None and not self.inside(p, members)
        ]
        if not found:
            return np.where(needed > 0, needed, needed.max() or 1.0)
        main, factor = max(found, key=lambda one: one[0].size)
        step = step_of(main) / factor
        others = [step_of(w) / f for w, f in found]
        apart = all(power_apart(step, each) and alike(w) for (w, _), each in zip(found, others, strict=True))
        zeros = any((w == 0).any() for w, _ in found)
        unit = step * 2.0 ** -max(0 if apart else self.several - 1, int(zeros))
        unit = np.where(unit > 0, unit, unit.max() or 1.0)
        if any(uniform(self.net, self.net.population(name)) for name in members):
            unit = np.full_like(unit, unit.mean())
        return unit * 2.0 ** max(0, int(np.ceil(np.log2((needed / unit).max() or 1.0))))

    def _usual(self, name: str) -> np.ndarray:
        """What a population usually sends at most (C,). Of synaptic currents no more than the membranes behind have room for."""
        if name not in self.synaptic:
            return self.usual[name]
        most = [_MOST_ROOM * thresholds(n, len(self.usual[name])) / gain(p) for p, n in self._neurons(name)]
        return np.minimum(self.usual[name], np.max(most, axis=0))

    def _neurons(self, name: str) -> Iterator[tuple[FloatProjection, FloatNeuron]]:
        """The neurons that take synaptic currents."""
        for p in self.net.projections:
            neuron = self.net.population(p.target).neuron
            if p.source == name and name in self.synaptic and neuron is not None:
                yield p, neuron

    def _suited(self, members: list[str], unit: np.ndarray) -> np.ndarray:
        """The unit of a class that leaks, or one a little coarser, of which more is a whole number."""
        net, factor = self.net, self.ties.factor
        drives = []
        for name in members:
            outer = [p for p in net.incoming(name) if not self.inside(p, members)]
            real = [(self.real(p), _ACTIVE[p.source in self.known]) for p in outer]
            weights = [(w, active) for w, active in real if w is not None]
            drives.append((net.population(name), factor[name], weights, self.bits[name]))
        behind = [(n, factor[name] * gain(p)) for name in members for p, n in self._neurons(name)]
        return suited(unit, drives, behind, self.steps)

    def _guard(self, members: list[str], unit: np.ndarray, needed: np.ndarray) -> int:
        """By how many powers of two a class is finer than its branches: where a member leaks, its leak rounds."""
        if not self.leaks(members):
            return 0
        room = np.min(unit[needed > 0] / needed[needed > 0], initial=2.0**_MOST_GUARD)
        return max(0, min(_MOST_GUARD, self.config.max_shift, int(np.floor(np.log2(room)))))

    def _accumulator(
        self, target: FloatPopulation, members: list[str], most: int, half: int = 0
    ) -> np.ndarray:
        """The finest unit of `target` at which its worst case fits, where the class's identities count 1. half: of what
        is left out, in the bias."""
        limit, none = float(current_limit(self.config)), np.zeros(target.shape[0])
        room, parts, signs = limit - half, [], []
        for p in self.net.incoming(target.name):
            weight, (low, high) = self.real(p), self.ends(p, most)
            if self.counted(p, members):
                room -= max(high, -low)
            elif weight is not None:
                # a weight rounds to the branch's step, and that to the unit: by a half of both, away from 0 at the worst
                step, sign = np.abs(flat(weight)).max(1) / top(self.bits[target.name]), np.sign(plain(weight))
                away = sign * step.reshape(-1, *[1] * (weight.ndim - 1)) / 2
                parts.append((plain(weight) + away, p.up, low, high))
                signs.append((sign / 2, p.up, low, high))
        # where nothing fits the proof says so, with the accumulator that would do
        return reached(parts, none + per_channel(target.bias, target.shape[0])) / np.maximum(
            room - reached(signs, none), limit / 16
        )

    def _behind(self, target: FloatPopulation, members: list[str], most: int) -> np.ndarray:
        """The finest unit of neurons behind an identity."""
        neuron = target.neuron
        assert neuron is not None
        highest = (1 << (self.config.membrane_bits - 1)) - 4
        reached = thresholds(neuron, target.shape[0])
        if self.leaks(members):  # guard bits find no room for the membranes afterwards
            room = reached * (_MOST_ROOM if self.synaptic.issuperset(members) else _MOST_BEHIND)
            seen = self.peaks.get(target.name, 0 * reached) * MARGIN
            reached = np.clip(seen, reached * ROOM, room)
        reached = reached / highest
        return np.maximum(self._accumulator(target, members, most), reached)


def _finest(branches: list[list[np.ndarray]], least: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The finest of the branches' steps, but at least `least` (C,); and a grid that the weights of one lie on, 0
    without."""
    unit, grid = np.full(len(least), np.inf), np.zeros(len(least))
    for best, _, own in branches:
        unit = np.where(best > 0, np.minimum(unit, best), unit)
        grid = np.where(grid > 0, grid, own)
    unit = np.where(np.isfinite(unit), unit, 0.0)
    unit = np.where(unit >= least, unit, finer(grid, least))
    return unit, grid
