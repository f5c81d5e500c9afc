"""A chip on Icarus, a simulator of four states, behind the driver's bytes: what has no value is x there, and an x at the
link ends the run.

```
    exchange(bytes) --> stdin of vvp: how many, and they --> rx of spikeplane_chip
                   <-- its stdout: a line a byte, "end" <-- tx
```
Registers hold nothing known before the reset.
"""

import re
import subprocess
from pathlib import Path

from spikeplane.config import ChipConfig
from spikeplane.host.device import Device
from spikeplane_sim.bench.icarus import without_power_up
from spikeplane_sim.board.build import cached_verilog

_BENCH = """`timescale 1ns/1ps
module bench;
  reg clk = 0, rst = 1, rx_valid = 0, moved, taken; reg [7:0] rx = 0; wire rx_ready, tx_valid; wire [7:0] tx;
  integer count, left, idle, some, i;
  spikeplane_chip chip(.clk(clk), .rst(rst), .rx__valid(rx_valid), .rx__payload(rx), .rx__ready(rx_ready),
                       .tx__valid(tx_valid), .tx__payload(tx), .tx__ready(1'b1));
  initial begin
    for (i = 0; i < 8; i = i + 1) begin #1 clk = 1; #1 clk = 0; end
    rst = 0;
    while ($fscanf(32'h80000000, "%d", count) == 1) begin
      left = count; idle = 0; some = 0;
      if (left > 0) begin i = $fscanf(32'h80000000, "%h", rx); rx_valid = 1; end
      while (count > 0 ? left > 0 : idle < (some ? 64 : 3000)) begin
        #1 taken = rx_valid & rx_ready; moved = tx_valid | taken;
        if ((^{rx_ready, tx_valid} === 1'bx) | (tx_valid & (^tx === 1'bx))) begin $display("x"); $finish; end
        if (tx_valid) begin $display("%h", tx); some = 1; end
        idle = moved ? 0 : idle + 1;
        clk = 1; #1 clk = 0;
        if (taken) begin
          left = left - 1; rx_valid = left > 0;
          if (rx_valid) i = $fscanf(32'h80000000, "%h", rx);
        end
      end
      $display("end"); $fflush;
    end
    $finish;
  end
endmodule
"""


class IcarusBoard(Device):
    """The chip of `config`, built in `folder`; `unreset`: a register of one bit whose resets are left out. AssertionError
    at an x."""

    def __init__(self, config: ChipConfig, folder: Path, *, unreset: str = "") -> None:
        verilog = without_power_up(cached_verilog(config).read_text())
        if unreset:
            verilog, found = re.subn(
                rf"    if \(rst\) begin\n      {unreset} <= 1'b[01];\n    end\n", "", verilog
            )
            if found != 1:
                raise ValueError(f"{unreset} has {found} resets")
        (folder / "chip.v").write_text(verilog)
        (folder / "bench.v").write_text(_BENCH)
        command = ["iverilog", "-g2005", "-s", "bench", "-o", "bench.vvp", "bench.v", "chip.v"]
        subprocess.run(command, cwd=folder, check=True)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": folder}
        self._process = subprocess.Popen(["vvp", "-n", "bench.vvp"], **pipes)

    def exchange(self, data: bytes) -> bytes:
        """See Device."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(f"{len(data)} {' '.join(f'{byte:x}' for byte in data)}\n")
        stdin.flush()
        received = bytearray()
        while (line := stdout.readline().strip()) != "end":
            assert line not in ("", "x"), f"the link has {line or 'ended'} after {len(received)} bytes"
            received.append(int(line, 16))
        return bytes(received)

    def close(self) -> None:
        """End the simulator."""
        self._process.kill()
        self._process.wait()
