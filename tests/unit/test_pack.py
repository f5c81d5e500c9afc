"""Words of memories at their limits: one more than there is, or a value that a field does not hold,
is refused by name."""

import numpy as np
import pytest

from spikeplane.compiler.allocate import Allocator
from spikeplane.compiler.pack import fields_word
from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.layout import Layout
from spikeplane.program.values import check_signed

TABLE = Layout("table", (("base", 4), ("count", 3)))


@pytest.mark.parametrize("resource", ["weight", "acc", "membrane", "egress", "population"])
def test_a_memory_is_filled_to_its_last_word_and_not_beyond(resource: str) -> None:
    memory = Allocator(ChipConfig(rows=1, cols=2), (1, 0))
    size = memory.available[resource]
    assert memory.take(resource, size - 1, "a layer") == 0
    assert memory.take(resource, 1, "a layer") == size - 1
    assert memory.take(resource, 0, "nothing") == 0
    with pytest.raises(SpikeplaneError) as refused:
        memory.take(resource, 1, "population 'p'")
    assert str(refused.value) == (
        f"the network does not fit: population 'p' needs words {size} to {size} of the {resource} "
        "memory of core (1, 0), "
        f"which has {size}"
    )


@pytest.mark.parametrize(("values", "name", "value", "top", "advice"), [
    ({"base": -1, "count": 0}, "base", -1, 15, "use a larger chip"),
    ({"base": 16, "count": 0}, "base", 16, 15, "use a larger chip"),
    ({"base": 15, "count": 8}, "count", 8, 7, "use a smaller kernel, or a chip with more lanes or more cores"),
])  # fmt: skip
def test_a_field_holds_0_to_its_limit(
    values: dict[str, int], name: str, value: int, top: int, advice: str
) -> None:
    assert TABLE.unpack(fields_word(TABLE, "row 3", base=15, count=7)) == {"base": 15, "count": 7}
    with pytest.raises(SpikeplaneError) as refused:
        fields_word(TABLE, "row 3", **values)
    assert str(refused.value) == f"row 3: {name} is {value}, a table word holds 0 to {top}; {advice}"


@pytest.mark.parametrize("value", [-9, 8])
def test_signed_values_are_of_two_s_complement(value: int) -> None:
    check_signed(np.array([-8, 7]), 4, "biases")
    with pytest.raises(SpikeplaneError) as refused:
        check_signed(np.array([0, value]), 4, "biases")
    assert (
        str(refused.value)
        == f"biases must be from -8 to 7 on this chip, not {value}; use a chip with wider words"
    )
