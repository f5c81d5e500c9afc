"""From a configuration to files: Verilog of the chip, manifest, C header of the memory map, a short README.

The tile is converted once; the chip's top instantiates it. Text is free of source paths: equal
configurations, equal files.
"""

import json
from pathlib import Path
from typing import Any

from spikeplane.config import ARCHITECTURE, ChipConfig
from spikeplane.files import write_files
from spikeplane.formats.c_header import c_header
from spikeplane.formats.packet import Kind, packet_format
from spikeplane.formats.tables import Memory, core_tables
from spikeplane_gateware.chip import TILE_MODULE, Chip
from spikeplane_gateware.core.core import Core
from spikeplane_gateware.host_side import HostSide
from spikeplane_gateware.network.router import Router
from spikeplane_gateware.ram import RAM_VERILOG
from spikeplane_gateware.tile import Tile
from spikeplane_gateware.units.known import modules_of, pins_of, units_of
from spikeplane_gateware.verilog.convert import convert
from spikeplane_gateware.verilog.waivers import waivers

CHIP_MODULE = "spikeplane_chip"
HOST_MODULE, CORE_MODULE, ROUTER_MODULE = "spikeplane_host", "spikeplane_core", "spikeplane_router"


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
    parts = [RAM_VERILOG.read_text(), *tiles, *modules_of(config), convert(Chip(config), CHIP_MODULE)]
    return "\n".join(parts)


def manifest(config: ChipConfig) -> dict[str, Any]:
    """What a testbench or a driver needs to know of the generated files: ports, widths, memory map,
    digest."""
    form, tables = packet_format(config), core_tables(config)
    return {
        "architecture": ARCHITECTURE,
        "digest": config.digest,
        "config": config.to_dict(),
        "top": CHIP_MODULE,
        "ports": {
            "clk": {"direction": "in", "width": 1},
            "rst": {"direction": "in", "width": 1},
            **{
                f"{name}__{part}": {"direction": direction, "width": 8 if part == "payload" else 1}
                for name, out in (("rx", "in"), ("tx", "out"))
                for part, direction in (
                    ("payload", out),
                    ("valid", out),
                    ("ready", "out" if out == "in" else "in"),
                )
            },
            **{name: {"direction": pin.way, "width": pin.width} for name, pin in pins_of(config).items()},
        },
        "packet": {
            "bits": form.width,
            "bytes": form.size,
            "payload_bits": form.payload_bits,
            "header": form.header.fields,
            "kinds": {
                kind.name.lower(): {"id": int(kind), "fields": form.payloads[kind].fields} for kind in Kind
            },
        },
        "memories": {
            memory.name.lower(): {
                "id": int(memory),
                "depth": tables.depth(memory),
                "width": tables.width(memory),
            }
            for memory in _memories(config)
        },
        **{unit.name: unit.manifest(config) for unit in units_of(config)},
    }


def _memories(config: ChipConfig) -> list[Memory]:
    """Those of a core, where there is one."""
    return list(Memory) if config.cores else []


def header(config: ChipConfig) -> str:
    """The numbers of the chip and of its units as C macros."""
    units = units_of(config)
    return c_header(
        config, {f"{u.name.upper()}_{name}": value for u in units for name, value in u.macros(config).items()}
    )


def generate(config: ChipConfig, directory: str | Path, verilog: Path | None = None) -> list[Path]:
    """Write the chip into `directory` (made if missing), all files or none. Returns the paths.

    `verilog`: a file that already holds the chip's Verilog (a cache). Raises SpikeplaneError if the
    folder cannot be written.
    """
    target = Path(directory)
    files = {
        f"{CHIP_MODULE}.v": verilog.read_text() if verilog else verilog_text(config),
        "spikeplane.vlt": waivers(f"*{CHIP_MODULE}.v", cores=config.cores > 0),
        "manifest.json": json.dumps(manifest(config), indent=2) + "\n",
        "spikeplane.h": header(config),
        "README.md": _readme(config),
    }
    texts = {target / name: text for name, text in files.items()}
    write_files(texts)
    return list(texts)


def _readme(config: ChipConfig) -> str:
    cores = (
        f"{config.rows} x {config.cols} cores of {config.lanes} lanes, {config.weight_bits}-bit weights.\n"
        if config.cores
        else "No cores.\n"
    )
    units = "".join(f"\n{unit.readme(config)}\n" for unit in units_of(config))
    return (
        f"# Spikeplane chip {config.digest}\n\n"
        f"{cores}{units}\n"
        f"- `{CHIP_MODULE}.v`: top `{CHIP_MODULE}`; `clk`, `rst` (synchronous), byte streams `rx` "
        "(in), `tx` (out)\n"
        "- `spikeplane.vlt`: what Verilator's lint need not tell, and why: `verilator --lint-only "
        "-Wall spikeplane.vlt spikeplane_chip.v`\n"
        "- `manifest.json`: ports, packet layout, memory map, digest\n"
        "- `spikeplane.h`: the memory map for C\n"
    )
