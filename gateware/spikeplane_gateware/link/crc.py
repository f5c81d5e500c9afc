"""CRC-16/CCITT (polynomial 0x1021, first value 0xFFFF, bits not reflected), a byte a cycle: `binascii.crc_hqx` in gates.

```
    data -> [next] -> crc register -> crc
```
Ports: clear (back to the first value; wins), en, data -> crc. Latency 1 cycle, throughput a byte a cycle.
"""

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.formats.frame import CRC_FIRST


class Crc(wiring.Component):
    """See the module's picture."""

    def __init__(self) -> None:
        super().__init__({"clear": In(1), "en": In(1), "data": In(8), "crc": Out(16, init=CRC_FIRST)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        with m.If(self.clear):
            m.d.sync += self.crc.eq(CRC_FIRST)
        with m.Elif(self.en):
            m.d.sync += self.crc.eq(next_crc(m, self.crc, self.data))
        return m


def next_crc(m: Module, crc: Value, data: Value) -> Value:
    """The CRC after one more byte. The polynomial's few taps let the eight bit steps collapse into three shifts."""
    first = Signal(8)
    mixed = Signal(8)
    m.d.comb += [first.eq(crc[8:16] ^ data), mixed.eq(first ^ (first >> 4))]
    return ((crc[:8] << 8) ^ (mixed << 12) ^ (mixed << 5) ^ mixed)[:16]
