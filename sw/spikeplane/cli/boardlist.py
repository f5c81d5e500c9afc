"""`spikeplane boards`: which boards there are, what fits them, which of their tools are found."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from spikeplane.cli.answer import Json, print_json, print_next
from spikeplane.cli.columns import Figures
from spikeplane.cli.console import out
from spikeplane.config import ChipConfig
from spikeplane.toolchain import command_path

if TYPE_CHECKING:
    from spikeplane_hw.board import Board


def boards(
    connected: Annotated[
        bool, typer.Option("--connected", help="Those that are plugged in, and which chip is on each.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List the boards: device, memory, clock, what each can be built as, tools needed and whether
    they are found.

    Example: `spikeplane boards --connected`
    """
    from spikeplane_hw.boards import BOARDS

    if connected:
        _print_connected(as_json)
        return
    if as_json:
        print_json({board.name: _figures(board) for board in BOARDS.values()})
        return
    columns = ("board", "device", "memory", "clock", "presets", "tools")
    table = Figures("Boards", columns, columns)
    for board in BOARDS.values():
        clock = f"{board.clock:g} MHz" + (
            f" (PLL from {board.oscillator:g})" if board.clock != board.oscillator else ""
        )
        tools = [
            f"[green]{name}[/]" if command_path(name) else f"[yellow]{name}: not found[/]"
            for name in board.tools
        ]
        table.add(board.name, board.device, board.memory, clock, _presets(board), "\n".join(tools))
    table.print(out)
    for board in BOARDS.values():
        out.print(
            f"{board.name}: {board.title}; {board.note}; link up to {board.baud:,} baud",
            highlight=False,
            soft_wrap=True,
        )
    print_next("spikeplane build --board BOARD --dry-run")


def _figures(board: "Board") -> dict[str, Any]:
    """One board as plain values; a preset without a chip is the UART echo."""
    presets = {
        name: {"chip": None if chip is None else chip.to_dict(), "clock_mhz": clock}
        for name, (chip, clock) in board.presets.items()
    }
    return {
        "title": board.title,
        "note": board.note,
        "device": board.device,
        "memory": board.memory,
        "clock_mhz": board.clock,
        "oscillator_mhz": board.oscillator,
        "baud": board.baud,
        "presets": presets,
        "tools": {name: bool(command_path(name)) for name in board.tools},
    }


def _print_connected(as_json: bool) -> None:
    from spikeplane.host.find import connected

    found = connected()
    if as_json:
        print_json([asdict(one) for one in found])
        return
    if not found:
        out.print(
            "no port has a USB chip of a board that Spikeplane knows; check cable and power", highlight=False
        )
        print_next("spikeplane doctor boards")
        return
    columns = ("port", "USB", "may be", "chip")
    table = Figures("Connected boards", columns, columns)
    for one in found:
        chip = one.chip or f"no answer: {one.why}"
        table.add(*(escape(text) for text in (one.port, one.usb, ", ".join(one.boards), chip)))
    table.print(out)
    print_next("spikeplane run PROGRAM --input DATA --board auto")


def _presets(board: "Board") -> str:
    """What the board can be built as, the first unless something else is asked for."""
    lines = []
    for name, (chip, clock) in board.presets.items():
        lines.append(f"{name}: {_chip(chip)}" + (f", {clock:g} MHz" if clock != board.clock else ""))
    return "\n".join(lines)


def _chip(chip: ChipConfig | None) -> str:
    if chip is None:
        return "UART echo"
    parts = [unit.title for unit in chip.units.values()]
    if chip.cores:
        learns = [] if chip.training is None else ["learns"]
        parts += [
            f"{chip.rows}x{chip.cols} cores of {chip.lanes} lanes",
            f"{chip.weight_bits}-bit weights",
            *learns,
        ]
    return ", ".join(parts)
