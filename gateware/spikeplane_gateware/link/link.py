"""The host link: frames of bytes outside, packets inside; nothing lost, doubled or reordered over a
line that errs.

```
    rx bytes -> Receiver -> Gather  -> o packets
                   | acknowledgements, room, reset
    tx bytes <- Sender   <- Scatter <- i packets
```
Throughput: a byte a cycle each way, 8 bytes a frame of up to 252. A host that does not read stops `i`
after 8 frames and loses nothing. The frames stand in `spikeplane.formats.frame`, the host's end in
`spikeplane.host.link`.
"""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from spikeplane.config import ChipConfig
from spikeplane_gateware.link.receiver import Receiver
from spikeplane_gateware.link.sender import Sender
from spikeplane_gateware.link.serial import Gather, Scatter
from spikeplane_gateware.structs import packet_struct


class Link(wiring.Component):
    """The chip's end of the host link: it connects receiver and sender.

    Parameters: config: the chip.

    Attributes: rx, tx: bytes of the line, rx is always ready; o, i: packets from and to the host;
    errors: broken frames since power-up, see Receiver.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        packets, octets = stream.Signature(packet_struct(config)), stream.Signature(8)
        super().__init__(
            {"rx": In(octets), "tx": Out(octets), "o": Out(packets), "i": In(packets), "errors": Out(32)}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.receiver = receiver = Receiver(self.config)
        m.submodules.sender = sender = Sender(self.config)
        m.submodules.gather = gather = Gather(self.config)
        m.submodules.scatter = scatter = Scatter(self.config)
        connect(m, flipped(self.rx), receiver.rx)
        connect(m, receiver.o, gather.i)
        connect(m, gather.o, flipped(self.o))
        connect(m, flipped(self.i), scatter.i)
        connect(m, scatter.o, sender.i)
        connect(m, sender.tx, flipped(self.tx))
        for name in ("expected", "room", "heard", "ack", "poll", "reject", "reset", "number"):
            m.d.comb += getattr(sender, name).eq(getattr(receiver, name))
        m.d.comb += [
            gather.clear.eq(receiver.reset),
            scatter.clear.eq(receiver.reset),
            self.errors.eq(receiver.errors),
        ]
        return m
