"""One operator of a graph, with what its arguments stand for: what the rules get."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from spikeplane.errors import SpikeplaneError
from spikeplane.importers.assemble import Assembler
from spikeplane.importers.flow import Spikes, Value
from spikeplane.importers.maps import identity
from spikeplane.importers.registry import Call
from spikeplane.importers.trace.axes import (
    CHANNELS,
    FEATURES,
    SAMPLES,
    STEPS,
    Atom,
    Dims,
    dim,
    features,
    order,
    sizes,
)
from spikeplane.importers.trace.functions_sent import sent
from spikeplane.importers.trace.items import (
    Bent,
    Const,
    Held,
    Item,
    Matrix,
    Reduced,
    Sum,
    Thing,
    key_of,
)
from spikeplane.importers.trace.presented import reduced
from spikeplane.importers.wanted import Wanted


@dataclass(frozen=True)
class Operation:
    """An operator where the model's forward calls it.

    name   the operator's, as users write it; layer: what messages call this use of it
    args   by the names of the operator's schema
    """

    node: Any
    name: str
    layer: str
    args: dict[str, Any]
    made: Assembler
    wanted: Wanted
    still: frozenset[str] = frozenset()  #: inputs that are the same in every step

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the tensor that comes out."""
        return tuple(self.node.meta["val"].shape)

    def things(self) -> list[Thing]:
        """The arguments that stand for tensors."""
        flat = [v for a in self.args.values() for v in (a if isinstance(a, list | tuple) else [a])]
        return [v for v in flat if isinstance(v, Thing)]

    def steps(self) -> list[int]:
        """The steps of the arguments that are one step's."""
        return [t.step for t in self.things() if isinstance(t, Item | Matrix) and t.step is not None]

    def step(self) -> int | None:
        """The latest of them."""
        return max(self.steps(), default=None)

    def key(self, base: int | None) -> Any:
        """Alike for operators that make the same of the same, counted from step `base`."""
        return self.node.target, key_of(list(self.args.items()), base)

    def evaluated(self) -> Any:
        """The numbers that come out of numbers. Real ones are float64."""
        args = {k: _numbers(v) for k, v in self.args.items()}
        if isinstance(args.get("dtype"), torch.dtype) and args["dtype"].is_floating_point:
            args["dtype"] = torch.float64
        schema = self.node.target._schema.arguments
        positional = [args.pop(a.name) for a in schema if not a.kwarg_only]
        if self.name in ("zeros", "ones", "full", "empty", "rand", "randn") and args.get("dtype") is None:
            args["dtype"] = torch.float64
        result = self.node.target(*positional, **args)
        wrapped = [Const(r) if isinstance(r, torch.Tensor) else r for r in _listed(result)]
        return wrapped[0] if isinstance(result, torch.Tensor) else tuple(wrapped)

    def unlike(self, what: str, cure: str) -> SpikeplaneError:
        """The error for a use that cannot be represented."""
        return self.made.refuse(self.layer, what, cure)

    def item(self, name: str = "input") -> Item:
        """The argument, one value. Raises SpikeplaneError for anything else."""
        thing = self.args[name] if name in self.args else self.args["self"]
        if isinstance(thing, Sum):
            thing = self.together(thing)
        if isinstance(thing, Item):
            return thing
        if isinstance(thing, Bent):
            return sent(self, thing)
        if isinstance(thing, Reduced) and self.made.presents and thing.steps:
            return reduced(self, thing)
        if isinstance(thing, Matrix):
            raise unfinished(self)
        if isinstance(thing, Held):
            raise self.unlike(
                f"called with the membranes of layer '{thing.layer}'",
                "hand it spikes; membranes are read out as they are",
            )
        if isinstance(thing, Reduced):
            raise self.unlike(
                f"a {self.name} behind a sum or mean over steps",
                "sum up behind the last layer, and keep samples apart",
            )
        raise self.unlike("called with numbers instead of a layer's output", "hand it a layer's output first")

    def together(self, total: Sum) -> Item:
        """Values of several steps added: those of the step before are late by one."""
        last = max(item.step or 0 for _, item in total.terms)
        value: Value | None = None
        for factor, item in total.terms:
            term = scaled(self.made, self.late(item, last).value, factor)
            value = term if value is None else self.made.add(self.layer, value, term)
        assert value is not None
        return Item(value, total.dims, last)

    def late(self, item: Item, step: int) -> Item:
        """The value as it comes to a step: so many steps late. Raises SpikeplaneError for more than
        one step, and for steps in another order."""
        steps = 0 if item.step is None else step - item.step
        if steps == 0:
            return item
        if steps < 0:
            raise self.unlike("a layer that takes a later step's value", "take the steps in their order")
        return Item(self._delayed(item.value, steps), item.dims, step)

    def _delayed(self, value: Value, steps: int) -> Value:
        """The value so many steps later: one, and of neurons, or of an input that is always the same."""
        inputs = {p.name for p in self.made.populations if p.neuron is None}
        if isinstance(value, Spikes):
            kept = tuple(s for s in value.sources if s.population in self.still)
            late = tuple(s for s in value.sources if s.population not in self.still)
            if not late:
                return value
            if steps != 1:
                raise self._too_late(steps)
            moved = self.made.delay(self.layer, replace(value, sources=late), 1)
            assert isinstance(moved, Spikes)
            return replace(value, sources=(*kept, *moved.sources))
        moving = [d for d in value.drafts if d.source not in self.still]
        if moving and (
            steps != 1
            or value.window is not None
            or value.attends
            or any(d.delay or d.source in inputs for d in moving)
        ):
            raise self._too_late(steps)
        own = {id(d) for d in moving}
        drafts = tuple(replace(d, delay=1) if id(d) in own else d for d in value.drafts)
        return replace(value, drafts=drafts)

    def _too_late(self, steps: int) -> SpikeplaneError:
        if steps == 1:
            return self.unlike(
                "given a value of the step before that is no spikes of neurons",
                "let a neuron of SpikingJelly or snnTorch keep it, or register your own",
            )
        return self.unlike(
            f"a delay of {steps} steps", "spikes of neurons can be one step late, nothing else"
        )

    def call(self, value: Value, **fields: Any) -> Call:
        """This operator as a use of a layer, whose module has these fields."""
        return Call(
            layer=self.layer,
            module=SimpleNamespace(**fields),
            value=value,
            made=self.made,
            input_bits=self.wanted.input_bits,
            walk=None,  # type: ignore[arg-type]
        )


Rule = Callable[[Operation], Any]


def unfinished(operation: Operation) -> SpikeplaneError:
    """The error for anything but a factor between the two products of attention."""
    return operation.unlike(
        f"called with two layers' spikes multiplied ({operation.name})",
        "multiply by a third layer's spikes first: between the two products of attention nothing but one factor may stand, no bias "
        "of positions, softmax, mask or neurons",
    )


def _listed(result: Any) -> list[Any]:
    return list(result) if isinstance(result, tuple | list) else [result]


def _numbers(value: Any) -> Any:
    if isinstance(value, Const):
        return value.tensor
    if isinstance(value, list | tuple):
        return [_numbers(v) for v in value]
    return value


def maps(item: Item) -> Value | None:
    """The value of a tensor (..., C, H, W); None if its dimensions are others."""
    dims = item.dims
    whole = len(dims) > 3 and dims[-3:] == features(item.value.shape) and led(dims[:-3])
    return replace(item.value, flat=False) if whole else None


def unfolded(operation: Operation, item: Item) -> Item:
    """A row that is seen as (..., C, H, W) as pixels; anything else as it is."""
    lead, last = item.dims[:-3], item.dims[-3:]
    count = item.value.shape[0]
    viewed = len(lead) > 0 and led(lead) and item.value.shape == (count, 1, 1) and bool(last[1] and last[2])
    if not viewed or dim(*(a for d in last for a in d)) != dim(Atom(CHANNELS, count)):
        return item
    c, h, w = sizes(last)
    value = operation.made.reshaped(operation.layer, item.value, (c, h, w))
    return replace(item, value=value, dims=(*lead, *features(value.shape)))


def steps_first(item: Item) -> Item:
    """Steps and samples, the first two dimensions, the other way round."""
    samples, steps, *rest = item.dims
    return replace(item, dims=(steps, samples, *rest))


def led(dims: Dims) -> bool:
    """Whether there are only steps and samples in the dimensions."""
    return all(a.axis in (STEPS, SAMPLES) for d in dims for a in d)


def row(item: Item) -> tuple[Value, np.ndarray] | None:
    """The value of a tensor (..., all features), and which of (C, H, W), counted flat, each place of
    the row is; None if its dimensions are others."""
    lead, last = item.dims[:-1], item.dims[-1:]
    if not led(lead) or not last or not all(a.axis in FEATURES for a in last[0]):
        return None
    return replace(item.value, flat=True), places(item, order(last))


def places(item: Item, atoms: list[Atom]) -> np.ndarray:
    """Which of (C, H, W), counted flat, each place of these atoms is."""
    c, h, w = item.value.shape
    step = {"channels": h * w, "rows": w, "columns": 1}
    result = np.zeros(1, dtype=np.int64)
    for atom in atoms:
        result = (result[:, None] + np.arange(atom.size) * atom.stride * step[atom.axis]).reshape(-1)
    return result


def rows_of(value: Value) -> tuple[Any, ...]:
    """The dimension that holds a whole value, channels outermost."""
    return dim(*(a for d in features(value.shape) for a in d))


def scaled(made: Assembler, value: Value, factor: float) -> Value:
    """factor * value."""
    if factor == 1.0:
        return value
    many = np.full(value.shape[0], factor)
    if isinstance(value, Spikes):
        return made.seen("", value, identity(value.shape).scaled(many))
    return made.scale(value, many, np.zeros(len(many)))


def of_one_step(operation: Operation, item: Item, behind: bool) -> Item:
    """What a layer that takes all steps gets of a single one: without the dimension of steps, whose size is 1.
    behind: it stands behind the samples."""
    at = int(behind)
    if len(item.dims) < 3 or item.dims[at]:
        raise operation.unlike("called with one step", "hand it all steps, (T, N, ...) or (N, T, ...)")
    return replace(item, dims=(*item.dims[:at], *item.dims[at + 1 :]))
