"""One input of a router: two packets, and the outputs that each still needs, in registers.

```
    i --+-----------> [two slots] -> packet     the one in front
        +-> route -> [behind] -> [wants] -> wants, less those granted
```
`i.ready` comes from a register. Throughput: a packet a cycle. Latency: 1 cycle; a packet that came into an empty
entry is in front in the next cycle.
"""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane_gateware.network.route import Route
from spikeplane_gateware.network.slots import Slots
from spikeplane_gateware.structs import packet_struct


class Entry(wiring.Component):
    """The input of one side.

    Parameters: config: the chip; side: its name; outputs: those that its packets may ask for.

    Attributes: x, y: column and row of the tile, constant; i: packets; packet: the one in front; wants: a bit for
    each of `outputs`, which the packet in front still needs, 0 where there is none; granted (in): the outputs
    that take it in this cycle.
    """

    def __init__(self, config: ChipConfig, side: str, outputs: tuple[str, ...]) -> None:
        self.config, self.side, self.outputs = config, side, outputs
        shape, count = packet_struct(config), len(outputs)
        super().__init__(
            {
                "x": In(bits_for(config.cols)),
                "y": In(bits_for(config.rows)),
                "i": In(stream.Signature(shape)),
                "packet": Out(shape),
                "wants": Out(count),
                "granted": In(count),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, count = Module(), len(self.outputs)
        m.submodules.route = route = Route(self.config, self.side, self.outputs)
        m.submodules.slots = slots = Slots(packet_struct(self.config))
        behind = Signal(count)  # what the packet behind the first one needs
        waits = Signal()  # there is one
        write = Signal()  # the slot of the next one that comes
        read = Signal()  # the slot of the one in front
        comes = Signal()
        done = Signal()  # the one in front has left everywhere, or there is none
        left = self.wants & ~self.granted
        m.d.comb += [route.x.eq(self.x), route.y.eq(self.y), route.packet.eq(self.i.payload)]
        m.d.comb += [
            slots.write_address.eq(write),
            slots.write_data.eq(self.i.payload),
            slots.write_en.eq(comes),
        ]
        m.d.comb += [slots.read_address.eq(read), self.packet.eq(slots.read_data)]
        m.d.comb += [self.i.ready.eq(~waits), comes.eq(self.i.valid & self.i.ready), done.eq(left == 0)]
        with m.If(comes):
            m.d.sync += [write.eq(~write), behind.eq(route.wants)]
        with m.If(done):
            # the slot written last: with a packet behind the first that is the other one
            m.d.sync += [waits.eq(0), read.eq(write ^ waits)]
            with m.If(waits):
                m.d.sync += self.wants.eq(behind)
            with m.Else():
                m.d.sync += self.wants.eq(Mux(self.i.valid, route.wants, 0))
        with m.Else():
            m.d.sync += [self.wants.eq(left), waits.eq(waits | self.i.valid)]
        return m
