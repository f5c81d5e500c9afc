"""Every preset and a chip with a camera: Verilator's lint and Icarus have nothing to say. (Tiles
are one module: one of each is enough.)

Both look at the tile of every preset in its sizes, and at the whole of a chip; the presets' whole
meshes are the slow test.
"""

import os
import subprocess
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest

from spikeplane import toolchain
from spikeplane.camera.config import CameraConfig
from spikeplane.config import PRESETS, ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.training import TrainingConfig
from spikeplane_gateware.generate import generate
from spikeplane_gateware.ram import RAM_VERILOG
from spikeplane_gateware.verilog.check import refuse_sleepers
from spikeplane_gateware.verilog.waivers import waivers
from spikeplane_sim.bench import icarus
from spikeplane_sim.board.build import cached_verilog

NEVER_WAIVED = (
    "WIDTH",
    "WIDTHTRUNC",
    "WIDTHEXPAND",
    "UNDRIVEN",
    "CASEINCOMPLETE",
    "LATCH",
    "MULTIDRIVEN",
    "ALWNEVER",
)
CAMERA = replace(
    PRESETS["tiny"], camera=CameraConfig(width=20, height=16, pixels=8, method="ssr", lookahead=6)
)
CHIPS = {**PRESETS, "camera": CAMERA}
ODD = {
    "one-bit weights": ChipConfig(
        rows=1, cols=3, lanes=8, weight_bits=1, acc_bits=12, membrane_bits=8, leak_multiplier=False
    ),
    "learning": ChipConfig(rows=1, cols=2, lanes=8, weight_bits=16, training=TrainingConfig(exact_bits=36)),
    "dynamic": ChipConfig(rows=1, cols=1, lanes=8, weight_bits=4, dynamic_depth=64, dynamic_bits=9),
    "gated": ChipConfig(
        rows=1,
        cols=1,
        lanes=8,
        membrane_bits=8,
        dynamic_depth=64,
        dynamic_bits=9,
        gates=True,
        tables=3,
        presentations=3,
        spikes_per_cycle=2,
        shift_multiplier=True,
    ),
    "narrow": ChipConfig(
        rows=1, cols=1, lanes=16, sweep_lanes=4, narrow_tables=True, shift_multiplier=True, spikes_per_cycle=2
    ),
    "halves": ChipConfig(rows=1, cols=1, lanes=8, narrow_tables=True),
    "fused": ChipConfig(
        rows=1, cols=2, lanes=8, levels=True, low_planes=True, tables=1, narrow_tables=True, fused=True
    ),
    "wide": ChipConfig(
        rows=2,
        cols=1,
        lanes=8,
        acc_bits=32,
        membrane_bits=32,
        max_shift=31,
        egress_depth=4,
        populations=1,
        projections=1,
    ),
}


@lru_cache(maxsize=1)
def environment() -> dict[str, str]:
    return {**os.environ, **toolchain.verilator_environment()}


def lint(folder: Path, top: str, *files: str) -> str:
    command = ["verilator", "--lint-only", "-Wall", "--quiet", "--top-module", top, *files]
    result = subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
    return result.stdout + result.stderr


def silent(folder: Path, config: ChipConfig, top: str, *, single_file: bool = False) -> None:
    generate(config, folder, cached_verilog(config), single_file=single_file)
    assert lint(folder, top, "spikeplane.vlt", "-f", "spikeplane.f") == ""
    if icarus.available():
        assert icarus.elaborate(folder / "spikeplane.f", top) == ""


@pytest.mark.parametrize("name", PRESETS)
def test_tiles(tmp_path: Path, name: str) -> None:
    silent(tmp_path, PRESETS[name], "spikeplane_tile")


@pytest.mark.parametrize("name", ["tiny", "camera"])
def test_chips(tmp_path: Path, name: str) -> None:
    silent(tmp_path / "modules", CHIPS[name], "spikeplane_chip")
    silent(tmp_path / "one", CHIPS[name], "spikeplane_chip", single_file=True)


@pytest.mark.slow
@pytest.mark.parametrize("config", [*(CHIPS[name] for name in ("small", "medium", "large")), *ODD.values()])
def test_meshes(tmp_path: Path, config: ChipConfig) -> None:
    silent(tmp_path, config, "spikeplane_chip")


def test_icarus_is_there() -> None:
    """Without it the tests above look with Verilator alone: that is said once."""
    if not icarus.available():
        pytest.skip(f"no Icarus Verilog here: {icarus.INSTALL}")


def test_faults_are_not_waived(tmp_path: Path) -> None:
    """The waiver file names rules of style alone, and a fault of each kind in the chip's file is
    still told."""
    text = waivers()
    assert not [rule for rule in NEVER_WAIVED if f"-rule {rule} " in text]
    assert text.count("lint_off") == text.count('-file "*spikeplane_chip.v"')
    assert [
        line
        for line in text.splitlines()
        if not line.startswith(("//", "lint_off -rule ", "`verilator_config"))
    ] == []
    faulty = (
        "module spikeplane_chip(input wire clk, input wire [3:0] a, input wire [1:0] s, output reg "
        "[1:0] b, output wire d,\n"
        "                       output wire [2:0] w);\n"
        "  wire forgotten;\n  wire unread;\n  assign unread = a[0];\n  assign w = a;\n  assign d = "
        "forgotten;\n"
        "  always @* begin\n    b = 2'h0;\n    case (s)\n      2'h1: b = a[2:1];\n    endcase\n  "
        "end\nendmodule\n"
    )
    (tmp_path / "spikeplane_chip.v").write_text(faulty)
    (tmp_path / "spikeplane.vlt").write_text(text)
    said = lint(tmp_path, "spikeplane_chip", "spikeplane.vlt", "spikeplane_chip.v")
    for rule in ("WIDTHTRUNC", "UNDRIVEN", "CASEINCOMPLETE", "UNUSEDSIGNAL"):
        assert f"%Warning-{rule}" in said


@pytest.mark.parametrize(
    "process",
    [
        "  always @*\n    out_spike[6] = 1'h0;\n",
        "  always @(*) begin\n    out_spike = 39'h0;\n  end\n",
        "  always @* begin\n    out_spike[5:0] = 6'bx01?z0;\n    out_spike[6] = 1'h1;\n  end\n",
    ],
)
def test_a_process_that_reads_nothing_is_refused(process: str) -> None:
    fine = (
        "  always @* begin\n    other = 1'h0;\n    if (other_in) begin\n      other = 1'h1;\n    end\n  end\n"
    )
    refuse_sleepers(f"module fine(input wire a);\n{fine}endmodule\n{RAM_VERILOG.read_text()}")
    with pytest.raises(SpikeplaneError) as refused:
        refuse_sleepers(
            f"module fine();\n{fine}endmodule\n\nmodule \\tile.core.egress (input wire "
            f"a);\n{fine}{process}endmodule\n"
        )
    assert str(refused.value) == (
        "the Verilog of tile.core.egress has a process for out_spike that reads nothing and would "
        "never run in a simulator of four "
        "states; assign it outside processes"
    )
