"""Comparisons that the range decides, as `x <= 3` in two bits: constants. Chips of a certain size
have some; linters ask about them."""

from spikeplane_gateware.verilog.rtlil import Bits, Cell, Module, Value, resized

#: Operator -> (what it is where the right side is the least value, where it is the greatest, the
#: same of the left side); None: open.
_DECIDED: dict[str, tuple[bool | None, bool | None, bool | None, bool | None]] = {
    "$lt": (False, None, None, False),
    "$le": (None, True, True, None),
    "$gt": (None, False, False, None),
    "$ge": (True, None, None, True),
}


def fold(module: Module) -> None:
    """Replaces the module's decided comparisons by what they give."""
    for cell in list(module.cells):
        value = _decided(cell) if cell.kind in _DECIDED else None
        if value is not None:
            module.cells.remove(cell)
            module.connections.append((cell.ports["Y"], (Bits("1" if value else "0"),)))


def _decided(cell: Cell) -> bool | None:
    signed = cell.number("A_SIGNED") == 1
    width = max(1, cell.number("A_WIDTH"), cell.number("B_WIDTH"))
    least = "1" + "0" * (width - 1) if signed else "0" * width
    greatest = "".join("1" if digit == "0" else "0" for digit in least)
    a, b = (_constant(resized(cell.ports[port], width, signed)) for port in "AB")
    found = zip(_DECIDED[cell.kind], (b == least, b == greatest, a == least, a == greatest), strict=True)
    return next((value for value, here in found if here and value is not None), None)


def _constant(value: Value) -> str | None:
    (piece, *more) = value
    return piece.text if isinstance(piece, Bits) and not more else None
