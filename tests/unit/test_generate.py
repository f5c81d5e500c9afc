"""The generator: equal text for equal chips, one tile however many cores, a manifest that is the
formats' own."""

import json
import os
import re

import pytest

from spikeplane.config import PRESETS, ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane_gateware.generate import generate, verilog_text
from spikeplane_sim.board.build import cached_verilog


def test_size_hardly_grows_with_the_mesh(tmp_path):
    two = verilog_text(ChipConfig(rows=2, cols=2, lanes=8))
    four = verilog_text(ChipConfig(rows=4, cols=4, lanes=8))
    assert len(four) <= 1.5 * len(two)
    assert two.count("module spikeplane_tile(") == 1
    assert two == verilog_text(ChipConfig(rows=2, cols=2, lanes=8))


def test_files_and_manifest(tmp_path):
    paths = generate(PRESETS["tiny"], tmp_path / "chip")
    assert sorted(p.name for p in paths) == [
        "README.md",
        "manifest.json",
        "spikeplane.h",
        "spikeplane.vlt",
        "spikeplane_chip.v",
    ]
    manifest = json.loads((tmp_path / "chip" / "manifest.json").read_text())
    assert manifest["digest"] == PRESETS["tiny"].digest
    text = (tmp_path / "chip" / "spikeplane_chip.v").read_text()
    for port in manifest["ports"]:
        assert re.search(rf"^  (in|out)put (wire|reg) (\[\d+:0\] )?{port},?$", text, re.MULTILINE)


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
