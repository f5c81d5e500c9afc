"""The chip's receiver: frames from the host are checked, buffered whole, and only then released.

```
    rx -> Unstuff -> header registers, CRC
                  -> slot `expected` of the buffer -> (committed at the flag) -> slot `drained` -> o
```
Throughput: a byte a cycle in and out. Latency: the frame, then 3 cycles. A frame out of sequence or
without a free slot is dropped without a word: the host learns from `expected`.
"""

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane.formats.frame import (
    CRC_BYTES,
    FRAME_HEADER,
    HEADER_BYTES,
    RESET_MARK,
    SEQUENCE_BITS,
    SLOT_BYTES,
    SLOTS,
    FrameKind,
    frame_payload,
)
from spikeplane.formats.packet import packet_format
from spikeplane_gateware.link.crc import Crc
from spikeplane_gateware.link.framing import Unstuff
from spikeplane_gateware.ram import Ram
from spikeplane_gateware.structs import struct

SLOT_BITS, OFFSET_BITS = (SLOTS - 1).bit_length(), (SLOT_BYTES - 1).bit_length()


class Receiver(wiring.Component):
    """The receiving end of the chip's link.

    Parameters: config: the chip.

    Attributes: rx: bytes of the line, always ready, as a serial line needs; o: bytes of packets;
    expected: sequence number of the next frame; room: free slots, 0 to SLOTS; errors: frames dropped
    for a bad CRC, length or kind, modulo 2^32; heard: pulse, a good frame has ended, with ack, poll and
    reject of its header; reset: pulse, a good RESET frame has ended instead, with number: its sequence
    number.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.form = packet_format(config)
        self.unstuff, self.ram = Unstuff(), Ram(width=8, depth=SLOTS * SLOT_BYTES)
        self.lengths = Array(Signal(OFFSET_BITS, name=f"length_{i}") for i in range(SLOTS))
        self.drained, self.offset = Signal(SEQUENCE_BITS, name="drained"), Signal(OFFSET_BITS, name="offset")
        super().__init__(
            {
                "rx": In(stream.Signature(8)),
                "o": Out(stream.Signature(8)),
                "expected": Out(SEQUENCE_BITS),
                "room": Out(4, init=SLOTS),
                "errors": Out(32),
                "heard": Out(1),
                "ack": Out(SEQUENCE_BITS),
                "poll": Out(1),
                "reject": Out(1),
                "reset": Out(1),
                "number": Out(SEQUENCE_BITS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.unstuff = self.unstuff
        m.submodules.ram = self.ram
        m.d.comb += self.room.eq(SLOTS - (self.expected - self.drained)[:SEQUENCE_BITS])
        wiring.connect(m, wiring.flipped(self.rx), self.unstuff.i)
        self._check(m)
        self._drain(m)
        with m.If(self.reset):
            m.d.sync += [self.expected.eq(0), self.drained.eq(0), self.offset.eq(0), self.o.valid.eq(0)]
        return m

    def _check(self, m: Module) -> None:
        """Counts a frame's bytes, keeps its header, writes its payload (and its CRC after it), and
        judges it at the flag."""
        unstuff, size = self.unstuff, self.form.size
        longest = HEADER_BYTES + frame_payload(self.form) + CRC_BYTES
        count = Signal(range(longest + 2))
        phase = Signal(range(size))
        head = Signal(struct(FRAME_HEADER))
        raw = head.as_value()
        m.submodules.crc = crc = Crc()
        m.d.comb += [crc.clear.eq(unstuff.end), crc.en.eq(unstuff.strobe), crc.data.eq(unstuff.data)]
        with m.If(unstuff.end):
            m.d.sync += [count.eq(0), phase.eq(0)]
        with m.Elif(unstuff.strobe):
            with m.If(count != longest + 1):  # one more than any frame: stays there
                m.d.sync += count.eq(count + 1)
            with m.If(count < HEADER_BYTES):
                m.d.sync += raw.eq(Cat(raw[8:], unstuff.data))
            with m.Else():
                m.d.sync += phase.eq(Mux(phase == size - 1, 0, phase + 1))
        place = (count - HEADER_BYTES)[:OFFSET_BITS]
        m.d.comb += [
            self.ram.write_en.eq(
                unstuff.strobe & (count >= HEADER_BYTES) & (count < longest) & (self.room != 0)
            ),
            self.ram.write_address.eq(Cat(place, self.expected[:SLOT_BITS])),
            self.ram.write_data.eq(unstuff.data),
        ]
        sound, empty = (Signal(name=name) for name in ("sound", "empty"))
        m.d.comb += empty.eq(count == HEADER_BYTES + CRC_BYTES)
        is_reset = (head.kind == FrameKind.RESET) & empty & (raw[8:] == RESET_MARK)
        is_data = (head.kind == FrameKind.DATA) & ~empty
        is_status = (head.kind == FrameKind.STATUS) & empty
        m.d.comb += [
            sound.eq(
                crc.sound
                & ~unstuff.broken
                & (count >= HEADER_BYTES + CRC_BYTES)
                & (count <= longest)
                & (phase == CRC_BYTES % size)
                & (is_reset | is_data | is_status)
            ),
            self.reset.eq(unstuff.end & sound & is_reset),
            self.heard.eq(unstuff.end & sound & ~is_reset),
            self.number.eq(head.sequence),
            self.ack.eq(head.ack),
            self.poll.eq(head.poll),
            self.reject.eq(head.reject),
        ]
        with m.If(unstuff.end & ~sound & (count != 0)):
            m.d.sync += self.errors.eq(self.errors + 1)
        with m.If(self.heard & is_data & (head.sequence == self.expected) & (self.room != 0)):
            m.d.sync += self.expected.eq(self.expected + 1)
            m.d.sync += self.lengths[self.expected[:SLOT_BITS]].eq(count - (HEADER_BYTES + CRC_BYTES))

    def _drain(self, m: Module) -> None:
        """Reads the oldest committed slot; it is free again once its last byte is in the memory's
        output register."""
        offset = self.offset
        fetch = Signal()
        free = Signal()
        slot = self.drained[:SLOT_BITS]
        m.d.comb += [
            free.eq(~self.o.valid | self.o.ready),
            fetch.eq(free & (self.drained != self.expected)),
            self.ram.read_en.eq(fetch),
            self.ram.read_address.eq(Cat(offset, slot)),
            self.o.payload.eq(self.ram.read_data),
        ]
        with m.If(free):
            m.d.sync += self.o.valid.eq(fetch)
        with m.If(fetch):
            m.d.sync += offset.eq(offset + 1)
            with m.If(offset + 1 == self.lengths[slot]):
                m.d.sync += [offset.eq(0), self.drained.eq(self.drained + 1)]
