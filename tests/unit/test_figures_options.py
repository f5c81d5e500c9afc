"""The options whose cost `make bench` prints: each is a chip, and another one than the chip without it."""

from dataclasses import replace

import pytest

from spikeplane.config import preset
from spikeplane_sim.figures import options
from spikeplane_sim.figures.synthesis import Usage

BASE = Usage(5000, 6000, 35, 8, 0.0)


def test_every_option_is_a_chip() -> None:
    tiny = preset("tiny")
    for option in options.OPTIONS:
        assert replace(tiny, **option.fields) != tiny, option.name
    assert len({option.name for option in options.OPTIONS}) == len(options.OPTIONS)


def test_costs_stand_against_the_first_row(monkeypatch: pytest.MonkeyPatch) -> None:
    chips = set()

    def measured(fields: dict[str, object], chip: str) -> Usage:
        chips.add(chip)
        return replace(BASE, cells=5100) if fields else BASE

    monkeypatch.setattr(options, "measure", measured)
    columns = {str(column.header): list(column.cells) for column in options.table().columns}
    assert columns["cells"] == ["5,000"] + ["5,100"] * len(options.OPTIONS)
    assert columns[""] == [""] + ["+2.0 %"] * len(options.OPTIONS)
    assert columns["estimated"] == ["", *(option.estimate for option in options.OPTIONS)]
    assert chips == {"tiny"}
    assert options.table("small", options.OPERATORS).row_count == 1 + len(options.OPERATORS)
    assert chips == {"tiny", "small"}
    assert {"integer spikes", "dynamic memory", "numbers by step"} <= {one.name for one in options.OPERATORS}
