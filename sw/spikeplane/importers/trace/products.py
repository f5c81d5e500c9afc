"""Products of values with a gate: a sigmoid of what layers make of the values, for each channel, pixel or step.

A gate of all steps (trace/presented.py) beside a value of each step is taken in its step.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch

from spikeplane.importers.flow import Spikes
from spikeplane.importers.gated import alone, function_of, is_gate, multiplied, sent_function
from spikeplane.importers.gates import firing, table
from spikeplane.importers.trace.broadcast import of_one_step
from spikeplane.importers.trace.gates import binary
from spikeplane.importers.trace.items import Bent, Item, Reduced
from spikeplane.importers.trace.operation import Operation
from spikeplane.importers.trace.places import operator_of
from spikeplane.importers.trace.presented import in_its_step

#: Operators of which gates are made.
_FUNCTIONS = ("sigmoid", "hardsigmoid")
#: What moves nothing between a value and its product.
_VIEWS = (
    "view", "reshape", "_unsafe_view", "unsafe_view", "flatten", "unsqueeze", "squeeze", "transpose", "permute", "clone", "detach",
    "contiguous", "alias", "expand", "to", "to_copy", "unflatten",
)  # fmt: skip


def multiplied_by_gates(nodes: Sequence[Any]) -> frozenset[Any]:
    """The nodes whose values are multiplied by a gate, or compared for a mask: what else is made of them is made of these values."""
    found: set[Any] = set()
    masks = _masks(nodes)
    for node, name, operands in _calls(nodes):
        gates = [o for o in operands if o in masks or _is_function(_origin(o))]
        if name == "topk":
            found.add(_origin(operands[0]))
        elif name == "mul" and len(operands) == 2 and gates and node not in masks:
            found.update(_origin(o) for o in operands if o not in gates)
    return frozenset(found)


def _masks(nodes: Sequence[Any]) -> set[Any]:
    """The nodes that are made of the places of the largest, and of numbers."""
    found: set[Any] = set()
    for node, name, operands in _calls(nodes):
        own = [o for o in operands if o in found]
        rest = [o for o in operands if o not in found]
        if name == "topk" or (own and all(o.op == "get_attr" or _made_like(o) for o in rest)):
            found.add(node)
    return found


def _calls(nodes: Sequence[Any]) -> Iterator[tuple[Any, str, list[Any]]]:
    """The nodes that call operators: each, the operator's name, and the nodes that it takes."""
    for node in nodes:
        if node.op == "call_function" and not isinstance(node.target, type):
            yield node, operator_of(node), [a for a in node.args if isinstance(a, torch.fx.Node)]


def _is_function(node: Any) -> bool:
    return node.op == "call_function" and operator_of(node) in _FUNCTIONS


def _made_like(node: Any) -> bool:
    """Numbers in the shape of a value."""
    return node.op == "call_function" and operator_of(node).endswith("_like")


def _origin(node: Any) -> Any:
    while (
        node.op == "call_function" and operator_of(node) in _VIEWS and isinstance(node.args[0], torch.fx.Node)
    ):
        node = node.args[0]
    return node


def as_population(operation: Operation, thing: Any) -> Any:
    """A value that a gate multiplies as one that a population sends; others as they are."""
    if isinstance(thing, tuple):
        return (as_population(operation, thing[0]), *thing[1:])
    if not isinstance(thing, Item):
        return thing
    sent, factor = alone(operation.made, operation.layer, thing.value, "a gate multiplies them")
    return thing if factor != 1.0 else replace(thing, value=replace(sent, flat=thing.value.flat))


def product(operation: Operation) -> Item | None:
    """A value times a gate; None where neither operand is one. Raises SpikeplaneError for a gate that does not fit."""
    names = ("self", "other")
    things = [operation.args[name] for name in names]
    if operation.name != "mul" or not all(isinstance(t, Item | Bent | Reduced) for t in things):
        return None
    gates = [name for name, thing in zip(names, things, strict=True) if _is_gate(operation, thing)]
    spikes = [name for name, thing in zip(names, things, strict=True) if spiking(operation, thing)]
    if not gates and len(spikes) == 1:
        gates = spikes
    if not gates:
        return None
    which = gates[-1]
    (other,) = (name for name in names if name != which)
    item = operation.item(other)
    made, dims, step = _multiplied(operation, item, operation.args[which])
    return Item(made, dims, step)


def _is_gate(operation: Operation, thing: Any) -> bool:
    if isinstance(thing, Bent):
        found = function_of(thing.function)
        return found is not None and found.is_gate
    return isinstance(thing, Item) and is_gate(operation.made, thing.value)


def _multiplied(operation: Operation, item: Item, gate: Any) -> Any:
    function = function_of(gate.function) if isinstance(gate, Bent) else None
    one = gate.item if isinstance(gate, Bent) else fired(operation, gate)
    rank = max(len(item.dims), len(one.dims))
    dims, own = (((),) * (rank - len(i.dims)) + i.dims for i in (item, one))
    one = in_its_step(operation, replace(one, dims=own), dims, spikes=spiking(operation, one))
    (item, one), step = of_one_step(operation, [replace(item, dims=dims), one])
    if not _fits(item, one):
        raise operation.unlike(
            "a product of a value and a gate whose dimensions are others",
            "give a gate the channels and pixels of what it multiplies, or 1 in their place",
        )
    value = replace(one.value, flat=False)
    if function is not None:
        value = sent_function(operation.made, f"{operation.layer}.gate", value, function)
    assert isinstance(value, Spikes)
    made = multiplied(operation.made, operation.layer, replace(item.value, flat=False), value)
    return replace(made, flat=item.value.flat), item.dims, step


def spiking(operation: Operation, thing: Any) -> bool:
    """Whether these are spikes, or a function of them that is 0 or 1, in a forward that has gates."""
    return operation.made.presents and isinstance(thing, Item) and binary(operation, thing.value)


def fired(operation: Operation, item: Item) -> Item:
    """The 0s and 1s as spikes of one population; values that a function sends as they are."""
    if is_gate(operation.made, item.value):
        return item
    one = table(operation.made, item.value, operation.wanted.input_bits)
    assert one is not None
    made = firing(operation.made, f"{operation.layer}.mask", one, replace(item.value, flat=False))
    return replace(item, value=made)


def _fits(item: Item, gate: Item) -> bool:
    """Whether the gate's dimensions are the value's, or 1, of whole channels and of all pixels or none."""
    pairs = zip(item.dims, gate.dims, strict=True)
    if any(own and own != whole for whole, own in pairs):
        return False
    c, h, w = gate.value.shape
    whole = item.value.shape
    return c in (1, whole[0]) and (h, w) in ((1, 1), whole[1:])
