"""Several packet streams into one, in turn: round robin over whole packets.

    i_0, i_1 ... -> arbiter -> [register] -> o

Throughput: a packet a cycle. Latency 1 cycle. Each stream keeps its order; none waits for more than
one packet of each other.
"""

from amaranth.hdl import Cat, Module, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane_gateware.network.arbiter import Arbiter
from spikeplane_gateware.structs import packet_struct


class Merge(wiring.Component):
    """The merge of several packet streams into one.

    Parameters: config: the chip; count: streams, 1 or more.

    Attributes: i_0 to i_(count - 1): packets; o: the packets of all of them.
    """

    def __init__(self, config: ChipConfig, count: int) -> None:
        self.count = count
        packets = stream.Signature(packet_struct(config))
        super().__init__({**{f"i_{k}": In(packets) for k in range(count)}, "o": Out(packets)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.arbiter = arbiter = Arbiter(self.count)
        inputs = [getattr(self, f"i_{k}") for k in range(self.count)]
        chosen: Value = inputs[0].payload.as_value() & arbiter.grant[0].replicate(
            len(inputs[0].payload.as_value())
        )
        for k, one in enumerate(inputs[1:], 1):
            chosen = chosen | (
                one.payload.as_value() & arbiter.grant[k].replicate(len(one.payload.as_value()))
            )
        free = ~self.o.valid | self.o.ready
        m.d.comb += [arbiter.requests.eq(Cat(*[one.valid for one in inputs])), arbiter.take.eq(free)]
        m.d.comb += [one.ready.eq(free & arbiter.grant[k]) for k, one in enumerate(inputs)]
        with m.If(free):
            m.d.sync += self.o.valid.eq(arbiter.requests != 0)
            with m.If(arbiter.requests != 0):
                m.d.sync += self.o.payload.eq(chosen)
        return m
