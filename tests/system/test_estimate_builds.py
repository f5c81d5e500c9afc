"""Estimated LUTs, flip-flops and block RAMs against boards really synthesised and packed: three
chips that nothing was fitted to."""

from pathlib import Path

import pytest

from spikeplane.config import ChipConfig
from spikeplane.estimate.resources import estimate
from spikeplane_hw.boards import board
from spikeplane_hw.build import design
from spikeplane_hw.calibrate import FITTED, HELD, measure


def test_held_chips_are_not_fitted() -> None:
    fitted = [ChipConfig.from_dict(fields) for fields in FITTED.values()]
    assert not any(ChipConfig.from_dict(fields) in fitted for fields in HELD.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", HELD)
def test_within_15_percent_of_the_build(name: str, tmp_path: Path) -> None:
    target, chip = board("ulx3s-85f"), ChipConfig.from_dict(HELD[name])
    built, guess = measure(target, design(target, chip), tmp_path), estimate(chip, target.family)
    print({title: f"{guess[title].used} estimated, {used} built" for title, used in built.items()})
    assert guess["block RAM"].used == built["block RAM"]
    assert guess["DSP"].used == built["DSP"]
    for title in ("LUT", "FF"):
        assert abs(guess[title].used / built[title] - 1) < 0.15, title
