"""The generator: equal text for equal chips, one tile however many cores, a manifest that is the
formats' own."""

import hashlib
import json
import os
import re

import pytest

from spikeplane.config import PRESETS, ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane_gateware.generate import generate, verilog_text
from spikeplane_gateware.manifest import manifest
from spikeplane_gateware.verilog.pretty import modules_of_text
from spikeplane_sim.board.build import cached_verilog


def test_size_hardly_grows_with_the_mesh(tmp_path):
    two = verilog_text(ChipConfig(rows=2, cols=2, lanes=8))
    four = verilog_text(ChipConfig(rows=4, cols=4, lanes=8))
    assert len(four) <= 1.5 * len(two)
    assert two.count("module spikeplane_tile(") == 1
    assert two == verilog_text(ChipConfig(rows=2, cols=2, lanes=8))


def test_files_and_manifest(tmp_path):
    paths = generate(PRESETS["tiny"], tmp_path / "chip")
    modules = (tmp_path / "chip" / "spikeplane.f").read_text().splitlines()
    others = ["README.md", "manifest.json", "spikeplane.f", "spikeplane.h", "spikeplane.vlt"]
    assert sorted(p.name for p in paths) == sorted([*others, *modules])
    assert len(modules) > 40
    manifest = json.loads((tmp_path / "chip" / "manifest.json").read_text())
    sums = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in paths if p.name != "manifest.json"}
    assert manifest["sha256"] == sums
    assert manifest["clock"]["reset"] == {
        "port": "rst", "active": "high", "kind": "synchronous", "cycles": 1
    }  # fmt: skip
    assert manifest["digest"] == PRESETS["tiny"].digest
    text = (tmp_path / "chip" / "spikeplane_chip.v").read_text()
    for port in manifest["ports"]:
        assert re.search(rf"^  (in|out)put (wire|reg) (\[\d+:0\] )?{port},?$", text, re.MULTILINE)


@pytest.mark.parametrize("name", PRESETS)
def test_the_fields_of_words_fill_them(name):
    facts = manifest(PRESETS[name], "spikeplane_chip")
    for memory in facts["memories"].values():
        assert sum(bits for _, bits in memory["fields"]) == memory["width"]
    assert facts["memories"]["egress"]["fields"][0][0] == "x0"


def test_modules_are_files_that_people_read(tmp_path):
    """A module a file, called like it; plain names; 120 columns; ports once, those of a stream together."""
    config = PRESETS["small"]
    generate(config, tmp_path, cached_verilog(config))
    texts = {path.stem: path.read_text() for path in tmp_path.glob("*.v")}
    assert sum("$" in text for text in texts.values()) > 0  # $signed and $random stay
    for name, text in texts.items():
        assert re.findall(r"^module (\w+)", text, re.MULTILINE) == [name]
        assert "\\" not in text
        assert not re.search(r"\w\$|(?<!\w)\$(?!signed|random)", text)
        assert max(map(len, text.splitlines())) <= 120
    used = {
        kind for text in texts.values() for kind in re.findall(r"^  (spikeplane_\w+) ", text, re.MULTILINE)
    }
    assert used == set(texts) - {"spikeplane_chip"}
    tile = re.findall(
        r"^  (?:in|out)put wire (?:\[\d+:0\] )?(\w+),?$", texts["spikeplane_tile"], re.MULTILINE
    )
    assert tile[:7] == ["clk", "rst", "x", "y", "i_north__payload", "i_north__valid", "i_north__ready"]
    assert len(tile) == len(set(tile)) == 28


def test_names_are_made_plain():
    """Keywords and dollars get names of their own, the same in every module; equal numbered modules are one."""
    text = (
        "// about ram\nmodule ram(\n  input wire clk\n);\nendmodule\n\n"
        "module top(\n  output wire \\event ,\n  input wire a__valid,\n  output reg a__ready,\n  input wire rst,\n"
        "  input wire clk\n);\n  wire port$1$0;\n  wire event_;\n"
        "  \\top.m_0  m_0 (\n    .\\event (port$1$0)\n  );\n  \\top.m_1  m_1 (\n    .\\event (event_)\n  );\n"
        "  assign port$1$0 = $signed(8'hff) == \\event ;\n  assign wide = 96'h000000000000000000000010;\n"
        "endmodule\n\n"
        "module \\top.m_0 (\n  output wire \\event \n);\nendmodule\n\n"
        "module \\top.m_1 (\n  output wire \\event \n);\nendmodule\n"
    )
    found = modules_of_text(text)
    assert list(found) == ["ram", "top", "top_m"]
    assert found["ram"].startswith("// about ram\n")
    assert found["top"] == (
        "module top(\n  input wire clk,\n  input wire rst,\n  output wire event_2,\n  input wire a__valid,\n"
        "  output reg a__ready\n);\n  wire port_1_0;\n  wire event_;\n"
        "  top_m m_0 (\n    .event_2(port_1_0)\n  );\n  top_m m_1 (\n    .event_2(event_)\n  );\n"
        "  assign port_1_0 = $signed(8'hff) == event_2;\n  assign wide = 96'h10;\nendmodule\n"
    )
    assert found["top_m"] == "module top_m(\n  output wire event_2\n);\nendmodule\n"


def test_all_files_or_none(tmp_path):
    (tmp_path / "chip" / "README.md").mkdir(parents=True)
    with pytest.raises(SpikeplaneError) as refused:
        generate(PRESETS["tiny"], tmp_path / "chip")
    assert str(refused.value) == f"cannot write {tmp_path / 'chip' / 'README.md'}: Is a directory"
    assert [path.name for path in (tmp_path / "chip").iterdir()] == ["README.md"]


def test_the_cache_may_be_read_by_everyone(tmp_path, monkeypatch):
    monkeypatch.setenv("SPIKEPLANE_CACHE", str(tmp_path))
    monkeypatch.setattr("spikeplane_gateware.generate.verilog_text", lambda config, tile: "module\n")
    monkeypatch.setattr("spikeplane_gateware.generate.tile_verilog", lambda config: "module\n")
    umask = os.umask(0o022)
    try:
        path = cached_verilog(PRESETS["tiny"])
    finally:
        os.umask(umask)
    assert path.read_text() == "module\n"
    files = {(one.name.partition(".v")[2], one.stat().st_mode & 0o777) for one in tmp_path.iterdir()}
    assert files == {("", 0o644), (".seal", 0o644), (".lock", 0o644)}
