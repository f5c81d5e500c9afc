"""Reads the netlist that Amaranth writes (RTLIL text) into plain data: modules of wires, cells,
memories and processes.

```
    text -> lines -> Module: wires, memories, cells, processes, connections (wire, value)
```
A value is a tuple of pieces, least significant first: `Bits` (a constant) or `Part` (neighbouring
bits of a wire).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Bits:
    """A constant. `text`: its digits 0, 1 and x, most significant first."""

    text: str

    @property
    def width(self) -> int:
        """Its digits."""
        return len(self.text)


@dataclass(frozen=True)
class Part:
    """`width` bits of a wire from bit `low` up."""

    wire: str
    low: int
    width: int


Value = tuple[Bits | Part, ...]


@dataclass
class Wire:
    """`direction`: "input", "output", "inout" or "". `init`: digits of a register's value at
    power-up, or None."""

    name: str
    width: int
    direction: str = ""
    init: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass
class Cell:
    """An operator, a register, a port of a memory (kind `$...`), or an instance of the module `kind`."""

    kind: str
    name: str
    parameters: dict[str, str] = field(default_factory=dict)
    ports: dict[str, Value] = field(default_factory=dict)

    def number(self, name: str) -> int:
        """A parameter that is an integer."""
        return int(self.parameters[name])


@dataclass
class Assign:
    """`target` becomes `value`."""

    target: Value
    value: Value


@dataclass
class Switch:
    """The first of `cases` whose patterns (digits 0, 1, - for either) match `value`; no pattern: always."""

    value: Value
    cases: list[tuple[list[str], "list[Assign | Switch]"]] = field(default_factory=list)


@dataclass
class Memory:
    """A memory of `depth` words of `width` bits."""

    name: str
    width: int
    depth: int
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass
class Module:
    """One module. A process is a list of statements whose first assigns the whole target."""

    name: str
    wires: dict[str, Wire] = field(default_factory=dict)
    memories: dict[str, Memory] = field(default_factory=dict)
    cells: list[Cell] = field(default_factory=list)
    processes: list[list[Assign | Switch]] = field(default_factory=list)
    connections: list[tuple[Value, Value]] = field(default_factory=list)


def width_of(value: Value) -> int:
    """Bits of a value."""
    return sum(piece.width for piece in value)


def resized(value: Value, width: int, signed: bool) -> Value:
    """The value in `width` bits: extended by its sign or by zeros, or cut."""
    pieces, have = list(value), width_of(value)
    if width > have:
        sign = bit(value, have - 1) if signed and have else Bits("0")
        more: list[Bits | Part] = (
            [Bits(sign.text * (width - have))] if isinstance(sign, Bits) else [sign] * (width - have)
        )
        return (*pieces, *more) if isinstance(sign, Part) else joined([*pieces, *more])
    return sliced(value, 0, width)


def bit(value: Value, at: int) -> Bits | Part:
    """One bit of a value."""
    return sliced(value, at, 1)[0]


def sliced(value: Value, low: int, width: int) -> Value:
    """`width` bits of a value from bit `low` up."""
    out: list[Bits | Part] = []
    at = 0
    for piece in value:
        first, last = max(low, at), min(low + width, at + piece.width)
        if first < last:
            if isinstance(piece, Part):
                out.append(Part(piece.wire, piece.low + first - at, last - first))
            else:
                out.append(Bits(piece.text[piece.width - (last - at) : piece.width - (first - at)]))
        at += piece.width
    return joined(out)


def parse(text: str) -> dict[str, Module]:
    """The modules by name, in the text's order."""
    lines = iter([line.strip() for line in text.splitlines() if line.strip()])
    modules: dict[str, Module] = {}
    for line in lines:
        if line.startswith("module "):
            module = _module(line.split()[1][1:], lines)
            modules[module.name] = module
    return modules


def _module(name: str, lines: Iterator[str]) -> Module:
    module, attributes = Module(name), {}
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "end":
            break
        if word == "attribute":
            key, _, value = rest.partition(" ")
            attributes[key[1:]] = value
            continue
        if word == "wire":
            wire = _wire(rest, attributes)
            module.wires[wire.name] = wire
        elif word == "memory":
            _, width, _, depth, memory = rest.split()
            module.memories[memory[1:]] = Memory(memory[1:], int(width), int(depth), attributes)
        elif word == "cell":
            module.cells.append(_cell(module, rest, lines))
        elif word == "process":
            module.processes.append(_statements(module, lines)[0])
        elif word == "connect":
            target, value = _values(module, rest)
            module.connections.append((target, value))
        attributes = {}
    return module


def _wire(rest: str, attributes: dict[str, str]) -> Wire:
    words = rest.split()
    direction = next((word for word in words if word in ("input", "output", "inout")), "")
    init = attributes.pop("init", None)
    return Wire(
        _name(words[-1]), int(words[1]), direction, _digits(init) if init is not None else None, attributes
    )


def _name(word: str) -> str:
    """Names that the designer gave lose their backslash; the netlist's own keep their dollar."""
    return word.removeprefix("\\")


def _digits(constant: str) -> str:
    return constant.partition("'")[2] if "'" in constant else format(int(constant), "b")


def _cell(module: Module, rest: str, lines: Iterator[str]) -> Cell:
    kind, name = rest.split()
    cell = Cell(_name(kind), _name(name))
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "end":
            break
        key, _, value = rest.removeprefix("signed ").removeprefix("real ").partition(" ")
        if word == "parameter":
            cell.parameters[key[1:]] = value
        else:
            (cell.ports[key[1:]],) = _values(module, value)
    return cell


def _statements(module: Module, lines: Iterator[str]) -> tuple[list[Assign | Switch], str]:
    """The statements up to the line `end` or the next `case`, and that line."""
    found: list[Assign | Switch] = []
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "assign":
            found.append(Assign(*_values(module, rest)))
        elif word == "switch":
            found.append(_switch(module, rest, lines))
        else:
            return found, line
    raise ValueError("RTLIL: a process without an end")


def _switch(module: Module, rest: str, lines: Iterator[str]) -> Switch:
    (value,) = _values(module, rest)
    switch, line = Switch(value), next(lines)
    while line != "end":
        patterns = [
            pattern.partition("'")[2] for pattern in line.removeprefix("case").split(",") if pattern.strip()
        ]
        statements, line = _statements(module, lines)
        switch.cases.append((patterns, statements))
    return switch


_TOKEN = re.compile(r"\{|\}|\[\d+(?::\d+)?\]|\d+'[01x-]*|\\\S+|\$\S+")


def _values(module: Module, text: str) -> list[Value]:
    """Every value in a line: constants, wires, slices, and `{ ... }`, whose most significant piece
    comes first."""
    found: list[Value] = []
    group: list[Value] | None = None
    for token in _TOKEN.findall(text):
        into = found if group is None else group
        if token == "{":
            group = []
        elif token == "}":
            found.append(joined([piece for value in reversed(group or []) for piece in value]))
            group = None
        elif token[0] == "[":
            high, _, low = token[1:-1].partition(":")
            (whole,) = into.pop()
            assert isinstance(whole, Part)
            into.append((Part(whole.wire, int(low or high), int(high) - int(low or high) + 1),))
        elif token[0].isdigit():
            into.append((Bits(token.partition("'")[2]),))
        else:
            name = _name(token)
            into.append((Part(name, 0, module.wires[name].width),))
    return found


def joined(pieces: list[Bits | Part]) -> Value:
    """The pieces, least significant first, with neighbours made one and nothing of no width."""
    out: list[Bits | Part] = []
    for piece in pieces:
        last = out[-1] if out else None
        if isinstance(piece, Bits) and isinstance(last, Bits):
            out[-1] = Bits(piece.text + last.text)
        elif (
            isinstance(piece, Part)
            and isinstance(last, Part)
            and (last.wire, last.low + last.width) == (piece.wire, piece.low)
        ):
            out[-1] = Part(last.wire, last.low, last.width + piece.width)
        elif piece.width:
            out.append(piece)
    return tuple(out)
