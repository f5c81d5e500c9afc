"""How a resting core's memories are read back: the bus that asks, and a memory's output register.

```
    bus: address ---> address register -> RAM -> output register, in chunks of 32 bits --+-> OR -> read_data
         fetch              access         load    ^                                     +-> the core's own use
         clear, a bit of each chunk: it is 0 instead
```
All chunks but the one that is asked for are 0, so that the memories' words meet in ORs and no
multiplexer is needed. Clears come from registers, because the registers of wide words lie far apart.
"""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Module, Mux, Value, ValueLike
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.packet import ADDRESS_BITS, CHUNK_BITS
from spikeplane.formats.tables import AnyMemory, CoreTables, core_tables


def chunk_places(tables: CoreTables) -> list[tuple[AnyMemory, int]]:
    """(memory, number of the chunk in its word) for each bit of `clear`."""
    return [(memory, chunk) for memory in tables.memories for chunk in range(tables.chunks(memory))]


class ReadBus(wiring.Signature):
    """Three pulses, one after the other, for each chunk: `fetch`, `access` and `load`; the chunk stands
    at `read_data` after the last one. `address` is stable from `fetch` on, `clear` from `access` on;
    while nothing is read all are 0 but the address."""

    def __init__(self, config: ChipConfig) -> None:
        super().__init__(
            {
                "address": Out(ADDRESS_BITS),
                "fetch": Out(1),
                "access": Out(1),
                "load": Out(1),
                "clear": Out(len(chunk_places(core_tables(config)))),
            }
        )


def clears(bus: wiring.PureInterface, memory: AnyMemory, tables: CoreTables) -> Value:
    """The bits of `clear` for the chunks of `memory`."""
    first = chunk_places(tables).index((memory, 0))
    return bus.clear[first : first + tables.chunks(memory)]


def asked_part(others: Value) -> Value:
    """The number of the chunk whose bit in `others`, the memory's part of `clear`, is 0; 0 if there is none."""
    numbers = range(len(others))
    asked = [[~others[n] for n in numbers if n >> bit & 1] for bit in range(bits_for(len(others)))]
    return Value.cast(Cat(*[reduce(or_, each) for each in asked]))


def output_register(
    m: Module,
    bus: wiring.PureInterface,
    memory: AnyMemory,
    tables: CoreTables,
    word: ValueLike,
    source: Value,
    enable: Value,
) -> Value:
    """Makes `word` the register of `memory` behind its RAM, whose output is `source`: taken when
    `enable`, which `load` has to bring about as well. Returns what it gives to `read_data`."""
    register, shown = Value.cast(word), []
    for number, clear in enumerate(clears(bus, memory, tables)):
        part = slice(number * CHUNK_BITS, (number + 1) * CHUNK_BITS)
        with m.If(clear):
            m.d.sync += register[part].eq(0)
        with m.Elif(enable):
            m.d.sync += register[part].eq(source[part])
        shown.append(register[part])
    return reduce(or_, shown)


def table_word(bus: wiring.PureInterface, memory: AnyMemory, tables: CoreTables, word: Value) -> Value:
    """What a table of LUT RAM, which has no output register, gives to `read_data`: its word of one chunk."""
    return Mux(clears(bus, memory, tables), 0, word)
