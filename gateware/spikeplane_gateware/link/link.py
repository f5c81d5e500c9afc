"""The host link: bytes outside, packets inside.

```
    rx bytes -> Gather  -> o packets
    tx bytes <- Scatter <- i packets
```
Ports: rx, tx (byte streams), o, i (packet streams). The bytes are whole packets both ways, flow-controlled by valid and ready.
Framing, CRC and retransmission for a real serial line go between the bytes and Gather and Scatter.
"""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from spikeplane.config import ChipConfig
from spikeplane_gateware.link.serial import Gather, Scatter
from spikeplane_gateware.structs import packet_struct


class Link(wiring.Component):
    """See the module's picture."""

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        packets, octets = stream.Signature(packet_struct(config)), stream.Signature(8)
        super().__init__({"rx": In(octets), "tx": Out(octets), "o": Out(packets), "i": In(packets)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.gather = gather = Gather(self.config)
        m.submodules.scatter = scatter = Scatter(self.config)
        connect(m, flipped(self.rx), gather.i)
        connect(m, gather.o, flipped(self.o))
        connect(m, flipped(self.i), scatter.i)
        connect(m, scatter.o, flipped(self.tx))
        return m
