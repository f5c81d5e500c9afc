"""Carries values along a traced graph: each operator to its rule, layers with a state to their
handlers."""

import operator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.fx.node import map_arg

from spikeplane.errors import SpikeplaneError
from spikeplane.explain import note_place
from spikeplane.importers.assemble import Assembler
from spikeplane.importers.registry import handler_of
from spikeplane.importers.torch_trace import is_layer, unknown
from spikeplane.importers.trace import (
    arithmetic,
    borders,
    by_step,
    einsum,
    functions,
    largest,
    layers,
    ranked,
    reductions,
    selections,
    shapes,
    stacks,
    windows,
)
from spikeplane.importers.trace.axes import Dims, sizes
from spikeplane.importers.trace.behind_steps import exchanged
from spikeplane.importers.trace.calls import Calls
from spikeplane.importers.trace.cures import Anyway, unknown_operator
from spikeplane.importers.trace.export import Graph
from spikeplane.importers.trace.items import Const, Given, Item, Matrix, Ranked, Reduced, Sum, Token
from spikeplane.importers.trace.operation import Operation, Rule
from spikeplane.importers.trace.places import layer_of, module_of, operator_of, place
from spikeplane.importers.trace.products import as_population, multiplied_by_gates
from spikeplane.importers.wanted import Wanted

#: Of each operator what it makes of its arguments.
RULES: dict[str, Rule] = {
    **shapes.RULES,
    **stacks.RULES,
    **borders.RULES,
    **by_step.RULES,
    **layers.RULES,
    **largest.RULES,
    **ranked.RULES,
    **windows.RULES,
    **arithmetic.RULES,
    **reductions.RULES,
    **functions.RULES,
    **einsum.RULES,
    **selections.RULES,
}


@dataclass
class Walk:
    """One pass over a graph; `things` are what its nodes stand for."""

    graph: Graph
    made: Assembler
    calls: Calls
    wanted: Wanted
    modules: dict[str, Any]
    still: frozenset[str]
    has_steps: bool

    def __post_init__(self) -> None:
        self.things: dict[Any, Any] = {}
        self.reached = 0.0  #: how far the walk got, of 1
        calls = max(self.graph.stubbed.calls.values(), default=0)
        self.every = calls if calls > 1 or not self.has_steps else self.graph.steps
        self.multiplied = multiplied_by_gates(self.graph.nodes)
        self.made.presents = bool(self.multiplied)
        self.known: dict[Any, tuple[Any, list[Any]]] = {}

    def run(self, given: list[Any]) -> list[Any]:
        """What the graph's outputs stand for, its inputs being `given`. Raises SpikeplaneError, with
        the line of the model's file."""
        for place_, node in enumerate(self.graph.nodes):
            self.reached = place_ / len(self.graph.nodes)
            if node.op in ("placeholder", "get_attr"):
                self.things[node] = self._given(node, given)
            elif node.op == "call_function" and not isinstance(node.target, type):  # a named tuple
                self.things[node] = self._placed(node)
        self.reached = 1.0
        return [self.things.get(o, o) if isinstance(o, torch.fx.Node) else o for o in self.graph.output]

    def _given(self, node: Any, given: list[Any]) -> Any:
        if node.name in self.graph.inputs:
            return given[self.graph.inputs.index(node.name)]
        return Const(self.graph.constants[node.name])

    def _placed(self, node: Any) -> Any:
        try:
            return self._checked(node, self._made(node))
        except SpikeplaneError as error:
            where, kind = place(node), Anyway if isinstance(error, Anyway) else SpikeplaneError
            raise kind(f"{where}: {error}" if where else str(error)) from None

    def _made(self, node: Any) -> Any:
        if node.target is operator.getitem:
            return self.things[node.args[0]][node.args[1]]
        name = operator_of(node)
        operation = Operation(
            node, name, layer_of(node), self._arguments(node), self.made, self.wanted, self.still
        )
        note_place(operation.layer, place(node))
        things = operation.things()
        if name == "layer":
            return self.calls.call(operation)
        if any(isinstance(t, Given | Token) for t in things):
            raise operation.unlike(
                "used outside of the layer that it is a state of", "hand it to its layer alone"
            )
        if name != "scatter" and any(isinstance(t, Ranked) for t in things):
            raise ranked.elsewhere(operation)
        if all(isinstance(t, Const) for t in things):
            return operation.evaluated()
        return self._ruled(operation)

    def _ruled(self, operation: Operation) -> Any:
        """By the operator's rule; what is alike in another step is made once."""
        rule = RULES.get(operation.name)
        if rule is None:
            path = module_of(operation.node)[0]
            if is_layer(self.modules.get(path)) and handler_of(type(self.modules[path])) is None:
                raise unknown(path, type(self.modules[path]))
            raise unknown_operator(operation.name)
        total = exchanged(operation, rule, self.every)
        if total is not None:
            return total
        base = operation.step()
        key = operation.key(base)
        if key not in self.known:
            thing = rule(operation)
            if operation.node in self.multiplied:
                thing = as_population(operation, thing)
            self.known[key] = (_moved(thing, base, back=True), operation.things())
        return _moved(self.known[key][0], base, back=False)

    def _arguments(self, node: Any) -> dict[str, Any]:
        """By the names of the operator's schema, nodes replaced by what they stand for."""
        found = {}
        for place_, argument in enumerate(node.target._schema.arguments):
            value = argument.default_value if argument.has_default_value() else None
            value = node.args[place_] if place_ < len(node.args) else node.kwargs.get(argument.name, value)
            found[argument.name] = map_arg(value, lambda n: self.things[n])
        return found

    def _checked(self, node: Any, thing: Any) -> Any:
        """What the axes say is the tensor's shape."""
        values = node.meta.get("val")
        several = isinstance(thing, tuple | list)
        pairs = zip(thing, values or (), strict=False) if several else [(thing, values)]
        for one, value in pairs:
            shape = tuple(value.shape) if isinstance(value, torch.Tensor) else None
            dims: Dims | None = getattr(one, "dims", one.item.dims if isinstance(one, Reduced) else None)
            if dims is not None and shape is not None and sizes(dims) != shape:
                raise SpikeplaneError(
                    f"the importer lost the axes of '{node.name}' ({sizes(dims)}, {shape}); "
                    "please report it with the model"
                )
        return thing


def _moved(thing: Any, base: int | None, *, back: bool) -> Any:
    """The result of another step."""
    if isinstance(thing, tuple | list):
        return tuple(_moved(t, base, back=back) for t in thing)
    if isinstance(thing, Sum):
        return Sum(tuple((factor, _moved(item, base, back=back)) for factor, item in thing.terms))
    if isinstance(thing, Matrix):
        rows, columns = (_moved(item, base, back=back) for item in (thing.rows, thing.columns))
        return replace(thing, rows=rows, columns=columns)
    if base is None or not isinstance(thing, Item) or thing.step is None:
        return thing
    step = thing.step - base if back else thing.step + base
    return Item(thing.value, thing.dims, step)
