"""What a generated folder promises, of every kind of chip: modules, file list, manifest, README, and that its template of an
instance elaborates."""

import hashlib
import json
import re
import shutil
import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from spikeplane.camera.config import CameraConfig
from spikeplane.config import ARCHITECTURE, PRESETS, ChipConfig
from spikeplane_gateware.generate import generate
from spikeplane_gateware.wrappers.wrap import WRAPPERS
from spikeplane_sim.board.build import cached_verilog

CAMERA = CameraConfig(width=32, height=24, pixels=8, lookahead=3, output_bits=12)
CHIPS = {
    "tiny": PRESETS["tiny"],
    "small": PRESETS["small"],
    "large": PRESETS["large"],
    "camera": replace(PRESETS["tiny"], camera=CAMERA),
    "camera alone": ChipConfig(rows=0, cols=0, lanes=8, camera=CAMERA),
    "2x2, 16 lanes": ChipConfig(rows=2, cols=2, lanes=16, weight_bits=4, leak_multiplier=False),
}
DECLARED = re.compile(r"\b(in|out)put (?:wire |reg )?(?:\[([\w-]+):0\] )?(\w+)")
TOPS = {
    "axi-stream": "spikeplane_axi_stream",
    "axi-lite": "spikeplane_axi_lite",
    "wishbone": "spikeplane_wishbone",
}


def ports_of(text: str) -> list[tuple[str, str, str]]:
    """(name, direction, number of the highest bit) of a module's ports, in the order of its header."""
    return [(name, way, top or "0") for way, top, name in DECLARED.findall(text)]


def check_modules(texts: dict[str, str]) -> None:
    """A module a file, called like it; plain names; 120 columns; every port once; all that are used are there."""
    used = set()
    for name, text in texts.items():
        assert re.findall(r"^module (\w+)", text, re.MULTILINE) == [name]
        assert text.count("endmodule") == 1
        assert "\\" not in text
        assert not re.search(r"\w\$|(?<!\w)\$(?!signed|random)", text)
        assert max(map(len, text.splitlines())) <= 120
        names = [port for port, _, _ in ports_of(text)]
        assert names
        assert max(Counter(names).values()) == 1
        plain = re.sub("//.*", "", text)
        assert len(re.findall(r"\b(?:in|out)put\b", plain)) == len(names)
        used |= set(re.findall(r"^  (spikeplane_\w+) (?:#\(|\w+ ?\()", text, re.MULTILINE))
    assert used | {"spikeplane_chip", *TOPS.values()} >= set(texts) >= used


def check_manifest(facts: dict, config: ChipConfig, folder: Path) -> None:
    """Versions, checksums of every file, clock, and fields that fill every memory word."""
    assert (facts["architecture"], facts["digest"]) == (ARCHITECTURE, config.digest)
    assert all(re.fullmatch(r"\d+\.\d+.*", facts["versions"][name]) for name in ("spikeplane", "amaranth"))
    files = [path for path in folder.iterdir() if path.name != "manifest.json"]
    assert facts["sha256"] == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    assert (facts["clock"]["port"], facts["clock"]["reset"]["port"]) == ("clk", "rst")
    assert bool(facts["memories"]) == bool(config.cores)
    for memory in facts["memories"].values():
        assert sum(bits for _, bits in memory["fields"]) == memory["width"] or not memory["depth"]
        assert len(dict(memory["fields"])) == len(memory["fields"])
    assert facts["config"] == json.loads(json.dumps(config.to_dict()))


def check_readme(text: str, facts: dict, folder: Path) -> None:
    """Every file that is no module, clock, reset, timing; the template elaborates in a module that has the ports."""
    for path in folder.iterdir():
        if path.suffix != ".v" or path.name == "spikeplane_chip.v":
            assert f"`{path.name}`" in text or path.name == "README.md", path
    assert "`clk`, rising edge. `rst` is synchronous and active high: hold it for 1 cycle or more" in text
    assert " A passes at edge 3, B at 4, C at 5" in text
    template = text.split("```verilog\n")[1].split("```")[0]
    assert re.findall(r"^  \.(\w+)\(\1\),?$", template, re.MULTILINE) == list(facts["ports"])
    if shutil.which("iverilog"):
        user = folder / "user.v"
        user.write_text(f"module user(input wire clk, input wire rst);\n{template}endmodule\n")
        command = ["iverilog", "-g2005", "-Wall", "-t", "null", "-s", "user", "-c", "spikeplane.f", "user.v"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        user.unlink()
        told = [line for line in (done.stdout + done.stderr).splitlines() if "timescale" not in line]
        assert (done.returncode, told) == (0, [])


def check(config: ChipConfig, folder: Path, wrappers: list[str]) -> None:
    """All of it."""
    generate(config, folder, cached_verilog(config), wrappers=wrappers)
    listed = (folder / "spikeplane.f").read_text().splitlines()
    assert sorted(listed) == sorted(path.name for path in folder.glob("*.v"))
    texts = {path.stem: path.read_text() for path in folder.glob("*.v")}
    check_modules(texts)
    facts = json.loads((folder / "manifest.json").read_text())
    check_manifest(facts, config, folder)
    declared = [(name, port["direction"], str(port["width"] - 1)) for name, port in facts["ports"].items()]
    assert ports_of(texts["spikeplane_chip"]) == declared
    for wrapper in wrappers:
        ports = {name for name, _, _ in ports_of(texts[TOPS[wrapper]])}
        assert ports >= {name for name, _, _ in declared if name.startswith("camera_")}
    check_readme((folder / "README.md").read_text(), facts, folder)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name == "tiny" else pytest.mark.slow) for name in CHIPS]
)
def test_what_it_promises(tmp_path, name):
    check(CHIPS[name], tmp_path, list(WRAPPERS))


@pytest.mark.slow
@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_one_wrapper_alone(tmp_path, wrapper):
    """The other wrappers' files are not there, nor are registers that nobody uses."""
    check(PRESETS["tiny"], tmp_path, [wrapper])
    there = {path.name for path in tmp_path.iterdir()}
    assert there.isdisjoint(f"{top}.v" for name, top in TOPS.items() if name != wrapper)
    registers = {"spikeplane_registers.v", "spikeplane_registers.h", "spikeplane.svd"}
    assert there & registers == (set() if wrapper == "axi-stream" else registers)
