"""`spikeplane build`: a board's bitstream, and what it takes of the board."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from spikeplane.cli.chips import chosen_chip
from spikeplane.cli.console import err, out
from spikeplane.errors import SpikeplaneError


def build(
    board: Annotated[str, typer.Option("--board", "-b", help="The board's name: spikeplane boards lists them.")],
    preset: Annotated[str | None, typer.Option("--preset", "-p", help="tiny, small, medium or large.")] = None,
    config: Annotated[Path | None, typer.Option("--config", "-c", help="A TOML file of chip sizes.")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write.")] = Path("board"),
    seeds: Annotated[int, typer.Option("--seeds", help="Placements to try until one meets the clock.")] = 4,
) -> None:
    """Build a board's bitstream: Verilog, synthesis, place and route; print what it uses and how fast it is.

    Without --preset and --config it is the chip that suits the board. Logs stay in the folder.

    Example: `spikeplane build --board tang-nano-9k -o build/nano`
    """
    from spikeplane_hw.boards import board as find
    from spikeplane_hw.build import build as work

    target = find(board)
    if seeds < 1:
        raise SpikeplaneError(f"--seeds must be at least 1, not {seeds}")
    chip = target.chip if preset is None and config is None else chosen_chip(preset, config)
    with err.status("starting", spinner="line") as status:

        def say(text: str) -> None:
            status.update(escape(text))
            err.print(escape(text), highlight=False)

        values = work(target, chip, output, seeds=seeds, say=say)
    show(values, target.title)
    out.print(f"{escape(str(output / values['bitstream']))}", highlight=False, soft_wrap=True)


def show(values: dict[str, Any], title: str) -> None:
    """The tables of one build."""
    from spikeplane_hw.report import Report

    report = Report.from_dict(values["report"])
    what = f"chip {values['digest']}" if values["digest"] else "UART echo"
    table = Table(title=f"{escape(title)}: {what}, seed {report.seed}", title_justify="left", title_style="bold")
    for column in ("resource", "used", "available", "share"):
        table.add_column(column, justify="left" if column == "resource" else "right")
    for name, (used, available) in report.resources.items():
        table.add_row(name, f"{used:,}", f"{available:,}", f"{used / available:.0%}")
    out.print(table)
    for clock in report.clocks:
        out.print(
            f"clock {escape(clock.name)}: {clock.achieved:.1f} MHz achieved of {clock.asked:g} MHz asked", highlight=False
        )
    if report.path:
        path = escape(" -> ".join(report.path))
        out.print(f"critical path, {report.path_ns:.1f} ns: {path}", highlight=False, soft_wrap=True)
