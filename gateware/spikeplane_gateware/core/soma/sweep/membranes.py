"""The membranes of a core, read as their words are swept and written with what the neurons return.

```
    opening --> [read_at] --> membranes --> words          launched --> + 1
            --> [write_at] <-- + 1, out_valid or zeroes <-- after
```
Throughput: a read and a write a cycle. Latency: words stand 2 cycles behind their element.
"""

from typing import Any

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.tables import core_tables
from spikeplane_gateware.core.copies import copies
from spikeplane_gateware.core.lanes import lane_rams
from spikeplane_gateware.structs import struct


def membrane_ports(config: ChipConfig) -> dict[str, Any]:
    """The ports of `Membranes` that one for a few lanes at a time has as well."""
    words = config.membrane_bits
    return {
        "population": In(struct(core_tables(config).population)),
        **dict.fromkeys(("opening", "launched", "out_valid", "zeroes"), In(1)),
        "after": In(words).array(config.swept_lanes),
        "words": Out(words).array(config.swept_lanes),
    }


class Membranes(wiring.Component):
    """The membranes of all lanes, in memories of a lane or two each.

    Parameters: config: the chip.

    Attributes: population: POPULATION word under way; opening: pulse, a population begins; element: pulse, a word of accumulators
    is asked for; launched: it is its window's last, so that the next one's membranes follow; words: of each lane; out_valid,
    after: what the neurons return; zeroes: level, a word a cycle is set to that instead.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        super().__init__({**membrane_ports(config), "element": In(1)})

    def elaborate(self, platform: object) -> Module:
        m, c, p = Module(), self.config, self.population
        rams = lane_rams(m, "membranes", lanes=c.lanes, width=c.membrane_bits, depth=c.membrane_depth)
        read_at, write_at, following = (
            Signal(bits_for(c.membrane_depth), name=name) for name in ("read_at", "write_at", "write_next")
        )
        started, writes = (Signal(name=name) for name in ("started", "writes"))
        m.d.sync += started.eq(self.element)
        m.d.comb += [
            writes.eq(self.out_valid | self.zeroes),
            following.eq(Mux(self.opening, p.membrane_base, write_at + 1)),
        ]
        with m.If(self.opening):
            m.d.sync += read_at.eq(p.membrane_base)
        with m.Elif(self.launched):
            m.d.sync += read_at.eq(read_at + 1)
        with m.If(self.opening | writes):
            m.d.sync += write_at.eq(following)
        reads_at = copies(m, read_at, c.lanes, "membrane_read_at", self.element)
        writes_at = copies(m, following, c.lanes, "membrane_write_at", self.opening | writes)
        for lane, ram in enumerate(rams):
            ram.connect(
                m,
                read_en=started,
                read_address=reads_at[lane],
                write_address=writes_at[lane],
                write_en=(self.out_valid & ~p.stateless) | self.zeroes,
            )
            m.d.comb += [ram.write_data.eq(self.after[lane]), self.words[lane].eq(ram.read_data)]
        return m
