"""`spikeplane flash`: a built bitstream into its board."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from spikeplane.cli.console import busy, out
from spikeplane.errors import SpikeplaneError
from spikeplane.host.serial import is_port

if TYPE_CHECKING:
    from spikeplane_hw.board import Board


def flash(
    folder: Annotated[Path, typer.Argument(help="A folder that spikeplane build wrote.")],
    board: Annotated[
        str, typer.Option("--board", "-b", help="The board's name: spikeplane boards lists them.")
    ],
    port: Annotated[
        str | None,
        typer.Option(help="The serial port of its link, to check what is loaded (default: found)."),
    ] = None,
    baud: Annotated[int | None, typer.Option(help="Rate of that port (default: the board's).")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the build and print the command, run nothing.")
    ] = False,
) -> None:
    """Load a built bitstream into a board, and check by its link that it reports the chip that was built.

    Example: `spikeplane flash --board tang-nano-9k build/nano --dry-run`
    """
    from spikeplane_hw.boards import board as find
    from spikeplane_hw.flash import built, command
    from spikeplane_hw.flash import flash as load

    target = find(board)
    if dry_run:
        out.print(escape(shlex.join(command(target, folder))), highlight=False, soft_wrap=True)
        return
    if port is not None and not is_port(port):
        raise SpikeplaneError(f"--port is a serial port such as /dev/ttyUSB0 or COM4, not '{port}'")
    values = built(target, folder)
    with busy(f"loading {target.name}"):
        load(target, folder)
    out.print(f"{target.title} is loaded", highlight=False)
    _check(target, values, port, baud, folder)


def _check(target: "Board", values: dict[str, Any], port: str | None, baud: int | None, folder: Path) -> None:
    """Raises SpikeplaneError if the board does not answer as what was built; says how to check
    where its port is not known."""
    from spikeplane_hw.check import candidates, check, find_port

    with busy("checking"):
        port = port or find_port(target)
        if port is not None:
            found = check(target, values, port, baud)
            out.print(escape(f"checked: the device at {port} {found}"), highlight=False, soft_wrap=True)
            return
    several = candidates(target)
    why = f"its port is one of {', '.join(several)}" if several else "no serial port is known to be its"
    how = shlex.join(["spikeplane", "flash", "--board", target.name, str(folder), "--port"])
    out.print(escape(f"not checked: {why}; check with {how} PORT"), highlight=False, soft_wrap=True)
