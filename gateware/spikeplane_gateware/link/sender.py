"""The chip's sender: packets gather in slots, leave as frames, and stay until the host has acknowledged them.

```
    i -> slot `filling` of the buffer ... slot `following` -> FrameLine -> tx
                         `base`: oldest not acknowledged
```
A slot is closed when it is full, or when the line is idle and no byte has come for `linger` cycles: a
slow line batches by itself. With all slots waiting for the host `i` stalls. No timer: the host asks
again for what it misses. Throughput: a byte a cycle, and 8 bytes a frame. Latency: `linger` + 5 cycles
to the flag.
"""

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from spikeplane.config import ChipConfig
from spikeplane.formats.frame import SEQUENCE_BITS, SLOT_BYTES, SLOTS, FrameKind, frame_payload
from spikeplane.formats.packet import packet_format
from spikeplane_gateware.link.frame_line import FrameLine
from spikeplane_gateware.link.receiver import OFFSET_BITS, SLOT_BITS
from spikeplane_gateware.ram import Ram


class Sender(wiring.Component):
    """The sending end of the chip's link.

    Parameters: config: the chip; linger: cycles without a byte after which an open slot is closed.

    Attributes: i: bytes of packets; tx: bytes of the line; expected, room: levels of Receiver, for the
    header; heard, ack, poll, reject, reset, number: what Receiver has heard, see there; base,
    following, filling: sequence numbers of the oldest frame not acknowledged, the next to send, and the
    one that is being filled; offset: bytes in it.
    """

    def __init__(self, config: ChipConfig, *, linger: int = 64) -> None:
        self.form, self.linger = packet_format(config), linger
        self.base, self.following, self.filling = (
            Signal(SEQUENCE_BITS, name=name) for name in ("base", "following", "filling")
        )
        self.offset = Signal(OFFSET_BITS)
        super().__init__(
            {
                "i": In(stream.Signature(8)),
                "tx": Out(stream.Signature(8)),
                "expected": In(SEQUENCE_BITS),
                "room": In(4),
                "heard": In(1),
                "ack": In(SEQUENCE_BITS),
                "poll": In(1),
                "reject": In(1),
                "reset": In(1),
                "number": In(SEQUENCE_BITS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.ram = ram = Ram(width=8, depth=SLOTS * SLOT_BYTES)
        m.submodules.line = line = FrameLine()
        lengths = Array(Signal(OFFSET_BITS, name=f"length_{i}") for i in range(SLOTS))
        phase = Signal(range(self.form.size))  # of the packet under way
        answer, echo, number = Signal(), Signal(), Signal(SEQUENCE_BITS)
        has_data = Signal()
        m.d.comb += [
            has_data.eq(self.following != self.filling),
            ram.read_en.eq(line.read_en),
            ram.read_address.eq(line.read_address),
            line.read_data.eq(ram.read_data),
            line.frame.payload.length.eq(lengths[self.following[:SLOT_BITS]]),
        ]
        self._fill(m, ram, lengths, phase, line.frame.ready & ~echo & ~has_data)
        self._choose(m, line, has_data, answer, echo, number)
        self._hear(m, phase, answer, echo, number)
        connect(m, line.tx, flipped(self.tx))
        return m

    def _fill(self, m: Module, ram: Ram, lengths: Array, phase: Signal, idle: Value) -> None:
        """Bytes into the open slot, which closes only between packets; early where the line is `idle`."""
        size, longest = self.form.size, frame_payload(self.form)
        offset = self.offset
        wait = Signal(range(self.linger + 1))
        close = Signal()
        take = Signal()
        slot = self.filling[:SLOT_BITS]
        lingered = (wait == self.linger) & idle
        m.d.comb += [
            close.eq((offset == longest) | ((offset != 0) & (phase == 0) & lingered)),
            self.i.ready.eq(~close & ((self.filling - self.base)[:SEQUENCE_BITS] != SLOTS)),
            take.eq(self.i.valid & self.i.ready),
            ram.write_en.eq(take),
            ram.write_address.eq(Cat(offset, slot)),
            ram.write_data.eq(self.i.payload),
        ]
        with m.If(take):
            m.d.sync += [offset.eq(offset + 1), phase.eq(Mux(phase == size - 1, 0, phase + 1)), wait.eq(0)]
        with m.Elif(wait != self.linger):
            m.d.sync += wait.eq(wait + 1)
        with m.If(close):
            m.d.sync += [lengths[slot].eq(offset), offset.eq(0), self.filling.eq(self.filling + 1)]

    def _choose(
        self, m: Module, line: FrameLine, has_data: Signal, answer: Signal, echo: Signal, number: Signal
    ) -> None:
        """The next frame: an echo first, then data, then what the host does not know yet."""
        frame, head = line.frame, line.frame.payload.head
        told = Signal(2 * SEQUENCE_BITS, init=SLOTS << SEQUENCE_BITS)
        now = Cat(self.expected, self.room)
        news = Signal()
        m.d.comb += [
            news.eq(answer | (told != now)),
            frame.valid.eq(echo | has_data | news),
            frame.payload.slot.eq(self.following),
            head.poll.eq(answer),
            head.ack.eq(self.expected),
            head.room.eq(self.room),
            head.sequence.eq(Mux(echo, number, self.following)),
        ]
        with m.If(echo):
            m.d.comb += head.kind.eq(FrameKind.RESET)
        with m.Elif(has_data):
            m.d.comb += head.kind.eq(FrameKind.DATA)
        with m.Else():
            m.d.comb += head.kind.eq(FrameKind.STATUS)
        with m.If(frame.valid & frame.ready):
            m.d.sync += [answer.eq(0), echo.eq(0), told.eq(now)]
            with m.If(~echo & has_data):
                m.d.sync += self.following.eq(self.following + 1)

    def _hear(self, m: Module, phase: Signal, answer: Signal, echo: Signal, number: Signal) -> None:
        """Acknowledgements free slots; after them, so that it wins, the reset. What the host cannot
        mean is ignored."""
        gone = (self.ack - self.base)[:SEQUENCE_BITS]
        with m.If(self.heard & (gone <= (self.filling - self.base)[:SEQUENCE_BITS])):
            m.d.sync += self.base.eq(self.ack)
            with m.If(self.reject | (gone > (self.following - self.base)[:SEQUENCE_BITS])):
                m.d.sync += self.following.eq(self.ack)
        with m.If(self.heard & self.poll):
            m.d.sync += answer.eq(1)
        with m.If(self.reset):
            m.d.sync += [
                s.eq(0) for s in (self.base, self.following, self.filling, self.offset, phase, answer)
            ]
            m.d.sync += [echo.eq(1), number.eq(self.number)]
