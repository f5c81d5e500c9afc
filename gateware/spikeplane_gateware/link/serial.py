"""Packets from bytes and bytes from packets, little-endian, `PacketFormat.size` bytes each.

```
    i (bytes) -> shift register -> o (packets)        Gather
    i (packets) -> shift register -> o (bytes)        Scatter
```
Throughput: a byte a cycle but for one cycle per packet. Latency: the bytes of one packet.
"""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import packet_format
from spikeplane_gateware.structs import packet_struct


class Gather(wiring.Component):
    """Bytes become packets.

    Parameters: config: the chip, whose packets have `size` bytes.

    Attributes: i: bytes; o: packets; clear: pulse, forget the bytes of the packet under way.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.size = packet_format(config).size
        packets = stream.Signature(packet_struct(config))
        super().__init__({"i": In(stream.Signature(8)), "o": Out(packets), "clear": In(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        word = Signal(8 * self.size)
        count = Signal(range(self.size + 1))
        m.d.comb += [
            self.i.ready.eq(count != self.size),
            self.o.valid.eq(count == self.size),
            self.o.payload.eq(word),
        ]
        with m.If(self.clear | (self.o.valid & self.o.ready)):
            m.d.sync += count.eq(0)
        with m.Elif(self.i.valid & self.i.ready):
            m.d.sync += [count.eq(count + 1), word.eq(Cat(word[8:], self.i.payload))]
        return m


class Scatter(wiring.Component):
    """Packets become bytes.

    Parameters: config: the chip, whose packets have `size` bytes.

    Attributes: i: packets; o: bytes; clear: pulse, forget the bytes of the packet under way.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.size = packet_format(config).size
        packets = stream.Signature(packet_struct(config))
        super().__init__({"i": In(packets), "o": Out(stream.Signature(8)), "clear": In(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        word = Signal(8 * self.size)
        left = Signal(range(self.size + 1))
        m.d.comb += [self.i.ready.eq(left == 0), self.o.valid.eq(left != 0), self.o.payload.eq(word[:8])]
        with m.If(left == 0), m.If(self.i.valid):
            m.d.sync += [word.eq(self.i.payload.as_value()), left.eq(self.size)]
        with m.Elif(self.o.ready):
            m.d.sync += [word.eq(word >> 8), left.eq(left - 1)]
        with m.If(self.clear):
            m.d.sync += left.eq(0)
        return m
