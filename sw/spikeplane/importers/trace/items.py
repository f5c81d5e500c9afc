"""What a node of the graph stands for: an `Item`, a value of the assembler seen through axes, or one
of the few other things that a forward handles."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.importers.flow import Value
from spikeplane.importers.trace.axes import STEPS, Dims, has, sizes


@dataclass(frozen=True)
class Item:
    """A value of one step and sample, of which the tensor holds all samples, and one step or all.

    dims   the tensor's dimensions, as products of axes of the value
    step   which step's; None for a value that is the same in every step, or that has an axis of steps
    """

    value: Value
    dims: Dims
    step: int | None = None

    @property
    def all_steps(self) -> bool:
        """Whether the tensor has an axis of steps."""
        return has(self.dims, STEPS)


@dataclass(frozen=True)
class Const:
    """A tensor of numbers that no input changes (float64 where it is real)."""

    tensor: Any


@dataclass(frozen=True)
class Held:
    """A state of layer `layer` as its call `call` left it: the `place`-th of those that it returns.
    over: "one" step, "all" steps, the "last" one or their "sum"."""

    layer: str
    call: int
    place: int
    before_reset: bool
    dims: Dims
    over: str = "one"


@dataclass(frozen=True)
class Given:
    """A state that the caller hands to forward."""

    name: str


@dataclass(frozen=True)
class Sum:
    """Terms of several steps: (factor, item), all of the same dims."""

    terms: tuple[tuple[float, Item], ...]

    @property
    def dims(self) -> Dims:
        """The tensor's dimensions."""
        return self.terms[0][1].dims


@dataclass(frozen=True)
class Reduced:
    """Steps summed up: the mean over the steps of what `item` is in one, or their sum; how many. fixed: the model takes so
    many and no others."""

    item: Item
    mean: bool
    steps: int
    fixed: bool = False

    def times(self, factor: float) -> "Reduced | None":
        """The mean or the sum that this is, times the factor; None where that is neither."""
        if not self.mean and is_mean(factor, self.steps):
            return Reduced(self.item, True, self.steps)
        return Reduced(self.item, False, self.steps) if self.mean and factor == self.steps else None


@dataclass(frozen=True)
class Bent:
    """A function of currents that no chip computes, unless one behind it makes steps of it (round(clamp(v))).
    refused: what is said where none does."""

    item: Item
    function: Callable[[np.ndarray], np.ndarray]
    refused: SpikeplaneError

    @property
    def dims(self) -> Dims:
        """The tensor's dimensions."""
        return self.item.dims


@dataclass(frozen=True)
class Matrix:
    """The product of two layers' spikes times a factor, which a third's have yet to be multiplied with (attention).

    rows, columns   the values that are left of it, each with all its dimensions
    over            what was summed up, "tokens" or "channels" of a head; heads: how many there are
    dims            the tensor's dimensions; those of `columns` are named so by `trace/matrices.py`
    """

    rows: Item
    columns: Item
    over: str
    heads: int
    factor: float
    dims: Dims

    @property
    def step(self) -> int | None:
        """Which step's, as of an Item."""
        return self.rows.step


@dataclass(frozen=True)
class Slots:
    """A tensor of zeros for all steps, filled with the first ones' values in dimension `place`."""

    filled: tuple[Item, ...]
    place: int


@dataclass(frozen=True)
class Ranked:
    """Where along dimension `dim` the `count` largest of an item are, or the smallest."""

    item: Item
    dim: int
    count: int
    largest: bool = True

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the tensor in which they are."""
        return sizes(self.item.dims)


@dataclass(frozen=True)
class Token:
    """What ties one call of a layer to the next."""


def is_mean(factor: float, steps: int | None) -> bool:
    """Whether a sum over so many steps, times the factor, is their mean."""
    return bool(steps) and abs(factor * (steps or 0) - 1) < 1e-9


Thing = Item | Const | Held | Given | Sum | Reduced | Bent | Matrix | Slots | Ranked | Token


def dims_of(thing: Any) -> Dims:
    """The dimensions of a tensor."""
    return thing.item.dims if isinstance(thing, Reduced) else thing.dims


def key_of(value: Any, base: int | None) -> Any:
    """Alike for arguments that stand for the same, counted from step `base`."""
    if isinstance(value, list | tuple):
        return tuple(key_of(v, base) for v in value)
    if isinstance(value, Item):
        return "item", id(value.value), value.dims, None if value.step is None else value.step - (base or 0)
    if isinstance(value, Matrix):
        parts = value.rows, value.columns
        return "matrix", *(key_of(p, base) for p in parts), value.over, value.factor, value.dims
    if isinstance(value, Const):
        return "const", id(value.tensor)
    if isinstance(value, Sum | Reduced | Bent | Slots | Ranked):
        return "once", id(value)
    return repr(value)
