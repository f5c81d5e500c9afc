"""Units: one that no file of the packages knows goes all the way; chips of units alone; who asks for a camera."""

import ast
import json
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from light_unit import LIGHT, SUM, Light, LightChip, LightConfig
from test_estimate import small_program
from test_verilog_lint import silent

import spikeplane
from spikeplane.camera.config import CameraConfig
from spikeplane.cli.boardlist import _chip
from spikeplane.config import PRESETS, ChipConfig, preset
from spikeplane.errors import SpikeplaneError
from spikeplane.estimate import resources
from spikeplane.formats.packet import Control, Counter, packet_format
from spikeplane.formats.tables import Memory
from spikeplane.host.memories import read_words
from spikeplane_gateware.manifest import manifest
from spikeplane_gateware.units.known import UNITS
from spikeplane_hw.boards import BOARDS, pins
from spikeplane_hw.top import BoardTop

ROOT = Path(__file__).parents[2]
CAMERA = CameraConfig(width=16, height=8, pixels=4)
BOTH = LightChip(rows=0, cols=0, lanes=8, camera=CAMERA, light=LightConfig())


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a new unit adds to `units/known.py`."""
    monkeypatch.setitem(UNITS, "light", Light())


def test_the_configuration_of_a_new_unit(tmp_path: Path) -> None:
    path = tmp_path / "chip.toml"
    path.write_text("preset = 'tiny'\nlight_pause = 3\n[light]\nlights = 5\n")
    chip = LightChip.from_toml(path)
    assert chip == LightChip(**preset("tiny").to_dict(), light=LightConfig(lights=5), light_pause=3)
    assert LightChip.from_dict(json.loads(json.dumps(chip.to_dict()))) == chip
    assert list(chip.units) == ["light"]
    dark = replace(chip, light=None, light_pause=0)
    assert (dark.digest, dark.to_dict()) == (preset("tiny").digest, preset("tiny").to_dict())
    others = (replace(chip, light_pause=0), replace(chip, light=LightConfig(lights=6)), dark)
    assert len({chip.digest, *(other.digest for other in others)}) == 4


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"light": 5}, "chip configuration: light must be a table [light] (a LightConfig), not 5"),
        ({"light_pause": 4}, "chip configuration: light_pause = 4 needs a light; add a table [light]"),
        (
            {"light_pause": 10, "light": {}},
            "chip configuration: light_pause must be 0 or an integer from 2 to 9, not 10",
        ),
        ({"light": {"lihgts": 5}}, "light configuration: unknown keys ['lihgts']"),
        (
            {"rows": 0, "cols": 0},
            "chip configuration: rows = 0 and cols = 0 is a chip without cores, which needs a unit; add a table "
            "[camera] or [light]",
        ),
        ({"rows": 0, "light": {}}, "chip configuration: rows must be an integer from 1 to 8, not 0"),
        ({"cols": 0, "light": {}}, "chip configuration: cols must be an integer from 1 to 8, not 0"),
        (
            {"rows": False, "cols": 0, "light": {}},
            "chip configuration: rows must be an integer from 1 to 8, not False",
        ),
    ],
)
def test_bad_configurations(values: dict, message: str) -> None:
    with pytest.raises(SpikeplaneError) as refused:
        LightChip.from_dict(values)
    assert str(refused.value) == message


CHIPS = {
    "light alone": LightChip(rows=0, cols=0, lanes=8, light=LightConfig()),
    "camera alone": ChipConfig(rows=0, cols=0, lanes=8, camera=CAMERA),
    "both and a core": LightChip(**preset("tiny").to_dict(), camera=CAMERA, light=LightConfig(lights=7)),
}


@pytest.mark.parametrize("name", CHIPS)
def test_generated_files(tmp_path: Path, name: str) -> None:
    """Every port of the manifest is in the Verilog, the lint has nothing to say; what a chip without
    cores does not have stands nowhere."""
    chip = CHIPS[name]
    silent(tmp_path, chip, "spikeplane_chip")
    text, header = (tmp_path / "spikeplane_chip.v").read_text(), (tmp_path / "spikeplane.h").read_text()
    assert ((tmp_path / "spikeplane_tile.v").exists(), "_MEMORY_" in header) == (
        chip.cores > 0,
        chip.cores > 0,
    )
    facts = json.loads((tmp_path / "manifest.json").read_text())
    assert (facts["digest"], bool(facts["memories"])) == (chip.digest, chip.cores > 0)
    top = text[text.index("module spikeplane_chip(") :]
    declared = re.findall(r"^  (?:in|out)put (?:wire|reg) (?:\[\d+:0\] )?(\w+),?$", top, re.M)
    assert declared == list(facts["ports"])
    for port, one in facts["ports"].items():
        width = "" if one["width"] == 1 else f"[{one['width'] - 1}:0] "
        assert re.search(rf"^  {one['direction']}put (wire|reg) {re.escape(width + port)},?$", top, re.M), (
            port
        )
    assert set(facts) & {"camera", "light"} == set(chip.units)
    readme = (tmp_path / "README.md").read_text()
    assert ("No cores." in readme) == (chip.cores == 0)
    if "light" in chip.units:
        lights = asdict_lights(chip)
        assert facts["light"] == {"lights": lights, "control": LIGHT, "counter": SUM}
        assert facts["ports"]["light_level"] == {"direction": "out", "width": lights}
        assert f"#define SPIKEPLANE_LIGHT_CONTROL {LIGHT}\n#define SPIKEPLANE_LIGHT_COUNTER {SUM}\n" in header
        assert f"\n\nLights: {lights}, set by the host.\n\n- `spikeplane_chip.v`" in readme


def asdict_lights(chip: ChipConfig) -> int:
    return chip.to_dict()["light"]["lights"]


def test_numbers_of_units_are_their_own() -> None:
    operations = [manifest(chip)[name]["control"] for chip in (BOTH,) for name in chip.units]
    counters = [manifest(chip)[name]["counter"] for chip in (BOTH,) for name in chip.units]
    assert operations == [Control.CAMERA, LIGHT]
    assert counters == [Counter.CAMERA, SUM]
    assert LIGHT not in list(Control)
    assert SUM not in list(Counter)


def test_no_packet_is_wider_for_a_unit() -> None:
    for config in PRESETS.values():
        with_light = LightChip(**config.to_dict(), light=LightConfig())
        assert packet_format(with_light).width == packet_format(config).width


def test_boards_have_pins_for_it() -> None:
    """Behind the camera's, with a clock, bit by bit; the board's top has them behind registers."""
    board = BOARDS["ulx3s-85f"]
    places = pins(board, BOTH)
    units = [name for name in places if name not in ("clk", "rx", "tx", "rst")]
    assert units == [
        *("camera_clk", "camera_valid", *(f"camera_plane[{i}]" for i in range(4))),
        *("light_clk", "light_valid", *(f"light_word[{i}]" for i in range(20))),
        *(f"light_level[{i}]" for i in range(3)),
    ]
    assert len({pin.place for pin in places.values()}) == len(places)
    verilog = board.flow.board_verilog(board, places)
    assert (
        ", output light_clk, input light_valid, input [19:0] light_word, output [2:0] light_level);"
        in verilog
    )
    assert ", .light_valid(light_valid), .light_word(light_word), .light_level(light_level));" in verilog
    assert re.findall(r"ODDRX1F (\w+) .*\.Q\((\w+)\)", verilog) == [
        ("clock_out", "camera_clk"),
        ("clock_out_1", "light_clk"),
    ]
    members = BoardTop(BOTH, 25e6).signature.members
    assert members["light_level"].shape == 3
    assert "image_valid" not in members
    with pytest.raises(
        SpikeplaneError, match="^1BitSquared iCEBreaker has no pins for a light; boards that have"
    ):
        pins(BOARDS["icebreaker"], CHIPS["light alone"])
    wide = replace(BOTH, light=LightConfig(lights=40))
    with pytest.raises(SpikeplaneError, match="^Radiona ULX3S 85F has 50 pins for a light, it takes 62$"):
        pins(board, wide)


def test_what_boards_say_of_it() -> None:
    assert _chip(BOTH) == "16x8 spike camera, 3 lights"
    assert _chip(CHIPS["both and a core"]) == (
        "16x8 spike camera, 7 lights, 1x1 cores of 8 lanes, 8-bit weights"
    )
    board = BOARDS["ulx3s-85f"]
    assert [board.clock_of(chip) for chip in CHIPS.values()] == [80, 50, 80]


def test_no_network_runs_on_a_chip_without_cores() -> None:
    alone, refusal = (
        CHIPS["camera alone"],
        ("this chip has no cores, so no network runs on it; take one with rows and cols from 1 to 8"),
    )
    channel: Any = SimpleNamespace(config=alone)
    calls = {
        "compile": lambda: spikeplane.compile(None, chip=alone),
        "estimate": lambda: resources.estimate(alone, "ecp5"),
        "load": lambda: replace(small_program(), config=alone).check(),
        "read": lambda: read_words(channel, (0, 0), Memory.WEIGHT, 0, 1),
    }
    for name, call in calls.items():
        with pytest.raises(SpikeplaneError) as refused:
            call()
        assert str(refused.value) == refusal, name


#: The camera's own packages and modules; `config.py` declares its field.
OWN = re.compile(r"camera|spikeplane/config\.py")


def test_nobody_else_asks_for_a_camera() -> None:
    """`chip.camera` is read in the camera's own files alone: whoever goes through `chip.units` has
    every unit."""
    files = [path for part in ("sw", "gateware", "sim", "hw") for path in (ROOT / part).rglob("*.py")]
    assert len(files) > 250
    found = {}
    for path in files:
        name = str(path.relative_to(ROOT))
        lines = [
            node.lineno
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Attribute) and node.attr == "camera"
        ]
        if lines:
            found[name] = lines
    assert "gateware/spikeplane_gateware/units/camera/kind.py" in found
    assert {name: lines for name, lines in found.items() if not OWN.search(name)} == {}
