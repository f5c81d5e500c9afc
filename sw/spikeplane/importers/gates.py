"""Gates of spikes: products, maxima, comparisons and other functions of several spikes of 0 and 1, each a population
without memory that counts the spikes that it gets.

```
    a ──┐                    every value is a sum of spikes, so a function of them is a truth table:
        ├─▶ a * (1 - b)      a, b -> 0, 0, 1, 0      fires at a - b >= 1
    b ──┘                    no threshold (XOR): a + b - 2 (a AND b)
```
A gate whose spikes come from gates becomes one of theirs where one threshold is enough.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spikeplane.float_network import SPIKES_ALONE, FloatNeuron
from spikeplane.importers.flow import Currents, Draft, Source, Spikes, Value
from spikeplane.importers.maps import Map, identity
from spikeplane.importers.truth import ands, minterms, name, needed, threshold

#: Spikes that a gate may have, at most; and gates that a sum may need.
MOST = 6
_ANDS = 16


@dataclass(frozen=True)
class Table:
    """A value whose every element is the same function of spikes: of one neuron, or none where there is padding, of
    each of `sources`. values: (2, 2, ...), one axis a source."""

    sources: tuple[Source, ...]
    values: np.ndarray

    @property
    def binary(self) -> bool:
        """Whether nothing but 0 and 1 comes out."""
        return bool(np.isin(self.values, (0.0, 1.0)).all())


def table(made: Any, value: Value, input_bits: int | None) -> Table | None:
    """The table of a value; None where it is no sum of spikes with one factor a source."""
    if isinstance(value, Currents):
        if value.window is not None or value.attends or not (value.bias == value.bias.flat[0]).all():
            return None
        bias = float(value.bias.flat[0])
        sources = [Source(d.source, d.delay, d.map, d.uneven) for d in value.drafts]
    else:
        bias, sources = 0.0, list(value.sources)
    terms: dict[Any, tuple[Source, float]] = {}
    for source in sources:
        if not _fires(made, source.population, input_bits):
            return None
        found = (1.0, None) if source.map is None else factored(source.map)
        if found is None:
            return None
        factor, map = found
        if factor:
            source = replace(source, map=map)
            before = terms.get(_key(source), (source, 0.0))[1]
            terms[_key(source)] = (source, before + factor)
    if len(terms) > MOST:
        return None
    values = np.full((2,) * len(terms), bias)
    for axis, (_, factor) in enumerate(terms.values()):
        values = values + factor * _spike(axis, len(terms))
    return Table(tuple(source for source, _ in terms.values()), values)


def of(tables: Sequence[Table], function: Callable[..., np.ndarray]) -> Table | None:
    """What the function makes of values; it takes an array of each. None if there are too many spikes, or if it
    gives numbers that are not finite."""
    every = {_key(source): source for one in tables for source in one.sources}
    if len(every) > MOST:
        return None
    places = list(every)
    arrays = []
    for one in tables:
        axes = [places.index(_key(source)) for source in one.sources]
        order = np.argsort(axes)
        shape = [2 if n in axes else 1 for n in range(len(places))]
        arrays.append(
            np.broadcast_to(one.values.transpose(order).reshape(shape), (2,) * len(places)).reshape(-1)
        )
    with np.errstate(all="ignore"):
        made = np.asarray(function(*arrays), dtype=np.float64)
    if made.shape != arrays[0].shape or not np.isfinite(made).all():
        return None
    return Table(tuple(every.values()), made.reshape((2,) * len(places)))


def opened(made: Any, one: Table) -> Table | None:
    """The same of the spikes that its gates are made of; None where none of them is a gate, or there are too many."""
    inner: list[Table] = []
    for source in one.sources:
        gate = made.gates.get(source.population)
        inside = None if gate is None else _seen(gate, source)
        deeper = None if inside is None else opened(made, inside)
        inner.append(deeper or inside or Table((source,), np.array([0.0, 1.0])))
    if all(table.sources == (source,) for table, source in zip(inner, one.sources, strict=True)):
        return None
    return of(inner, lambda *spikes: one.values[tuple(spike.astype(int) for spike in spikes)])


def _seen(gate: Table, source: Source) -> Table | None:
    """A gate's table where its spikes are seen through a map, and late; None where they are late twice, or where
    it fires of nothing, which padding does not."""
    if gate.values.flat[0] or (source.delay and any(s.delay for s in gate.sources)):
        return None
    if len({s.population for s in gate.sources}) < len(gate.sources):
        return None  # two maps of one population may become one
    maps = [s.map if source.map is None else source.map if s.map is None else source.map.after(s.map) for s in gate.sources]  # fmt: skip
    parts = zip(gate.sources, maps, strict=True)
    return Table(tuple(Source(s.population, s.delay + source.delay, m) for s, m in parts), gate.values)


def built(made: Any, layer: str, one: Table, like: Value) -> Value | None:
    """The value of the table, of the shape of `like`: spikes of a gate where it is one, else sums of ANDs. None if
    too many would be needed."""
    one = _least(made, one)
    low, high = float(one.values.flat[0]), float(one.values.flat[-1])
    others = np.unique(one.values)
    if not one.sources:
        return made.scale(made.currents(layer, like), np.zeros(like.shape[0]), np.full(like.shape[0], low))
    if len(one.sources) == 1:
        return affine(made, layer, Spikes(one.sources, like.shape, flat=like.flat), low, high - low)
    if len(others) > 2:
        return _polynomial(made, layer, one, like)
    low, high = (0.0, 1.0) if one.binary else (low, float(others[others != low][0]))
    fires = replace(one, values=((one.values - low) / (high - low)).round())
    gate = _gate(made, layer, fires, like)
    return None if gate is None else affine(made, layer, gate, low, high - low)


def firing(made: Any, layer: str, one: Table, like: Value) -> Spikes:
    """Spikes where a table of 0s and 1s is 1. Raises SpikeplaneError where that takes too many gates."""
    one = _least(made, one)
    same = np.array_equal(one.values, (0.0, 1.0))
    found = Spikes(one.sources, like.shape) if same else _gate(made, layer, one, like)
    if found is None:
        raise made.refuse(layer, "a function of too many layers' spikes", "take fewer, or fewer sums of them")
    return found


def _least(made: Any, one: Table) -> Table:
    """The table of the spikes inside its gates, where one threshold makes it of them; without those that it does
    not depend on."""
    inside = opened(made, one)
    if inside is not None and (threshold(inside.values) is None or len(np.unique(inside.values)) != 2):
        inside = None
    one = inside or one
    axes = needed(one.values)
    values = one.values[tuple(slice(None) if n in axes else 0 for n in range(one.values.ndim))]
    return Table(tuple(one.sources[n] for n in axes), values)


def _gate(made: Any, layer: str, one: Table, like: Value) -> Spikes | None:
    """Neurons that fire where the table says, those of an equal gate again."""
    known = next(
        (n for n, other in made.gates.items() if _same(one, other) and _has_shape(made, n, like)), None
    )
    if known is not None:
        return Spikes((Source(known),), like.shape, flat=like.flat)
    fires = threshold(one.values)
    if fires is not None:
        total = _counted(made, layer, one.sources, fires.weights, like)
        theta = fires.theta
    else:
        value = _by_more(made, layer, one, like)
        if value is None:
            return None
        total, theta = made.currents(layer, value), 1
    if theta < 1:
        bias = total.bias + (1 - theta)
        total, theta = replace(total, bias=bias), 1
    called = title(made, layer)
    neuron = FloatNeuron(decay=0.0, threshold=np.full(like.shape[0], float(theta)), reset="none")
    found = made.neuron(called, total, neuron)
    made.assume(called, "gate", _told(one), SPIKES_ALONE)
    made.gates[called] = one
    return replace(found, flat=like.flat)


def _by_more(made: Any, layer: str, one: Table, like: Value) -> Value | None:
    """0s and 1s that no threshold makes as a sum that is one: of ANDs where their factors are powers of two, which
    any chip holds, else of gates that fire for one row of the table each. None if there are too many."""
    if all(abs(factor) in (1.0, 2.0, 4.0) for factor in ands(one.values).values()):
        return _polynomial(made, layer, one, like)
    rows = minterms(one.values)
    if len(rows) > _ANDS:
        return None
    gates = [_gate(made, f"{layer}_and", Table(one.sources, row), like) for row in rows]
    sources = tuple(source for gate in gates if gate is not None for source in gate.sources)
    return Spikes(sources, like.shape, flat=like.flat)


def _told(one: Table) -> str:
    """The gate in words."""
    names = [s.population + (" of the step before" if s.delay else "") for s in one.sources]
    if len(names) == 2:
        names = names[::-1] if one.values[0, 1] > one.values[1, 0] else names
        return f" {name(one.values)} ".join(names)
    return f"{name(one.values)} of {', '.join(names)}"


def _polynomial(made: Any, layer: str, one: Table, like: Value) -> Value | None:
    """A sum of factors times ANDs."""
    terms = ands(one.values)
    constant = terms.pop((), 0.0)
    if sum(len(axes) > 1 for axes in terms) > _ANDS:
        return None
    sources: list[Source] = []
    for axes, factor in terms.items():
        spikes = tuple(one.sources[n] for n in axes)
        if len(axes) > 1:
            every = np.zeros((2,) * len(axes))
            every[(1,) * len(axes)] = 1.0
            gate = _gate(made, f"{layer}_and", Table(spikes, every), like)
            assert gate is not None  # a threshold makes it
            spikes = gate.sources
        map = (spikes[0].map or identity(like.shape)).scaled(np.full(like.shape[0], factor))
        sources.append(replace(spikes[0], map=map if factor != 1.0 else spikes[0].map))
    value = Spikes(tuple(sources), like.shape, flat=like.flat)
    return affine(made, layer, value, constant, 1.0)


def _counted(
    made: Any, layer: str, sources: tuple[Source, ...], weights: Sequence[int], like: Value
) -> Currents:
    """Spikes times whole numbers."""
    drafts = []
    for source, weight in zip(sources, weights, strict=True):
        map = (source.map or identity(like.shape)).scaled(np.full(like.shape[0], float(weight)))
        drafts.append(Draft(source.population, map, source.delay, "", source.uneven))
    return Currents(tuple(drafts), np.zeros(like.shape[0]), like.shape, flat=like.flat)


def affine(made: Any, layer: str, spikes: Spikes, low: float, factor: float) -> Value:
    """low + factor * spikes."""
    many = np.full(spikes.shape[0], factor)
    if low == 0:
        return spikes if factor == 1.0 else made.seen(layer, spikes, identity(spikes.shape).scaled(many))
    return made.scale(made.currents(layer, spikes), many, np.full(len(many), low))


def title(made: Any, layer: str) -> str:
    """A name that no population has."""
    taken = {p.name for p in made.populations}
    names = (layer if n == 1 else f"{layer}_{n}" for n in range(1, len(taken) + 2))
    return next(n for n in names if n not in taken)


def _fires(made: Any, population: str, input_bits: int | None) -> bool:
    """Whether it sends 0s and 1s."""
    one = next(p for p in made.populations if p.name == population)
    if one.neuron is not None and one.neuron.kind.whole:
        return False
    return not one.sends_values and (one.neuron is not None or one.constant or input_bits == 1)


def factored(map: Map) -> tuple[float, Map | None] | None:
    """A map as a factor and one that picks single values, None where it picks each in its place. None for a map
    that does more."""
    numbers = np.unique(map.weight[map.weight != 0])
    if not len(numbers):
        return 0.0, None
    if len(numbers) > 1:
        return None
    plain = replace(map, weight=(map.weight != 0).astype(np.float64))
    if not plain.picks():
        return None
    same = plain.pointwise and bool((plain.weight == 1).all()) and all(
        axis.shape[0] == 1 and bool((axis[0] == np.eye(axis.shape[1])).all())
        for axis in (plain.rows, plain.columns)
    )  # fmt: skip
    return float(numbers[0]), None if same else plain


def _same(one: Table, other: Table) -> bool:
    """Whether two tables are written alike."""
    keys = [[_key(source) for source in each.sources] for each in (one, other)]
    return keys[0] == keys[1] and np.array_equal(one.values, other.values)


def _has_shape(made: Any, population: str, like: Value) -> bool:
    return any(p.name == population and p.shape == like.shape for p in made.populations)


def _key(source: Source) -> Any:
    """Equal for the same spikes, seen alike."""
    map = source.map
    parts = () if map is None else (map.weight, map.rows, map.columns)
    return source.population, source.delay, *((part.shape, part.tobytes()) for part in parts)


def _spike(axis: int, count: int) -> np.ndarray:
    """0 and 1 along an axis of so many."""
    return np.arange(2.0).reshape([2 if n == axis else 1 for n in range(count)])
