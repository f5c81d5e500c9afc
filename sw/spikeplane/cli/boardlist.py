"""`spikeplane boards`: which boards there are, what fits them, which of their tools are found."""

from rich.table import Table

from spikeplane.cli.console import out
from spikeplane.config import ChipConfig
from spikeplane.toolchain import command_path


def boards() -> None:
    """List the boards: device, memory, clock, the chip that suits each, tools needed and whether they are found."""
    from spikeplane_hw.boards import BOARDS

    table = Table(title="Boards", title_justify="left", title_style="bold")
    for column in ("board", "device", "memory", "clock", "chip", "tools"):
        table.add_column(column, overflow="fold")
    for board in BOARDS.values():
        clock = f"{board.clock:g} MHz" + (f" (PLL from {board.oscillator:g})" if board.clock != board.oscillator else "")
        tools = [f"[green]{name}[/]" if command_path(name) else f"[yellow]{name}: not found[/]" for name in board.tools]
        table.add_row(board.name, board.device, board.memory, clock, _chip(board.chip), "\n".join(tools))
    out.print(table)
    for board in BOARDS.values():
        out.print(f"{board.name}: {board.title}; {board.note}; link up to {board.baud:,} baud", highlight=False, soft_wrap=True)


def _chip(chip: ChipConfig | None) -> str:
    if chip is None:
        return "none (UART echo)"
    return f"{chip.rows}x{chip.cols} cores of {chip.lanes} lanes, {chip.weight_bits}-bit weights"
