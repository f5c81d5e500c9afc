"""The inputs of a forward, one or several, each in one of the shapes in which it may come."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import torch

from spikeplane.float_network import Called, Taken
from spikeplane.importers.assemble import Assembler
from spikeplane.importers.geometry import Shape, Shapes
from spikeplane.importers.trace.items import Given, Item
from spikeplane.importers.trace.layouts import BATCH, Layout, kinds, layouts, named_batches

#: Shapes in which several inputs are tried, at most.
_MOST = 24


@dataclass(frozen=True)
class Input:
    """One of them: its name as an argument of forward, "" for the first argument; its shape and layout."""

    name: str
    shape: Shape
    layout: Layout


@dataclass(frozen=True)
class Inputs:
    """All inputs of one trial. states: what forward is handed behind the first argument, as deep as that is."""

    every: tuple[Input, ...]
    states: tuple[Any, ...] = ()

    @property
    def has_steps(self) -> bool:
        """Whether one of them holds all steps."""
        return any(i.layout.steps_at is not None for i in self.every)

    @property
    def batch(self) -> int:
        """The samples of a call."""
        return self.every[0].layout.batch

    @property
    def still(self) -> set[str]:
        """Populations whose input is the same in every step."""
        return {i.name or "input" for i in self.every if i.layout.steps_at is None}

    def handed(self, module: Any, steps: int) -> tuple[Any, ...]:
        """What forward is called with: the inputs, and something for each state that it takes."""
        own = {i.name: i.layout.tensor(i.shape, steps) for i in self.every}
        if self.states:
            return (*own.values(), *self.states)
        found: list[Any] = []
        for place, parameter in enumerate(_parameters(module)):
            name = "" if "" in own and place == 0 else parameter.name
            must = parameter.default is parameter.empty
            found.append(own[name] if name in own else torch.zeros(()) if must else parameter.default)
            if name not in own and not must and not any(p.name in own for p in _parameters(module)[place:]):
                return tuple(found[:-1])
        return tuple(found) or tuple(own.values())

    def items(self, module: Any, made: Assembler, names: list[str], steps: int) -> list[Any]:
        """What a graph's inputs, of these names, stand for."""
        own = {i.name: i for i in self.every}
        parameters = [p.name for p in _parameters(module)]
        found: list[Item | Given] = []
        for place, name in enumerate(names):
            argument = "" if "" in own and place == 0 else (parameters + [""] * len(names))[place]
            given = own.get(argument) if argument or not place else None
            population = argument or "input"
            found.append(
                given.layout.item(made.input(population, given.shape), steps) if given else Given(name)
            )
        return found

    def of_batch(self, message: str) -> list["Inputs"]:
        """With as many samples as a forward may have meant that failed with this message."""
        sizes = named_batches(message, self.batch)
        return [
            Inputs(tuple(replace(i, layout=replace(i.layout, batch=n)) for i in self.every)) for n in sizes
        ]

    def called(self, **how: Any) -> Called:
        """How the model is called."""
        first = self.every[0].layout
        batch = None if self.batch == BATCH else self.batch
        if len(self.every) == 1:
            own = {"rows": first.rows, "lines": first.lines, "image": first.image}
            return Called(**own, steps_at=first.steps_at, batch=batch, **how)
        several = tuple(Taken(i.name, i.layout.rows, i.layout.lines, i.layout.steps_at) for i in self.every)
        return Called(rows=False, steps_at=0 if self.has_steps else None, batch=batch, several=several, **how)


def trials(shape: Shapes) -> list[Inputs]:
    """In the order in which they are tried."""
    if not isinstance(shape, Mapping):
        return [Inputs((Input("", shape, layout),)) for layout in layouts(shape)]
    found = []
    for chosen in product(*(kinds(s)[: 1 if s[1:] == (1, 1) else None] for s in shape.values())):
        for at in (None, 0, 1):
            for some in (
                product((True, False), repeat=len(shape)) if at is not None else [(True,) * len(shape)]
            ):
                if any(some):
                    steps = [at if has else None for has in some]
                    each = zip(shape.items(), chosen, steps, strict=True)
                    found.append(Inputs(tuple(Input(n, s, replace(k, steps_at=t)) for (n, s), k, t in each)))
    found.sort(key=lambda i: len({e.layout.steps_at for e in i.every}) > 1)
    return found[:_MOST]


def states(module: Any, shape: Shapes) -> list[str]:
    """The arguments that forward cannot do without and that are no inputs."""
    own = set(shape) if isinstance(shape, Mapping) else {p.name for p in _parameters(module)[:1]}
    return [p.name for p in _parameters(module) if p.default is p.empty and p.name not in own]


def optional(module: Any) -> list[str]:
    """The arguments behind the first one that are None where nothing is handed; none where others are among
    them."""
    parameters = _parameters(module)[1:]
    return [p.name for p in parameters] if all(p.default is None for p in parameters) else []


def _parameters(module: Any) -> list[inspect.Parameter]:
    """Those that are handed by their place."""
    parameters = inspect.signature(module.forward).parameters.values()
    return [p for p in parameters if p.kind <= p.POSITIONAL_OR_KEYWORD]
