"""Shifts by multipliers: which chips may have them, and what an estimate says of them."""

from dataclasses import replace
from typing import Any

import pytest

from spikeplane.config import ChipConfig, preset
from spikeplane.errors import SpikeplaneError
from spikeplane.estimate.resources import estimate

TINY = preset("tiny")


@pytest.mark.parametrize("value", [0, 1, "true", None])
def test_yes_or_no(value: Any) -> None:
    with pytest.raises(SpikeplaneError, match="shift_multiplier must be true or false, not"):
        replace(TINY, shift_multiplier=value)


def test_a_power_of_two_has_18_bits() -> None:
    assert replace(TINY, max_shift=16, shift_multiplier=True).shift_multiplier
    with pytest.raises(SpikeplaneError) as refused:
        replace(TINY, max_shift=17, shift_multiplier=True)
    assert str(refused.value) == (
        "chip configuration: a multiplier shifts by at most 16, and max_shift is 17; set max_shift = 16 or "
        "shift_multiplier = false"
    )


def test_a_chip_that_learns_has_none() -> None:
    learns = ChipConfig.from_dict({"preset": "tiny", "weight_bits": 16, "training": {}})
    with pytest.raises(
        SpikeplaneError, match="a chip that learns shifts no weights; set shift_multiplier = false"
    ):
        replace(learns, shift_multiplier=True)


def test_a_chip_without_is_named_as_before() -> None:
    chip = replace(TINY, shift_multiplier=True)
    assert "shift_multiplier" not in TINY.to_dict()
    assert ChipConfig.from_dict(chip.to_dict()) == chip
    assert chip.digest != TINY.digest


@pytest.mark.parametrize(("name", "lut", "ff"), [("tiny", -360, 16), ("small", -774, 32)])
def test_an_estimate_says_what_was_measured(name: str, lut: int, ff: int) -> None:
    """Of one tile on the ECP5 (`make bench`, part `options`)."""
    base = replace(preset(name), rows=1, cols=1)
    plain, found = (
        estimate(replace(base, shift_multiplier=multiplier), "ecp5") for multiplier in (False, True)
    )
    assert found["LUT"].used - plain["LUT"].used == pytest.approx(lut, rel=0.06)
    assert found["FF"].used - plain["FF"].used == pytest.approx(ff, abs=2)


@pytest.mark.parametrize("family", ["ecp5", "ice40", "gowin", "xilinx"])
def test_one_more_multiplier_a_lane(family: str) -> None:
    chip = replace(TINY, shift_multiplier=True, max_shift=14)
    plain, found = (estimate(one, family) for one in (replace(chip, shift_multiplier=False), chip))
    assert found["DSP"].used - plain["DSP"].used == chip.lanes
    assert estimate(replace(chip, leak_multiplier=False), family)["DSP"].used == chip.lanes
    narrow = replace(chip, sweep_lanes=2)
    assert estimate(narrow, family)["DSP"].used == found["DSP"].used - plain["DSP"].used * 3 // 4
    assert 0.85 < found["LUT"].used / plain["LUT"].used < 0.98
    wide = estimate(replace(chip, max_shift=15), family)["DSP"].used - plain["DSP"].used
    assert wide == chip.lanes * (2 if family == "ice40" else 1)
