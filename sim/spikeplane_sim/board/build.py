"""Builds the simulated board: generated Verilog -> Verilator -> one shared library, in the cache.

A library is made of the Verilog, its harness, the command, and what `toolchain.simulator_tools`
says: Verilator, the compiler, and the CPU, whose own instructions the compiler uses.
"""

import os
from pathlib import Path

from spikeplane import toolchain
from spikeplane.camera.config import CameraConfig
from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.files import write_file
from spikeplane.processes import run_tool, work_folder
from spikeplane_gateware.ram import RAM_VERILOG
from spikeplane_gateware.verilog.waivers import waivers
from spikeplane_sim.board import objects
from spikeplane_sim.board.cache import cache_folder, gateware_digest, kept

HARNESS = Path(__file__).with_name("harness.cpp")
TOP = Path(__file__).with_name("board.v")
#: How hard the compiler works on a simulator: 3 for speed; tests, which run each for a moment, set
#: 1 and build in two thirds of the time.
LEVEL = os.environ.get("SPIKEPLANE_OPTIMISE", "3")
#: Tests hold the lint at nothing for chips of every kind (test_verilog_lint); a user's chip runs
#: even if it had something to say. Without the data-flow optimiser: what it shares between lanes is
#: then worked out in every cycle, used or not (6 % slower).
_VERILATOR = (
    "verilator", "--cc", "--exe", "--build", "-j", "2", "-Wno-fatal", "-O3", "-fno-dfg",
    "--x-assign", "fast", "--x-initial", "fast", "--noassert",
    "--top-module", "spikeplane_board", "-Mdir", "obj", "-o", "board.so",
    "-CFLAGS", f"-O{LEVEL} -march=native -fPIC", "-LDFLAGS", "-shared", "spikeplane.vlt", "chip.v", "board.v", "harness.cpp",
)  # fmt: skip
_WAIVERS = {"spikeplane.vlt": waivers("*chip.v").encode()}


def cached_verilog(config: ChipConfig) -> Path:
    """The Verilog of the chip, generated at most once per configuration and gateware source."""
    from spikeplane_gateware.generate import verilog_text

    return kept(f"chip-{config.digest}", ".v", [gateware_digest()], lambda: verilog_text(config).encode())


def build_board(config: ChipConfig) -> Path:
    """The shared library of the simulated board. Raises SpikeplaneError where the tools are missing
    or fail."""
    chip = cached_verilog(config).read_bytes()
    sources = {**_WAIVERS, "chip.v": chip, "board.v": TOP.read_bytes(), "harness.cpp": HARNESS.read_bytes()}
    return build_library("board", sources, _command(config))


def build_pins(verilog: str, camera: CameraConfig | None = None) -> Path:
    """The shared library of a board's top level at its pins: Verilog whose module `spikeplane_top`
    has the pins clk, rst, rx, tx, with a camera camera_valid and camera_plane. Raises
    SpikeplaneError where the tools are missing or fail."""
    return _built("pins", "spikeplane_top", verilog, () if camera is None else _camera_flags(camera))


def build_link(config: ChipConfig) -> Path:
    """The shared library of the link's gateware alone. Raises SpikeplaneError where the tools are
    missing or fail."""
    from spikeplane_gateware.link.link import Link
    from spikeplane_gateware.verilog.convert import convert

    return _built(
        "link", "spikeplane_link", f"{RAM_VERILOG.read_text()}\n{convert(Link(config), 'spikeplane_link')}"
    )


def _built(name: str, top: str, verilog: str, more: tuple[str, ...] = ()) -> Path:
    """The library of the module `top` in the harness `name`.cpp; `more`: options."""
    harness = Path(__file__).with_name(f"{name}.cpp")
    changed = {"spikeplane_board": top, "harness.cpp": harness.name}
    command = tuple(changed.get(part, part) for part in _VERILATOR if part != "board.v")
    return build_library(
        name, {**_WAIVERS, "chip.v": verilog.encode(), harness.name: harness.read_bytes()}, (*command, *more)
    )


def build_library(name: str, sources: dict[str, bytes], command: tuple[str, ...]) -> Path:
    """What Verilator makes of the sources (file name: contents), kept under their digest. The
    command's result is `obj/board.so`. Raises SpikeplaneError where the tools are missing or
    fail."""
    made_of = [part for name, contents in sources.items() for part in (name, contents)]
    made_of += [*command, *toolchain.simulator_tools()]
    return kept(name, ".so", made_of, lambda: verilated(sources, command, "the simulated board"))


def _command(config: ChipConfig) -> tuple[str, ...]:
    """The call of Verilator: a camera adds its pins to the board and to the loop."""
    if config.camera is None:
        return _VERILATOR
    return (*_VERILATOR, *_camera_flags(config.camera))


def _camera_flags(camera: CameraConfig) -> tuple[str, ...]:
    """The camera's pins for Verilog and harness."""
    pixels = f"-DCAMERA_PIXELS={camera.pixels}"
    return (pixels, "-CFLAGS", pixels)


def verilated(sources: dict[str, bytes], command: tuple[str, ...], what: str) -> bytes:
    """The library that Verilator makes of the sources (file name: contents), `obj/board.so`. Raises
    SpikeplaneError where a tool is missing or fails; the message calls it `what`, and names the
    log."""
    toolchain.require_compiler()
    with work_folder() as folder:
        for name, contents in sources.items():
            (folder / name).write_bytes(contents)
        result = run_tool(command, folder, objects.environment())
        if result.returncode:
            log = cache_folder() / "verilator.log"
            write_file(log, result.stdout)
            raise SpikeplaneError(f"Verilator could not build {what} (exit {result.returncode}): see {log}")
        return (folder / "obj" / "board.so").read_bytes()
