"""From a grabber's words to IMAGE packets for the host: the plane's number first, then each word in chunks, low bits first.

    i (words) -> [one word] -> o (packets)

Throughput: a packet a cycle but for one cycle a word. Latency 1 cycle. If the host takes nothing, i stalls, and the grabber loses
whole images.
"""

from typing import Any

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane.formats.camera import CHUNK_BITS, NUMBER_BITS, Stream, chunks
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
        word, number, left = Signal(count * CHUNK_BITS), Signal(NUMBER_BITS), Signal(range(count + 1))
        first, last = Signal(), Signal()
        image: Any = Signal(struct(self.form.payloads[Kind.IMAGE]))
        out: Any = self.o.payload
        m.d.comb += [
            self.i.ready.eq(left == 0), self.o.valid.eq(left != 0),
            image.stream.eq(int(self.which)), image.first.eq(first), image.last.eq(last & (left == 1) & ~first),
            image.data.eq(Mux(first, number, word[:CHUNK_BITS])),
            out.payload.eq(image.as_value()), out.kind.eq(Kind.IMAGE), out.host.eq(1),
        ]  # fmt: skip
        with m.If(left == 0):
            m.d.sync += [word.eq(self.i.payload.word), number.eq(self.i.payload.number)]
            m.d.sync += [first.eq(self.i.payload.first), last.eq(self.i.payload.last)]
            with m.If(self.i.valid):
                m.d.sync += left.eq(count)
        with m.Elif(self.o.ready):
            m.d.sync += first.eq(0)
            with m.If(~first):
                m.d.sync += [word.eq(word >> CHUNK_BITS), left.eq(left - 1)]
        return m
