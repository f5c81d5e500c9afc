"""Sums of currents that several layers use: each becomes a population of values, once.

```
    v1 = v0 + f(s0) ──┬─▶ neurons               v1 inlined: the synapses of v0 and f into every user
                      └─▶ v2 = v1 + f(s1) ...    v1 a population: its synapses once, an identity to every user
```
Inlined, a residual stream of depth n costs synapses that grow as n^2. Who uses a sum is known only when the
whole model has been walked, so sums are noted on the way and looked at in the end.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from spikeplane.float_network import FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.importers.flow import Currents, Draft, Spikes, Term, Value
from spikeplane.importers.maps import Map
from spikeplane.network import ALIGNED, MEMBRANE

Projected = Callable[[str, Currents], list[FloatProjection] | None]
#: Populations whose spikes every user adds up anew; of more a population of their sum is made at once. So it is
#: where a layer reads a sum of more currents: in each of them it would have a kernel of its own.
FAN = 8


@dataclass(frozen=True)
class Sum:
    """An addition of a model: what it adds, the sums among that, and how many populations of neurons there
    were: constant ones are put in front of them later."""

    layer: str
    currents: Currents
    place: int


@dataclass(frozen=True)
class _Taken:
    """What a population takes: its drafts, the sums among them, and the projections that they became."""

    drafts: tuple[Draft, ...]
    terms: tuple[Term, ...]
    projections: list[FloatProjection]


@dataclass
class Sums:
    """The sums of a model, in its order, and who takes them. `inner`: by the numbers of those that are
    populations what these take."""

    made: list[Sum] = field(default_factory=list)
    taken: dict[str, _Taken] = field(default_factory=dict)
    inner: dict[int, _Taken] = field(default_factory=dict)

    def add(self, layer: str, total: Currents, place: int) -> Currents:
        """`total`, which is known as a sum from now on."""
        known = (n for n, s in enumerate(self.made) if _same(s.currents.drafts, total.drafts))
        number = next(known, len(self.made))
        if number == len(self.made):
            self.made.append(
                Sum(layer, replace(total, bias=np.zeros(total.shape[0]), terms=valid(total)), place)
            )
        return replace(total, terms=(Term(number, total.drafts, np.ones(total.shape[0])),))

    def take(self, layer: str, currents: Currents, projections: list[FloatProjection]) -> None:
        """A population takes these currents by these projections, one a draft."""
        terms = valid(currents)
        if terms:
            self.taken[layer] = _Taken(currents.drafts, terms, list(projections))

    def shared(self, known: Iterable[FloatProjection], projected: Projected) -> list[int]:
        """The sums that are worth a population: used more than once, and synapses are saved by it.

        known: the network's projections; where an importer has changed some of a population's, it keeps
        all. projected: makes projections of currents, None where they have no kernel.
        """
        there = {id(p) for p in known}
        for layer in [n for n, t in self.taken.items() if any(id(p) not in there for p in t.projections)]:
            del self.taken[layer]
        for number in self._used_twice():
            total = self.made[number]
            projections = projected(total.layer, total.currents)
            if projections is not None and _worth(projections):
                self.inner[number] = _Taken(total.currents.drafts, total.currents.terms, projections)
        return sorted(self.inner)

    def _used_twice(self) -> list[int]:
        uses = [0] * len(self.made)
        for taken in self.taken.values():
            for term in taken.terms:
                uses[term.sum] += 1
        for number in reversed(range(len(self.made))):
            for term in self.made[number].currents.terms if uses[number] else ():
                uses[term.sum] += 1
        return [number for number, count in enumerate(uses) if count > 1]


def valid(currents: Currents) -> tuple[Term, ...]:
    """The terms whose drafts still are among the currents': a layer may have made others of them."""
    there = {id(d) for d in currents.drafts}
    return tuple(t for t in currents.terms if all(id(d) in there for d in t.drafts))


def shallow(made: Any, layer: str, value: Value, map: Map) -> Value:
    """A sum of many populations' currents, or an attention, in front of a map that mixes channels or pixels as a
    population of values, because the map would be folded into the synapses of each; others as they are."""
    if isinstance(value, Spikes) or map.pointwise:
        return value
    if value.attends:
        return made.values(f"{layer}_input", value, "an attention in front of a layer")
    if len(value.drafts) <= FAN or not valid(value):
        return value
    return made.values(f"{layer}_input", value, f"a sum of {len(value.drafts)} sources in front of a layer")


def stream(made: Any, layer: str, value: Value) -> Value:
    """A sum of more than two populations' currents in front of a concatenation as a population of values, because others that
    take the sum would have a population of their own; others as they are."""
    if isinstance(value, Spikes) or len(value.drafts) < 3 or not valid(value):
        return value
    return made.values(
        f"{layer}_input", value, f"a sum of {len(value.drafts)} sources in front of a concatenation"
    )


def scaled(currents: Currents, drafts: tuple[Draft, ...], gain: np.ndarray) -> tuple[Term, ...]:
    """The terms of currents whose drafts have become these, gain (C,) times as much."""
    now = {id(d): new for d, new in zip(currents.drafts, drafts, strict=True)}
    return tuple(Term(t.sum, tuple(now[id(d)] for d in t.drafts), t.gain * gain) for t in valid(currents))


def populations_of(
    sums: Sums, names: dict[int, str], populations: list[FloatPopulation]
) -> list[FloatPopulation]:
    """The populations, with one for each sum in `names` in front of all that was made behind it."""
    made = [(s.place, _population(names[n], s)) for n, s in enumerate(sums.made) if n in names]
    found, neurons = [], 0
    for population in populations:
        if population.neuron is not None:
            found += [sum_ for place, sum_ in made if place == neurons]
            neurons += 1
        found.append(population)
    return [*found, *(sum_ for place, sum_ in made if place >= neurons)]


def projections_of(
    sums: Sums, names: dict[int, str], projections: list[FloatProjection]
) -> list[FloatProjection]:
    """The projections, where sums in `names` stand for what they add, and those into these sums."""
    found = list(projections)
    for layer, taken in sums.taken.items():
        gone = {id(p) for p in taken.projections}
        place = next(i for i, p in enumerate(found) if id(p) in gone)
        found = [p for p in found if id(p) not in gone]
        found[place:place] = _resolved(sums, names, taken, layer)
    for number, name in names.items():
        found += [replace(p, target=name) for p in _resolved(sums, names, sums.inner[number], name)]
    return found


def _population(name: str, total: Sum) -> FloatPopulation:
    neuron = FloatNeuron(decay=0.0, reset="none", kind=MEMBRANE)
    return FloatPopulation(name=name, shape=total.currents.shape, neuron=neuron)


def _resolved(sums: Sums, names: dict[int, str], taken: _Taken, target: str) -> list[FloatProjection]:
    """The projections into `target`, an identity in place of those that a sum in `names` adds."""
    found, left = [], {id(d): p for d, p in zip(taken.drafts, taken.projections, strict=True)}
    for term in _opened(sums, names, taken.terms):
        for draft in term.drafts:
            del left[id(draft)]
        weight = term.gain.reshape(-1, 1, 1)
        found.append(FloatProjection(source=names[term.sum], target=target, weight=weight, kind=ALIGNED))
    return [*found, *left.values()]


def _opened(sums: Sums, names: dict[int, str], terms: tuple[Term, ...]) -> list[Term]:
    """The terms that are in `names`, and those inside the others."""
    found = []
    for term in terms:
        if term.sum in names:
            found.append(term)
            continue
        inside = sums.made[term.sum].currents
        now = {id(d): given for d, given in zip(inside.drafts, term.drafts, strict=True)}
        deeper = tuple(
            Term(t.sum, tuple(now[id(d)] for d in t.drafts), t.gain * term.gain) for t in inside.terms
        )
        found += _opened(sums, names, deeper)
    return found


def _same(one: tuple[Draft, ...], other: tuple[Draft, ...]) -> bool:
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))


def _worth(projections: list[FloatProjection]) -> bool:
    """More than identities, some of it in the step itself."""
    return any(not p.kind.by_packet for p in projections) and not all(p.delay for p in projections)
