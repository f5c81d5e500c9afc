"""Makes operators as wide as what reads them: a sum whose carry nobody takes has none.

Amaranth's sums, products and choices have room for every result; the assignment then takes the
lower bits. Linters ask whether the others were forgotten, and nothing is gained by writing them.
Signals that the designer named keep their width.
"""

import re
from collections.abc import Iterator

from spikeplane_gateware.verilog.rtlil import Assign, Cell, Module, Part, Switch, Value, resized, width_of

#: Operators whose lower bits depend on the operands' lower bits alone -> those operands.
_LOWER = {
    **dict.fromkeys(("$add", "$sub", "$and", "$or", "$xor", "$mux"), "AB"),
    **dict.fromkeys(("$not", "$neg", "$shl"), "A"),
}


def trim(module: Module) -> None:
    """Narrows the nameless results of a module's operators, until nothing changes."""
    cells = [
        cell for cell in module.cells if cell.kind in _LOWER and re.fullmatch(r"\$\d+", _result(cell).wire)
    ]
    changed = True
    while changed:
        changed = False
        highest = _highest(module)
        for cell in cells:
            wire = module.wires[_result(cell).wire]
            width = highest.get(wire.name, wire.width)
            if width < wire.width:
                wire.width = width
                _narrow(cell, width)
                changed = True


def _result(cell: Cell) -> Part:
    (result,) = cell.ports["Y"]
    assert isinstance(result, Part)
    return result


def _narrow(cell: Cell, width: int) -> None:
    """The operator in `width` bits; an operand that is shorter is extended when it is written."""
    cell.ports["Y"] = resized(cell.ports["Y"], width, False)
    cell.parameters["WIDTH" if cell.kind == "$mux" else "Y_WIDTH"] = str(width)
    for port in _LOWER[cell.kind]:
        if width_of(cell.ports[port]) > width:
            cell.ports[port] = resized(cell.ports[port], width, False)
            if cell.kind != "$mux":
                cell.parameters[f"{port}_WIDTH"] = str(width)


def _highest(module: Module) -> dict[str, int]:
    """Of each wire that is read: one more than the highest bit that is."""
    highest: dict[str, int] = {}
    for value in values_read(module):
        for piece in value:
            if isinstance(piece, Part):
                highest[piece.wire] = max(highest.get(piece.wire, 0), piece.low + piece.width)
    return highest


def values_read(module: Module) -> Iterator[Value]:
    """Every value that something in the module reads."""
    yield from (value for _, value in module.connections)
    for cell in module.cells:
        operator = cell.kind.startswith("$")
        yield from (
            value for port, value in cell.ports.items() if not operator or port not in ("Y", "Q", "DATA")
        )
        if cell.kind in ("$memwr_v2", "$meminit_v2"):
            yield cell.ports["DATA"]
    for process in module.processes:
        yield from _of_process(process)


def _of_process(statements: list[Assign | Switch]) -> Iterator[Value]:
    for statement in statements:
        yield statement.value
        if isinstance(statement, Switch):
            for _, inner in statement.cases:
                yield from _of_process(inner)
