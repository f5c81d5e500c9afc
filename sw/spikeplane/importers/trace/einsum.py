"""Sums of products by Einstein's notation, of one value and numbers: a permutation, a fully connected layer,
factors, or what these make together; of two values a product of attention."""

from dataclasses import replace
from math import prod
from typing import Any

import torch

from spikeplane.importers.trace.arithmetic import multiplied
from spikeplane.importers.trace.axes import Cut, Dims, reshaped, sizes
from spikeplane.importers.trace.items import Const, Item, Matrix, dims_of
from spikeplane.importers.trace.layers import connected
from spikeplane.importers.trace.matrices import Sides, product
from spikeplane.importers.trace.operation import Operation, Rule
from spikeplane.importers.trace.reductions import reduced

#: Numbers that a fully connected layer made of one may have, at most.
_LARGEST = 1 << 24


def einsum(operation: Operation) -> Any:
    """A sum of products of a value and numbers, written in letters."""
    things = operation.args["operands"] if "operands" in operation.args else operation.args["tensors"]
    values = [place for place, thing in enumerate(things) if not isinstance(thing, Const)]
    if len(values) == len(things) == 2:
        return _of_two(operation, things)
    if len(values) != 1:
        raise operation.unlike(
            "an einsum of several layers' values and numbers, or of more than two", "multiply two at a time"
        )
    item = replace(operation, args={"self": things[values[0]]}).item("self")
    ins, out = _letters(operation, operation.args["equation"], things)
    own = ins.pop(values[0])
    if any(len(set(letters)) < len(letters) for letters in (own, out, *ins)):
        raise operation.unlike("an einsum with a letter twice in one tensor", "take the diagonal before")
    numbers = [thing.tensor for thing in things if isinstance(thing, Const)]
    return _computed(operation, item, own, _weights(ins, numbers, own + out), out)


def _of_two(operation: Operation, things: list[Any]) -> Item | Matrix:
    """Of two layers' values, or of such a product and a third's."""
    ins, out = _letters(operation, operation.args["equation"], things)
    one, other = ins
    if any(len(set(letters)) < len(letters) for letters in (one, other, out)) or (
        set(one) ^ set(other)
    ) - set(out):
        raise operation.unlike(
            "an einsum of two layers' values with a letter twice in one, or in no other", "sum up before"
        )
    parts = tuple(
        replace(operation, args={"self": t}).item("self") if not isinstance(t, Matrix) else t for t in things
    )
    batch = tuple((one.index(c), other.index(c)) for c in one if c in other and c in out)
    inner = [c for c in one if c in other and c not in out]
    if not inner:
        raise operation.unlike("an einsum that sums up nothing", "multiply with *, of which a gate is made")
    sides = Sides(
        (parts[0], parts[1]),
        batch,
        (tuple(one.index(c) for c in inner), tuple(other.index(c) for c in inner)),
        tuple((0, one.index(c)) if c in one else (1, other.index(c)) for c in out),
    )
    return product(operation, sides)


def _letters(operation: Operation, equation: str, things: list[Any]) -> tuple[list[str], str]:
    """Of each tensor and of the result, a letter a dimension; those of ... are upper case."""
    left, arrow, out = equation.replace(" ", "").partition("->")
    ins, free = left.split(","), [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in equation]
    ranks = [t.tensor.ndim if isinstance(t, Const) else len(dims_of(t)) for t in things]
    filled = [r - len(letters) + 3 for r, letters in zip(ranks, ins, strict=True) if "..." in letters]
    every = "".join(free[: max(filled, default=0)])
    found = []
    for rank, letters in zip(ranks, ins, strict=True):
        count = rank - len(letters) + 3 if "..." in letters else 0
        found.append(letters.replace("...", every[len(every) - count :] if count else ""))
    if not arrow:
        counted = "".join(sorted(c for c in set("".join(found)) if "".join(found).count(c) == 1))
        out = "..." + "".join(c for c in counted if c not in every)
    return found, out.replace("...", every)


def _weights(ins: list[str], numbers: list[torch.Tensor], kept: str) -> tuple[torch.Tensor, str] | None:
    """All numbers as one tensor, of letters that the value or the result has."""
    if not numbers:
        return None
    letters = "".join(c for c in dict.fromkeys("".join(ins)) if c in kept)
    return torch.einsum(f"{','.join(ins)}->{letters}", *numbers), letters


def _computed(
    operation: Operation, item: Item, own: str, weights: tuple[torch.Tensor, str] | None, out: str
) -> Any:
    """The value of letters `own` times the weights, summed up over the letters that `out` has not."""
    tensor, letters = weights or (torch.ones((), dtype=torch.float64), "")
    if not any(c in letters and c not in out for c in own) and all(c in own for c in letters):
        item, own = _summed(operation, item, own, out)
        if letters:
            order = "".join(c for c in own if c in letters)
            tensor = torch.einsum(f"{letters}->{order}", tensor)
            tensor = tensor.reshape([tensor.shape[order.index(c)] if c in order else 1 for c in own])
            shape = replace(operation, name="mul", args={"self": item, "other": Const(tensor)})
            item = multiplied(shape)
        return _permuted(item, own, out)
    return _layer(operation, item, own, tensor, letters, out)


def _summed(operation: Operation, item: Item, own: str, out: str) -> tuple[Any, str]:
    gone = [d for d, c in enumerate(own) if c not in out]
    if gone:
        args = {"self": item, "dim": gone, "keepdim": False}
        item = reduced(replace(operation, name="sum", args=args))
    return item, "".join(c for c in own if c in out)


def _permuted(item: Any, own: str, out: str) -> Any:
    if own == out or not isinstance(item, Item):
        return item
    return replace(item, dims=tuple(item.dims[own.index(c)] for c in out))


def _layer(operation: Operation, item: Item, own: str, tensor: torch.Tensor, letters: str, out: str) -> Item:
    """As a fully connected layer of the dimensions that the weights have."""
    size = dict(zip(letters, tensor.shape, strict=True)) | dict(zip(own, sizes(item.dims), strict=True))
    inner = [c for c in own if c in letters or c not in out]
    outer = [c for c in out if c in letters]
    kept = [c for c in own if c not in inner]
    if prod(size[c] for c in (*inner, *outer)) > _LARGEST:
        raise operation.unlike("an einsum of too many weights", "use Linear or Conv2d")
    both = [c for c in outer if c in inner]
    other = {c: chr(0x3B1 + n) for n, c in enumerate(both)}  # a second letter for the input's side
    eyes = [torch.eye(size[c], dtype=torch.float64) for c in both]
    ones = [c for c in inner if c not in letters]
    tensors = [tensor, *eyes, *(torch.ones(size[c], dtype=torch.float64) for c in ones)]
    terms = [list(letters), *([c, other[c]] for c in both), *([c] for c in ones)]
    weight = _product(tensors, terms, [*outer, *(other.get(c, c) for c in inner)])
    flat = weight.reshape(prod(size[c] for c in outer), -1)
    atoms = [a for c in inner for a in item.dims[own.index(c)]]
    dims = (*(item.dims[own.index(c)] for c in kept), tuple(atoms))
    made = connected(operation, replace(item, dims=_joined(dims)), flat, None)
    assert isinstance(made, Item)  # of channels alone, not of steps
    try:
        split = reshaped(made.dims[-1:], tuple(size[c] for c in outer))
    except Cut:
        raise operation.unlike("an einsum that mixes channels and pixels", "use Linear or Conv2d") from None
    return _permuted(replace(made, dims=(*made.dims[:-1], *split)), "".join([*kept, *outer]), out)


def _product(tensors: list[torch.Tensor], terms: list[list[str]], out: list[str]) -> torch.Tensor:
    """einsum with letters of any alphabet."""
    number = {c: n for n, c in enumerate(dict.fromkeys(c for term in terms for c in term))}
    flat: list[Any] = []
    for tensor, term in zip(tensors, terms, strict=True):
        flat += [tensor, [number[c] for c in term]]
    return torch.einsum(*flat, [number[c] for c in out])


def _joined(dims: Dims) -> Dims:
    """The last dimension with its neighbours of one axis as one."""
    return (*dims[:-1], reshaped(dims[-1:], (sizes(dims)[-1],))[0])


RULES: dict[str, Rule] = {"einsum": einsum}
