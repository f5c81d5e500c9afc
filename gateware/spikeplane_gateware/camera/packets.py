"""From a grabber's words to IMAGE packets for the host: the plane's number first, then each word in chunks, low bits first.

    i (words) -> number or chunk -> [register] -> o (packets)

Throughput: a packet a cycle. Latency 1 cycle. If the host takes nothing, i stalls, and the grabber loses whole images.
"""

from typing import Any

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane.formats.camera import CHUNK_BITS, Stream, chunks
from spikeplane.formats.packet import Kind, packet_format
from spikeplane_gateware.camera.grabber import grabbed
from spikeplane_gateware.structs import packet_struct, struct


class ImagePackets(wiring.Component):
    """`bits`: of a word; `which`: the stream that the packets name."""

    def __init__(self, config: ChipConfig, bits: int, which: Stream) -> None:
        self.form, self.bits, self.which = packet_format(config), bits, which
        super().__init__({"i": In(stream.Signature(grabbed(bits))), "o": Out(stream.Signature(packet_struct(config)))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        count = chunks(self.bits)
        word = Signal(count * CHUNK_BITS)
        at, numbered = Signal(range(count)), Signal()  # the next chunk; the number has gone
        data, first, last = Signal(CHUNK_BITS), Signal(), Signal()
        free, number, final = Signal(), Signal(), Signal()
        image: Any = Signal(struct(self.form.payloads[Kind.IMAGE]))
        out: Any = self.o.payload
        m.d.comb += [
            free.eq(~self.o.valid | self.o.ready),
            number.eq(self.i.payload.first & ~numbered), final.eq(at == count - 1), word.eq(self.i.payload.word),
            self.i.ready.eq(free & final & ~number),
            image.stream.eq(int(self.which)), image.first.eq(first), image.last.eq(last), image.data.eq(data),
            out.payload.eq(image.as_value()), out.kind.eq(Kind.IMAGE), out.host.eq(1),
        ]  # fmt: skip
        with m.If(free):
            m.d.sync += [self.o.valid.eq(self.i.valid), first.eq(number), last.eq(self.i.payload.last & final & ~number)]
            m.d.sync += data.eq(Mux(number, self.i.payload.number, word.word_select(at, CHUNK_BITS)))
            m.d.sync += [numbered.eq(~final | number), at.eq(Mux(number | final, 0, at + 1))]
        with m.If(~self.i.valid):  # also where a flush has taken a word away
            m.d.sync += [numbered.eq(0), at.eq(0)]
        return m
