"""Values and operators as Verilog expressions whose operands have the widths that the operator
takes, written out.

Verilog would extend them by rules that depend on what stands around; linters want to see it, and so
do people.
"""

import re
from collections.abc import Callable

from spikeplane_gateware.verilog.keywords import KEYWORDS
from spikeplane_gateware.verilog.rtlil import Bits, Cell, Module, Part, Value, resized

_SIMPLE = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")


def identifier(name: str) -> str:
    """The name as Verilog and SystemVerilog take it: escaped (and ended by a space) where it is no
    plain one."""
    return name if _SIMPLE.fullmatch(name) and name not in KEYWORDS else f"\\{name} "


class Expressions:
    """Renders for one module: it knows the widths of the wires and how the nameless ones are called."""

    def __init__(self, module: Module) -> None:
        self.module = module
        prefix = "n"
        while any(re.fullmatch(rf"{prefix}\d+", name) for name in module.wires):
            prefix += "n"
        self._prefix = prefix

    def name(self, wire: str) -> str:
        """A wire's name; the nameless `$5` is `n5`."""
        return f"{self._prefix}{wire[1:]}" if re.fullmatch(r"\$\d+", wire) else identifier(wire)

    def value(self, value: Value) -> str:
        """A value as an expression of its own width; repeated pieces are written once."""
        if len(value) == 1:
            return self._piece(value[0])
        parts: list[str] = []
        pieces = list(reversed(value))
        while pieces:
            same = next((k for k, piece in enumerate(pieces) if piece != pieces[0]), len(pieces))
            one = self._piece(pieces[0])
            parts.append(f"{{{same}{{{one}}}}}" if same > 1 else one)
            del pieces[:same]
        return parts[0] if len(parts) == 1 else f"{{{', '.join(parts)}}}"

    def _piece(self, piece: Bits | Part) -> str:
        if isinstance(piece, Bits):
            return constant(piece.text)
        name, whole = self.name(piece.wire), self.module.wires[piece.wire].width
        if piece.width == whole:
            return name
        return (
            f"{name}[{piece.low}]"
            if piece.width == 1
            else f"{name}[{piece.low + piece.width - 1}:{piece.low}]"
        )

    def operator(self, cell: Cell) -> str:
        """The expression that an operator's cell gives its output. ValueError for one that is not known."""
        render = _OPERATORS.get(cell.kind)
        if render is None:
            raise ValueError(f"{self.module.name}: no Verilog is known for the netlist's cell {cell.kind}")
        return render(self, cell)

    def operand(self, cell: Cell, port: str, width: int) -> str:
        """An input of `cell`, extended to `width` bits by its own sign or by zeros."""
        return self.value(resized(cell.ports[port], width, cell.number(f"{port}_SIGNED") == 1))


def constant(text: str) -> str:
    """The digits 0, 1, x as a sized constant: hexadecimal, but single bits and unknown ones in binary."""
    if len(text) == 1 or "x" in text:
        return f"{len(text)}'b{text}"
    return f"{len(text)}'h{int(text, 2):0{(len(text) + 3) // 4}x}"


def _bitwise(symbol: str) -> Callable[[Expressions, Cell], str]:
    """Also sums and differences: everything in the width of the result."""

    def render(x: Expressions, cell: Cell) -> str:
        width = cell.number("Y_WIDTH")
        return f"{x.operand(cell, 'A', width)} {symbol} {x.operand(cell, 'B', width)}"

    return render


def _compare(symbol: str) -> Callable[[Expressions, Cell], str]:
    def render(x: Expressions, cell: Cell) -> str:
        width = max(1, cell.number("A_WIDTH"), cell.number("B_WIDTH"))
        a, b = (x.operand(cell, port, width) for port in ("A", "B"))
        signed = cell.number("A_SIGNED") and symbol not in ("==", "!=")
        return f"$signed({a}) {symbol} $signed({b})" if signed else f"{a} {symbol} {b}"

    return render


def _unary(symbol: str) -> Callable[[Expressions, Cell], str]:
    return lambda x, cell: f"{symbol}{x.operand(cell, 'A', cell.number('Y_WIDTH'))}"


def _reduce(symbol: str) -> Callable[[Expressions, Cell], str]:
    nothing = constant("1" if symbol == "&" else "0")
    return lambda x, cell: f"{symbol}{x.value(cell.ports['A'])}" if cell.ports["A"] else nothing


def _shift(symbol: str) -> Callable[[Expressions, Cell], str]:
    def render(x: Expressions, cell: Cell) -> str:
        a = x.operand(cell, "A", cell.number("Y_WIDTH"))
        by = cell.ports["B"]
        return f"{f'$signed({a})' if symbol == '>>>' else a} {symbol} {x.value(by)}" if by else a

    return render


def _multiply(x: Expressions, cell: Cell) -> str:
    """In the widths of the operands: those are what a multiplier of an FPGA is chosen by."""
    a, b = (x.value(cell.ports[port]) for port in ("A", "B"))
    return f"$signed({a}) * $signed({b})" if cell.number("A_SIGNED") else f"{a} * {b}"


def _choose(x: Expressions, cell: Cell) -> str:
    condition, yes, no = (x.value(cell.ports[port]) for port in ("S", "B", "A"))
    return f"{condition} ? {yes} : {no}"


_OPERATORS: dict[str, Callable[[Expressions, Cell], str]] = {
    **{f"${name}": _bitwise(symbol) for name, symbol in {"add": "+", "sub": "-", "and": "&", "or": "|", "xor": "^"}.items()},
    **{f"${name}": _compare(symbol) for name, symbol in {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}.items()},
    **{f"$reduce_{name}": _reduce(symbol) for name, symbol in {"and": "&", "or": "|", "xor": "^", "bool": "|"}.items()},
    **{f"${name}": _shift(symbol) for name, symbol in {"shl": "<<", "shr": ">>", "sshr": ">>>"}.items()},
    "$not": _unary("~"), "$neg": _unary("-"), "$mul": _multiply, "$mux": _choose,
}  # fmt: skip
