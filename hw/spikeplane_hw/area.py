"""The account of a mapped netlist: area, cells and flip-flops by block, and the memories that stand
outside it."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from spikeplane_hw.liberty import Library

RAMS = ("spikeplane_ram", "spikeplane_dual_ram")
Modules = Mapping[str, Any]


@dataclass(frozen=True)
class Block:
    """All blocks of one name at one place: `tile.router.fifo_*`. Everything below it is counted in,
    `instances` together."""

    name: str
    depth: int
    instances: int
    area: float
    cells: int
    flipflops: int


@dataclass(frozen=True)
class Memory:
    """Memories of one size in one block, `count` of them."""

    block: str
    width: int
    depth: int
    count: int

    @property
    def bits(self) -> int:
        """All of them together."""
        return self.width * self.depth * self.count


@dataclass(frozen=True)
class Account:
    """blocks: the chip first, then its parts in the order of the hierarchy; macros: memories left
    as boxes, whose area is not counted; registers: small memories that became flip-flops, counted;
    cells: library cell -> how many; unmapped: what the library has no cell for.
    """

    library: str
    blocks: list[Block]
    macros: list[Memory]
    registers: list[Memory]
    cells: dict[str, int]
    unmapped: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """As it stands in area.json."""
        values = asdict(self)
        del values["unmapped"]
        return values


def account(modules: Modules, small: Modules, library: Library, top: str) -> Account:
    """The account of yosys's JSON `modules` of a mapped chip whose hierarchy is kept; `small`:
    those modules' memories before mapping."""
    totals: dict[str, Counter[str]] = {}
    blocks: list[Block] = []
    macros: Counter[tuple[str, int, int]] = Counter()
    registers: Counter[tuple[str, int, int]] = Counter()

    def visit(kinds: Mapping[str, int], name: str, depth: int) -> None:
        """One row for all instances of these modules (module -> instances), and the rows below it."""
        counts: Counter[str] = Counter()
        for kind, number in kinds.items():
            for cell, count in _total(modules, kind, totals).items():
                counts[cell] += count * number
        area = sum(library.areas.get(cell, 0.0) * count for cell, count in counts.items())
        flipflops = sum(count for cell, count in counts.items() if cell in library.flipflops)
        if counts:
            blocks.append(Block(name, depth, sum(kinds.values()), area, counts.total(), flipflops))
        for kind, number in kinds.items():
            for cell in modules[kind]["cells"].values():
                if cell["type"] in RAMS:
                    macros[name, _number(cell, "WIDTH"), _number(cell, "DEPTH")] += number
            for cell in small.get(kind, {"cells": {}})["cells"].values():
                registers[name, _number(cell, "WIDTH"), _number(cell, "SIZE")] += number
        for below, parts in _parts(modules, kinds).items():
            visit(parts, f"{name}.{below}" if depth else below, depth + 1)

    visit({top: 1}, "chip", 0)
    total = totals[top]
    return Account(
        library.name,
        blocks,
        _memories(macros),
        _memories(registers),
        dict(Counter({c: n for c, n in total.items() if c in library.areas}).most_common()),
        {c: n for c, n in total.items() if c not in library.areas},
    )


def _total(modules: Modules, kind: str, totals: dict[str, Counter[str]]) -> Counter[str]:
    """The leaf cells of a module and of all below it, memories left out."""
    if kind not in totals:
        counts: Counter[str] = Counter()
        for cell in modules[kind]["cells"].values():
            if cell["type"] in modules and cell["type"] not in RAMS:
                counts.update(_total(modules, cell["type"], totals))
            elif cell["type"] not in (*RAMS, "$scopeinfo"):
                counts[cell["type"]] += 1
        totals[kind] = counts
    return totals[kind]


def _parts(modules: Modules, kinds: Mapping[str, int]) -> dict[str, Counter[str]]:
    """The submodules by name; those that differ only by a number or a side are one: fifo_north,
    fifo_east -> fifo_*."""
    parts: dict[str, Counter[str]] = {}
    for kind, number in kinds.items():
        for cell in modules[kind]["cells"].values():
            child = cell["type"]
            if child in modules and child not in RAMS:
                name = re.sub(
                    r"\$\d+$",
                    "",
                    child.removeprefix(f"{kind}.")
                    .removeprefix("spikeplane_chip.")
                    .removeprefix("spikeplane_"),
                )
                name = re.sub(r"_(\d+|north|east|south|west|local)$", "_*", name)
                parts.setdefault(name, Counter())[child] += number
    return parts


def _number(cell: Mapping[str, Any], parameter: str) -> int:
    return int(str(cell["parameters"][parameter]), 2)


def _memories(found: Counter[tuple[str, int, int]]) -> list[Memory]:
    return [Memory(name, width, depth, count) for (name, width, depth), count in found.items()]
