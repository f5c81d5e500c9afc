"""Gates, tables and presentations of a chip: what there is, and that a chip without them has the words that it had."""

from dataclasses import replace

import pytest

from spikeplane.config import ChipConfig, preset
from spikeplane.errors import SpikeplaneError
from spikeplane.estimate.memories import core_memories
from spikeplane.formats.memory_words import word_layout
from spikeplane.formats.packet import MEMORY_BITS
from spikeplane.formats.tables import core_tables
from spikeplane.formats.training_tables import TrainingMemory
from spikeplane.formats.value_tables import ENTRIES, OptionMemory

TINY = preset("tiny")
DYNAMIC = replace(TINY, dynamic_depth=64, dynamic_bits=8)
ALL = replace(DYNAMIC, gates=True, tables=3, presentations=5)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"gates": True},
            "gates = true writes rows of the dynamic memory; set dynamic_depth and dynamic_bits",
        ),
        ({"gates": 1}, "gates must be true or false, not 1"),
        ({"tables": 9}, "tables must be an integer from 0 to 8, not 9"),
        ({"tables": -1}, "tables must be an integer from 0 to 8, not -1"),
        ({"tables": True}, "tables must be an integer from 0 to 8, not True"),
        ({"presentations": 0}, "presentations must be an integer from 1 to 16, not 0"),
        ({"presentations": 17}, "presentations must be an integer from 1 to 16, not 17"),
    ],
)
def test_what_no_chip_has_is_refused(fields: dict, message: str) -> None:
    with pytest.raises(SpikeplaneError) as caught:
        replace(TINY, **fields)
    assert message in str(caught.value)


@pytest.mark.parametrize("fields", [{"tables": 1}, {"presentations": 2}])
def test_a_chip_that_learns_has_none(fields: dict) -> None:
    learns = ChipConfig.from_dict({"preset": "tiny", "weight_bits": 16, "training": {}})
    with pytest.raises(SpikeplaneError, match="a chip that learns has no tables and presents a sample once"):
        replace(learns, **fields)


def test_a_chip_without_them_is_named_and_worded_as_before() -> None:
    assert not {"gates", "tables", "presentations"} & set(DYNAMIC.to_dict())
    assert ChipConfig.from_dict(ALL.to_dict()) == ALL
    without, more = (core_tables(config).population.fields for config in (DYNAMIC, ALL))
    assert more[: len(without)] == without
    added = {"tabled": 1, "table": 2, "table_shift": 4, "presentations_last": 3}
    assert dict(more[len(without) :]) == added
    for name, count in (("gates", 0), ("tables", 3), ("presentations", 1)):
        plain = ChipConfig.__dataclass_fields__[name].default
        some = core_tables(replace(ALL, **{name: plain})).population.fields
        assert len(some) == len(more) - count, name
        assert replace(ALL, **{name: plain}).digest != ALL.digest


def test_tables_are_a_memory_that_no_other_is() -> None:
    assert OptionMemory.TABLE not in core_tables(DYNAMIC).memories
    tables = core_tables(ALL)
    assert tables.memories[-1] == OptionMemory.TABLE
    assert (tables.depth(OptionMemory.TABLE), tables.width(OptionMemory.TABLE)) == (3 * ENTRIES, 16)
    numbers = [int(memory) for memory in (*tables.memories, *TrainingMemory)]
    assert len({*numbers}) == len(numbers)
    assert max(numbers) < 1 << MEMORY_BITS
    assert word_layout(ALL, OptionMemory.TABLE).fields == (("value", 16),)
    assert ("table", 1, 768, 16) in core_memories(ALL)
    assert ("dynamic", 2, 64, 64) in core_memories(ALL)
