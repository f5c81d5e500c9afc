"""Shapes of samples: whether two of them hold their values in the same order, and how one is brought into the
other."""

from collections.abc import Iterable
from itertools import permutations
from math import prod

Form = tuple[int, ...]


def shape_text(shape: Iterable[int]) -> str:
    """A shape for people."""
    return "x".join(str(n) for n in shape) or "()"


def same_order(found: Form, wanted: Form) -> bool:
    """Whether the values of one sample of shape `found` lie as those of `wanted` (C, H, W) do: rows of all values,
    channels whose pixels are a row, dimensions of 1 more or less. Channels last are another order."""
    if prod(found) != prod(wanted):
        return False
    ours, theirs = ([size for size in shape if size != 1] for shape in (found, wanted))
    row = len(ours) <= 1 or len(theirs) <= 1
    return row or ours == theirs or found == (*wanted[:-2], wanted[-2] * wanted[-1])


def remedy(found: Form, wanted: Form) -> str:
    """What to do with samples of shape `found`, (N, ..., C, H, W) in another order, so that each is of `wanted`,
    which ends with (C, H, W)."""
    if found == wanted:
        return "put a dimension of samples in front: x[None]"
    order = order_of(found, wanted)
    if order is None:
        return "reshape them"
    turned = ", ".join(map(str, order))
    last = "channels come first; " if order[-3] == len(found) - 1 else ""
    return f"{last}permute them: x.permute({turned}), or x.transpose({turned}) of a numpy array"


def order_of(found: Form, wanted: Form) -> Form | None:
    """The order of the dimensions of `found` in which the last three are those of `wanted`, channels last before all
    other orders; None where they are so, and where they are others."""
    lead, goal = len(found) - 3, wanted[-3:]
    if lead < 0 or found[lead:] == goal:
        return None
    for order in ((2, 0, 1), *permutations(range(3))):
        if tuple(found[lead + axis] for axis in order) == goal:
            return (*range(lead), *(lead + axis for axis in order))
    return None
