"""Answers QUERY packets: counts what the core does and sends one REPLY to the host for each question. Words
that are read go the same way.

```
    pulses -> 3-bit counts, one each --turn--> + --> counters (LUT RAM, one updated a cycle)
    query (valid, index, ready) -> waits for its turn -> register -> o (packet stream)
    word (valid, chunk, data, ready) --------------------^
```
One adder serves all counters in turn, so a counter is up to 4 cycles behind. Latency: 2 to 5 cycles
to the packet; of a core that learns, which counts four times as much, up to 17. One question at a time; the next is taken
when its answer has gone. Words do not come while a question waits: the loader sees to that.
"""

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.packet import CHUNK_BITS, CORE_COUNTER_BITS, FLAGS, Kind, packet_format
from spikeplane.formats.tables import core_tables
from spikeplane.formats.training import TrainingCounter
from spikeplane.formats.training_flags import TRAINING_FLAGS
from spikeplane_gateware.structs import packet_struct, struct

PULSES = ("operation", "spike", "sweep", "packet")  #: in the order of `formats.packet.Counter`, from 1 on
COUNTED = ("operation", "spike")  #: of them those that are numbers where spikes_per_cycle is 2
#: What FLAGS of a core that learns has more, each of so many bits.
LEARNING = dict(TRAINING_FLAGS.fields[len(FLAGS.fields) :])


def pulses(config: ChipConfig) -> tuple[str, ...]:
    """What is counted: as many as a power of two, in the order of their numbers."""
    return (*PULSES, *(one.name.lower() for one in TrainingCounter)) if config.training else PULSES


class Replies(wiring.Component):
    """The counters of a core, 0 to 4 of `formats.packet.Counter`, and the way out of its answers.

    Parameters: config: the chip.

    Attributes: x, y: column and row of the tile, the answers' source; start: pulse, counters 1 to 4 go
    to 0; running, refused, dropped, unread: levels, the bits of FLAGS (of a core that
    learns also those of `LEARNING`); operation, spike, sweep, packet, and of a core that learns the names of
    `formats.training.TrainingCounter`: pulses that are counted; query_valid, query_index, query_ready: the number of the counter that is
    asked for; word_valid, word_chunk, word, word_ready: 32 bits of a memory word and their number in
    it; o: REPLY and WORDS packets for the host.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        flags = {
            name: In(1) for name in ("start", "running", "refused", "dropped", "unread", *pulses(config))
        }
        flags |= {name: In(config.spikes_per_cycle) for name in COUNTED}
        flags |= {name: In(bits) for name, bits in (LEARNING if config.training else {}).items()}
        super().__init__(
            {
                "x": In(bits_for(config.cols)),
                "y": In(bits_for(config.rows)),
                **flags,
                "query_valid": In(1),
                "query_index": In(CORE_COUNTER_BITS),
                "query_ready": Out(1),
                "word_valid": In(1),
                "word_chunk": In(bits_for(core_tables(config).most_chunks)),
                "word": In(CHUNK_BITS),
                "word_ready": Out(1),
                "o": Out(stream.Signature(packet_struct(config))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, form = Module(), packet_format(self.config)
        turn, value = self._count(m)
        asked, answer = Signal(CORE_COUNTER_BITS), Signal(CHUNK_BITS)
        chunk, word = Signal.like(self.word_chunk), Signal(CHUNK_BITS)
        words = Signal()  # what waits is a chunk of a word; of answer and word one is always 0
        payload = Signal(struct(form.payloads[Kind.REPLY]))
        wanted, now = self.query_index - 1, Signal()
        takes_query, takes_word = Signal(), Signal()
        m.d.comb += [
            now.eq((self.query_index == 0) | (turn == wanted[: len(turn)])),
            self.query_ready.eq(~self.o.valid & now),
            self.word_ready.eq(~self.o.valid),
            takes_query.eq(self.query_valid & self.query_ready),
            takes_word.eq(self.word_valid & self.word_ready),
            self.o.payload.kind.eq(Mux(words, Kind.WORDS, Kind.REPLY)),
            self.o.payload.host.eq(1),
            self.o.payload.payload.eq(payload.as_value()),
            payload.counter.eq(asked | chunk),
            payload.value.eq(answer | word),
        ]
        if self.config.cores > 1:
            m.d.comb += [payload.source_x.eq(self.x), payload.source_y.eq(self.y)]
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(takes_word):
            m.d.sync += [self.o.valid.eq(1), words.eq(1), asked.eq(0), answer.eq(0)]
            m.d.sync += [chunk.eq(self.word_chunk), word.eq(self.word)]
        with m.Elif(takes_query):
            more = [getattr(self, name) for name in (LEARNING if self.config.training else ())]
            flags = Cat(self.running, self.refused, self.dropped, self.unread, *more)
            m.d.sync += [self.o.valid.eq(1), words.eq(0), chunk.eq(0), word.eq(0)]
            m.d.sync += [asked.eq(self.query_index), answer.eq(Mux(self.query_index == 0, flags, value))]
        return m

    def _count(self, m: Module) -> tuple[Signal, Signal]:
        """Which counter is served in this cycle, and its value before."""
        names = pulses(self.config)
        count = len(names)
        turn = Signal(range(count))
        clearing = Signal(count)
        m.submodules.counters = counters = memory.Memory(shape=CHUNK_BITS, depth=count, init=[])
        read, write = counters.read_port(domain="comb"), counters.write_port()
        most = {name: self.config.spikes_per_cycle if name in COUNTED else 1 for name in names}
        waiting = [Signal(range(most[name] * count + 1), name=f"waiting_{name}") for name in names]
        more = Array(waiting)[turn]
        m.d.sync += [turn.eq(turn + 1), clearing.eq(Mux(self.start, (1 << count) - 1, clearing >> 1))]
        m.d.comb += [
            read.addr.eq(turn),
            write.addr.eq(turn),
            write.en.eq(clearing[0] | (more != 0)),
            write.data.eq(Mux(clearing[0], 0, read.data + more)),
        ]
        for number, (name, amount) in enumerate(zip(names, waiting, strict=True)):
            m.d.sync += amount.eq(Mux(turn == number, 0, amount) + getattr(self, name))
        return turn, read.data
