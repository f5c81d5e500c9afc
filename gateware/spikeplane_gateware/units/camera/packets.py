"""From a grabber's words to IMAGE packets for the host: the plane's number first, then each word in
chunks, low bits first.

    i (words) -> [a chunk of each group, the number] -> [one of them] -> o (packets)

Throughput: a packet a cycle but for one cycle a word. Latency: 3 cycles. If the host takes nothing,
`i` stalls, and the grabber loses whole images.
"""

from typing import Any

from amaranth.hdl import Array, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane.formats.camera import Stream, chunks
from spikeplane.formats.packet import CHUNK_BITS, Kind, packet_format
from spikeplane_gateware.structs import packet_struct, struct
from spikeplane_gateware.units.camera.grabber import grabbed

_GROUP = 4  #: chunks


class ImagePackets(wiring.Component):
    """Makes the packets of one stream of images.

    Parameters
    ----------
    config : ChipConfig
        The chip: its packets.
    bits : int
        Of a word.
    which : Stream
        The stream that the packets name.

    Attributes
    ----------
    i : In(stream of grabbed(bits))
        Words of images.
    o : Out(stream of packet_struct(config))
        IMAGE packets for the host.
    """

    def __init__(self, config: ChipConfig, bits: int, which: Stream) -> None:
        self.form, self.bits, self.which = packet_format(config), bits, which
        super().__init__(
            {"i": In(stream.Signature(grabbed(bits))), "o": Out(stream.Signature(packet_struct(config)))}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        count = chunks(self.bits)
        groups = -(-count // _GROUP)
        word = Signal(groups * _GROUP * CHUNK_BITS)
        at = Signal(range(max(count, 2)))  # the next chunk
        numbered = Signal()  # the number has gone
        number = Signal()
        final = Signal()
        free = Signal()
        moves = Signal()
        known = Signal()  # the marks of the word that is offered, seen the cycle before
        is_first = Signal()
        is_last = Signal()
        image: Any = Signal(struct(self.form.payloads[Kind.IMAGE]))
        shown = {
            name: Signal(width, name=f"image_{name}") for name, width in self.form.payloads[Kind.IMAGE].fields
        }
        out: Any = self.o.payload
        m.d.comb += [
            free.eq(~self.o.valid | self.o.ready),
            number.eq(is_first & ~numbered),
            final.eq(at == count - 1),
            word.eq(self.i.payload.word),
            self.i.ready.eq(moves & known & final & ~number),
            *[
                image[name].eq(int(self.which) if name == "stream" else signal)
                for name, signal in shown.items()
            ],
            out.payload.eq(image.as_value()),
            out.kind.eq(Kind.IMAGE),
            out.host.eq(1),
        ]
        # A block RAM's output is late: a word is looked at first, and a chunk of it chosen in two
        # steps, one of each group, then a group (the last one is the number).
        m.d.sync += [
            known.eq(self.i.valid & ~self.i.ready),
            is_first.eq(self.i.payload.first),
            is_last.eq(self.i.payload.last),
        ]
        nearly = [Signal(CHUNK_BITS, name=f"nearly_{k}") for k in range(groups + 1)]
        valid = Signal()
        first = Signal()
        last = Signal()
        group = Signal(range(groups + 1))
        m.d.comb += moves.eq(~valid | free)
        with m.If(free):
            m.d.sync += [self.o.valid.eq(valid), shown["first"].eq(first), shown["last"].eq(last)]
            m.d.sync += shown["data"].eq(Array(nearly)[group])
        with m.If(moves):
            m.d.sync += [valid.eq(known), first.eq(number), last.eq(is_last & final & ~number)]
            m.d.sync += [group.eq(Mux(number, groups, at >> 2)), nearly[groups].eq(self.i.payload.number)]
            for k in range(groups):
                mine = word[k * _GROUP * CHUNK_BITS : (k + 1) * _GROUP * CHUNK_BITS]
                m.d.sync += nearly[k].eq(mine.word_select(at[:2], CHUNK_BITS))
            with m.If(known):
                m.d.sync += [numbered.eq(~final | number), at.eq(Mux(number | final, 0, at + 1))]
        with m.If(~self.i.valid):  # also where a flush has taken a word away
            m.d.sync += [numbered.eq(0), at.eq(0)]
        return m
