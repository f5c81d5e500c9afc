"""Products of two layers' spikes and a third's, in whatever order: which dimension is summed up says who is who.

```
    (q k^T) v      over channels of a head, then over tokens      rows: q, columns: k
    q (k^T v)      over tokens, then over channels                rows: k, columns: v
    (v k^T) q      the same, all turned                           rows: v, columns: k
```
The population whose dimension is summed up in the second product is the keys. Over tokens first, the other one of the two is
the values, and the third the queries; over channels first it is the other way round.
"""

from dataclasses import dataclass, replace
from typing import Any

from spikeplane.errors import SpikeplaneError
from spikeplane.importers.attention import attended
from spikeplane.importers.trace.axes import CHANNELS, COLUMNS, ROWS, SAMPLES, STEPS, Atom, Dim, Dims, dim
from spikeplane.importers.trace.broadcast import of_one_step
from spikeplane.importers.trace.items import Item, Matrix
from spikeplane.importers.trace.operation import Operation

TOKENS, HEAD = "tokens", "channels"
_COLUMNS = "columns' "  #: in front of an axis of what a matrix's columns are


@dataclass(frozen=True)
class Sides:
    """Two operands and what becomes of their dimensions.

    batch  pairs of dimensions, one of each, along which they meet
    inner  of each the dimensions that are summed up
    out    the dimensions of the result: of which operand, and which
    """

    operands: tuple[Any, Any]
    batch: tuple[tuple[int, int], ...]
    inner: tuple[tuple[int, ...], tuple[int, ...]]
    out: tuple[tuple[int, int], ...]

    def along(self, which: int) -> Dim:
        """The dimensions of an operand that are summed up, as one."""
        dims = self.operands[which].dims
        return dim(*(a for d in self.inner[which] for a in dims[d]))

    def met(self, which: int) -> list[Atom]:
        """The atoms of an operand along which the two meet."""
        return [a for pair in self.batch for a in self.operands[which].dims[pair[which]]]

    def left(self, which: int) -> list[Atom]:
        """The atoms of an operand's other dimensions, which stay."""
        gone = {pair[which] for pair in self.batch} | set(self.inner[which])
        return [a for d, e in enumerate(self.operands[which].dims) if d not in gone for a in e]


def matrices(one: Any, other: Any) -> Sides:
    """As of `one @ other`: the last dimension of one and the second last of the other are summed up."""
    count, many = len(one.dims), len(other.dims)
    batch = tuple((d, d) for d in range(count - 2))
    out = (*((0, d) for d in range(count - 1)), (1, many - 1))
    return Sides((one, other), batch, ((count - 1,), (many - 2,)), out)


def product(operation: Operation, sides: Sides) -> Item | Matrix:
    """The product of two layers' spikes, or of such a one and a third's. Raises SpikeplaneError for all else."""
    if all(isinstance(each, Matrix) for each in sides.operands):
        raise operation.unlike("a product of four layers' spikes", "multiply three: queries, keys and values")
    one, other = (each.dims for each in sides.operands)
    if any(one[a] != other[b] for a, b in sides.batch):
        raise others(operation)
    for which, each in enumerate(sides.operands):
        if isinstance(each, Matrix):
            return _third(operation, sides, each, which)
    return _two(operation, sides)


def others(operation: Operation) -> SpikeplaneError:
    """The error for operands that do not meet."""
    return operation.unlike(
        f"a product of values whose dimensions are others ({operation.name})",
        "give queries, keys and values as (..., heads, tokens, channels of a head)",
    )


def _two(operation: Operation, sides: Sides) -> Matrix:
    items, step = of_one_step(operation, list(sides.operands))
    sides = replace(sides, operands=tuple(items))
    over, heads = _over(operation, sides, 0)
    if (over, heads) != _over(operation, sides, 1) or sides.along(0) != sides.along(1):
        raise others(operation)
    rows, columns = (replace(item, step=step) for item in items)
    dims = tuple(items[n].dims[d] if n == 0 else _named(items[n].dims[d]) for n, d in sides.out)
    return Matrix(rows, columns, over, heads, 1.0, dims)


def _third(operation: Operation, sides: Sides, matrix: Matrix, which: int) -> Item:
    """A matrix and spikes: the attention."""
    third = sides.operands[1 - which]
    along, of_columns = _plain(sides.along(which))
    _, heads = _over(operation, sides, 1 - which)
    if heads != matrix.heads or along != sides.along(1 - which):
        raise others(operation)
    keys, rest = (matrix.columns, matrix.rows) if of_columns else (matrix.rows, matrix.columns)
    query, value = (rest, third) if matrix.over == HEAD else (third, rest)
    items, step = of_one_step(operation, [query, keys, value])
    q, k, v = (item.value for item in items)
    made = attended(
        operation.made, operation.layer, (q, k, v), heads, matrix.factor, operation.wanted.input_bits
    )
    dims: Dims = tuple(_plain(sides.operands[n].dims[d])[0] for n, d in sides.out)
    return Item(made, dims, step)


def _over(operation: Operation, sides: Sides, which: int) -> tuple[str, int]:
    """What of an operand's value is summed up, and how many heads it has. Raises SpikeplaneError unless that is all tokens
    or all channels of a head, and heads are channels that stand behind one another."""
    item, along = sides.operands[which], sides.along(which)
    channels, high, wide = item.value.shape
    axes = {a.axis for a in (*along, *sides.left(which))}
    tokens = [a for a in along if a.axis in (ROWS, COLUMNS)]
    if axes & {STEPS, SAMPLES}:
        raise operation.unlike(
            f"a product over steps or samples ({operation.name})", "multiply within a step and sample"
        )
    if not axes & {ROWS, COLUMNS} or any(a.axis in (ROWS, COLUMNS) for a in sides.met(which)):
        raise operation.unlike(
            f"a product within a pixel, or over a part of the pixels ({operation.name})",
            "let all pixels be tokens",
        )
    inner = [a for a in (*along, *sides.left(which)) if a.axis == CHANNELS]
    own = inner[0].size if inner else 1
    heads = channels // own
    if inner not in ([], [Atom(CHANNELS, own)]):
        raise operation.unlike(
            f"a product of heads whose channels do not stand behind one another ({operation.name})",
            "reshape channels to (heads, channels of a head)",
        )
    if tokens and (len(tokens) < len(along) or sum(1 for _ in tokens) != _axes(high, wide)):
        raise others(operation)
    return TOKENS if tokens else HEAD, heads


def _axes(high: int, wide: int) -> int:
    """How many atoms all tokens are."""
    return (high > 1) + (wide > 1)


def _named(atoms: Dim) -> Dim:
    """A dimension as one of a matrix's columns."""
    return tuple(replace(a, axis=f"{_COLUMNS}{a.axis}") for a in atoms)


def _plain(atoms: Dim) -> tuple[Dim, bool]:
    """A dimension without that, and whether it had it."""
    plain = dim(*(replace(a, axis=a.axis.removeprefix(_COLUMNS)) for a in atoms))
    return plain, any(a.axis.startswith(_COLUMNS) for a in atoms)
