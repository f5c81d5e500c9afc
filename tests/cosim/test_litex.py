"""The example of a LiteX system elaborates, and takes the registers' offsets from the chip's SVD."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from spikeplane import toolchain
from spikeplane.config import PRESETS
from spikeplane.formats.registers import REGISTERS
from spikeplane_gateware.generate import generate
from spikeplane_sim.bench import icarus
from spikeplane_sim.board.build import cached_verilog

pytest.importorskip("litex")
pytestmark = [pytest.mark.cosim, pytest.mark.slow]
ROOT, TOP = Path(__file__).parents[2], "spikeplane_system"
EXAMPLE = ROOT / "examples" / "litex" / "spikeplane_soc.py"
CHIP = PRESETS["tiny"]
#: What the file that LiteX writes is warned of; the chip's files are warned of nothing.
THEIRS = (
    "WIDTHEXPAND",
    "WIDTHTRUNC",
    "UNUSEDSIGNAL",
    "BLKSEQ",
    "PROCASSINIT",
    "SYNCASYNCNET",
    "COMBDLY",
    "CASEINCOMPLETE",
)


def run(command: list[str], folder: Path) -> str:
    environment = {**os.environ, **toolchain.verilator_environment()}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=580, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("litex")
    generate(CHIP, path / "chip", cached_verilog(CHIP), wrappers=["wishbone"])
    run([sys.executable, str(EXAMPLE), "chip", "-o", "build", "--baud", "12500000"], path)
    return path


def test_it_elaborates(folder):
    """In Verilator and Icarus; the map of the bus has the registers' region and the event."""
    system = folder / "build" / "gateware" / f"{TOP}.v"
    settings = "".join(f'lint_off -rule {rule} -file "*{TOP}.v"\n' for rule in THEIRS)
    (folder / "system.vlt").write_text(f"`verilator_config\n{settings}")
    command = ["verilator", "--lint-only", "-Wall", "--quiet", "--top-module", TOP, "system.vlt"]
    assert run([*command, "chip/spikeplane.vlt", "-f", str(system.with_suffix(".f"))], folder) == ""
    if icarus.available():
        run(["iverilog", "-g2005", "-t", "null", "-s", TOP, "-c", str(system.with_suffix(".f"))], folder)
    told = (folder / "build" / "map.csv").read_text()
    assert "memory_region,spikeplane,0x30000000,32,io\n" in told
    assert "csr_register,spikeplane_ev_pending," in told


def test_offsets_come_from_the_map_for_debuggers(folder):
    """The example reads them from the chip's SVD; its region holds all registers."""
    made = importlib.util.spec_from_file_location("spikeplane_soc", EXAMPLE)
    assert made
    assert made.loader
    example = importlib.util.module_from_spec(made)
    made.loader.exec_module(example)
    assert example.registers(folder / "chip") == {one.name: one.offset for one in REGISTERS}
    region = example.region(folder / "chip")
    assert (region.origin, region.size) == (example.ORIGIN, 32)
