"""The example of a LiteX system: it elaborates, and a host at its serial port reads and writes the chip's registers."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from spikeplane import toolchain
from spikeplane.config import PRESETS
from spikeplane.formats.frame import RESET_MARK, FrameKind
from spikeplane.formats.packet import IDENTITY
from spikeplane.formats.registers import REGISTERS
from spikeplane.host.frames import Frame, encode
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


def addresses(folder: Path) -> dict[str, int]:
    """On the bus, by name: the chip's registers, and the source of its event."""
    made = importlib.util.spec_from_file_location("spikeplane_soc", EXAMPLE)
    assert made
    assert made.loader
    example = importlib.util.module_from_spec(made)
    made.loader.exec_module(example)
    found = {name: example.ORIGIN + offset for name, offset in example.registers(folder / "chip").items()}
    rows = [line.split(",") for line in (folder / "build" / "map.csv").read_text().splitlines()]
    (event,) = [row[2] for row in rows if row[:2] == ["csr_register", "spikeplane_ev_status"]]
    return {**found, "EVENT": int(event, 16)}


@pytest.mark.skipif(not icarus.available(), reason="no Icarus Verilog")
def test_the_registers_through_its_serial_port(folder):
    """Identity and digest, CONTROL, and a frame that the chip answers; the answer raises the event."""
    at = addresses(folder)
    assert {name: at[name] - at["IDENTITY"] for name in at if name != "EVENT"} == {
        one.name: one.offset for one in REGISTERS
    }
    frame = encode(Frame(FrameKind.RESET, 7, RESET_MARK % 16, room=RESET_MARK // 16))
    assert len(frame) == 8
    words = {f"FRAME{n}": int.from_bytes(frame[4 * n : 4 * n + 4], "little") for n in range(2)}
    text = (Path(__file__).parent / "litex" / "uart.v").read_text()
    for name, value in {**at, **words}.items():
        text = text.replace(f"@{name}@", f"32'h{value:08x}")
    (folder / "uart.v").write_text(text)
    listed = folder / "build" / "gateware" / f"{TOP}.f"
    run(["iverilog", "-g2005", "-s", "uart", "-o", "uart.vvp", "-c", str(listed), "uart.v"], folder)
    *lines, last = run(["vvp", "-n", "uart.vvp"], folder).splitlines()
    found = [line.split(" is ") for line in lines if " is " in line]
    digest = CHIP.digest
    assert found[:-1] == [
        [f"{at[name]:08x}", f"{value:08x}"]
        for name, value in (
            ("IDENTITY", IDENTITY),
            ("DIGEST_LOW", int(digest[8:], 16)),
            ("DIGEST_HIGH", int(digest[:8], 16)),
            ("CONTROL", 2),
            ("EVENT", 0),
            ("STATUS", 3),
            ("EVENT", 1),
        )
    ], lines
    # three bytes: the flag, and a part of the answer's header
    place, value = found[-1]
    assert (place, value[:2], value[-2:], last) == (f"{at['READ']:08x}", "03", "7e", "done")
