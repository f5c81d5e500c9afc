"""The chip on AXI4-Lite, AXI4-Stream and Wishbone: lint, benches, the register map, the example of a Zynq."""

import os
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from spikeplane import toolchain
from spikeplane.camera.config import CameraConfig
from spikeplane.config import PRESETS, ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.export.write import DRIVER
from spikeplane.formats.registers import ADDRESS_BITS, REGISTERS
from spikeplane_gateware.generate import generate
from spikeplane_gateware.wrappers import wrap
from spikeplane_sim.bench import icarus, runner
from spikeplane_sim.bench.designs import CORE, DESIGNS, MORE, Design
from spikeplane_sim.board.build import cached_verilog

pytestmark = pytest.mark.cosim
ROOT = Path(__file__).parents[2]
TOPS = {
    "axi-lite": "spikeplane_axi_lite",
    "wishbone": "spikeplane_wishbone",
    "axi-stream": "spikeplane_axi_stream",
}
CAMERA = ChipConfig(rows=0, cols=0, lanes=8, camera=CameraConfig(width=16, height=8, pixels=4))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("wrappers")
    generate(PRESETS["tiny"], path, cached_verilog(PRESETS["tiny"]), wrappers=list(TOPS))
    return path


@pytest.mark.parametrize("chip", ["cores", pytest.param("camera alone", marks=pytest.mark.slow)])
def test_the_lint_has_nothing_to_say(folder, tmp_path, chip):
    if chip != "cores":
        folder = tmp_path
        generate(CAMERA, folder, wrappers=list(TOPS))
        assert "  input wire camera_valid,\n" in (folder / "spikeplane_axi_lite.v").read_text()
    environment = {**os.environ, **toolchain.verilator_environment()}
    for top in TOPS.values():
        command = ["verilator", "--lint-only", "-Wall", "--quiet", "--top-module", top, "spikeplane.vlt"]
        done = subprocess.run(
            [*command, "-f", "spikeplane.f"],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout + done.stderr == "", top
        if icarus.available():
            assert icarus.elaborate(folder / "spikeplane.f", top) == ""


def test_the_map_for_debuggers(folder):
    """Every register once, inside the addresses, its fields beside one another."""
    root = ElementTree.parse(folder / "spikeplane.svd").getroot()
    found = {
        one.findtext("name"): (
            int(one.findtext("addressOffset") or "", 16),
            one.findtext("access"),
            [
                (
                    field.findtext("name"),
                    int(field.findtext("bitOffset") or ""),
                    int(field.findtext("bitWidth") or ""),
                )
                for field in one.iter("field")
            ],
        )
        for one in root.iter("register")
    }
    assert found == {
        one.name: (one.offset, one.access, [(field.name, field.low, field.width) for field in one.fields])
        for one in REGISTERS
    }
    assert len({one.number for one in REGISTERS}) == len(found) == 7
    for one in REGISTERS:
        assert one.offset < 1 << ADDRESS_BITS
        covered = [bit for field in one.fields for bit in range(field.low, field.low + field.width)]
        assert len(covered) == len(set(covered))
        assert max(covered) < 32
    header = (folder / "spikeplane_registers.h").read_text()
    assert "#define SPIKEPLANE_REGISTER_READ 0x18u\n#define SPIKEPLANE_REGISTER_READ_BYTES_AT 0\n" in header


def test_a_wrapper_that_there_is_not(tmp_path, monkeypatch):
    """Refused before any Verilog is made."""
    monkeypatch.setattr("spikeplane_gateware.generate.verilog_text", None)
    with pytest.raises(SpikeplaneError) as refused:
        generate(PRESETS["tiny"], tmp_path / "chip", wrappers=["axi"])
    assert str(refused.value) == "unknown wrapper 'axi'; choose from axi-stream, axi-lite, wishbone"
    assert not (tmp_path / "chip").exists()


@pytest.mark.slow
@pytest.mark.parametrize("design", MORE, ids=[one.name for one in MORE])
def test_bench_passes(tmp_path, design):
    result = runner.run_design(design, folder=tmp_path)
    assert result.passed, result.log.read_text()[-2000:]


#: The wrappers of AXI behind masters that others wrote.
EXTERNAL = (
    Design("axi_lite_ext", "spikeplane_axi_lite", CORE, None, "axi-lite", "bench_axi_ext"),
    Design("axi_stream_ext", "spikeplane_axi_stream", CORE, None, "axi-stream", "bench_axi_ext"),
)


@pytest.mark.slow
@pytest.mark.parametrize("design", EXTERNAL, ids=[one.name for one in EXTERNAL])
def test_the_masters_of_cocotbext_axi(tmp_path, design):
    """Channels that pause one by one, accesses that do not wait for each other."""
    pytest.importorskip("cocotbext.axi")
    result = runner.run_design(design, folder=tmp_path)
    assert result.passed, result.log.read_text()[-2000:]
    assert result.tests == 3


BROKEN = {
    "the second byte is lost": ("spikeplane_registers", "left <= left & (left - 4'h1)", "left <= left & (left - 4'h3)"),
    "bytes come in the other order": ("spikeplane_registers", "2'd0: in[7:0]", "2'd0: in[15:8]"),
    "a byte goes while it is read": ("spikeplane_registers", "(count != 2'd3) & ~reads", "(count != 2'd3)"),
    "an answer does not wait": ("spikeplane_axi_lite", "end else if (s_axi_rready) begin", "end else begin"),
    "what is no register is fine": ("spikeplane_axi_lite", "readable ? OKAY : SLVERR", "OKAY"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("fault", BROKEN.values(), ids=BROKEN)
def test_a_broken_wrapper_fails(tmp_path, monkeypatch, fault):
    module, old, new = fault
    sources = tmp_path / "sources"
    shutil.copytree(Path(wrap.__file__).parent, sources)
    text = (sources / f"{module}.v").read_text()
    assert text.count(old) == 1
    (sources / f"{module}.v").write_text(text.replace(old, new))
    monkeypatch.setattr(wrap, "_FOLDER", sources)
    (design,) = [one for one in DESIGNS if one.name == "axi_lite"]
    assert design.config == CORE
    assert not runner.run_design(design, folder=tmp_path).passed


@pytest.mark.skipif(not icarus.available(), reason="no Icarus Verilog")
def test_the_example_of_a_zynq_elaborates(folder):
    for name in ("spikeplane_zynq", "processors"):
        shutil.copy(ROOT / "examples" / "zynq" / f"{name}.v", folder / f"{name}.v")
    command = ["iverilog", "-g2005", "-Wall", "-t", "null", "-s", "spikeplane_zynq", "-c", "spikeplane.f"]
    done = subprocess.run(
        [*command, "spikeplane_zynq.v", "processors.v"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no C compiler")
def test_the_port_over_registers_compiles(folder):
    driver = Path(str(wrap.__file__)).parents[3] / "sw" / "spikeplane" / "export" / "c"
    for path in [*(driver / name for name in DRIVER), *(ROOT / "examples" / "zynq").glob("mmio.*")]:
        shutil.copy(path, folder)
    flags = ["-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror"]
    for name in ("mmio.c", "spikeplane_link.c"):
        done = subprocess.run(
            ["gcc", *flags, "-c", name], cwd=folder, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
