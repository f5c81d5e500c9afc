"""`spikeplane flash`: a built bitstream into its board."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from spikeplane.cli.answer import Json, command, notes, print_json, print_next
from spikeplane.cli.console import busy, out
from spikeplane.config import PRESETS
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
    as_json: Json = False,
) -> None:
    """Load a built bitstream into a board, and check by its link that it reports the chip that was built.

    Example: `spikeplane flash --board tang-nano-9k build/nano --dry-run`
    """
    from spikeplane_hw.boards import board as find
    from spikeplane_hw.flash import built, loading
    from spikeplane_hw.flash import flash as load

    target = find(board)
    if port is not None and not is_port(port):
        raise SpikeplaneError(f"--port is a serial port such as /dev/ttyUSB0 or COM4, not '{port}'")
    values = built(target, folder)
    line = shlex.join(loading(target, str(folder / values["bitstream"])))
    found: dict[str, Any] = {
        "board": target.name,
        "folder": folder,
        "chip": values["digest"],
        "command": line,
    }
    if dry_run:
        return _end({**found, "loaded": False, "next": _again(target, folder)}, line, as_json)
    with busy(f"loading {target.name}"):
        load(target, folder)
    notes(as_json).print(f"{target.title} is loaded", highlight=False)
    found |= {"loaded": True, **_checked(target, values, port, baud)}
    found["next"] = _then(target, values, folder, found["port"], baud)
    said = f"checked: the device at {found['port']} {found['checked']}"
    if not found["checked"]:
        said = f"not checked: {found['why']}; check with {_again(target, folder)} --port PORT"
    return _end(found, said, as_json)


def _end(found: dict[str, Any], text: str, as_json: bool) -> None:
    """The one or the other form of what was done."""
    if as_json:
        print_json(found)
        return
    out.print(escape(text), highlight=False, soft_wrap=True)
    print_next(found["next"])


def _checked(target: "Board", values: dict[str, Any], port: str | None, baud: int | None) -> dict[str, Any]:
    """The port and what was found there; why not where the port is not known. Raises SpikeplaneError if the
    board does not answer as what was built."""
    from spikeplane_hw.check import candidates, check, find_port

    with busy("checking"):
        port = port or find_port(target)
        if port is not None:
            return {"port": port, "checked": check(target, values, port, baud)}
    several = candidates(target)
    why = f"its port is one of {', '.join(several)}" if several else "no serial port is known to be its"
    return {"port": None, "checked": None, "why": why}


def _again(target: "Board", folder: Path) -> str:
    """The command that loads it."""
    return command("flash", "--board", target.name, folder)


def _then(target: "Board", values: dict[str, Any], folder: Path, port: str | None, baud: int | None) -> str:
    """The command for a board that is loaded: run the program that its chip was made for, or compile one for its
    chip. The UART echo runs nothing: see who answers."""
    from spikeplane.cli.build import PROGRAM

    if values["config"] is None:
        return command("boards", "--connected")
    if (folder / PROGRAM).is_file():
        rate = target.baud if baud is None else baud
        return command("run", folder / PROGRAM, "--input", "DATA", "--board", port or "PORT", "--baud", rate)
    names = [name for name, chip in PRESETS.items() if chip.digest == values["digest"]]
    chip = ("--preset", names[0]) if names else ("--config", "CHIP.toml")
    return command("compile", "MODEL", "-o", "net.spk", *chip)
