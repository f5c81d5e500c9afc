"""What a board can be built as, at which clock, and a camera's pins on it."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from spikeplane.camera.config import CameraConfig
from spikeplane.cli.chips import chip_of
from spikeplane.config import preset
from spikeplane.errors import SpikeplaneError
from spikeplane_hw.boards import BOARDS, board, pins
from spikeplane_hw.families.ecp5 import dividers
from spikeplane_hw.top import BoardTop

ULX3S = BOARDS["ulx3s-85f"]


@pytest.mark.parametrize("one", BOARDS.values(), ids=BOARDS)
def test_every_board_has_presets_that_its_pins_and_clock_allow(one) -> None:
    assert "echo" in one.presets
    for chip, clock in one.presets.values():
        at = one.at(clock)
        assert {"clk", "rx", "tx"} <= set(pins(at, chip))
        assert one.baud <= clock * 1e6 / 8


def test_the_preset_chooses_chip_and_clock(tmp_path: Path) -> None:
    assert chip_of(ULX3S, None, None) == chip_of(ULX3S, "network", None) == (ULX3S.chip, ULX3S.clock)
    assert chip_of(ULX3S, "camera", None) == ULX3S.presets["camera"]
    assert ULX3S.presets["camera"][1] == 50
    assert chip_of(ULX3S, "tiny", None) == (preset("tiny"), ULX3S.clock)
    assert chip_of(ULX3S, "echo", None) == (None, ULX3S.clock)
    assert chip_of(BOARDS["icebreaker"], None, None) == (None, 12)
    own = tmp_path / "own.toml"
    own.write_text("rows = 1\ncols = 1\n[camera]\npreset = 'vidar'\n")
    chip, clock = chip_of(ULX3S, None, own)
    assert chip is not None
    assert list(chip.units) == ["camera"]
    assert clock == 50


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: chip_of(ULX3S, "camra", None), "unknown preset 'camra'; did you mean 'camera'?"),
        (
            lambda: chip_of(board("arty-a7-100"), "qqq", None),
            "unknown preset 'qqq'; choose from network, echo, large, medium, small, tiny",
        ),
        (lambda: chip_of(ULX3S, "camera", Path("x.toml")), "give --preset or --config, not both"),
        (
            lambda: ULX3S.at(33.3),
            "no PLL makes 33.3 MHz of 25 MHz: choose a clock that is a small fraction of it",
        ),
        (lambda: ULX3S.at(0), "--clock must be from 1 to 1000 MHz, not 0"),
        (lambda: ULX3S.at(float("nan")), "--clock must be from 1 to 1000 MHz, not nan"),
        (
            lambda: board("icebreaker").at(20),
            "the design of 1BitSquared iCEBreaker runs at its oscillator's 12 MHz, not at 20 MHz",
        ),
        (
            lambda: pins(board("icebreaker"), replace(preset("tiny"), camera=CameraConfig())),
            "1BitSquared iCEBreaker has no pins for a camera; boards that have: ulx3s-85f",
        ),
        (
            lambda: pins(
                ULX3S, replace(preset("tiny"), camera=CameraConfig(width=640, height=64, pixels=64))
            ),
            "Radiona ULX3S 85F has 56 pins for a camera, words of 64 pixels take 66; take fewer pixels a word",
        ),
    ],
)
def test_what_cannot_be(call, message: str) -> None:
    with pytest.raises(SpikeplaneError, match=f"^{re.escape(message)}$"):
        call()


@pytest.mark.parametrize("clock", [12.5, 25, 40, 50, 60, 62.5, 75, 80, 100, 125])
def test_the_pll_is_exact_and_within_its_range(clock: float) -> None:
    if clock == ULX3S.oscillator:
        assert "EHXPLLL" not in ULX3S.flow.board_verilog(ULX3S.at(clock), pins(ULX3S))
        return
    reference, feedback, output = dividers(ULX3S.oscillator, ULX3S.at(clock).clock)
    assert 25 / reference * feedback == clock
    assert 400 <= clock * output <= 800
    assert 25 / reference >= 3.125


def test_a_camera_is_connected_pin_by_pin() -> None:
    chip, clock = ULX3S.presets["camera"]
    assert chip is not None
    places = pins(ULX3S, chip)
    assert len({pin.place for pin in places.values()}) == len(places) == 4 + 2 + 50
    assert (places["camera_clk"].place, places["camera_valid"].place, places["camera_plane[0]"].place) == (
        "B11",
        "C11",
        "A10",
    )
    verilog = ULX3S.flow.board_verilog(ULX3S.at(clock), places)
    assert "output camera_clk, input camera_valid, input [49:0] camera_plane" in verilog
    assert ".camera_valid(camera_valid), .camera_plane(camera_plane)" in verilog
    assert 'LOCATE COMP "camera_plane[49]" SITE "' in ULX3S.flow.constraints(ULX3S, places)
    members = BoardTop(chip, clock * 1e6).signature.members
    assert members["camera_plane"].shape == 50
