"""Masks that wait to be sent, each with its place: of a sweep's spikes, or of the planes of a step."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig

WAITING = 16  #: words, those of which the mask is not known yet included


def mask_layout(config: ChipConfig, planes: int = 1) -> data.StructLayout:
    """The masks of a word, not all of them empty, and its place."""
    place = {"group": config.group_bits, "y": config.coord_bits, "x": config.coord_bits}
    return data.StructLayout({"mask": planes * config.lanes, **place})


class Masks(wiring.Component):
    """First in, first out. Who writes knows that there is room.

    Parameters: config: the chip; planes: masks of a word.

    Attributes: i: a mask, taken in every cycle; o: the masks.
    """

    def __init__(self, config: ChipConfig, planes: int = 1) -> None:
        masks = stream.Signature(mask_layout(config, planes))
        super().__init__({"i": In(masks), "o": Out(masks)})

    def elaborate(self, platform: object) -> Module:
        m, into, out = Module(), Signal(range(WAITING)), Signal(range(WAITING))
        m.submodules.words = words = memory.Memory(shape=self.o.payload.shape(), depth=WAITING, init=[])
        read, write, count = words.read_port(domain="comb"), words.write_port(), Signal(range(WAITING + 1))
        goes = Signal()
        m.d.comb += [
            self.i.ready.eq(1),
            goes.eq(self.o.valid & self.o.ready),
            write.en.eq(self.i.valid),
            write.addr.eq(into),
            write.data.eq(self.i.payload),
            read.addr.eq(out),
            self.o.valid.eq(count != 0),
            self.o.payload.eq(read.data),
        ]
        m.d.sync += [into.eq(into + self.i.valid), out.eq(out + goes), count.eq(count + self.i.valid - goes)]
        return m
