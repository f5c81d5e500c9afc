"""From a configuration to files: Verilog of the chip, manifest, C header of the memory map, a short README.

The tile is converted once; the chip's top instantiates it. Each module is a file of its own, unless one
file is asked for. Text is free of source paths: equal configurations, equal files.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from spikeplane.config import ChipConfig
from spikeplane.files import write_files
from spikeplane.formats.c_header import c_header
from spikeplane_gateware.chip import TILE_MODULE, Chip
from spikeplane_gateware.core.core import Core
from spikeplane_gateware.host_side import HostSide
from spikeplane_gateware.manifest import CHIP_MODULE, manifest, ports
from spikeplane_gateware.network.router import Router
from spikeplane_gateware.ram import RAM_VERILOG, memory_modules
from spikeplane_gateware.readme import readme
from spikeplane_gateware.tile import Tile
from spikeplane_gateware.units.known import modules_of, units_of
from spikeplane_gateware.verilog.convert import convert
from spikeplane_gateware.verilog.pretty import modules_of_text
from spikeplane_gateware.verilog.waivers import waivers, waivers_of_modules
from spikeplane_gateware.wrappers.wrap import check_wrappers, wrapper_files, wrapper_modules

_FILES = {
    "spikeplane.f": "the list of the Verilog files: `iverilog -g2005 -c spikeplane.f`, `verilator -f spikeplane.f`",
    "spikeplane.vlt": "what Verilator's lint need not tell, and why: `verilator --lint-only -Wall --top-module "
    "spikeplane_chip spikeplane.vlt -f spikeplane.f`",
    "manifest.json": "ports, clock, packet layout, memory words, digest, versions, checksums",
    "spikeplane.h": "the same for C",
}
HOST_MODULE, CORE_MODULE, ROUTER_MODULE = "spikeplane_host", "spikeplane_core", "spikeplane_router"
_MORE = {
    "spikeplane_testbench.v": "loads a program, replays a sample, compares with the golden model, and prints PASS or "
    "FAIL: `iverilog -g2005 -s spikeplane_testbench -o testbench.vvp -c spikeplane.f spikeplane_testbench.v && vvp -n "
    "testbench.vvp`, or `verilator --binary -CFLAGS -std=c++20 --top-module spikeplane_testbench spikeplane.vlt -f spikeplane.f "
    "spikeplane_testbench.v && obj_dir/Vspikeplane_testbench`",
    "testbench/host.mem": "what it sends; what it expects lies beside it",
    "spikeplane_axi_stream.v": "the chip's byte ports as AXI4-Stream",
    "spikeplane_axi_lite.v": "the chip behind registers on AXI4-Lite",
    "spikeplane_wishbone.v": "the chip behind registers on Wishbone B4",
    "spikeplane.svd": "the registers, for debuggers",
    "spikeplane_registers.h": "the registers, for C",
}


def tile_verilog(config: ChipConfig) -> str:
    """The module `spikeplane_tile`, whose memories are instances of `spikeplane_ram`."""
    return convert(Tile(config), TILE_MODULE)


def core_verilog(config: ChipConfig) -> str:
    """The core of a tile alone, as the module `spikeplane_core`; memories as `tile_verilog`."""
    return convert(Core(config), CORE_MODULE)


def router_verilog(config: ChipConfig) -> str:
    """The router of a tile alone, as the module `spikeplane_router`; memories as `tile_verilog`."""
    return convert(Router(config), ROUTER_MODULE)


def host_verilog(config: ChipConfig) -> str:
    """All of the chip that is not a tile as one Verilog file whose top is `spikeplane_host`, with the
    digest as a port."""
    host = convert(HostSide(config, told=True), HOST_MODULE)
    return "\n".join([RAM_VERILOG.read_text(), *modules_of(config), host])


def verilog_text(config: ChipConfig, tile: str | None = None) -> str:
    """The whole chip as one Verilog file: `spikeplane_ram`, `spikeplane_tile` (but on a chip without
    cores), the modules of its units, `spikeplane_chip`. `tile`: what `tile_verilog` gave, if it is
    there already."""
    tiles = [tile or tile_verilog(config)] if config.cores else []
    parts = [memory_modules(*tiles), *tiles, *modules_of(config), convert(Chip(config), CHIP_MODULE)]
    return "\n".join(parts)


def header(config: ChipConfig) -> str:
    """The numbers of the chip and of its units as C macros."""
    units = units_of(config)
    return c_header(
        config, {f"{u.name.upper()}_{name}": value for u in units for name, value in u.macros(config).items()}
    )


def generate(
    config: ChipConfig,
    directory: str | Path,
    verilog: Path | None = None,
    *,
    single_file: bool = False,
    testbench: Mapping[str, str] | None = None,
    wrappers: Sequence[str] = (),
) -> list[Path]:
    """Write the chip into `directory` (made if missing), all files or none. Returns the paths.

    `verilog`: a file that already holds the chip's Verilog (a cache). `single_file`: all modules in one.
    `testbench`: by name the files of one, to stand beside them. `wrappers`: of `wrappers.wrap.WRAPPERS`.
    Raises SpikeplaneError for another wrapper, or if the folder cannot be written.
    """
    check_wrappers(wrappers)  # before the seconds that the Verilog takes
    target = Path(directory)
    text = verilog.read_text() if verilog else verilog_text(config)
    modules = modules_of_text(text, {CHIP_MODULE: list(ports(config))}) | wrapper_modules(config, wrappers)
    others = {**(testbench or {}), **wrapper_files(config, wrappers)}
    texts = chip_files(config, modules, others, single_file=single_file)
    write_files({target / name: text for name, text in texts.items()})
    return [target / name for name in texts]


def chip_files(
    config: ChipConfig, modules: Mapping[str, str], others: Mapping[str, str], *, single_file: bool = False
) -> dict[str, str]:
    """By name the text of every file of a chip. `modules`: of Verilog, by name; `others`: further files."""
    if single_file:
        sources = {f"{CHIP_MODULE}.v": "\n".join(modules.values())}
    else:
        sources = {f"{name}.v": text for name, text in modules.items()}
    files = {
        **sources,
        "spikeplane.f": "".join(f"{name}\n" for name in sources),
        "spikeplane.vlt": (waivers if single_file else waivers_of_modules)(cores=config.cores > 0),
        "spikeplane.h": header(config),
        **others,
    }
    told = {f"{CHIP_MODULE}.v": f"top `{CHIP_MODULE}`", **_FILES}
    told |= {name: what for name, what in _MORE.items() if name in files}
    if not single_file:
        told[f"{CHIP_MODULE}.v"] += f"; {len(sources)} modules, a file each"
    files["README.md"] = readme(config, CHIP_MODULE, told)
    files["manifest.json"] = json.dumps(manifest(config, CHIP_MODULE, files), indent=2) + "\n"
    return files
