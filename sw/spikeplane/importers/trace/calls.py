"""The calls of layers with a state: a layer that is called once a step is one population, and what it
gets must be the same in every step."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from spikeplane.importers.flow import Currents, Spikes, Value
from spikeplane.importers.registry import (
    Call,
    Outputs,
    Result,
    State,
    handler_of,
    is_learned,
    mixes_steps,
    samples_first,
)
from spikeplane.importers.trace.anew import without_memory
from spikeplane.importers.trace.axes import CHANNELS, SAMPLES, STEPS, features, order
from spikeplane.importers.trace.called_again import Apart, again, changed, comes_back, settled
from spikeplane.importers.trace.first_steps import constant
from spikeplane.importers.trace.items import Const, Given, Held, Item, Reduced, Token
from spikeplane.importers.trace.likeness import alike
from spikeplane.importers.trace.operation import (
    Operation,
    led,
    maps,
    of_one_step,
    places,
    row,
    steps_first,
    unfolded,
)


@dataclass
class Calls:
    """The layers with a state of one walk.

    layers   by path: the modules
    several  how many steps one call of forward takes; 0 until a layer tells
    anew     of a forward of one step the layers whose state it starts, and whether all of it; None for one of several steps
    takers   of a state that the caller hands in: the layer that takes it, and as which of its states
    begin_anew   those that begin every step at rest
    one_a_call   a layer takes samples for steps, so that a call may have one
    apart    those that get other numbers from step to step
    values, results   by path: what the layer got in its first steps, and what it made of it
    """

    layers: dict[str, Any]
    walk: Any
    anew: dict[str, bool] | None = None
    begin_anew: list[str] = field(default_factory=list)
    count: dict[str, int] = field(default_factory=dict)
    values: dict[str, list[Value]] = field(default_factory=dict)
    results: dict[str, Result] = field(default_factory=dict)
    apart: dict[str, Apart] = field(default_factory=dict)
    takers: dict[str, tuple[str, int]] = field(default_factory=dict)
    together: dict[str, int] = field(default_factory=dict)
    one_a_call: bool = False
    places: dict[str, np.ndarray] = field(default_factory=dict)

    def call(self, operation: Operation) -> list[Any]:
        """What the layer returns in this call, and the token of the next."""
        path = operation.args["path"]
        operation = replace(operation, layer=path)
        module, step = self.layers[path], int(operation.args["call"])
        if step != self.count.get(path, 0):
            raise operation.unlike("called in another order than its steps'", "call it once a step")
        self.count[path] = step + 1
        self._check_states(operation, step)
        item = unfolded(operation, self._input(operation, step))
        several = item.all_steps
        first = steps_first(item) if several and samples_first(type(module)) else item
        if several:
            self._check_together(operation, first, module, step)
        elif is_learned(type(module)):
            first, self.together[path] = of_one_step(operation, item, samples_first(type(module))), 1
        value = self._laid_out(operation, first, module)
        result = self._result(operation, module, value, step, several)
        return [*self._outputs(operation, result, item, None if several else step), Token()]

    def _input(self, operation: Operation, step: int) -> Item:
        thing = operation.args["x"]
        if isinstance(thing, Const):
            return constant(operation, thing, step)
        item = operation.item("x")
        if item.all_steps:
            return item
        if item.step is not None and item.step > step:
            raise operation.unlike("a layer that takes a later step's value", "take the steps in their order")
        return operation.late(item, step)

    def _check_together(self, operation: Operation, item: Item, module: Any, step: int) -> None:
        """A layer that takes all steps at once is one in step mode "m", once."""
        mode = "m" if _takes_all(module) else getattr(module, "step_mode", None)
        if step:
            raise operation.unlike("used more than once", "give each use its own neurons")
        first = item.dims[0]
        if mode == "m" and [a.axis for a in first] == [STEPS, SAMPLES] and not samples_first(type(module)):
            operation.made.assume(
                operation.layer, "samples", "one a call", "forward hands it those of a call for steps"
            )
            self.one_a_call = True
        elif mode != "m" or len(first) != 1 or first[0].axis != STEPS:
            cure = "set its step mode to 'm'"
            if samples_first(type(module)):
                cure = "take (N, T, ...)"
            elif mode in (None, "m"):
                cure = "use SpikingJelly's neurons in step mode 'm', on (T, N, ...), or give your class step_mode = 'm'"
            raise operation.unlike("a layer that takes steps for samples", cure)
        self.together[operation.layer] = first[0].size

    def _check_states(self, operation: Operation, step: int) -> None:
        """States handed in are the layer's own of the step before, and start at 0."""
        for state in operation.args["begun"]:
            if step or not isinstance(state, Const) or bool(state.tensor.any()):
                raise operation.unlike(
                    "started in another state than 0", "start it at 0, in front of the steps"
                )
        states = operation.args["states"]
        _, takes = handler_of(type(self.layers[operation.layer])) or (None, 0)
        if len(states) not in (0, takes):
            raise operation.unlike(
                f"called with {len(states) + 1} arguments", "hand it its input, and all of its states or none"
            )
        for place, state in enumerate(states):
            if isinstance(state, Given) and step == 0:
                self.takers[state.name] = operation.layer, place
                continue
            fresh = isinstance(state, Const) and not bool(state.tensor.any())
            own = (
                isinstance(state, Held)
                and (state.layer, state.call) == (operation.layer, step - 1)
                and state.place + takes - self.returned(operation.layer) == place
            ) or (isinstance(state, Item) and self._own_spikes(operation.layer, state, step))
            if not (fresh if step == 0 else own):
                raise operation.unlike(
                    "handed a state that is not its own from the step before",
                    "start it at 0 in front of the loop, and hand it on from step to step",
                )

    def returned(self, layer: str) -> int:
        """How many states the layer returns."""
        result = self.results[layer]
        return len(result.states) if isinstance(result, Outputs) else 0

    def _own_spikes(self, layer: str, state: Item, step: int) -> bool:
        sources = state.value.sources if isinstance(state.value, Spikes) else ()
        return state.step == step - 1 and [s.population for s in sources] == [layer]

    def _laid_out(self, operation: Operation, item: Item, module: Any) -> Value:
        """The value as the handler of a layer expects it, pixels or a row; `places` keeps where
        its tensor has them elsewhere."""
        lead = 2 if item.all_steps and len(item.dims[0]) == 1 else 1
        if not led(item.dims[:lead]) or any(a.axis in (STEPS, SAMPLES) for d in item.dims[lead:] for a in d):
            raise operation.unlike(
                "a layer that gets samples behind other dimensions", "put the samples first"
            )
        pixels, flat = maps(item), row(item)
        if pixels is not None and item.value.shape[1:] != (1, 1):
            return pixels
        where = places(item, order(item.dims))
        if np.array_equal(where, np.arange(len(where))):
            return pixels or (flat[0] if flat else item.value)
        parameters = [t for t in (*module.parameters(), *module.buffers()) if isinstance(t, torch.Tensor)]
        if any(t.numel() > 1 for t in parameters):
            raise operation.unlike(
                "a layer with parameters of its own on permuted pixels", "use it in front of the permutation"
            )
        self.places[operation.layer] = where
        return item.value

    def _result(self, operation: Operation, module: Any, value: Value, step: int, several: bool) -> Result:
        path = operation.layer
        if step == 0:
            self.values[path] = [value]
            made = operation.made
            before = len(made.populations), len(made.assumptions)
            result = self.results[path] = self._handled(operation, module, value, several)
            if not several and self._starts_anew(operation):
                self.begin_anew.append(path)
                without_memory(made, path, *before, changed=result is not value)
        elif path not in self.apart and not alike(value, self.values[path][-1]):
            self._differs(operation, module, value, step)
        if path in self.apart:
            self.apart[path].add(operation, value)
        return self.results[path]

    def _starts_anew(self, operation: Operation) -> bool:
        """Whether a step begins at rest: the forward, one of one step, starts all that the layer keeps."""
        if self.anew is None:
            return False
        fresh = [isinstance(state, Const) for state in operation.args["states"]]
        if (any(fresh) and not all(fresh)) or not self.anew.get(operation.layer, True):
            raise operation.unlike(
                "handed some of its states from the step before and others anew",
                "hand it all of them, or none; and start all of them, or none",
            )
        return any(fresh) or (not fresh and operation.layer in self.anew)

    def _differs(self, operation: Operation, module: Any, value: Value, step: int) -> None:
        """A later step's value is another one: with spikes of the layer's own, late, or with other numbers."""
        path = operation.layer
        if step == 1 and comes_back(operation, value, self.values[path][0]):
            again(operation, lambda: self._handled(operation, module, value, False))
            self.values[path].append(value)
        elif len(self.values[path]) > 1 or comes_back(operation, value, self.values[path][0]):
            raise changed(operation, step)
        else:
            self.apart[path] = Apart(module, [self.values[path][0]] * step, [operation] * step)

    def settle(self) -> None:
        """Layers whose numbers differed from step to step get them all."""
        for apart in self.apart.values():
            settled(apart, self._handled)

    def _handled(self, operation: Operation, module: Any, value: Value, several: bool) -> Result:
        handler, takes = handler_of(type(module)) or (None, 0)
        assert handler is not None
        wanted = operation.wanted
        return handler(
            Call(
                layer=operation.layer,
                module=module,
                value=value,
                made=operation.made,
                reset=wanted.reset,
                compare=wanted.compare,
                states=takes if operation.args["states"] else 0,
                several_steps=several,
                input_bits=wanted.input_bits,
                walk=self.walk,
            )
        )

    def _outputs(self, operation: Operation, result: Result, item: Item, step: int | None) -> list[Any]:
        values = operation.node.meta["val"][:-1]
        results = [result.spikes, *result.states] if isinstance(result, Outputs) else [result]
        if len(results) == 1 and len(values) > 1 and step is None:
            return self._listed(operation, item, len(values))
        if len(results) != len(values):
            raise operation.unlike(f"a layer that returns {len(values)} things", "register a handler for it")
        return [
            self._output(operation, r, item, tuple(v.shape), step, place)
            for place, (r, v) in enumerate(zip(results, values, strict=True))
        ]

    def _listed(self, operation: Operation, item: Item, many: int) -> list[Held]:
        """The membranes of every step, of a layer that puts out a list of them."""
        if many != item.dims[0][0].size:
            raise operation.unlike(f"a layer that returns {many} things", "register a handler for it")
        return [Held(operation.layer, step, 0, True, item.dims[1:]) for step in range(many)]

    def _output(
        self,
        operation: Operation,
        result: Any,
        item: Item,
        shape: tuple[int, ...],
        step: int | None,
        place: int,
    ) -> Any:
        if isinstance(result, State):
            call = operation.args["call"]
            return Held(
                result.layer,
                call,
                place - 1,
                result.before_reset,
                item.dims,
                "all" if step is None else "one",
            )
        assert isinstance(result, Spikes | Currents)
        if step is None and shape == tuple(operation.node.args[0].meta["val"].shape)[1:]:
            return Reduced(Item(result, item.dims[1:]), False, 0)  # its readout says how
        if result.shape == item.value.shape:
            return Item(result, item.dims, step)
        rows = len(shape) == len(item.dims) and not any(a.axis == CHANNELS for d in item.dims[:-1] for a in d)
        if not rows:
            raise operation.unlike("a layer that puts out another shape", "use it on rows, or on pixels")
        flat = tuple(a for d in features(result.shape) for a in d)
        return Item(result, (*item.dims[:-1], flat), step)


def _takes_all(module: Any) -> bool:
    """Whether the layer knows no single steps, whatever its step mode is set to."""
    modes = getattr(module, "supported_step_mode", None)
    mixing = mixes_steps(type(module)) and not hasattr(module, "step_mode")
    return mixing or (modes is not None and "s" not in modes())
