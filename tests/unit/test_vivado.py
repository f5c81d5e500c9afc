"""Vivado boards: the top, the constraints and the script of each. Vivado is not run; the script is,
with its commands left out."""

import os
import re
import shutil
import subprocess

import pytest

from spikeplane import SpikeplaneError
from spikeplane.toolchain import yosys
from spikeplane_gateware.verilog.convert import convert
from spikeplane_hw import vivado
from spikeplane_hw.boards import BOARDS, board, pins
from spikeplane_hw.echo import EchoTop
from spikeplane_hw.names import TOP_MODULE

NAMES = ["arty-a7-100", "genesys2", "kcu105"]


def top(name: str) -> str:
    return board(name).flow.board_verilog(board(name), pins(board(name)))


def xdc(name: str) -> list[str]:
    return board(name).flow.constraints(board(name), pins(board(name))).splitlines()


def script(name: str) -> str:
    return vivado.script(board(name), "board.v", "board.xdc", "build.json", "board.bit")


def test_these_are_the_vivado_boards() -> None:
    assert [one.name for one in BOARDS.values() if one.family == "xilinx"] == NAMES


@pytest.mark.parametrize(("name", "part"), [
    ("arty-a7-100", "xc7a100ticsg324-1L"), ("genesys2", "xc7k325tffg900-2"), ("kcu105", "xcku040-ffva1156-2-e"),
])  # fmt: skip
def test_parts_as_vivado_names_them(name: str, part: str) -> None:
    assert vivado.part(board(name)) == part


def test_pins_as_the_makers_publish_them() -> None:
    """Digilent's master XDC files and AMD's board files of the KCU105."""
    places = {name: {port: pin.place for port, pin in pins(board(name)).items()} for name in NAMES}
    assert places["arty-a7-100"] == {"clk": "E3", "rx": "A9", "tx": "D10", "rst": "C2"}
    assert places["genesys2"] == {"clk": "AD12", "rx": "Y20", "tx": "Y23", "rst": "R19"}
    assert places["kcu105"] == {"clk": "G10", "rx": "G25", "tx": "K26", "rst": "AN8"}
    assert [pins(board(name))["clk"].partner for name in NAMES] == ["", "AD11", "F10"]
    assert [pins(board(name))["rst"].inverted for name in NAMES] == [True, True, False]


def test_the_top_of_one_clock_pin() -> None:
    assert top("arty-a7-100") == (
        "module spikeplane_board(input clk, input rx, output tx, input rst);\n"
        "  wire pin_clk, design_clk;\n"
        "  IBUF clk_pin (.I(clk), .O(pin_clk));\n"
        "  BUFG clk_tree (.I(pin_clk), .O(design_clk));\n"
        "  spikeplane_top top (.clk(design_clk), .rst(~rst), .rx(rx), .tx(tx));\n"
        "endmodule\n"
    )


def test_the_tops_of_a_pair() -> None:
    genesys, kcu = top("genesys2"), top("kcu105")
    for text in (genesys, kcu):
        assert "module spikeplane_board(input clk_p, input clk_n, input rx, output tx, input rst);" in text
        assert "IBUFDS clk_pins (.I(clk_p), .IB(clk_n), .O(pin_clk));" in text
    assert "MMCME2_BASE #(.CLKIN1_PERIOD(5.000), .DIVCLK_DIVIDE(1), .CLKFBOUT_MULT_F(6.000)," in genesys
    assert ".CLKOUT0_DIVIDE_F(12.000))" in genesys
    assert ".rst(~rst | ~locked)" in genesys
    assert "MMCM" not in kcu
    assert ".rst(rst)" in kcu


def test_without_a_button_the_lock_alone_resets() -> None:
    places = {name: pin for name, pin in pins(board("genesys2")).items() if name != "rst"}
    assert ".rst(1'b0 | ~locked)" in vivado.board_verilog(board("genesys2"), places)
    assert "set_false_path -from [get_ports {rx}]" in vivado.constraints(board("genesys2"), places)


@pytest.mark.parametrize(("oscillator", "clock"), [(200, 100), (125, 80), (100, 75), (12, 100), (300, 137.5)])
def test_an_mmcm_gives_the_clock(oscillator: float, clock: float) -> None:
    divider, multiplier, output = vivado.dividers(oscillator, clock)
    assert oscillator / divider * multiplier / output == clock
    assert 600 <= oscillator / divider * multiplier <= 1200
    assert (multiplier * 8).is_integer()
    assert (output * 8).is_integer()


def test_a_clock_that_no_mmcm_gives() -> None:
    with pytest.raises(SpikeplaneError) as error:
        vivado.dividers(100, 1)
    assert str(error.value) == "no MMCM makes 1 MHz of 100 MHz: choose a clock that divides 600 to 1,200 MHz"


@pytest.mark.parametrize(("name", "period", "port", "bank"), [
    ("arty-a7-100", "10.000", "clk", ("VCCO", "3.3")), ("genesys2", "5.000", "clk_p", ("VCCO", "3.3")),
    ("kcu105", "8.000", "clk_p", ("GND", "1.8")),
])  # fmt: skip
def test_constraints(name: str, period: str, port: str, bank: tuple[str, str]) -> None:
    lines = xdc(name)
    ports = re.findall(r"(?:input|output) (\w+)", top(name))
    for one in ports:
        assert (
            sum(
                line.startswith("set_property PACKAGE_PIN") and line.endswith(f"[get_ports {one}]")
                for line in lines
            )
            == 1
        )
        assert (
            sum(
                line.startswith("set_property IOSTANDARD") and line.endswith(f"[get_ports {one}]")
                for line in lines
            )
            == 1
        )
    assert sum("PACKAGE_PIN" in line for line in lines) == len(ports)
    assert [line for line in lines if "create_clock" in line] == [
        f"create_clock -name oscillator -period {period} [get_ports {port}]"
    ]
    assert "set_false_path -from [get_ports {rx rst}]" in lines
    assert "set_false_path -to [get_ports tx]" in lines
    assert f"set_property CFGBVS {bank[0]} [current_design]" in lines
    assert f"set_property CONFIG_VOLTAGE {bank[1]} [current_design]" in lines


def test_the_synchroniser_of_rx_has_the_name_that_is_constrained() -> None:
    assert (
        "set_property -quiet ASYNC_REG TRUE [get_cells -quiet -hierarchical -filter {NAME =~ "
        "*uart/synchroniser/stage*_reg*}]"
    ) in xdc("kcu105")
    text = convert(EchoTop(100e6), TOP_MODULE)
    assert re.search(r"spikeplane_top\.uart *uart *\(", text)
    assert re.search(r"spikeplane_top\.uart\.synchroniser *synchroniser *\(", text)
    assert "stage0 <= rx;" in text
    assert "stage1 <= stage0;" in text


def test_the_pair_of_the_kcu105() -> None:
    assert [line for line in xdc("kcu105") if "clk_" in line][:-1] == [
        "set_property PACKAGE_PIN G10 [get_ports clk_p]",
        "set_property IOSTANDARD LVDS [get_ports clk_p]",
        "set_property DIFF_TERM_ADV TERM_100 [get_ports clk_p]",
        "set_property PACKAGE_PIN F10 [get_ports clk_n]",
        "set_property IOSTANDARD LVDS [get_ports clk_n]",
        "set_property DIFF_TERM_ADV TERM_100 [get_ports clk_n]",
    ]


def test_the_script_goes_all_the_way_and_checks_the_clock() -> None:
    text = script("genesys2")
    steps = [
        "create_project -force -part xc7k325tffg900-2 spikeplane vivado",
        "add_files -norecurse board.v",
        "add_files -fileset constrs_1 -norecurse board.xdc",
        "synth_design -top spikeplane_board",
        "opt_design",
        "place_design",
        "phys_opt_design",
        "route_design",
        "report_utilization",
        "report_timing_summary",
        "$setup < 0 || $hold < 0",
        "write_bitstream -force board.bit",
        "open board.bit.json w",
    ]
    found = [text.index(step) for step in steps]
    assert found == sorted(found)
    assert (
        'puts "ERROR: timing not met at 100 MHz: setup slack $setup ns, hold slack $hold ns; see '
        'timing.txt"\n  exit 1'
    ) in text
    for opening, closing in ("{}", "[]"):
        assert text.count(opening) == text.count(closing)
    assert not re.search(r"(?<![\w.])/\w", text)  # relative paths only


#: Vivado's commands, which say what they are asked; `SLACK` of the environment is the slack of both kinds.
STUBS = """
foreach name {create_project add_files synth_design opt_design place_design phys_opt_design route_design report_utilization
    report_timing_summary report_drc write_checkpoint set_property create_clock set_false_path} {
  proc $name args "puts [list $name]"
}
foreach name {current_fileset current_design get_ports get_cells get_timing_paths} { proc $name args { return it } }
proc get_property args { return $::env(SLACK) }
proc write_bitstream args { close [open [lindex $args end] w] }
"""


@pytest.mark.skipif(shutil.which("tclsh") is None, reason="tclsh is not installed")
@pytest.mark.parametrize(("slack", "status", "last"), [
    ("0.000", 0, "board.bit is written: setup slack 0.000 ns at 125 MHz"),
    ("-0.001", 1, "ERROR: timing not met at 125 MHz: setup slack -0.001 ns, hold slack -0.001 ns; see timing.txt"),
    ("", 1, "ERROR: no timed path was found: see timing.txt"),
])  # fmt: skip
def test_the_script_runs(tmp_path, slack: str, status: int, last: str) -> None:
    folder = tmp_path / "a folder"
    folder.mkdir()
    (folder / "board.xdc").write_text("\n".join(xdc("kcu105")))
    (folder / "build.tcl").write_text(script("kcu105"))
    (folder / "build.json").write_text('{"key": "1"}\n')
    (folder / "board.bit").write_text("of yesterday")
    (tmp_path / "all.tcl").write_text(
        f"{STUBS}\nsource {{a folder/board.xdc}}\nsource {{a folder/build.tcl}}\n"
    )
    result = subprocess.run(
        ["tclsh", "all.tcl"],
        cwd=tmp_path,
        env={**os.environ, "SLACK": slack},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout.splitlines()[-1], result.stderr) == (status, last, "")
    made = [path.name for path in sorted(folder.glob("board.bit*"))]
    assert made == ([] if status else ["board.bit", "board.bit.json"])
    if not status:
        assert (folder / "board.bit.json").read_text() == '{"key": "1"}\n'


@pytest.mark.parametrize("name", NAMES)
def test_the_top_is_sound_verilog(name: str, tmp_path) -> None:
    """Its primitives have these ports and parameters: yosys knows them by their names."""
    stub = "module spikeplane_top(input clk, input rst, input rx, output tx); assign tx = rx; endmodule\n"
    (tmp_path / "board.v").write_text(stub + top(name))
    libraries = "read_verilog -lib +/xilinx/cells_sim.v +/xilinx/cells_xtra.v"
    script = f"{libraries}; read_verilog board.v; hierarchy -check -top spikeplane_board; check -assert"
    result = subprocess.run(
        [yosys(), "-q", "-p", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert not [line for line in result.stderr.splitlines() if "floating point parameter" not in line]
