"""Builds simulated boards: generated Verilog -> Verilator -> shared libraries, in the cache.

```
    chip's Verilog -+- router ----- router.v, node.cpp --> router-*.so  one class of each, whatever the mesh
                    +- core ------- core.v, node.cpp ----> core-*.so
                    +- host's side  board.v, harness.cpp -> board-*.so   the byte loop, the wires of the mesh
```

A library is made of the Verilog, its harness, the command, and what `toolchain.simulator_tools`
says: Verilator, the compiler, and the CPU, whose own instructions the compiler uses.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from spikeplane import toolchain
from spikeplane.config import ChipConfig, bits_for
from spikeplane.errors import SpikeplaneError
from spikeplane.files import write_file
from spikeplane.formats.packet import packet_format
from spikeplane.platforms import require_posix
from spikeplane.processes import run_tool, work_folder
from spikeplane_gateware.ram import RAM_VERILOG, memory_modules
from spikeplane_gateware.verilog.waivers import waivers
from spikeplane_sim.board import objects
from spikeplane_sim.board.units import UnitPins
from spikeplane_sim.cache import cache_folder, gateware_digest, kept

_HERE = Path(__file__).parent
#: How hard the compiler works on a simulator: 3 for speed; tests, which run each for a moment, set
#: 1 and build in two thirds of the time.
LEVEL = os.environ.get("SPIKEPLANE_OPTIMISE", "3")
#: Tests hold the lint at nothing for chips of every kind (test_verilog_lint); a user's chip runs
#: even if it had something to say. Without the data-flow optimiser: what it shares between lanes is
#: then worked out in every cycle, used or not (6 % slower).
VERILATOR = (
    "verilator", "--cc", "--exe", "-Wno-fatal", "-O3", "-fno-dfg",
    "--x-assign", "fast", "--x-initial", "fast", "--noassert", "-Mdir", "obj", "-LDFLAGS", "-shared",
)  # fmt: skip
#: A function that another library might replace is never inlined, and Verilator's are all public: what
#: a board of routers and cores calls is 15 % slower so.
_COMPILER = "-march=native -fPIC -fno-semantic-interposition"
#: What is added where a simulator writes waves, and is told in its harness.
_TRACED, _WAVES = ("--trace",), {"WAVES": 1}
_ONE = {objects.ONE.name: objects.ONE.read_bytes()}
_BUILD = ("--build", "-j", "2", *objects.PARTS, "-MAKEFLAGS", f"-f ../{objects.ONE.name} ONE=board.so one")
#: By Verilator's own makefile: parts apart, each with what is optimised in it. For what is large.
APART = ("--build", "-j", "2", "-o", "board.so")
_WAIVERS = {"spikeplane.vlt": waivers("*chip.v").encode()}
#: The files of a board's harness, and of its nodes'.
WAVES = ("waves.h",)
BOARD = ("board.v", "node.h", "mesh.h", "units.h", "harness.cpp")
NODE = ("node.vlt", "node.h", "rest.h", "node.cpp")
Macros = Mapping[str, int]


def cached_verilog(config: ChipConfig) -> Path:
    """The Verilog of the chip, generated at most once per configuration and gateware source."""
    from spikeplane_gateware.generate import verilog_text

    def text() -> str:
        return verilog_text(config, _tile(config).read_text() if config.cores else None)

    return _generated("chip", config, text)


def _tile(config: ChipConfig) -> Path:
    from spikeplane_gateware.generate import tile_verilog

    return _generated("tile", config, lambda: tile_verilog(config))


def _generated(name: str, config: ChipConfig, make: Callable[[], str]) -> Path:
    return kept(f"{name}-{config.digest}", ".v", [gateware_digest()], lambda: make().encode())


def build_board(config: ChipConfig, *, waves: bool = False) -> Path:
    """The shared library of a simulated board without its tiles: the byte loop and the host's side of
    the chip; with `waves` one that writes them. Raises SpikeplaneError where the tools are missing or fail."""
    from spikeplane_gateware.generate import host_verilog

    verilog = _generated("host", config, lambda: host_verilog(config)).read_text()
    return _board(config, verilog, _widths(config), waves=waves)


def build_router(config: ChipConfig, *, waves: bool = False) -> Path:
    """The shared library of a simulated board's routers: the same for every mesh with neighbours on as
    many sides. Raises SpikeplaneError where the tools are missing or fail."""
    from spikeplane_gateware.generate import router_verilog

    return _node("router", config, lambda: router_verilog(config), waves=waves)


def build_core(config: ChipConfig, *, waves: bool = False) -> Path:
    """The shared library of a simulated board's cores: the same for every mesh whose cores are these.
    Raises SpikeplaneError where the tools are missing or fail."""
    from spikeplane_gateware.generate import core_verilog

    return _node("core", config, lambda: core_verilog(config), waves=waves)


def _node(kind: str, config: ChipConfig, make: Callable[[], str], *, waves: bool) -> Path:
    node = _generated(kind, config, make).read_text()
    verilog = f"{memory_modules(node)}\n{node}"
    places = {"X_BITS": bits_for(config.cols), "Y_BITS": bits_for(config.rows)}
    macros = _widths(config) | places | ({"NODE_CORE": 1} if kind == "core" else {})
    return _built(kind, "spikeplane_board_node", verilog, (f"{kind}.v", *NODE), macros, waves=waves)


def build_whole(config: ChipConfig) -> Path:
    """The shared library of a simulated board whose chip is one model, tiles and all: what a board of
    tiles is tested and measured against. Raises SpikeplaneError where the tools are missing or fail."""
    return _board(config, cached_verilog(config).read_text(), {})


def build_pins(verilog: str, config: ChipConfig | None = None) -> Path:
    """The shared library of a board's top level at its pins: Verilog whose module `spikeplane_top`
    has the pins clk, rst, rx, tx, and those of the units of its chip. Raises SpikeplaneError where
    the tools are missing or fail."""
    return _built("pins", "spikeplane_top", verilog, ("units.h", "pins.cpp"), {}, UnitPins.of(config))


def build_link(config: ChipConfig) -> Path:
    """The shared library of the link's gateware alone. Raises SpikeplaneError where the tools are
    missing or fail."""
    from spikeplane_gateware.link.link import Link
    from spikeplane_gateware.verilog.convert import convert

    verilog = f"{RAM_VERILOG.read_text()}\n{convert(Link(config), 'spikeplane_link')}"
    return _built("link", "spikeplane_link", verilog, ("link.cpp",), {})


def _widths(config: ChipConfig) -> dict[str, int]:
    return {"PACKET_BITS": packet_format(config).width}


def harness(files: Iterable[str], macros: Macros, units: UnitPins | None = None) -> dict[str, bytes]:
    """The files of a simulator that come with this package, and the headers that give its macros and
    the pins of units to C++ and Verilog. The compiler's command stays the same for all, and so
    Verilator's own objects do."""
    units = units or UnitPins()
    header = "".join(f"#define {name} {value}\n" for name, value in macros.items()) + units.header
    made = {"macros.h": header.encode(), "units.vh": units.verilog.encode()}
    return {name: (_HERE / name).read_bytes() for name in files} | made


def command(base: tuple[str, ...], top: str, sources: Iterable[str], macros: Macros) -> tuple[str, ...]:
    """Verilator's call for the module `top` of these sources."""
    files = [name for name in sources if not name.endswith((".h", ".vh"))]
    return (*base, "--top-module", top, *files, *(f"-D{name}={value}" for name, value in macros.items()))


def _board(config: ChipConfig, verilog: str, macros: Macros, *, waves: bool = False) -> Path:
    return _built("board", "spikeplane_board", verilog, BOARD, macros, UnitPins.of(config), waves=waves)


def _built(
    name: str,
    top: str,
    verilog: str,
    files: tuple[str, ...],
    macros: Macros,
    units: UnitPins | None = None,
    *,
    waves: bool = False,
) -> Path:
    """The library of the module `top` of this Verilog and of the harness's files."""
    files, macros = ((*files, *WAVES), {**macros, **_WAVES}) if waves else (files, macros)
    base = (*VERILATOR, *_TRACED) if waves else VERILATOR
    sources = {**_WAIVERS, "chip.v": verilog.encode(), **harness(files, macros, units)}
    return build_library(
        name,
        sources,
        command((*base, *compiler()), top, sources, macros),
    )


def compiler(most: str = "3") -> tuple[str, ...]:
    """Verilator's options of how the compiler works on a simulator, at `most` so hard."""
    return "-CFLAGS", f"-O{min(LEVEL, most)} {_COMPILER}"


def build_library(
    name: str, sources: dict[str, bytes], command: tuple[str, ...], build: tuple[str, ...] = _BUILD
) -> Path:
    """What Verilator makes of the sources (file name: contents), kept under their digest. The
    command's result is `obj/board.so`. Raises SpikeplaneError where the tools are missing or
    fail."""
    require_posix()
    sources, command = {**sources, **_ONE}, (*command, *build)
    made_of = [part for name, contents in sources.items() for part in (name, contents)]
    made_of += [*command, *toolchain.simulator_tools()]
    return kept(name, ".so", made_of, lambda: verilated(sources, command, "the simulated board"))


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
