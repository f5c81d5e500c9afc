"""Amaranth's own memories as Verilog arrays: small tables that are read in the same cycle, FIFOs.
(Large ones are `spikeplane_ram`.)"""

from spikeplane_gateware.verilog.expressions import Expressions, constant
from spikeplane_gateware.verilog.purge import memory_of
from spikeplane_gateware.verilog.rtlil import Bits, Cell, Module, Part, Value, sliced


def memory_lines(module: Module, x: Expressions) -> tuple[list[str], set[str]]:
    """The lines of a module's memories, and the wires that their clocked read ports assign."""
    lines: list[str] = []
    registers: set[str] = set()
    for memory in module.memories.values():
        lines.append(f"  reg [{memory.width - 1}:0] {x.name(memory.name)} [0:{memory.depth - 1}];")
    for cell in module.cells:
        if cell.kind == "$meminit_v2":
            lines += _contents(module, x, cell)
        elif cell.kind == "$memwr_v2":
            lines += _write(x, cell)
        elif cell.kind == "$memrd_v2" and cell.number("CLK_ENABLE"):
            _refuse_transparent(module, cell)
            registers |= {piece.wire for piece in cell.ports["DATA"] if isinstance(piece, Part)}
            lines += [
                f"  always @(posedge {x.value(cell.ports['CLK'])}) begin",
                f"    if ({x.value(cell.ports['EN'])}) begin",
                f"      {x.value(cell.ports['DATA'])} <= {_word(x, cell)};",
                "    end",
                "  end",
            ]
        elif cell.kind == "$memrd_v2":
            lines.append(f"  assign {x.value(cell.ports['DATA'])} = {_word(x, cell)};")
    return lines, registers


def _word(x: Expressions, cell: Cell) -> str:
    return f"{x.name(memory_of(cell))}[{x.value(cell.ports['ADDR'])}]"


def _refuse_transparent(module: Module, cell: Cell) -> None:
    if "1" in cell.parameters["TRANSPARENCY_MASK"].partition("'")[2]:
        raise ValueError(
            f"{module.name}: memory {memory_of(cell)} has a transparent read port, which no "
            "Verilog is written for"
        )


def _contents(module: Module, x: Expressions, cell: Cell) -> list[str]:
    """Words at power-up: one line each, or a loop where all are equal."""
    memory = module.memories[memory_of(cell)]
    words = [_digits(sliced(cell.ports["DATA"], k * memory.width, memory.width)) for k in range(memory.depth)]
    name = x.name(memory.name)
    if len(set(words)) > 1:
        return [
            "  initial begin",
            *[f"    {name}[{k}] = {constant(word)};" for k, word in enumerate(words)],
            "  end",
        ]
    block = f"fill_{memory.name}"
    return [
        f"  initial begin : {block}",
        "    integer k;",
        f"    for (k = 0; k < {memory.depth}; k = k + 1) {name}[k] = {constant(words[0])};",
        "  end",
    ]


def _digits(value: Value) -> str:
    return "".join(piece.text for piece in reversed(value) if isinstance(piece, Bits))


def _write(x: Expressions, cell: Cell) -> list[str]:
    """Bits that share an enable are written together."""
    enable, data = cell.ports["EN"], cell.ports["DATA"]
    width = cell.number("WIDTH")
    lines, low = [f"  always @(posedge {x.value(cell.ports['CLK'])}) begin"], 0
    while low < width:
        one = sliced(enable, low, 1)
        high = low + 1
        while high < width and sliced(enable, high, 1) == one:
            high += 1
        part = "" if high - low == width else f"[{high - 1}:{low}]"
        lines += [
            f"    if ({x.value(one)}) begin",
            f"      {_word(x, cell)}{part} <= {x.value(sliced(data, low, high - low))};",
            "    end",
        ]
        low = high
    return [*lines, "  end"]
