"""One output of a router: of the inputs that ask for it one is let through, in turn.

```
    requests -> arbiter -> granted
                   |
    packets -> multiplexer -> [register] -> o
```
Throughput: a packet a cycle. Latency: 1 cycle. A turn ends when its packet enters the register.
"""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane_gateware.network.arbiter import Arbiter
from spikeplane_gateware.structs import packet_struct


class Output(wiring.Component):
    """The output of one side.

    Parameters: config: the chip; count: inputs that may ask for it.

    Attributes: packet_0 to packet_(count - 1): what they have in front; requests: a bit of each, level;
    granted: whose packet is taken in this cycle, one-hot or 0; o: packets.
    """

    def __init__(self, config: ChipConfig, count: int) -> None:
        self.config, self.count = config, count
        shape = packet_struct(config)
        super().__init__(
            {
                **{f"packet_{k}": In(shape) for k in range(count)},
                "requests": In(count),
                "granted": Out(count),
                "o": Out(stream.Signature(shape)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.arbiter = arbiter = Arbiter(self.count)
        free = Signal()
        some = Signal()
        m.d.comb += [
            free.eq(~self.o.valid | self.o.ready),
            some.eq(self.requests != 0),
            arbiter.requests.eq(self.requests),
            arbiter.take.eq(free),
            self.granted.eq(Mux(free, arbiter.grant, 0)),
        ]
        chosen: Value = self.packet_0.as_value()
        for k in range(1, self.count):
            chosen = Mux(arbiter.grant[k], getattr(self, f"packet_{k}").as_value(), chosen)
        with m.If(free):
            m.d.sync += self.o.valid.eq(some)
            with m.If(some):
                m.d.sync += self.o.payload.eq(chosen)
        return m
