"""Carries values along the traced graph: layers to their handlers, additions and flattens to the assembler."""

import operator
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatNetwork
from spikeplane.importers.assemble import Assembler
from spikeplane.importers.flow import Currents, Spikes, Value
from spikeplane.importers.geometry import Shape, Shapes
from spikeplane.importers.registry import Call, Outputs, Result, State, handler_of
from spikeplane.importers.torch_trace import unknown
from spikeplane.importers.unfollowed import Unfollowed
from spikeplane.importers.wanted import Wanted

_BATCH = object()  #: the number of samples, which no layer depends on


@dataclass(frozen=True)
class _Sizes:
    """x.shape of a value: samples (behind steps, in step mode "m"), then `rest`."""

    rest: tuple[int, ...]


def walk(module: Any, graph: Any, input_shape: Shapes, wanted: Wanted, *, was_training: bool) -> FloatNetwork:
    """The float network of a traced module. Raises SpikeplaneError, one line."""
    walker = _Walk(module, input_shape, wanted)
    if was_training:
        walker.made.assume("", "mode", "evaluation", "the model is in training mode; model.eval() says so")
    if wanted.several_steps:
        walker.made.assume("", "step mode", "m", "the model takes (T, N, ...), all steps at once")
    return walker.run(graph)


class _Walk:
    def __init__(self, module: Any, input_shape: Shapes, wanted: Wanted) -> None:
        self.module, self.input_shape, self.wanted = module, input_shape, wanted
        self.made = Assembler()
        self.values: dict[Any, Any] = {}
        self.behind: dict[Any, Any] = {}  #: of a node that hands on its argument itself: that argument
        self.states: list[Any] = []
        #: of a state that a step is handed: the layer that takes it, and as which of its states
        self.takers: dict[Any, tuple[str, int]] = {}

    def run(self, graph: Any) -> FloatNetwork:
        for node in graph.nodes:
            if node.op == "placeholder":
                name, shape = self._input(node)
                if shape is None:
                    self.states.append(node)  # membranes that a step is handed
                else:
                    self.values[node] = self.made.input(name, shape)
            elif node.op == "call_module":
                self.values[node] = self._used(node)
            elif node.op in ("call_function", "call_method"):
                self.values[node] = self._function(node)
            elif node.op == "output":
                return self.made.finish(self._output(node.args[0]))
        raise SpikeplaneError("the model's forward returns nothing")

    def _input(self, node: Any) -> tuple[str, Shape | None]:
        """Name and shape of an argument that is an input: the first one, or those that have a shape."""
        if isinstance(self.input_shape, Mapping):
            return node.target, self.input_shape.get(node.target)
        return "input", None if self.values else self.input_shape

    def _used(self, node: Any) -> Result:
        """A layer where the forward calls it."""
        if any(p.name == node.target for p in self.made.populations) and node.target not in self.made.pooled:
            raise Unfollowed(f"layer '{node.target}' is used more than once")
        value = self._argument(node)
        states = [s for s in (*node.args[1:], *node.kwargs.values()) if s is not None]
        for place, state in enumerate(states):
            own = state in self.states and list(state.users) == [node]
            if not own:
                raise self._unfollowed(
                    node.target,
                    "handed a state that is not its own from the step before",
                    "give forward an argument for it that nothing else uses, or let the layer keep it "
                    "(init_hidden=True)",
                )
            self.takers[state] = node.target, place
            self.made.assume(node.target, "state", str(state), "what the layer returned in the step before")
        result = self.layer(
            node.target, self.module.get_submodule(node.target), value, self.wanted.several_steps, len(states)
        )
        if result is value:
            self.behind[node] = node.args[0]
        return result

    def layer(self, path: str, module: Any, value: Value, several_steps: bool, states: int = 0) -> Result:
        """What a layer makes of a value. Raises SpikeplaneError, by name, for one that is not registered."""
        kind = type(module)
        handler, takes = handler_of(kind) or (None, 0)
        if handler is None:
            raise unknown(path, kind)
        if states not in (0, takes):
            raise self.made.refuse(
                path,
                f"called with {states + 1} arguments",
                "hand it its input, and all of its states or none",
            )
        wanted = self.wanted
        call = Call(
            layer=path,
            module=module,
            value=value,
            made=self.made,
            reset=wanted.reset,
            compare=wanted.compare,
            states=states,
            several_steps=several_steps,
            input_bits=wanted.input_bits,
            walk=self.layer,
        )
        return handler(call)

    def _unfollowed(self, layer: str, what: str, why: str) -> Unfollowed:
        return Unfollowed(str(self.made.refuse(layer, what, why)))

    def _argument(self, node: Any) -> Value:
        """The value that a layer or a function is called with."""
        value = self.values.get(node.args[0]) if node.args and _hashable(node.args[0]) else None
        if not isinstance(value, Spikes | Currents):
            raise self._unfollowed(
                str(node.target if node.op == "call_module" else node.name),
                "called with something else than a layer's output",
                "pass it first, by position",
            )
        return value

    def _output(self, result: Any) -> Value:
        several = isinstance(result, tuple | list)
        if several and len(result) > 1:
            self.made.assume("", "output", f"the first of {len(result)}", "the others are not read out")
        if several and len(result) == len(self.states) + 1:
            self._check_order(result[1:])
        first = result[0] if several and result else result
        value = self.values.get(first) if _hashable(first) else None
        if isinstance(value, Outputs):
            value = value.spikes
        if isinstance(value, State):
            if not value.before_reset:
                raise self._unfollowed(
                    value.layer,
                    "read out as membranes after their reset",
                    "use reset_delay=True, or no reset",
                )
            return self.made.membranes(value.values or value.layer)
        if not isinstance(value, Spikes | Currents):
            raise Unfollowed("the model's output does not come from its layers")
        return value

    def _check_order(self, returned: Any) -> None:
        """The states come back in the order in which they were handed in, or the next step would
        hand them to other layers."""
        for state, node in zip(self.states, returned, strict=True):
            value = self.values.get(node) if _hashable(node) else None
            layers = [value.layer] if isinstance(value, State) else []
            layers += [s.population for s in value.sources] if isinstance(value, Spikes) else []
            taker, place = self.takers.get(state, (None, None))
            swapped = isinstance(value, State) and value.place not in (None, place)
            if taker is not None and layers and (taker not in layers or swapped):
                raise SpikeplaneError(
                    f"the model's forward takes '{state}' for layer '{taker}' and returns a state "
                    f"of layer '{layers[0]}' in its place; "
                    "return the states in the order in which forward takes them"
                )

    def _function(self, node: Any) -> Any:
        name = getattr(node.target, "__name__", str(node.target))
        if node.target in (operator.add, operator.iadd) or name in ("add", "add_"):
            return self._sum(node, in_place=node.target is operator.iadd or name == "add_")
        if name in ("flatten", "reshape", "view"):
            self.behind[node] = node.args[0] if node.args else None
            return self._flattened(node, name, self._argument(node))
        if node.target is operator.getitem:
            return self._item(node)
        if name in ("size", "getattr"):
            return self._sizes(node)
        if name in ("contiguous", "dropout", "float", "double") and self._passes(node, name):
            self.behind[node] = node.args[0]
            return self._argument(node)
        raise Unfollowed(
            f"the model's forward calls '{name}', which Spikeplane cannot represent; use layers, "
            "additions and flatten"
        )

    def _passes(self, node: Any, name: str) -> bool:
        """Whether the function hands on its argument: a dropout in evaluation, a conversion."""
        if name == "dropout":
            training = node.kwargs.get("training", node.args[2] if len(node.args) > 2 else True)
            if training is not False:
                raise Unfollowed("a dropout that is on in inference")
            self.made.assume(node.name, "dropout", "removed", "inference")
        return True

    def _sum(self, node: Any, *, in_place: bool) -> Value:
        values = [self.values.get(a, a) if _hashable(a) else a for a in node.args]
        if len(values) != 2 or node.kwargs:
            raise Unfollowed("an addition with options")
        if in_place:
            self._check_in_place(node)
        if not all(isinstance(v, Spikes | Currents) for v in values):
            raise Unfollowed("a sum with something else than a layer's output")
        if all(isinstance(v, Spikes | Currents) for v in values):
            rows = {v.flat for v in values if not self.made.has_input(v)}
            if len(rows) > 1:
                raise Unfollowed("a sum of pixels and a row")
            flat = True in rows
            return replace(self.made.add(node.name, values[0], values[1]), flat=flat)
        return self.made.add(node.name, values[0], values[1])

    def _check_in_place(self, node: Any) -> None:
        """Nothing may see afterwards what += has changed."""
        first = self._origin(node.args[0])
        seen, later = False, []
        for other in node.graph.nodes:
            later += [other] if seen else []
            seen = seen or other is node
        again = [
            n
            for n in later
            for a in n.all_input_nodes
            if a is not node and a in self.values and self._origin(a) is first
        ]
        if again or self._kept(first):
            raise Unfollowed("an addition in place of a value that is used again")

    def _kept(self, node: Any) -> bool:
        """Whether the next step sees the value too: an input, or spikes that come back to their neurons."""
        if getattr(node, "op", "") == "call_module":
            layer = self.module.get_submodule(node.target)
            return "spk" in layer._buffers or "y" in vars(layer).get("_memories", {})
        return getattr(node, "op", "") == "placeholder"

    def _origin(self, node: Any) -> Any:
        while node in self.behind:
            node = self.behind[node]
        return node

    def _item(self, node: Any) -> Any:
        base, index = self.values.get(node.args[0]) if _hashable(node.args[0]) else None, node.args[1]
        if isinstance(base, Outputs) and isinstance(index, int) and -1 <= index <= len(base.states):
            self.behind[node] = node.args[0]
            return (base.spikes, *base.states)[index]
        if isinstance(base, _Sizes) and isinstance(index, int):
            return self._size(node, base, index)
        raise self._unfollowed(
            node.name,
            "an index into values",
            "hand the model one step of all samples, and take its layers' outputs as they are",
        )

    def _sizes(self, node: Any) -> Any:
        value = self._argument(node)
        if getattr(node.target, "__name__", "") == "getattr" and node.args[1] != "shape":
            raise Unfollowed(
                f"the model's forward reads '.{node.args[1]}', which Spikeplane cannot represent; "
                "use layers and shapes"
            )
        rest = (int(np.prod(value.shape)),) if value.flat else value.shape
        sizes = _Sizes(rest)
        dimension = [*node.args[1:], *node.kwargs.values()] if node.op == "call_method" else []
        return self._size(node, sizes, dimension[0]) if dimension else sizes

    def _size(self, node: Any, sizes: _Sizes, index: Any) -> Any:
        whole = [_BATCH] * (2 if self.wanted.several_steps else 1) + list(sizes.rest)
        if not isinstance(index, int) or not -len(whole) <= index < len(whole):
            raise self._unfollowed(node.name, "a size that the value does not have", "use nn.Flatten()")
        return whole[index]

    def _flattened(self, node: Any, name: str, value: Value) -> Value:
        """A sample's channels and pixels as one row; any other shape would move pixels between channels."""
        given = [n for a in node.args[1:] for n in (a if isinstance(a, tuple | list) else [a])]
        sizes = [self.values.get(n, n) if _hashable(n) else n for n in given]
        lead, count = (2 if self.wanted.several_steps else 1), int(np.prod(value.shape))
        if name == "flatten":
            start, end = (*sizes, *(0, -1)[len(sizes) :])[:2]
            start, end = node.kwargs.get("start_dim", start), node.kwargs.get("end_dim", end)
            row = start == lead and end in ((-1, lead) if value.flat else (-1, lead + 2))
        else:
            named = any(type(n) is int and n > 1 for n in sizes[:lead])  # a number of samples, for a trace
            row = sizes[lead:] in ([-1], [count]) and not node.kwargs and not named
        if not row:
            raise self._unfollowed(node.name, f"a {name} to something else than a row", "use nn.Flatten()")
        return self.made.flatten(value)


def _hashable(thing: Any) -> bool:
    return not isinstance(thing, tuple | list | dict | slice)
