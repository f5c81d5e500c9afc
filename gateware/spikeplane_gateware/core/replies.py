"""Answers QUERY packets: counts what the core does and sends one REPLY to the host for each question.

```
    query (valid, index, ready) -> counter mux -> register -> o (packet stream)
```
Latency: 2 cycles to the packet. One question at a time; the next is taken when its answer has gone.
"""

from amaranth.hdl import Array, Cat, Const, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.packet import Kind, packet_format
from spikeplane_gateware.structs import packet_struct, struct

COUNTERS = 5


class Replies(wiring.Component):
    """Counters 0..4 of `formats.packet.Counter`.

    Ports: x, y; start (clears), running, refused, dropped (levels for FLAGS); operation, sweep, packet (pulses), spikes (set
    bits taken this cycle); query_valid, query_index, query_ready; o (replies).
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        flags = {name: In(1) for name in ("start", "running", "refused", "dropped", "operation", "sweep", "packet")}
        super().__init__(
            {
                "x": In(bits_for(config.cols)),
                "y": In(bits_for(config.rows)),
                **flags,
                "spikes": In(6),
                "query_valid": In(1),
                "query_index": In(4),
                "query_ready": Out(1),
                "o": Out(stream.Signature(packet_struct(config))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, form = Module(), packet_format(self.config)
        values = [Signal(32, name=f"counter_{i}") for i in range(COUNTERS)]
        m.d.comb += values[0].eq(Cat(self.running, self.refused, self.dropped))
        for value, amount in zip(values[1:], (self.operation, self.spikes, self.sweep, self.packet), strict=True):
            m.d.sync += value.eq(value + amount)
            with m.If(self.start):
                m.d.sync += value.eq(0)
        asked, answer = Signal(4), Signal(32)
        payload = Signal(struct(form.payloads[Kind.REPLY]))
        m.d.comb += [
            self.query_ready.eq(~self.o.valid),
            self.o.payload.kind.eq(Const(Kind.REPLY)),
            self.o.payload.host.eq(1),
            self.o.payload.payload.eq(payload.as_value()),
            payload.source_x.eq(self.x),
            payload.source_y.eq(self.y),
            payload.counter.eq(asked),
            payload.value.eq(answer),
        ]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.Elif(self.query_valid & self.query_ready):
            m.d.sync += [
                asked.eq(self.query_index),
                answer.eq(Array(values)[self.query_index]),
                self.o.valid.eq(1),
            ]
        return m
