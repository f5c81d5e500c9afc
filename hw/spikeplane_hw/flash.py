"""Loading a built bitstream into its board, and what to do where that fails."""

import hashlib
import subprocess
from pathlib import Path
from typing import Any

from spikeplane.errors import SpikeplaneError
from spikeplane.files import read_file
from spikeplane.toolchain import command_path
from spikeplane_hw import vivado
from spikeplane_hw.board import Board
from spikeplane_hw.record import read_json, read_record

_BITSTREAM = 1 << 28  #: bytes of a bitstream at most

#: What a loader says (in lower case) -> what to do.
_ADVICE = (
    ("shared librar", "its libraries are missing: apt-get install libftdi1-2 libhidapi-hidraw0 libusb-1.0-0"),
    (
        "permission",
        (
            "no permission for the USB device: install openFPGALoader's udev rules "
            "(99-openfpgaloader.rules), plug in again"
        ),
    ),
    (
        "access",
        (
            "no permission for the USB device: install openFPGALoader's udev rules "
            "(99-openfpgaloader.rules), plug in again"
        ),
    ),
    ("unable to open ftdi device", "no board found: is it plugged in, and is it this board?"),
    ("no dfu capable", "no board found: hold its button while plugging it in, which starts its boot loader"),
    ("not found", "no board found: is it plugged in, and is it this board?"),
)


def built(board: Board, folder: Path) -> dict[str, Any]:
    """What `build.json` holds of a whole build for this board. Raises SpikeplaneError if there is
    none, or another board's, or damage; for a Vivado project, if Vivado has not made its
    bitstream."""
    values = read_record(folder, board.name)
    name, bitstream, expected = values["board"], values["bitstream"], values["sha256"]
    if name != board.name:
        raise SpikeplaneError(f"{folder} holds a build for {name}, not for {board.name}")
    if expected is None:
        _check_vivado(folder, bitstream, values)
    elif _checksum(folder / bitstream) != expected:
        raise SpikeplaneError(f"{folder / bitstream} has changed since it was built: build it again")
    return values


def _checksum(path: Path) -> str | None:
    """None for a file that is missing or cannot be read."""
    try:
        return hashlib.sha256(read_file(path, _BITSTREAM)).hexdigest()
    except OSError:
        return None


def _check_vivado(folder: Path, bitstream: str, values: dict[str, Any]) -> None:
    """Raises SpikeplaneError unless Vivado made the bitstream from the project there: the script
    leaves the record it began with."""
    run = vivado.run_line(folder)
    if not (folder / bitstream).is_file():
        raise SpikeplaneError(f"{folder} holds a Vivado project and no {bitstream} yet: {run}")
    if read_json(folder / vivado.MADE_FROM).get("key") != values.get("key"):
        raise SpikeplaneError(f"{folder / bitstream} was not made from the project beside it: {run}")


def loading(board: Board, bitstream: str) -> list[str]:
    """The command that loads a bitstream into the board, for as long as it has power; into the
    OrangeCrab's flash."""
    if board.loader == "dfu":
        return ["dfu-util", "-d", "1209:5af0", "-a", "0", "-D", bitstream]
    return ["openfpgaloader-cli", "-b", board.loader, bitstream]


def command(board: Board, folder: Path) -> list[str]:
    """The loader's command line. Raises SpikeplaneError as `built` does."""
    return loading(board, str(folder / built(board, folder)["bitstream"]))


def flash(board: Board, folder: Path) -> None:
    """Load the build in `folder`. Raises SpikeplaneError as `built` does, and with what to do if
    the loader is missing or fails."""
    name, *arguments = command(board, folder)
    path = command_path(name)
    if path is None:
        install = "apt-get install dfu-util" if name == "dfu-util" else "pip install 'spikeplane[boards]'"
        raise SpikeplaneError(f"flashing {board.name} needs {name}, not found: {install}")
    result = subprocess.run([path, *arguments], capture_output=True, text=True, check=False)
    if result.returncode:
        raise SpikeplaneError(explain(name, result.stdout + result.stderr, result.returncode))


def explain(name: str, text: str, status: int) -> str:
    """One line of why a loader failed and what to do."""
    for words, advice in _ADVICE:
        if words in text.lower():
            return f"{name}: {advice}"
    lines = text.strip().splitlines()
    return f"{name} failed (exit {status}): {lines[-1].strip() if lines else 'no message'}"
