"""One module of the netlist as Verilog: ports, declarations, instances, assignments, processes, and
the values at power-up."""

from spikeplane_gateware.verilog.expressions import Expressions, constant, identifier
from spikeplane_gateware.verilog.memories import memory_lines
from spikeplane_gateware.verilog.processes import Process, clocked, combinational, plain, target_of
from spikeplane_gateware.verilog.purge import keeps
from spikeplane_gateware.verilog.rtlil import Assign, Cell, Module, Part, Value, Wire, resized
from spikeplane_gateware.verilog.trim import values_read


class Writer:
    """Writes one module. `procedural`: the wires that processes assign, which Verilog calls `reg`."""

    def __init__(self, module: Module) -> None:
        self.module, self.x = module, Expressions(module)
        self.procedural: set[str] = set()
        self.keeps = keeps(module)
        self.body: list[str] = []

    def text(self) -> str:
        """The module, from `module` to `endmodule`."""
        registers = [cell for cell in self.module.cells if cell.kind == "$dff"]
        self._processes(registers)
        for cell in self.module.cells:
            if not cell.kind.startswith("$"):
                self.body += self._instance(cell)
            elif "MEMID" not in cell.parameters and cell.kind != "$dff":
                self.body += self._operator(cell)
        for target, value in self.module.connections:
            self.body.append(f"  assign {self.x.value(target)} = {self.x.value(value)};")
        lines, driven = memory_lines(self.module, self.x)
        self.body += lines
        self.procedural |= driven
        ports = [
            f"  {wire.direction} {self._declared(wire)}"
            for wire in self.module.wires.values()
            if wire.direction
        ]
        head = f"module {identifier(self.module.name)}(\n" + ",\n".join(ports) + "\n);"
        inner = [f"  {self._declared(wire)};" for wire in self.module.wires.values() if not wire.direction]
        return "\n".join([head, *inner, *self.body, *self._power_up(), "endmodule\n"])

    def _declared(self, wire: Wire) -> str:
        kind = "reg" if wire.name in self.procedural else "wire"
        keep = "(* keep *) " if wire.name in self.keeps else ""
        size = f"[{wire.width - 1}:0] " if wire.width > 1 else ""
        return f"{keep}{kind} {size}{self.x.name(wire.name)}"

    def _processes(self, registers: list[Cell]) -> None:
        """Registers, in whose place a process stands or which take a value; then the processes that
        are left."""
        uses, by_target = self._uses(), {target_of(process): process for process in self.module.processes}
        merged: set[Value] = set()
        for cell in registers:
            (register,) = cell.ports["Q"]
            assert isinstance(register, Part)
            self.procedural.add(register.wire)
            data, process = cell.ports["D"], by_target.get(cell.ports["D"])
            if process is None or not self._only(data, uses):
                process = [Assign(cell.ports["Q"], data)]
            else:
                merged.add(data)
            lines = clocked(self.x, process, self._clock(cell), cell.ports["Q"])
            if lines and register.wire in self.keeps:  # where synthesis looks before it merges equal ones
                lines[0] = f"  (* keep *){lines[0][1:]}"
            self.body += lines
        for target, process in by_target.items():
            if target in merged:
                for piece in target:
                    assert isinstance(piece, Part)
                    del self.module.wires[piece.wire]
            else:
                self._combinational(process)

    def _combinational(self, process: Process) -> None:
        always = plain(process)
        if always is not None:
            self.body.append(f"  assign {self.x.value(target_of(process))} = {self.x.value(always)};")
            return
        self.procedural |= {piece.wire for piece in target_of(process) if isinstance(piece, Part)}
        self.body += combinational(self.x, process)

    def _only(self, data: Value, uses: dict[str, int]) -> bool:
        """`data` is one whole wire, no port, and nothing but the register reads it."""
        (piece,) = data
        if not isinstance(piece, Part):
            return False
        wire = self.module.wires[piece.wire]
        return wire.width == piece.width and not wire.direction and uses.get(piece.wire) == 1

    def _uses(self) -> dict[str, int]:
        """How often each wire is read."""
        uses: dict[str, int] = {}
        for value in values_read(self.module):
            for piece in value:
                if isinstance(piece, Part):
                    uses[piece.wire] = uses.get(piece.wire, 0) + 1
        return uses

    def _clock(self, cell: Cell) -> str:
        if cell.number("CLK_POLARITY") != 1:
            raise ValueError(
                f"{self.module.name}: a register of a falling edge, which no Verilog is written for"
            )
        return self.x.value(cell.ports["CLK"])

    def _operator(self, cell: Cell) -> list[str]:
        target = self.x.value(cell.ports["Y"])
        if cell.kind != "$shift":
            return [f"  assign {target} = {self.x.operator(cell)};"]
        # Bits out of a longer value, zeros beyond its end.
        width, have = cell.number("Y_WIDTH"), max(cell.number("Y_WIDTH"), cell.number("A_WIDTH"))
        whole = self.x.value(resized(cell.ports["A"], have, cell.number("A_SIGNED") == 1))
        shifted = f"{whole} >> {self.x.value(cell.ports['B'])}"
        if have == width:
            return [f"  assign {target} = {shifted};"]
        (piece,) = cell.ports["Y"]
        assert isinstance(piece, Part)
        name = self._fresh(f"{piece.wire.replace('$', 'part_')}_on")
        size = f"[{width - 1}:0]" if width > 1 else "[0]"
        return [
            f"  wire [{have - 1}:0] {name};",
            f"  assign {name} = {shifted};",
            f"  assign {target} = {name}{size};",
        ]

    def _fresh(self, name: str) -> str:
        while name in self.module.wires:
            name += "_"
        return identifier(name)

    def _instance(self, cell: Cell) -> list[str]:
        parameters = ", ".join(
            f".{identifier(key)}({_parameter(value)})" for key, value in cell.parameters.items()
        )
        ports = ",\n".join(
            f"    .{identifier(key)}({self._connected(value)})" for key, value in cell.ports.items()
        )
        kind = f"{identifier(cell.kind)} #({parameters})" if parameters else identifier(cell.kind)
        return [f"  {kind} {identifier(cell.name)}(\n{ports}\n  );"]

    def _connected(self, value: Value) -> str:
        """What stands at a port; nothing for an output that is not read."""
        return (
            self.x.value(value)
            if all(not isinstance(piece, Part) or piece.wire in self.module.wires for piece in value)
            else ""
        )

    def _power_up(self) -> list[str]:
        """What registers hold before the first clock edge. Not blocking: every `always @*` waits by
        then, and sees the change."""
        lines = [
            f"    {self.x.name(wire.name)} <= {constant(wire.init.zfill(wire.width))};"
            for wire in self.module.wires.values()
            if wire.init is not None and wire.name in self.procedural
        ]
        return ["  initial begin", *lines, "  end"] if lines else []


def _parameter(value: str) -> str:
    """A parameter of an instance: a string, a number, or sized digits."""
    return constant(value.partition("'")[2]) if "'" in value and not value.startswith('"') else value
