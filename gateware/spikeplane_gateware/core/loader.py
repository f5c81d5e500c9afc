"""The loader: WRITE packets become memory words, READ packets ask for them, CONTROL packets start,
stop and ask.

```
    i (packets) -> staging register, 32 bits at a time -> write bus
                -> memory, address, chunk; begin, words -> Readback
                -> start, stop, query
```
Throughput: a packet a cycle (what is behind a query waits until a cycle after it is taken, what is
behind a READ until its words have gone). Latency: one cycle from the last chunk to the write bus.
"""

from functools import reduce
from operator import or_

from amaranth.hdl import Array, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.narrow_tables import SHARED
from spikeplane.formats.packet import (
    ADDRESS_BITS,
    CHUNK_BITS,
    CORE_COUNTER_BITS,
    MEMORY_BITS,
    READ_BITS,
    SEEK,
    Control,
    Kind,
    packet_format,
)
from spikeplane.formats.tables import core_tables
from spikeplane.formats.training import VALUE_BITS, TrainingControl
from spikeplane.formats.training_tables import READ_ONLY
from spikeplane_gateware.core.interfaces import WriteBus, write_width
from spikeplane_gateware.structs import packet_struct, struct

#: Of a core that learns.
_LEARNING = {**{n: Out(1) for n in ("change", "discard", "keep")}, "rate": Out(VALUE_BITS), "changed": In(1)}


class Loader(wiring.Component):
    """The loader of a core: it turns WRITE packets into memory words, and obeys CONTROL and READ
    packets.

    Parameters: config: the chip.

    Attributes: i: WRITE, READ and CONTROL packets; others are taken and ignored; write: memory words,
    to all memories; start, stop: pulses of the operations of these names; running: level from START to
    STOP; query_valid, query_index, query_ready: the number of the counter that QUERY asks for, until it
    is taken; refused: level, a WRITE came while the core was running; unread: level, a READ came while
    it was running or a sweep was under way, both until the next START. Of a core that learns: change: level, weights are to
    be changed by the rate, or with discard gradients forgotten, until changed (in); keep: with start, gradients and their flags
    stay. A WRITE to one of its memories that are only read is refused.

    For Readback: resting (in): no sweep is under way; begin: pulse, with words: how many words are to
    be read; memory, chunk, last: the memory, the number of the chunk in its word that is written or
    read next, and whether it is the word's last; step (in): pulse, that chunk has been read; reading
    (in): words have still to go, and `i` waits.
    """

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
                "resting": In(1),
                "begin": Out(1),
                "words": Out(READ_BITS),
                "memory": Out(MEMORY_BITS),
                "chunk": Out(bits_for(core_tables(config).most_chunks)),
                "last": Out(1),
                "step": In(1),
                "reading": In(1),
                "unread": Out(1),
                **(_LEARNING if config.training else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, form = Module(), packet_format(self.config)
        packet = self.i.payload
        writes = Signal(struct(form.payloads[Kind.WRITE]))
        control = Signal(struct(form.payloads[Kind.CONTROL]))
        width = write_width(self.config)
        self.staging = Signal(-(-width // CHUNK_BITS) * CHUNK_BITS, reset_less=True)
        m.d.comb += [
            self.write.data.eq(self.staging),
            self.write.memory.eq(self.memory),
            writes.eq(packet.payload),
            control.eq(packet.payload),
            # of registers only: through query_ready the turn of a counter would reach the address
            self.i.ready.eq(self._free()),
        ]
        m.d.sync += [self.start.eq(0), self.stop.eq(0), self.begin.eq(0)]
        with m.If(self.query_ready):
            m.d.sync += self.query_valid.eq(0)
        if self.config.training:
            with m.If(self.changed):
                m.d.sync += self.change.eq(0)
        seeks, puts = Signal(), Signal()
        with m.If(self.i.valid & self.i.ready):
            with m.If(packet.kind == Kind.WRITE):
                with m.If(self.running):
                    m.d.sync += self.refused.eq(1)
                with m.Else():
                    m.d.comb += [seeks.eq(writes.seek), puts.eq(~writes.seek)]
            with m.If(packet.kind == Kind.READ):
                m.d.comb += seeks.eq(writes.seek & ~self.running)  # `resting` is too late for wide registers
                with m.If(self.running | ~self.resting):
                    m.d.sync += self.unread.eq(1)
                with m.Else():
                    m.d.sync += [self.begin.eq(~writes.seek), self.words.eq(writes.data)]
            with m.If(packet.kind == Kind.CONTROL):
                self._control(m, control)
        self._place(m, writes, seeks, puts)
        return m

    def _control(self, m: Module, control: Signal) -> None:
        with m.Switch(control.op):
            with m.Case(Control.START):
                m.d.sync += [self.start.eq(1), self.running.eq(1), self.refused.eq(0), self.unread.eq(0)]
                if self.config.training:
                    m.d.sync += self.keep.eq(control.arg[0])
                    with m.If(~control.arg[0]):
                        m.d.sync += [self.change.eq(1), self.discard.eq(1)]
            with m.Case(Control.STOP):
                m.d.sync += [self.stop.eq(1), self.running.eq(0)]
            with m.Case(Control.QUERY):
                m.d.sync += [self.query_valid.eq(1), self.query_index.eq(control.arg)]

            if self.config.training:
                with m.Case(TrainingControl.UPDATE):
                    m.d.sync += [self.change.eq(1), self.discard.eq(0), self.rate.eq(control.arg)]
                with m.Case(TrainingControl.DISCARD):
                    m.d.sync += [self.change.eq(1), self.discard.eq(1)]

    def _free(self) -> Value:
        """What comes behind a question, a READ or a change of weights waits."""
        free = ~self.query_valid & ~self.reading
        return free & ~self.change if self.config.training else free

    def _place(self, m: Module, packet: Signal, seeks: Value, puts: Value) -> None:
        """Memory, address and chunk, for writes and reads alike. The bus has the address a cycle later."""
        tables, staging = core_tables(self.config), self.staging
        address = Signal(ADDRESS_BITS)
        final = Signal.like(self.chunk)  # the number of a word's last chunk
        chunks = {int(memory): tables.chunks(memory) for memory in tables.memories}
        finals = Array([Const(chunks.get(number, 1) - 1) for number in range(max(chunks) + 1)])
        seek = struct(SEEK)(packet.data[: SEEK.width])
        m.d.comb += self.last.eq(self.chunk == final)
        m.d.sync += [self.write.address.eq(address), self.write.valid.eq(puts & self.last)]
        if self.config.narrow_tables:
            m.d.comb += [self.write.puts.eq(puts), self.write.chunk.eq(self.chunk)]
            m.d.comb += [self.write.place.eq(address), self.write.part.eq(packet.data)]
        if self.config.training:
            kept = [self.memory == one for one in tables.memories if one in READ_ONLY]
            with m.If(puts & reduce(or_, kept)):
                m.d.sync += self.refused.eq(1)
        with m.If(puts):
            m.d.sync += staging.word_select(self.chunk, CHUNK_BITS).eq(packet.data)
            if self.config.narrow_tables:  # see NarrowLookup
                with m.If(self.chunk == 0):
                    m.d.sync += staging[: len(SHARED) * CHUNK_BITS].eq(packet.data.replicate(len(SHARED)))
        with m.If(seeks):
            m.d.sync += [self.memory.eq(seek.memory), address.eq(seek.address)]
            m.d.sync += [self.chunk.eq(0), final.eq(finals[seek.memory])]
        with m.Elif(puts | self.step):
            m.d.sync += [self.chunk.eq(Mux(self.last, 0, self.chunk + 1)), address.eq(address + self.last)]
