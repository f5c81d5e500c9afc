"""The example of a Zynq, simulated: `mmio.c` and the driver in C drive the chip through the example's AXI port, and get the
golden model's spikes."""

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from exported import FLAGS, outputs
from served import planes, program

from spikeplane.export.write import export
from spikeplane.formats.frame import RESET_MARK, FrameKind
from spikeplane.formats.packet import IDENTITY
from spikeplane.host.frames import Frame, encode
from spikeplane_gateware.generate import generate
from spikeplane_sim.board import objects
from spikeplane_sim.board.build import cached_verilog
from spikeplane_sim.golden.board import GoldenBoard

pytestmark = [pytest.mark.cosim, pytest.mark.slow]
ROOT, OWN = Path(__file__).parents[2], Path(__file__).parent / "zynq"
EXAMPLE = ROOT / "examples" / "zynq"
SAMPLES = 6
SOURCES = (
    "spikeplane_link.c",
    "spikeplane_control.c",
    "spikeplane_driver.c",
    "spikeplane_program.c",
    "mmio.c",
    "run.c",
)


def run(command: list[str | Path], folder: Path) -> str:
    environment = {**os.environ, **objects.environment()}
    # Building takes longer than simulating here.
    environment["MAKEFLAGS"] = f"{environment.get('MAKEFLAGS', '')} OPT_FAST=-O0 OPT_GLOBAL=-O0".strip()
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=580, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def simulator(folder: Path) -> Path:
    """The example's top around the chip of `folder`, and the program in C linked to it."""
    frame = encode(Frame(FrameKind.RESET, 7, RESET_MARK % 16, room=RESET_MARK // 16))
    common = [f"-DRESET_FRAME={','.join(map(str, frame))}", "-O1", f"-I{folder}", f"-I{EXAMPLE}", f"-I{OWN}"]
    for name in SOURCES:
        led = ["-include", "bus.h"] if name == "mmio.c" else []
        run(["cc", *FLAGS, *common, *led, "-c", name], folder)
    made = [folder / name.replace(".c", ".o") for name in SOURCES]
    options = ["--cc", "--exe", "--build", "--quiet", "-Wno-fatal", "-Wno-lint"]
    flags = ["-CFLAGS", f"-std=c++20 -I{OWN}"]
    verilog = ["--top-module", "spikeplane_zynq", "spikeplane.vlt", "-f", "spikeplane.f", "spikeplane_zynq.v"]
    run(["verilator", *options, *flags, *verilog, OWN / "processors.v", OWN / "bus.cpp", *made], folder)
    return folder / "obj_dir" / "Vspikeplane_zynq"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    of, path = program(), tmp_path_factory.mktemp("zynq")
    generate(of.config, path, cached_verilog(of.config), wrappers=["axi-lite"])
    export(of, path, planes(SAMPLES))
    for name in ("mmio.c", "mmio.h", "spikeplane_zynq.v"):
        shutil.copy(EXAMPLE / name, path)
    shutil.copy(OWN / "run.c", path)
    return path


def test_samples_pass(folder):
    """Memories are read back, every spike is the golden model's, the interrupt rises and falls."""
    of, binary = program(), simulator(folder)
    told = run([binary, "load.bin", "samples.bin"], folder)
    lines = told.splitlines()
    assert lines[0] == f"chip {of.config.digest} identity 0x{IDENTITY:08x}"
    found, expected = outputs(of, told, SAMPLES), GoldenBoard(of).run(of.planes(planes(SAMPLES)))
    for name, values in expected.items():
        assert np.array_equal(found[name], values), name
    assert sum(int(values.sum()) for values in expected.values()) > 100
    assert lines[-2] == "interrupt 0 1 0"
    loads, stores, waits, again = (int(part.split()[0]) for part in lines[-1].split(", "))
    assert min(loads, stores, waits) > 100
    assert again == 0


def test_a_wire_that_is_wrong_is_found(folder, tmp_path):
    """The strobes of the example's top led to nowhere: bytes are lost."""
    text = (EXAMPLE / "spikeplane_zynq.v").read_text()
    assert text.count(".s_axi_wstrb(wstrb)") == 1
    broken = tmp_path / "chip"
    shutil.copytree(folder, broken, ignore=shutil.ignore_patterns("obj_dir"))
    (broken / "spikeplane_zynq.v").write_text(text.replace(".s_axi_wstrb(wstrb)", ".s_axi_wstrb(4'd15)"))
    binary = simulator(broken)
    done = subprocess.run(
        [binary, "load.bin", "samples.bin"],
        cwd=broken,
        capture_output=True,
        text=True,
        timeout=580,
        check=False,
    )
    assert done.returncode != 0
    assert "error: " in done.stdout or "bus: " in done.stdout
