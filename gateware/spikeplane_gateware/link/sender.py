"""The chip's sender: packets gather in slots, leave as frames, and stay until the host has acknowledged them.

```
    i -> slot `filling` of the buffer ... slot `following` -> header, CRC -> Stuff -> tx
                         `base`: oldest not acknowledged
```
Ports: i (bytes of packets), tx (line bytes); expected, room (for the header); heard, ack, poll,
reject, reset, number (Receiver). A slot is closed when it is full, or when the line is idle and no
byte has come for `linger` cycles: a slow line batches by itself. With all slots waiting for the
host `i` stalls. No timer: the host asks again for what it misses. Throughput: a byte a cycle, and 8
bytes a frame. Latency: `linger` + 5 cycles to the flag. The memory's byte goes through a register
before anything looks at it.
"""

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane.formats.frame import (
    CRC_BYTES,
    FRAME_HEADER,
    SEQUENCE_BITS,
    SLOT_BYTES,
    SLOTS,
    FrameKind,
    frame_payload,
)
from spikeplane.formats.packet import packet_format
from spikeplane_gateware.link.crc import Crc
from spikeplane_gateware.link.framing import Stuff
from spikeplane_gateware.link.receiver import OFFSET_BITS, SLOT_BITS
from spikeplane_gateware.ram import Ram
from spikeplane_gateware.structs import struct


class Sender(wiring.Component):
    """See the module's picture. `linger`: cycles."""

    def __init__(self, config: ChipConfig, *, linger: int = 64) -> None:
        self.form, self.linger = packet_format(config), linger
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
        m.submodules.ram = self.ram = Ram(width=8, depth=SLOTS * SLOT_BYTES)
        m.submodules.stuff = self.stuff = Stuff()
        self.lengths = Array(Signal(OFFSET_BITS, name=f"length_{i}") for i in range(SLOTS))
        self.base, self.following, self.filling = (
            Signal(SEQUENCE_BITS, name=name) for name in ("base", "following", "filling")
        )
        self.idle = Signal()  # the line has nothing to send
        self.answer = Signal()
        self.echo = Signal()
        self.echo_number = Signal(SEQUENCE_BITS)
        self._fill(m)
        self._transmit(m)
        self._hear(m)
        wiring.connect(m, self.stuff.o, wiring.flipped(self.tx))
        return m

    def _fill(self, m: Module) -> None:
        """Bytes into the open slot, which closes only between packets."""
        size, longest = self.form.size, frame_payload(self.form)
        self.offset, self.phase = offset, phase = Signal(OFFSET_BITS), Signal(range(size))
        wait = Signal(range(self.linger + 1))
        close = Signal()
        take = Signal()
        slot = self.filling[:SLOT_BITS]
        lingered = (wait == self.linger) & self.idle
        m.d.comb += [
            close.eq((offset == longest) | ((offset != 0) & (phase == 0) & lingered)),
            self.i.ready.eq(~close & ((self.filling - self.base)[:SEQUENCE_BITS] != SLOTS)),
            take.eq(self.i.valid & self.i.ready),
            self.ram.write_en.eq(take),
            self.ram.write_address.eq(Cat(offset, slot)),
            self.ram.write_data.eq(self.i.payload),
        ]
        with m.If(take):
            m.d.sync += [offset.eq(offset + 1), phase.eq(Mux(phase == size - 1, 0, phase + 1)), wait.eq(0)]
        with m.Elif(wait != self.linger):
            m.d.sync += wait.eq(wait + 1)
        with m.If(close):
            m.d.sync += [self.lengths[slot].eq(offset), offset.eq(0), self.filling.eq(self.filling + 1)]

    def _transmit(self, m: Module) -> None:
        """One frame after the other: an echo first, then data, then what the host does not know yet."""
        head = Signal(struct(FRAME_HEADER))
        length = Signal(OFFSET_BITS + 1)
        place = Signal(OFFSET_BITS + 1)
        slot = Signal(SLOT_BITS)
        out = self.stuff.i
        told = Signal(2 * SEQUENCE_BITS, init=SLOTS << SEQUENCE_BITS)
        now = Cat(self.expected, self.room)
        has_data = Signal()
        news = Signal()
        m.submodules.crc = crc = Crc()
        m.d.comb += [
            has_data.eq(self.following != self.filling),
            news.eq(self.answer | (told != now)),
            out.valid.eq(1),
            crc.data.eq(out.payload.byte),
            self.ram.read_address.eq(Cat(place[:OFFSET_BITS], slot)),
        ]
        self.byte = Signal(8, reset_less=True)
        with m.If(self.ram.read_en):
            m.d.sync += [place.eq(place + 1), self.byte.eq(self.ram.read_data)]
        with m.FSM():
            with m.State("idle"):
                m.d.comb += [out.valid.eq(0), crc.clear.eq(1), self.idle.eq(~self.echo & ~has_data)]
                m.d.sync += [
                    slot.eq(self.following),
                    length.eq(self.lengths[self.following[:SLOT_BITS]]),
                    place.eq(0),
                ]
                m.d.sync += [head.poll.eq(self.answer), head.reject.eq(0), told.eq(now)]
                m.d.sync += [head.ack.eq(self.expected), head.room.eq(self.room)]
                m.d.sync += [head.sequence.eq(Mux(self.echo, self.echo_number, self.following))]
                with m.If(self.echo):
                    m.d.sync += head.kind.eq(FrameKind.RESET)
                with m.Elif(has_data):
                    m.d.sync += [head.kind.eq(FrameKind.DATA), self.following.eq(self.following + 1)]
                with m.Else():
                    m.d.sync += head.kind.eq(FrameKind.STATUS)
                with m.If(self.echo | has_data | news):
                    m.d.sync += [self.answer.eq(0), self.echo.eq(0)]
                    m.next = "open"
            self._line(m, head, crc, place, length)

    def _line(self, m: Module, head: Signal, crc: Crc, place: Signal, length: Signal) -> None:
        """The states after "idle": flag, two header bytes, payload, CRC, flag. The memory is read
        two bytes ahead, the first two with the header; `place` is then two more than the bytes that
        have gone."""
        out, raw = self.stuff.i, head.as_value()
        fetch, byte = self.ram.read_en, self.byte
        steps = [
            ("open", None, "first"),
            ("first", raw[:8], "second"),
            ("second", raw[8:], "payload"),
            *[(f"crc_{i}", crc.crc.word_select(i, 8), f"crc_{i + 1}") for i in range(CRC_BYTES - 1)],
            (f"crc_{CRC_BYTES - 1}", crc.crc.word_select(CRC_BYTES - 1, 8), "close"),
            ("close", None, "idle"),
        ]
        for name, value, then in steps:
            with m.State(name):
                m.d.comb += out.payload.flag.eq(1) if value is None else out.payload.byte.eq(value)
                with m.If(out.ready):
                    m.next = then
                    if name in ("first", "second"):
                        m.d.comb += [crc.en.eq(1), fetch.eq(1)]
                    if name == "second":
                        with m.If(head.kind != FrameKind.DATA):
                            m.next = "crc_0"
        with m.State("payload"):
            m.d.comb += out.payload.byte.eq(byte)
            with m.If(out.ready):
                m.d.comb += [crc.en.eq(1), fetch.eq(1)]
                with m.If(place == length + 1):
                    m.next = "crc_0"

    def _hear(self, m: Module) -> None:
        """Acknowledgements free slots; after them, so that it wins, the reset. What the host cannot
        mean is ignored."""
        gone = (self.ack - self.base)[:SEQUENCE_BITS]
        with m.If(self.heard & (gone <= (self.filling - self.base)[:SEQUENCE_BITS])):
            m.d.sync += self.base.eq(self.ack)
            with m.If(self.reject | (gone > (self.following - self.base)[:SEQUENCE_BITS])):
                m.d.sync += self.following.eq(self.ack)
        with m.If(self.heard & self.poll):
            m.d.sync += self.answer.eq(1)
        with m.If(self.reset):
            m.d.sync += [
                s.eq(0)
                for s in (self.base, self.following, self.filling, self.offset, self.phase, self.answer)
            ]
            m.d.sync += [self.echo.eq(1), self.echo_number.eq(self.number)]
