"""Frames onto the line: flag, header, payload out of the slots' memory, CRC, flag.

```
    frame -> header register ----+
    slots' memory -> register ---+-> byte by byte -> Stuff -> tx
                                 +-> CRC
```
The memory is read two bytes ahead, the first two with the header; its byte goes through a register
before anything looks at it. Throughput: a byte a cycle. Latency: the flag is at Stuff in the cycle
after the frame is taken; a frame is taken when the last one's closing flag has gone.
"""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from spikeplane.config import bits_for
from spikeplane.formats.frame import CRC_BYTES, FRAME_HEADER, SLOT_BYTES, SLOTS, FrameKind
from spikeplane_gateware.link.crc import Crc
from spikeplane_gateware.link.framing import Stuff
from spikeplane_gateware.link.receiver import OFFSET_BITS, SLOT_BITS
from spikeplane_gateware.structs import struct

#: What is to be sent: the header, and for DATA the slot and its bytes.
FRAME = data.StructLayout({"head": struct(FRAME_HEADER), "slot": SLOT_BITS, "length": OFFSET_BITS})


class FrameLine(wiring.Component):
    """The line's end of the sender: it sends one frame after the other.

    Attributes: frame: the next one (`FRAME`), taken while the line is free; read_en, read_address,
    read_data: the slots' memory, which answers in the next cycle; tx: bytes of the line.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "frame": In(stream.Signature(FRAME)),
                "read_en": Out(1),
                "read_address": Out(bits_for(SLOTS * SLOT_BYTES)),
                "read_data": In(8),
                "tx": Out(stream.Signature(8)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.stuff = stuff = Stuff()
        m.submodules.crc = crc = Crc()
        frame = Signal(FRAME)
        place = Signal(OFFSET_BITS + 1)  # from the header's first byte on; the payload's is `place` - 2
        byte = Signal(8, reset_less=True)
        m.d.comb += [
            stuff.i.valid.eq(~self.frame.ready),
            crc.clear.eq(self.frame.ready),
            crc.data.eq(stuff.i.payload.byte),
            self.read_en.eq(crc.en),
            self.read_address.eq(Cat(place[:OFFSET_BITS], frame.slot)),
        ]
        with m.If(self.read_en):
            m.d.sync += [place.eq(place + 1), byte.eq(self.read_data)]
        with m.FSM():
            with m.State("idle"):
                m.d.comb += self.frame.ready.eq(1)
                m.d.sync += [frame.eq(self.frame.payload), place.eq(0)]
                with m.If(self.frame.valid):
                    m.next = "open"
            self._line(m, stuff, crc, frame, byte, place == frame.length + 1)
        connect(m, stuff.o, flipped(self.tx))
        return m

    def _line(self, m: Module, stuff: Stuff, crc: Crc, frame: data.View, byte: Signal, ends: Value) -> None:
        """The states after "idle". `byte`: the payload's next; `ends`: it is the last one."""
        out, raw = stuff.i, frame.head.as_value()
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
                        m.d.comb += crc.en.eq(1)
                    if name == "second":
                        with m.If(frame.head.kind != FrameKind.DATA):
                            m.next = "crc_0"
        with m.State("payload"):
            m.d.comb += out.payload.byte.eq(byte)
            with m.If(out.ready):
                m.d.comb += crc.en.eq(1)
                with m.If(ends):
                    m.next = "crc_0"
