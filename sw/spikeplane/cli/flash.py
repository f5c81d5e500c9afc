"""`spikeplane flash`: a built bitstream into its board."""

import shlex
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from spikeplane.cli.console import busy, out


def flash(
    folder: Annotated[Path, typer.Argument(help="A folder that spikeplane build wrote.")],
    board: Annotated[str, typer.Option("--board", "-b", help="The board's name: spikeplane boards lists them.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the build and print the command, run nothing.")] = False,
) -> None:
    """Load a built bitstream into a board.

    Example: `spikeplane flash --board tang-nano-9k build/nano --dry-run`
    """
    from spikeplane_hw.boards import board as find
    from spikeplane_hw.flash import command
    from spikeplane_hw.flash import flash as load

    target = find(board)
    if dry_run:
        out.print(escape(shlex.join(command(target, folder))), highlight=False, soft_wrap=True)
        return
    with busy(f"loading {target.name}"):
        load(target, folder)
    out.print(f"{target.title} is loaded", highlight=False)
