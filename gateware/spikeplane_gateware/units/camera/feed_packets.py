"""From a walk's items to packets: what the host's driver sends for a plane of an input.

```
    i: begins -> BARRIER of the parity, once      -+
       pixel  -> SPIKE on every route              +-> [packet] -> o
       ends   -> TOKEN on every route             -+
                      target of the route <- RouteTurn <- next
```
"""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane.formats.layout import Layout
from spikeplane.formats.packet import Control, Kind, packet_format
from spikeplane_gateware.structs import packet_struct, struct
from spikeplane_gateware.units.camera.feed_walk import ITEM
from spikeplane_gateware.units.camera.registers import FEED_ROUTE


class FeedPackets(wiring.Component):
    """Makes the packets of each item; an item is taken with its last packet.

    Throughput: a packet a cycle. Latency: 1 cycle.

    Parameters
    ----------
    config : ChipConfig
        The chip: its packets.

    Attributes
    ----------
    i : In(stream of ITEM)
        What to send. Spikes are those of pixel `place` in group 0, mask 1.
    parity, last : In(1)
        Of the plane's step: its parity, and whether it ends a sample.
    target : In(FEED_ROUTE)
        Tag and rectangle of cores of the present route.
    is_last : In(1)
        No route comes after it.
    next : Out(1)
        The present route has its packet.
    o : Out(stream of packet_struct(config))
        Packets for the bridge. They stand in a register: a packet stays if its item is taken back.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.form = packet_format(config)
        super().__init__(
            {
                "i": In(stream.Signature(ITEM)),
                "parity": In(1),
                "last": In(1),
                "target": In(FEED_ROUTE),
                "is_last": In(1),
                "next": Out(1),
                "o": Out(stream.Signature(packet_struct(config))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        item: Any = self.i.payload
        out: Any = self.o.payload
        layouts, free, step = self.form.payloads, Signal(), {"tag": self.target.tag, "parity": self.parity}
        barrier = _payload(m, "barrier", layouts[Kind.CONTROL], op=Control.BARRIER, arg=self.parity)
        spike = _payload(m, "spike", layouts[Kind.SPIKE], **step, mask=1, x=item.place.x, y=item.place.y)
        token = _payload(m, "token", layouts[Kind.TOKEN], **step, last=self.last)
        m.d.comb += [
            free.eq(~self.o.valid | self.o.ready),
            self.i.ready.eq(free & (item.begins | self.is_last)),
            self.next.eq(free & self.i.valid & ~item.begins),
        ]
        with m.If(free):
            m.d.sync += self.o.valid.eq(self.i.valid)
        with m.If(free & self.i.valid):
            m.d.sync += [out[name].eq(self.target.rect[name]) for name in ("x0", "y0", "x1", "y1")]
            m.d.sync += [out.kind.eq(Kind.SPIKE), out.host.eq(0), out.payload.eq(spike)]
            with m.If(item.ends):
                m.d.sync += [out.kind.eq(Kind.TOKEN), out.payload.eq(token)]
            with m.If(item.begins):
                m.d.sync += [out.as_value().eq(0), out.kind.eq(Kind.CONTROL), out.host.eq(1)]
                m.d.sync += out.payload.eq(barrier)
        return m


def _payload(m: Module, name: str, layout: Layout, **fields: Any) -> Signal:
    """The payload of one kind of packet as it would go now, its other fields 0. Outside of all
    conditions: Verilog never runs a process of constants."""
    payload: Any = Signal(struct(layout), name=name)
    m.d.comb += [payload[field].eq(value) for field, value in fields.items()]
    return payload.as_value()
