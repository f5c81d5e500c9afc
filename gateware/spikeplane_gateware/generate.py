"""From a configuration to files: Verilog of the chip, manifest, C header of the memory map, a short README.

The tile is converted once; the chip's top instantiates it. Text is free of source paths: equal
configurations, equal files.
"""

import json
from pathlib import Path
from typing import Any

from spikeplane.config import ARCHITECTURE, ChipConfig
from spikeplane.files import write_files
from spikeplane.formats import camera
from spikeplane.formats.packet import Control, Counter, Kind, packet_format
from spikeplane.formats.tables import Memory, core_tables
from spikeplane_gateware.chip import TILE_MODULE, Chip
from spikeplane_gateware.host_side import HostSide
from spikeplane_gateware.ram import RAM_VERILOG
from spikeplane_gateware.tile import Tile
from spikeplane_gateware.verilog.convert import convert
from spikeplane_gateware.verilog.waivers import waivers

CHIP_MODULE = "spikeplane_chip"
HOST_MODULE = "spikeplane_host"


def tile_verilog(config: ChipConfig) -> str:
    """The module `spikeplane_tile`, whose memories are instances of `spikeplane_ram`."""
    return convert(Tile(config), TILE_MODULE)


def host_verilog(config: ChipConfig) -> str:
    """All of the chip that is not a tile as one Verilog file whose top is `spikeplane_host`."""
    return "\n".join([RAM_VERILOG.read_text(), *_lane(config), convert(HostSide(config), HOST_MODULE)])


def verilog_text(config: ChipConfig, tile: str | None = None) -> str:
    """The whole chip as one Verilog file: `spikeplane_ram`, `spikeplane_tile`, with a camera its
    lane, `spikeplane_chip`. `tile`: what `tile_verilog` gave, if it is there already."""
    tile = tile or tile_verilog(config)
    return "\n".join([RAM_VERILOG.read_text(), tile, *_lane(config), convert(Chip(config), CHIP_MODULE)])


def _lane(config: ChipConfig) -> list[str]:
    if config.camera is None:
        return []
    from spikeplane_gateware.camera.generate import lane_verilog

    return [lane_verilog(config.camera)]


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
            **{
                name: {"direction": way, "width": width}
                for name, (way, width) in _camera_ports(config).items()
            },
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
            for memory in Memory
        },
        **_camera_manifest(config),
    }


def _camera_ports(config: ChipConfig) -> dict[str, tuple[str, int]]:
    if config.camera is None:
        return {}
    from spikeplane_gateware.camera.unit import camera_ports

    return camera_ports(config)


def _camera_manifest(config: ChipConfig) -> dict[str, Any]:
    """The camera's registers, streams and words; nothing for a chip without one."""
    if config.camera is None:
        return {}
    fields = {
        layout.name: layout.fields for layout in (camera.ARGUMENT, camera.SELECT, camera.ROUTE, camera.RECT)
    }
    numbers = (camera.Register, camera.Command, camera.Stream, camera.Item)
    return {
        "camera": {
            "words": config.camera.words,
            "pixels": config.camera.pixels,
            "image_bits": config.camera.pixels * config.camera.output_bits,
            "control": int(Control.CAMERA),
            "counter": int(Counter.CAMERA),
            "layouts": fields,
            **{
                f"{kind.__name__.lower()}s": {str(one.name).lower(): int(one) for one in kind}
                for kind in numbers
            },
        }
    }


def _camera_macros(config: ChipConfig) -> list[str]:
    if config.camera is None:
        return []
    kinds = {
        "REGISTER": camera.Register,
        "COMMAND": camera.Command,
        "STREAM": camera.Stream,
        "ITEM": camera.Item,
    }
    sizes = {"WIDTH": config.camera.width, "HEIGHT": config.camera.height, "PIXELS": config.camera.pixels}
    sizes |= {
        "WORDS": config.camera.words,
        "OUTPUT_BITS": config.camera.output_bits,
        "CONTROL": int(Control.CAMERA),
    }
    lines = [f"#define SPIKEPLANE_CAMERA_{name} {size}" for name, size in sizes.items()]
    return lines + [
        f"#define SPIKEPLANE_CAMERA_{kind}_{one.name} {int(one)}"
        for kind, many in kinds.items()
        for one in many
    ]


def c_header(config: ChipConfig) -> str:
    """The memory map and packet numbers as C macros."""
    form, tables = packet_format(config), core_tables(config)
    lines = [
        "/* Generated by spikeplane: memory map and packet layout of one chip. */",
        "#ifndef SPIKEPLANE_H",
        "#define SPIKEPLANE_H",
    ]
    lines += [
        f"#define SPIKEPLANE_DIGEST 0x{config.digest}ull",
        f"#define SPIKEPLANE_PACKET_BYTES {form.size}",
    ]
    lines += [f"#define SPIKEPLANE_KIND_{kind.name} {int(kind)}" for kind in Kind]
    lines += [f"#define SPIKEPLANE_COUNTER_{counter.name} {int(counter)}" for counter in Counter]
    for memory in Memory:
        lines.append(f"#define SPIKEPLANE_MEMORY_{memory.name} {int(memory)}")
        lines.append(f"#define SPIKEPLANE_MEMORY_{memory.name}_DEPTH {tables.depth(memory)}")
        lines.append(f"#define SPIKEPLANE_MEMORY_{memory.name}_BITS {tables.width(memory)}")
    return "\n".join([*lines, *_camera_macros(config), "#endif", ""])


def generate(config: ChipConfig, directory: str | Path, verilog: Path | None = None) -> list[Path]:
    """Write the chip into `directory` (made if missing), all files or none. Returns the paths.

    `verilog`: a file that already holds the chip's Verilog (a cache). Raises SpikeplaneError if the
    folder cannot be written.
    """
    target = Path(directory)
    files = {
        f"{CHIP_MODULE}.v": verilog.read_text() if verilog else verilog_text(config),
        "spikeplane.vlt": waivers(f"*{CHIP_MODULE}.v"),
        "manifest.json": json.dumps(manifest(config), indent=2) + "\n",
        "spikeplane.h": c_header(config),
        "README.md": _readme(config),
    }
    texts = {target / name: text for name, text in files.items()}
    write_files(texts)
    return list(texts)


def _readme(config: ChipConfig) -> str:
    return (
        f"# Spikeplane chip {config.digest}\n\n"
        f"{config.rows} x {config.cols} cores of {config.lanes} lanes, {config.weight_bits}-bit "
        f"weights.\n{_camera_readme(config)}\n"
        f"- `{CHIP_MODULE}.v`: top `{CHIP_MODULE}`; `clk`, `rst` (synchronous), byte streams `rx` "
        "(in), `tx` (out)\n"
        "- `spikeplane.vlt`: what Verilator's lint need not tell, and why: `verilator --lint-only "
        "-Wall spikeplane.vlt spikeplane_chip.v`\n"
        "- `manifest.json`: ports, packet layout, memory map, digest\n"
        "- `spikeplane.h`: the memory map for C\n"
    )


def _camera_readme(config: ChipConfig) -> str:
    if config.camera is None:
        return ""
    c = config.camera
    return (
        f"\nCamera: {c.width} x {c.height} pixels, {c.pixels} a word, {c.words} words a plane, "
        f"method {c.method}, "
        f"look-ahead {c.lookahead}. "
        "`camera_valid`, `camera_plane`: a word in any cycle; `image_open` (room for a whole "
        "image), `image_*`: images at full rate.\n"
    )
