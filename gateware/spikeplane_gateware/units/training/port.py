"""What the soma of a core that learns asks of the engine, on whole words.

```
  cycle  c                c+1 ...             c+10
  valid, order, address   the next one ...    done: found stands; word or numbers are taken
```
"""

from enum import IntEnum
from typing import Any

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.packet import SLOT_BITS
from spikeplane.formats.training import VALUE_BITS
from spikeplane.formats.training_tables import delta_depth

ORDER_LATENCY = 10  #: cycles from an order to its end


class Order(IntEnum):
    """The numbers follow those of `formats.training.Verb`: the engine does one or the other."""

    TAKE = 8  #: found = X[bank][address]; it becomes 0
    ADD = 9  #: X[bank][address] += word
    DELTA = 10  #: d[address] = numbers
    FETCH = 11  #: found = D[address], weights = W[address]
    STORE = 12  #: W[address] = numbers; D[address] = 0
    DISCARD = 13  #: D[address] = 0
    COPY = 14  #: d[copy] = d[address]


LARGE = (Order.FETCH, Order.STORE, Order.DISCARD)


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
    """Orders to the engine, seen from the soma. TAKE, ADD and DELTA are pulses, an order a cycle: `done` follows
    ORDER_LATENCY cycles later, and with it `found` stands, and `word` and `numbers` are taken. FETCH, STORE and DISCARD
    stay until `done`, with all that belongs to them, and keep ops out; with `pulse` they are pulses too, where no ops come, and
    FETCHes are eight cycles apart. Where gradients may be streamed every order stays until `done`."""

    def __init__(self, config: ChipConfig) -> None:
        assert config.training is not None
        exact, lanes = config.training.exact_bits, config.lanes
        super().__init__(
            {
                "valid": Out(1),
                "order": Out(4),
                "pulse": Out(1),
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
