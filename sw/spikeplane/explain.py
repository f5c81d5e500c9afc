"""What an importer has understood of a model, one line a node: every population and projection, and the layers
that became part of one. Of an import that was refused, what there was up to the refusal.

    name    kind    shape    from where, what was folded in    file:line
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from spikeplane.float_network import Assumption, FloatNetwork, FloatPopulation, FloatProjection
from spikeplane.network import Gate

Row = tuple[str, str, str, str, str]


class Graph(Protocol):
    """What a float network has, and an importer that is on its way to one."""

    @property
    def populations(self) -> Sequence[FloatPopulation]:
        """In order, inputs first."""
        ...

    @property
    def projections(self) -> Sequence[FloatProjection]:
        """Of those populations."""
        ...

    @property
    def assumptions(self) -> Sequence[Assumption]:
        """What was said of layers."""
        ...


@dataclass
class Understood:
    """graphs: of importers, as they are made; net: the network, where the import was not refused; places: by
    layer `file:line`, as far as an importer knows."""

    graphs: list[Graph] = field(default_factory=list[Graph])
    net: FloatNetwork | None = None
    places: dict[str, str] = field(default_factory=dict[str, str])


_watching: ContextVar[Understood | None] = ContextVar("watching", default=None)


@contextmanager
def watched() -> Iterator[Understood]:
    """Importers note here, while it lasts, what they understand."""
    found = Understood()
    token = _watching.set(found)
    try:
        yield found
    finally:
        _watching.reset(token)


def note(graph: Graph) -> None:
    """An importer has begun with this graph."""
    found = _watching.get()
    if found is not None:
        found.graphs.append(graph)


def note_place(layer: str, place: str) -> None:
    """A layer stands at `file:line`. The first place counts."""
    found = _watching.get()
    if found is not None and place:
        found.places.setdefault(layer, place)


def lines(found: Understood) -> list[str]:
    """The lines, in columns."""
    graphs: list[Graph] = [found.net] if found.net is not None else found.graphs
    most = max(graphs, key=lambda graph: len(graph.populations) + len(graph.projections), default=None)
    return [] if most is None else _columns(rows(most, found.places))


def rows(graph: Graph, places: Mapping[str, str]) -> list[Row]:
    """Each population behind the projections that end in it, and behind all the layers that are neither."""
    notes: dict[str, list[str]] = {}
    for one in graph.assumptions:
        notes.setdefault(one.layer, []).append(f"{one.what}: {one.value}")
    found: list[Row] = []
    named: set[str] = set()
    for population in graph.populations:
        for p in graph.projections:
            if p.target == population.name:
                name = p.layer or p.target
                told = [] if name in named or name == population.name else notes.get(name, [])
                named |= {p.layer} - {""}
                found.append(
                    (name, _synapses(p), _weights(p), "; ".join([_way(p), *told]), places.get(name, ""))
                )
        name = population.name
        named.add(name)
        told = [*_more(population), *notes.get(name, [])]
        found.append(
            (name, _kind(population), _shape(population.shape), "; ".join(told), places.get(name, ""))
        )
    for name, told in notes.items():
        if name not in named:
            found.append(
                (name or "model", "folded" if name else "", "", "; ".join(told), places.get(name, ""))
            )
    return found


def _columns(found: list[Row]) -> list[str]:
    widths = [min(40, max((len(row[i]) for row in found), default=0)) for i in range(4)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, [*widths, 0], strict=True)).rstrip()
        for row in found
    ]


def _kind(p: FloatPopulation) -> str:
    neuron = p.neuron
    if neuron is None:
        return ("constant 1" if p.levels is None else "one number a step") if p.constant else "input"
    if neuron.mix is not None:
        return f"mixes {neuron.mix.steps or 'all'} steps, no reset, fires at {'>' if neuron.strict else '>='}"
    low, high = float(np.min(neuron.decay)), float(np.max(neuron.decay))
    keeps = f"keeps {low:.6g}" + (f" to {high:.6g}" if high > low else "")
    kept = {(1.0, 1.0): "IF", (0.0, 0.0): "no memory"}.get((low, high), f"LIF {keeps}")
    if neuron.threshold is None:
        return {"IF": "integrator", "no memory": "values"}.get(kept, f"integrator {keeps}")
    sends = ", from 0 on" * neuron.floor + ("" if neuron.kind.spikes else ", sends membranes")
    if neuron.reset == "once":
        return f"{kept}, fires once, at {'>' if neuron.strict else '>='}"
    return f"{kept}, {neuron.reset} reset, fires at {'>' if neuron.strict else '>='}{sends}"


def _more(p: FloatPopulation) -> list[str]:
    told = [f"{p.fold} steps of {p.shape[0] // p.fold} channels"] if p.fold > 1 else []
    if p.kept:
        told.append("kept from presentation to presentation")
    if p.neuron is not None and p.neuron.function:
        told.append(f"sends their {p.neuron.function.replace('_', ' ')}, by a table")
    if p.bias is not None and np.any(p.bias):
        told.append("with a bias")
    if p.window is not None:
        told.append(f"maximum over {p.window.size}x{p.window.size}, stride {p.window.stride}")
    if p.neuron is not None and p.neuron.threshold is not None:
        theta = np.asarray(p.neuron.mix.threshold if p.neuron.mix else p.neuron.threshold, dtype=np.float64)
        low, high = float(theta.min()), float(theta.max())
        told.append(f"threshold {low:.6g}" + (f" to {high:.6g}" if high > low else ""))
    return told


def _synapses(p: FloatProjection) -> str:
    if isinstance(p.dynamic, Gate):
        return f"multiplied by '{p.dynamic.g}'"
    if p.dynamic is not None:
        return f"counted from '{p.dynamic.k}' and '{p.dynamic.v}', {p.dynamic.heads} heads"
    return f"synapses, {p.kind.tag}"


def _weights(p: FloatProjection) -> str:
    return _shape(np.shape(p.weight))


def _way(p: FloatProjection) -> str:
    told = [f"{p.source} to {p.target}"]
    numbers = (("stride", p.stride, 1), ("padding", p.padding, 0), ("sums of", p.pool, 1), ("up", p.up, 1))
    for name, pair, usual in numbers:
        if tuple(pair) != (usual, usual):
            told.append(f"{name} {pair[0]}x{pair[1]}")
    return ", ".join([*told, *(["a step late"] if p.delay else [])])


def _shape(shape: tuple[Any, ...]) -> str:
    return "x".join(str(n) for n in shape)
