"""The dynamic memory's sizes: what a chip can have, and that one without it has the words that it had."""

from dataclasses import replace

import pytest

from spikeplane.config import ChipConfig, preset
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.tables import core_tables

TINY = preset("tiny")
WITH = replace(TINY, dynamic_depth=64, dynamic_bits=8)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"dynamic_depth": 64}, "a dynamic memory needs dynamic_depth and dynamic_bits, not only one (they are 64 and 0)"),
        ({"dynamic_bits": 8}, "a dynamic memory needs dynamic_depth and dynamic_bits, not only one (they are 0 and 8)"),
        ({"dynamic_depth": 20, "dynamic_bits": 8}, "dynamic_depth must be a multiple of lanes = 8, not 20"),
        ({"dynamic_depth": 2056, "dynamic_bits": 8}, "dynamic_depth must be an integer from 1 to 2048 on this chip"),
        ({"dynamic_depth": -8, "dynamic_bits": 8}, "dynamic_depth must be an integer from 1 to 2048 on this chip"),
        ({"dynamic_depth": 8, "dynamic_bits": 17}, "dynamic_bits must be an integer from 1 to 16 on this chip"),
        ({"dynamic_depth": 8, "dynamic_bits": 12, "acc_bits": 12}, "dynamic_bits must be an integer from 1 to 11 on this chip"),
        ({"dynamic_depth": 8, "dynamic_bits": True}, "dynamic_bits must be an integer from 1 to 16 on this chip"),
        ({"dynamic_depth": 8.0, "dynamic_bits": 8}, "or 0 for no dynamic memory, not 8.0"),
    ],
)  # fmt: skip
def test_sizes_that_no_chip_has_are_refused(fields: dict, message: str) -> None:
    with pytest.raises(SpikeplaneError) as caught:
        replace(TINY, **fields)
    assert message in str(caught.value)


def test_the_largest_sizes_are_taken() -> None:
    assert replace(TINY, dynamic_depth=2048, dynamic_bits=16).dynamic_bits == 16
    assert replace(TINY, dynamic_depth=8, dynamic_bits=11, acc_bits=12).dynamic_bits == 11


def test_a_chip_that_learns_has_none() -> None:
    learns = ChipConfig.from_dict({"preset": "tiny", "weight_bits": 16, "training": {}})
    with pytest.raises(SpikeplaneError, match="a chip that learns has no dynamic memory"):
        replace(learns, dynamic_depth=64, dynamic_bits=8)


def test_a_chip_without_it_is_named_and_worded_as_before() -> None:
    assert not {"dynamic_depth", "dynamic_bits"} & set(TINY.to_dict())
    assert ChipConfig.from_dict(WITH.to_dict()) == WITH
    assert WITH.digest != TINY.digest
    for name in ("projection", "population", "egress"):
        without, more = (getattr(core_tables(config), name).fields for config in (TINY, WITH))
        assert more[: len(without)] == without
        assert len(more) > len(without)


def test_the_pair_population_s_word_reaches_every_row() -> None:
    widths = dict(core_tables(WITH).population.fields)
    assert (1 << widths["row_base"]) * WITH.lanes == WITH.dynamic_depth
    assert (1 << widths["row_blocks"]) * WITH.lanes > WITH.dynamic_depth
    assert 1 << ((1 << widths["head"]) - 1) >= 32
