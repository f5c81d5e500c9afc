"""Builds the simulated board: generated Verilog -> Verilator -> one shared library, cached by the contents of both.

The cache is `$SPIKEPLANE_CACHE` or `~/.cache/spikeplane`; a library appears there only when it is whole.
"""

import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

import spikeplane_gateware
from spikeplane import toolchain
from spikeplane.camera.config import CameraConfig
from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.files import write_file
from spikeplane_gateware.ram import RAM_VERILOG
from spikeplane_gateware.verilog.waivers import waivers

HARNESS = Path(__file__).with_name("harness.cpp")
TOP = Path(__file__).with_name("board.v")
#: Without the data-flow optimiser: what it shares between lanes is then worked out in every cycle, used or not (6 % slower).
_VERILATOR = (
    "verilator", "--cc", "--exe", "--build", "-j", "2", "-O3", "-fno-dfg", "--x-assign", "fast", "--x-initial", "fast", "--noassert",
    "--top-module", "spikeplane_board", "-Mdir", "obj", "-o", "board.so",
    "-CFLAGS", "-O3 -march=native -fPIC", "-LDFLAGS", "-shared", "spikeplane.vlt", "chip.v", "board.v", "harness.cpp",
)  # fmt: skip
_WAIVERS = {"spikeplane.vlt": waivers("*chip.v").encode()}


def cache_folder() -> Path:
    """Where generated Verilog and built simulators are kept."""
    return Path(os.environ.get("SPIKEPLANE_CACHE") or Path.home() / ".cache" / "spikeplane")


def cached_verilog(config: ChipConfig) -> Path:
    """The Verilog of the chip, generated at most once per configuration and gateware source."""
    root = Path(spikeplane_gateware.__file__).parent
    sources = [*sorted(root.rglob("*.py")), *sorted(root.rglob("*.v"))]
    sources += sorted((root.parents[1] / "sw/spikeplane/formats").glob("*.py"))
    if config.camera is not None:
        sources.append(root.parents[1] / "sw/spikeplane/camera/config.py")
    key = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    path = cache_folder() / f"chip-{config.digest}-{key}.v"
    if not path.exists():
        from spikeplane_gateware.generate import verilog_text

        write_file(path, verilog_text(config))
    return path


def build_board(config: ChipConfig) -> Path:
    """The shared library of the simulated board. Raises SpikeplaneError where the tools are missing or fail."""
    chip = cached_verilog(config).read_bytes()
    sources = {**_WAIVERS, "chip.v": chip, "board.v": TOP.read_bytes(), "harness.cpp": HARNESS.read_bytes()}
    return build_library("board", sources, _command(config))


def build_pins(verilog: str, camera: CameraConfig | None = None) -> Path:
    """The shared library of a board's top level at its pins: Verilog whose module `spikeplane_top` has the pins clk, rst, rx, tx, with a
    camera camera_valid and camera_plane. Raises SpikeplaneError where the tools are missing or fail."""
    return _built("pins", "spikeplane_top", verilog, () if camera is None else _camera_flags(camera))


def build_link(config: ChipConfig) -> Path:
    """The shared library of the link's gateware alone. Raises SpikeplaneError where the tools are missing or fail."""
    from spikeplane_gateware.generate import convert
    from spikeplane_gateware.link.link import Link

    return _built("link", "spikeplane_link", f"{RAM_VERILOG.read_text()}\n{convert(Link(config), 'spikeplane_link')}")


def _built(name: str, top: str, verilog: str, more: tuple[str, ...] = ()) -> Path:
    """The library of the module `top` in the harness `name`.cpp; `more`: options."""
    harness = Path(__file__).with_name(f"{name}.cpp")
    changed = {"spikeplane_board": top, "harness.cpp": harness.name}
    command = tuple(changed.get(part, part) for part in _VERILATOR if part != "board.v")
    return build_library(name, {**_WAIVERS, "chip.v": verilog.encode(), harness.name: harness.read_bytes()}, (*command, *more))


def build_library(name: str, sources: dict[str, bytes], command: tuple[str, ...]) -> Path:
    """What Verilator makes of the sources (file name: contents), kept under their digest. The command's result is `obj/board.so`.
    Raises SpikeplaneError where the tools are missing or fail."""
    key = hashlib.sha256(b"".join([*sources.values(), " ".join(command).encode()])).hexdigest()[:16]
    library = cache_folder() / f"{name}-{key}.so"
    if library.exists():
        return library
    toolchain.require_compiler()
    with tempfile.TemporaryDirectory(prefix="spikeplane-") as folder:
        _verilate(sources, Path(folder), command)
        write_file(library, (Path(folder) / "obj" / "board.so").read_bytes())
    return library


def _command(config: ChipConfig) -> tuple[str, ...]:
    """The call of Verilator: a camera adds its pins to the board and to the loop."""
    if config.camera is None:
        return _VERILATOR
    return (*_VERILATOR, *_camera_flags(config.camera))


def _camera_flags(camera: CameraConfig) -> tuple[str, ...]:
    """The camera's pins for Verilog and harness."""
    pixels = f"-DCAMERA_PIXELS={camera.pixels}"
    return (pixels, "-CFLAGS", pixels)


def _verilate(sources: dict[str, bytes], folder: Path, command: tuple[str, ...]) -> None:
    for name, contents in sources.items():
        (folder / name).write_bytes(contents)
    environment = {**os.environ, **toolchain.verilator_environment()}
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if result.returncode:
        log = cache_folder() / "verilator.log"
        write_file(log, result.stdout + result.stderr)
        raise SpikeplaneError(f"Verilator could not build the simulated board (exit {result.returncode}): see {log}")
