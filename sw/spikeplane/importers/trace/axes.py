"""Which axes of a value a tensor's dimensions are: every dimension is a product of atoms, outer
first, and an atom is an axis or a part of one.

Steps (T) and samples (B) are whole for ever; channels, rows and columns may be split, and are one
axis again where their parts meet in order. A reshape whose boundaries fall elsewhere is refused:
it would move values between axes.
"""

from dataclasses import dataclass
from math import prod

STEPS, SAMPLES, CHANNELS, ROWS, COLUMNS = "steps", "samples", "channels", "rows", "columns"
FEATURES = (CHANNELS, ROWS, COLUMNS)


@dataclass(frozen=True)
class Atom:
    """Every `stride`-th place of an axis, `size` of them."""

    axis: str
    size: int
    stride: int = 1


Dim = tuple[Atom, ...]
Dims = tuple[Dim, ...]


class Cut(Exception):
    """A reshape cuts through what cannot be cut."""


def sizes(dims: Dims) -> tuple[int, ...]:
    """The tensor's shape."""
    return tuple(prod(a.size for a in dim) for dim in dims)


def dim(*atoms: Atom) -> Dim:
    """A dimension of these atoms: those of size 1 are left out, neighbours of one axis are joined."""
    joined: list[Atom] = []
    for atom in atoms:
        if atom.size == 1:
            continue
        last = joined[-1] if joined else None
        if last and last.axis == atom.axis and last.stride == atom.size * atom.stride:
            joined[-1] = Atom(atom.axis, last.size * atom.size, atom.stride)
        else:
            joined.append(atom)
    return tuple(joined)


def features(shape: tuple[int, int, int]) -> tuple[Dim, Dim, Dim]:
    """Channels, rows and columns of a value, one dimension each."""
    c, h, w = (dim(Atom(axis, n)) for axis, n in zip(FEATURES, shape, strict=True))
    return c, h, w


def reshaped(dims: Dims, shape: tuple[int, ...]) -> Dims:
    """The dimensions after a reshape. Raises Cut."""
    left = [atom for d in dims for atom in d]
    result = []
    for size in shape:
        taken: list[Atom] = []
        while size > 1:
            if not left:
                raise Cut
            atom = left.pop(0)
            if size % atom.size:
                atom, rest = _split(atom, size)
                left.insert(0, rest)
            taken.append(atom)
            size //= atom.size
        result.append(dim(*taken))
    if left:
        raise Cut
    return tuple(result)


def _split(atom: Atom, outer: int) -> tuple[Atom, Atom]:
    """The outer part of so many places, and the rest."""
    if atom.axis not in FEATURES or atom.size % outer:
        raise Cut
    inner = atom.size // outer
    return Atom(atom.axis, outer, atom.stride * inner), Atom(atom.axis, inner, atom.stride)


def has(dims: Dims, axis: str) -> bool:
    """Whether an atom of the axis is in the dimensions."""
    return any(a.axis == axis for d in dims for a in d)


def order(dims: Dims) -> list[Atom]:
    """The atoms of channels, rows and columns, outer first."""
    return [a for d in dims for a in d if a.axis in FEATURES]
