"""The loader: WRITE packets become memory words, CONTROL packets start, stop and ask.

```
    i (packets) -> staging register, 32 bits at a time -> write bus
                -> start, stop, query
```
Throughput: a packet a cycle (a query waits until it is taken). Latency: one cycle from the last
chunk to the write bus.
"""

from amaranth.hdl import Array, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import (
    ADDRESS_BITS,
    CHUNK_BITS,
    CORE_COUNTER_BITS,
    MEMORY_BITS,
    SEEK,
    Control,
    Kind,
    packet_format,
)
from spikeplane.formats.tables import Memory, core_tables
from spikeplane_gateware.core.writes import WriteBus, write_width
from spikeplane_gateware.structs import packet_struct, struct


class Loader(wiring.Component):
    """Ports: i (WRITE and CONTROL packets); write; running, start, stop (pulses), refused;
    query_valid, _index, _ready."""

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        super().__init__(
            {
                "i": In(stream.Signature(packet_struct(config))),
                "write": Out(WriteBus(config)),
                "running": Out(1),
                "start": Out(1),
                "stop": Out(1),
                "refused": Out(1),
                "query_valid": Out(1),
                "query_index": Out(CORE_COUNTER_BITS),
                "query_ready": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, form = Module(), packet_format(self.config)
        packet = self.i.payload
        writes = Signal(struct(form.payloads[Kind.WRITE]))
        control = Signal(struct(form.payloads[Kind.CONTROL]))
        width = write_width(self.config)
        self.staging = Signal(-(-width // CHUNK_BITS) * CHUNK_BITS, reset_less=True)
        self.memory = Signal(MEMORY_BITS)
        self.address = Signal(ADDRESS_BITS)
        m.d.comb += [
            self.write.data.eq(self.staging),
            self.write.memory.eq(self.memory),
            writes.eq(packet.payload),
            control.eq(packet.payload),
            self.i.ready.eq(~self.query_valid | self.query_ready),
        ]
        m.d.sync += [self.start.eq(0), self.stop.eq(0), self.write.valid.eq(0)]
        with m.If(self.query_ready):
            m.d.sync += self.query_valid.eq(0)
        with m.If(self.i.valid & self.i.ready):
            with m.If(packet.kind == Kind.WRITE):
                with m.If(self.running):
                    m.d.sync += self.refused.eq(1)
                with m.Else():
                    self._write(m, writes)
            with m.If(packet.kind == Kind.CONTROL):
                self._control(m, control)
        return m

    def _control(self, m: Module, control: Signal) -> None:
        with m.Switch(control.op):
            with m.Case(Control.START):
                m.d.sync += [self.start.eq(1), self.running.eq(1), self.refused.eq(0)]
            with m.Case(Control.STOP):
                m.d.sync += [self.stop.eq(1), self.running.eq(0)]
            with m.Case(Control.QUERY):
                m.d.sync += [self.query_valid.eq(1), self.query_index.eq(control.arg)]

    def _write(self, m: Module, writes: Signal) -> None:
        tables, staging = core_tables(self.config), self.staging
        counts = [tables.chunks(memory) for memory in Memory]
        memory, address = self.memory, self.address
        chunk, last = (Signal(range(len(staging) // CHUNK_BITS + 1), name=name) for name in ("chunk", "last"))
        seek = struct(SEEK)(writes.data[: SEEK.width])
        with m.If(writes.seek):
            m.d.sync += [
                memory.eq(seek.memory),
                address.eq(seek.address),
                chunk.eq(0),
                last.eq(Array([Const(count - 1) for count in counts])[seek.memory]),
            ]
        with m.Else():
            m.d.sync += staging.word_select(chunk, CHUNK_BITS).eq(writes.data)
            done = chunk == last
            m.d.sync += chunk.eq(Mux(done, 0, chunk + 1))
            with m.If(done):
                m.d.sync += [self.write.valid.eq(1), self.write.address.eq(address), address.eq(address + 1)]
