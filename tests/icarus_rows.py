"""Blocks on Icarus, a simulator of four states: the rows of `Blocks` in, and what stands at the outputs, x included."""

import subprocess
from pathlib import Path

import numpy as np

from spikeplane_gateware.ram import memory_modules
from spikeplane_gateware.verilog.convert import convert
from spikeplane_sim.bench.block import Packed
from spikeplane_sim.bench.icarus import without_power_up

_BENCH = """`timescale 1ns/1ps
module bench;
  reg clk = 0, rst = 1; reg [{given}:0] given = 0; wire [{found}:0] found; reg [{given}:0] rows [0:{last}]; integer i;
  block block(.clk(clk), .rst(rst), .given(given), .found(found));
  initial begin
    $readmemh("rows.hex", rows);
    for (i = 0; i < 4; i = i + 1) begin #1 clk = 1; #1 clk = 0; end
    rst = 0;
    for (i = 0; i <= {last}; i = i + 1) begin given = rows[i]; #1 $display("%b", found); clk = 1; #1 clk = 0; end
    $finish;
  end
endmodule
"""


def outputs(packed: Packed, given: dict[str, np.ndarray], cycles: int, folder: Path) -> dict[str, list[str]]:
    """Of each output its bits in every cycle, as text of 0, 1, x; registers hold nothing known before the reset."""
    design = convert(packed, "block")
    verilog = f"{memory_modules(design)}\n{design}"
    (folder / "block.v").write_text(without_power_up(verilog))
    sizes = {"given": packed.in_bits - 1, "found": packed.out_bits - 1, "last": cycles - 1}
    (folder / "bench.v").write_text(_BENCH.format(**sizes))
    words = [0] * cycles
    for key, values in given.items():
        first, width = packed.inputs[key]
        for cycle, value in enumerate(values):
            words[cycle] |= (int(value) & (1 << width) - 1) << first
    (folder / "rows.hex").write_text("".join(f"{word:x}\n" for word in words))
    for command in (
        ["iverilog", "-g2005", "-o", "bench.vvp", "bench.v", "block.v"],
        ["vvp", "-n", "bench.vvp"],
    ):
        result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    rows = [line for line in result.stdout.splitlines() if set(line) <= set("01xz") and line]
    assert len(rows) == cycles, result.stdout[-500:]
    top = packed.out_bits
    return {
        key: [row[top - first - width : top - first] for row in rows]
        for key, (first, width) in packed.outputs.items()
    }
