"""`spikeplane synth`: the chip in the cells of a standard-cell library, and its area by block."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from spikeplane.cli.answer import Json, command, print_json, print_next
from spikeplane.cli.chips import chosen_chip
from spikeplane.cli.columns import Figures
from spikeplane.cli.console import err, out

if TYPE_CHECKING:
    from spikeplane_hw.area import Account

#: Rows of the table of blocks go this deep: tile.core.soma.sweep.neurons.
_DEPTH = 5


def synth(
    liberty: Annotated[
        Path, typer.Option("--liberty", "-l", help="The standard-cell library: a liberty file (.lib).")
    ],
    preset: Annotated[
        str | None, typer.Option("--preset", "-p", help="tiny, small, medium or large (default: tiny).")
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", "-c", help="A TOML file of chip sizes.")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write.")] = Path("asic"),
    as_json: Json = False,
) -> None:
    """Map a chip to standard cells with yosys; print area, cells and flip-flops by block. Memories
    stay boxes, listed apart.

    Writes netlist.v, area.json and synthesis.log.

    Example: `spikeplane synth --liberty osu018_stdcells.lib --preset tiny -o build/asic`
    """
    from spikeplane_hw.asic import NETLIST, synthesise

    chip = chosen_chip(preset, config, "tiny")
    with err.status("starting", spinner="line") as status:

        def say(text: str) -> None:
            status.update(escape(text))
            err.print(escape(text), highlight=False)

        found = synthesise(chip, liberty, output, say)
    chosen = ("--preset", preset or "tiny") if config is None else ("--config", config)
    then = command("simulate", "--netlist", *chosen)
    if as_json:
        values = {"chip": chip.digest, **found.to_dict(), "netlist": output / NETLIST, "next": then}
        print_json(values)
        return
    show(found, f"chip {chip.digest}")
    out.print(escape(str(output / NETLIST)), highlight=False, soft_wrap=True)
    print_next(then)


def show(found: "Account", title: str) -> None:
    """The tables of one synthesis: blocks, memories, cells."""
    _blocks(found, title).print(out)
    if found.macros:
        _macros(found).print(out)
    cells = ", ".join(f"{count:,} {name}" for name, count in found.cells.items())
    out.print(f"cells: {escape(cells)}", highlight=False)
    for memory in found.registers:
        size = f"{memory.count} x {memory.depth} x {memory.width} bits"
        out.print(
            f"a memory that became flip-flops, counted above: {escape(memory.block)}, {size}", highlight=False
        )
    whole = found.blocks[0]
    macros = sum(memory.bits for memory in found.macros)
    out.print(
        f"total: area {whole.area:,.0f}, {whole.cells:,} cells, {whole.flipflops:,} of them "
        f"flip-flops; without {macros:,} bits of SRAM.\n"
        "A liberty file names no unit of area: it is the library's own, um^2 in osu018 and most others.",
        highlight=False,
        soft_wrap=True,
    )


def _blocks(found: "Account", title: str) -> Figures:
    table = Figures(
        f"{escape(title)} in library {escape(found.library)}",
        ("block", "instances", "area", "share", "cells", "flip-flops"),
        ("block",),
    )
    whole = found.blocks[0].area or 1.0
    for block in found.blocks:
        if block.depth <= _DEPTH:
            name = "  " * block.depth + block.name.rpartition(".")[2]
            share = f"{block.area / whole:.1%}"
            counts = (f"{block.cells:,}", f"{block.flipflops:,}")
            table.add(escape(name), f"{block.instances:,}", f"{block.area:,.0f}", share, *counts)
    return table


def _macros(found: "Account") -> Figures:
    title = (
        "Memories: SRAM macros, a read and a write port each, left as boxes `spikeplane_ram`; "
        "their area is not counted"
    )
    table = Figures(title, ("block", "macros", "words", "width", "bits"), ("block",))
    for memory in found.macros:
        table.add(
            escape(memory.block), *(f"{n:,}" for n in (memory.count, memory.depth, memory.width, memory.bits))
        )
    bits = sum(m.bits for m in found.macros)
    table.add("all", f"{sum(m.count for m in found.macros):,}", "", "", f"{bits:,}", section=True)
    return table
