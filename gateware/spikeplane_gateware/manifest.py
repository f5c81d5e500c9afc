"""What a testbench, a driver or a build needs to know of a generated chip, as plain data for JSON."""

import hashlib
from importlib import metadata
from typing import Any

from spikeplane.config import ARCHITECTURE, ChipConfig
from spikeplane.formats.memory_words import word_layout
from spikeplane.formats.packet import packet_format
from spikeplane.formats.tables import AnyMemory, core_tables
from spikeplane_gateware.units.known import pins_of, units_of

CHIP_MODULE = "spikeplane_chip"
RESET_CYCLES = 1  #: that rst is held for, at least


def manifest(
    config: ChipConfig, top: str = CHIP_MODULE, files: dict[str, str] | None = None
) -> dict[str, Any]:
    """Versions, clock, ports in their order, packet layouts, memory words, digest. `files`: by name the
    texts whose checksums it tells."""
    return {
        "architecture": ARCHITECTURE,
        "digest": config.digest,
        "versions": {name: _version(name) for name in ("spikeplane", "amaranth")},
        "config": config.to_dict(),
        "top": top,
        "clock": {
            "port": "clk",
            "edge": "rising",
            "domains": 1,
            "reset": {"port": "rst", "active": "high", "kind": "synchronous", "cycles": RESET_CYCLES},
        },
        "ports": ports(config),
        "packet": _packet(config),
        "memories": {memory.name.lower(): _memory(config, memory) for memory in core_tables(config).memories}
        if config.cores
        else {},
        **{unit.name: unit.manifest(config) for unit in units_of(config)},
        "sha256": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in (files or {}).items()},
    }


def ports(config: ChipConfig) -> dict[str, dict[str, Any]]:
    """Direction and width of the chip's ports, in the order in which they are declared."""
    found = {name: {"direction": "in", "width": 1} for name in ("clk", "rst")}
    for name, way, back in (("rx", "in", "out"), ("tx", "out", "in")):
        found[f"{name}__payload"] = {"direction": way, "width": 8}
        found[f"{name}__valid"] = {"direction": way, "width": 1}
        found[f"{name}__ready"] = {"direction": back, "width": 1}
    return found | {name: {"direction": pin.way, "width": pin.width} for name, pin in pins_of(config).items()}


def _packet(config: ChipConfig) -> dict[str, Any]:
    form = packet_format(config)
    return {
        "bits": form.width,
        "bytes": form.size,
        "payload_bits": form.payload_bits,
        "header": form.header.fields,
        "kinds": {
            kind.name.lower(): {"id": int(kind), "fields": layout.fields}
            for kind, layout in form.payloads.items()
        },
    }


def _memory(config: ChipConfig, memory: AnyMemory) -> dict[str, Any]:
    """`fields`: of a word, (name, bits), the least significant first."""
    tables = core_tables(config)
    return {
        "id": int(memory),
        "depth": tables.depth(memory),
        "width": tables.width(memory),
        "fields": word_layout(config, memory).fields,
    }


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "unknown"
