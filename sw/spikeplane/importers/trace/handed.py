"""States that the caller hands to a forward of one step, which starts them itself where it gets none: one of
each, in lists or not, as the forward returns them."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch.utils import _pytree as pytree

from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatNetwork
from spikeplane.importers.flow import Spikes
from spikeplane.importers.registry import handler_of
from spikeplane.importers.trace.calls import Calls
from spikeplane.importers.trace.export import Graph
from spikeplane.importers.trace.inputs import Inputs, optional
from spikeplane.importers.trace.items import Held, Item


def handed_on(module: Any, graph: Graph, inputs: Inputs) -> Inputs | None:
    """The inputs with the states that the forward returned; None where it takes none, or others."""
    names, parts = optional(module), graph.parts
    one = isinstance(parts, list) and len(inputs.every) == 1 and not inputs.states
    if not names or not one or len(parts) != len(names) + 1:
        return None
    leaves = pytree.tree_leaves(parts[1:])
    if not leaves or not all(isinstance(leaf, torch.fx.Node) for leaf in leaves):
        return None
    shaped = pytree.tree_map(lambda node: torch.zeros(tuple(node.meta["val"].shape)), parts[1:])
    return replace(inputs, states=tuple(shaped))


def check_come_back(graph: Graph, calls: Calls, returned: list[Any]) -> None:
    """Raise SpikeplaneError if a state that was handed in does not come back in its place."""
    many = len(graph.inputs) - 1
    for name, thing in zip(graph.inputs[1:], returned[-many:], strict=True):
        layer, place = calls.takers.get(name, ("", 0))
        if not layer or not _own(calls, thing, layer, place):
            taken = f"layer '{layer}' takes" if layer else "no layer takes"
            raise SpikeplaneError(
                f"the model's forward is handed a state that {taken}, and returns something else in its place; return "
                "each state where it is taken"
            )


def _own(calls: Calls, thing: Any, layer: str, place: int) -> bool:
    if isinstance(thing, Held):
        _, takes = handler_of(type(calls.layers[layer])) or (None, 0)
        return thing.layer == layer and thing.place + takes - calls.returned(layer) == place
    sources = thing.value.sources if isinstance(thing, Item) and isinstance(thing.value, Spikes) else ()
    return place == 0 and [s.population for s in sources] == [layer]


def check_alike(first: FloatNetwork, later: FloatNetwork) -> None:
    """Raise SpikeplaneError if the first step, which starts its states, is another one than those behind it."""
    parts: list[dict[Any, Any]] = [
        {(p.source, p.target): p.weight for p in net.projections if not p.delay} for net in (first, later)
    ]
    biases: list[dict[Any, Any]] = [{p.name: p.bias for p in net.populations} for net in (first, later)]
    for some, others in (parts, biases):
        if list(some) != list(others) or not all(np.array_equal(some[n], others[n]) for n in some):
            raise SpikeplaneError(
                "the model's forward does something else where it is handed states than where it starts them; do the "
                "same in every step"
            )
