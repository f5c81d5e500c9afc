"""Leaves out what nothing reads: names of fields and aliases, operators without a reader, ports
that only led to them.

```
    outputs of the top, instances of other Verilog, registers to keep -> what they read -> what that reads ...   the rest goes
```
Amaranth names every field of every struct, in every module that it passes through; most of the text
would be those.
"""

from collections import defaultdict

from spikeplane_gateware.verilog.rtlil import Assign, Cell, Module, Part, Switch, Value, sliced

Key = tuple[str, str]  #: (module, wire), or (module, memory) with a leading "memory "


def purge(modules: dict[str, Module], top: str) -> None:
    """Takes from the modules what no output of `top` depends on, and whole modules with it."""
    live = _live(modules, top)
    for name, module in list(modules.items()):
        module.cells = [cell for cell in module.cells if _stays(cell, name, modules, live)]
        module.processes = [process for process in module.processes if _any(_target(process), name, live)]
        module.connections = [
            (target, value) for target, value in module.connections if _any(target, name, live)
        ]
        module.memories = {
            key: memory for key, memory in module.memories.items() if (name, f"memory {key}") in live
        }
        for cell in module.cells:
            if cell.kind in modules:
                cell.ports = {port: value for port, value in cell.ports.items() if (cell.kind, port) in live}
        module.wires = {
            key: wire
            for key, wire in module.wires.items()
            if (name, key) in live or name == top and wire.direction
        }
    reached = {top} | {cell.kind for module in modules.values() for cell in module.cells}
    for name in [name for name in modules if name not in reached]:
        del modules[name]


def keeps(module: Module) -> set[str]:
    """Registers that must stay though equal ones are there. (Their outputs under other names carry
    the attribute as well.)"""
    registers = [wire for cell in module.cells if cell.kind == "$dff" for wire in _wires(cell.ports["Q"])]
    return {wire for wire in registers if "keep" in module.wires[wire].attributes}


def _live(modules: dict[str, Module], top: str) -> set[Key]:
    """Every wire and memory that an output depends on."""
    sources: dict[Key, list[Key]] = defaultdict(list)  # of each wire or memory: what it is worked out from
    roots: list[Key] = []
    for name, module in modules.items():
        for process in module.processes:
            _feed(sources, name, _target(process), _read(process))
        for target, value in module.connections:
            _feed(sources, name, target, _wires(value))
        for cell in module.cells:
            _cell(sources, name, cell, modules)
        roots += [
            (name, key)
            for key, wire in module.wires.items()
            if name == top and wire.direction in ("output", "inout")
        ]
        roots += [(name, key) for key in (*keeps(module), *_given(module, modules))]
    live: set[Key] = set()
    while roots:
        key = roots.pop()
        if key not in live:
            live.add(key)
            roots += sources[key]
    return live


def _cell(sources: dict[Key, list[Key]], name: str, cell: Cell, modules: dict[str, Module]) -> None:
    """Enters what the outputs of one cell depend on, and the ports of a module below."""
    outputs = _outputs(cell, modules)
    inputs = [wire for port, value in cell.ports.items() if port not in outputs for wire in _wires(value)]
    for port in outputs:
        _feed(sources, name, cell.ports[port], inputs if cell.kind.startswith("$") else [])
    for port, value in cell.ports.items() if cell.kind in modules else ():
        for wire in _wires(value):
            if port in outputs:
                sources[name, wire].append((cell.kind, port))
            else:
                sources[cell.kind, port].append((name, wire))
    if "MEMID" in cell.parameters:
        memory = (name, f"memory {memory_of(cell)}")
        sources[memory] += [(name, wire) for wire in inputs if not outputs]
        for port in outputs:
            for wire in _wires(cell.ports[port]):
                sources[name, wire].append(memory)


def _given(module: Module, modules: dict[str, Module]) -> set[str]:
    """What instances of other Verilog are given: what happens to it there is not known. (Their
    outputs have no other driver.)"""
    driven = {wire for process in module.processes for wire in _wires(_target(process))}
    driven |= {wire for target, _ in module.connections for wire in _wires(target)}
    driven |= {
        wire for cell in module.cells for port in _outputs(cell, modules) for wire in _wires(cell.ports[port])
    }
    driven |= {key for key, wire in module.wires.items() if wire.direction == "input"}
    others = [cell for cell in module.cells if not cell.kind.startswith("$") and cell.kind not in modules]
    ports = [wire for cell in others for value in cell.ports.values() for wire in _wires(value)]
    # from one such instance to another
    return {wire for wire in ports if wire in driven or ports.count(wire) > 1}


def memory_of(cell: Cell) -> str:
    """The memory that a port belongs to."""
    return cell.parameters["MEMID"].strip('"').lstrip("\\")


_DRIVEN = {"$memrd_v2": ("DATA",), "$memwr_v2": (), "$meminit_v2": (), "$dff": ("Q",)}


def _outputs(cell: Cell, modules: dict[str, Module]) -> tuple[str, ...]:
    if cell.kind in modules:
        return tuple(port for port in cell.ports if modules[cell.kind].wires[port].direction == "output")
    return _DRIVEN.get(cell.kind, ("Y",)) if cell.kind.startswith("$") else ()


def _stays(cell: Cell, name: str, modules: dict[str, Module], live: set[Key]) -> bool:
    if cell.kind in modules:
        return any((cell.kind, port) in live for port in cell.ports)
    if not cell.kind.startswith("$"):
        return True
    if "MEMID" in cell.parameters and not _outputs(cell, modules):
        return (name, f"memory {memory_of(cell)}") in live
    return any(_any(cell.ports[port], name, live) for port in _outputs(cell, modules))


def _feed(sources: dict[Key, list[Key]], name: str, target: Value, read: list[str]) -> None:
    for wire in _wires(target):
        sources[name, wire] += [(name, source) for source in read]


def _any(value: Value, name: str, live: set[Key]) -> bool:
    return any((name, wire) in live for wire in _wires(value))


def _wires(value: Value) -> list[str]:
    return [piece.wire for piece in value if isinstance(piece, Part)]


def _target(process: list[Assign | Switch]) -> Value:
    first = process[0]
    assert isinstance(first, Assign)
    return first.target


def _read(statements: list[Assign | Switch]) -> list[str]:
    """The wires that decide what a process assigns."""
    found: list[str] = []
    for statement in statements:
        if isinstance(statement, Assign):
            found += _wires(statement.value)
            continue
        cases = _acting(statement)
        found += _wires(_looked_at(statement.value, [patterns for patterns, _ in cases]))
        found += [wire for _, inner in cases for wire in _read(inner)]
    return found


def _acting(switch: Switch) -> list[tuple[list[str], list[Assign | Switch]]]:
    """The cases without the last ones that assign nothing, which are not written."""
    cases = list(switch.cases)
    while cases and not any(
        isinstance(statement, Assign) or _acting(statement) for statement in cases[-1][1]
    ):
        cases.pop()
    return cases


def _looked_at(value: Value, cases: list[list[str]]) -> Value:
    """The bits of a switch's value that its cases ask for, if each asks for one; else all of them."""
    asked = []
    for patterns in filter(None, cases):
        bits = [place for place, digit in enumerate(reversed(patterns[0])) if digit != "-"]
        if len(patterns) > 1 or len(bits) != 1:
            return value
        asked += bits
    return tuple(piece for bit in asked for piece in sliced(value, bit, 1))
