"""What the soma of a core that learns asks of the engine: one order at a time, on a whole word."""

from enum import IntEnum
from typing import Any

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.packet import SLOT_BITS
from spikeplane.formats.training import VALUE_BITS
from spikeplane.formats.training_tables import delta_depth


class Order(IntEnum):
    """The numbers follow those of `formats.training.Verb`: the engine does one or the other."""

    TAKE = 8  #: found = X[bank][address]; it becomes 0
    ADD = 9  #: X[bank][address] += word
    DELTA = 10  #: d[address] = numbers
    FETCH = 11  #: found = D[address], weights = W[address]
    STORE = 12  #: W[address] = numbers; D[address] = 0
    DISCARD = 13  #: D[address] = 0
    COPY = 14  #: d[copy] = d[address]


def address_bits(config: ChipConfig) -> int:
    """Bits of an order's address: of an accumulator or weight word."""
    return max(bits_for(config.acc_depth), bits_for(config.weight_depth))


def stream_fields(config: ChipConfig) -> dict[str, Any]:
    """What orders say besides where gradients may be streamed. `copy`: where COPY writes to; `slot`, `step`, `index`: see
    `Streams`; `streamed`: FETCH finds the sum of `column`'s deltas from word `history` on, and is as long; STORE leaves D;
    DISCARD clears all columns."""
    assert config.training is not None
    if not config.training.streamed:
        return {}
    delta = bits_for(delta_depth(config))
    return {
        "copy": Out(delta),
        "slot": Out(SLOT_BITS),
        "step": Out(1),
        "index": In(range(config.training.stream_steps)),
        "streamed": Out(1),
        "column": Out(bits_for(config.training.stream_sources)),
        "history": Out(delta),
    }


class OrderPort(wiring.Signature):
    """Orders to the engine, seen from the soma: all but `valid` are stable from `valid` until the pulse `done`, with which
    `found` and `weights` stand."""

    def __init__(self, config: ChipConfig) -> None:
        assert config.training is not None
        exact, lanes = config.training.exact_bits, config.lanes
        super().__init__(
            {
                "valid": Out(1),
                "order": Out(4),
                "bank": Out(1),
                "address": Out(address_bits(config)),
                "word": Out(exact).array(lanes),
                "numbers": Out(VALUE_BITS).array(lanes),
                "done": In(1),
                "found": In(exact).array(lanes),
                "weights": In(VALUE_BITS).array(lanes),
                **stream_fields(config),
            }
        )
