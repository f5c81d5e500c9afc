"""The generator: equal text for equal chips, one tile however many cores, a manifest that is the formats' own."""

import json

from spikeplane.config import PRESETS, ChipConfig
from spikeplane_gateware.generate import generate, verilog_text


def test_size_hardly_grows_with_the_mesh(tmp_path):
    two = verilog_text(ChipConfig(rows=2, cols=2, lanes=8))
    four = verilog_text(ChipConfig(rows=4, cols=4, lanes=8))
    assert len(four) <= 1.5 * len(two)
    assert two.count("module spikeplane_tile(") == 1
    assert two == verilog_text(ChipConfig(rows=2, cols=2, lanes=8))


def test_files_and_manifest(tmp_path):
    paths = generate(PRESETS["tiny"], tmp_path / "chip")
    assert sorted(p.name for p in paths) == ["README.md", "manifest.json", "spikeplane.h", "spikeplane_chip.v"]
    manifest = json.loads((tmp_path / "chip" / "manifest.json").read_text())
    assert manifest["digest"] == PRESETS["tiny"].digest
    text = (tmp_path / "chip" / "spikeplane_chip.v").read_text()
    for port in manifest["ports"]:
        assert f" {port};" in text
