"""The set pixels of one word of a plane that are in the crop, a pixel looked at a cycle.

```
    load: word -> [bits, x, y] -> inside the crop? -> [hit] -> o (x, y)
                   ^ shift by 1, while `walks` and nothing waits
```
"""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.camera.config import CameraConfig
from spikeplane.formats.camera import VALUE_BITS
from spikeplane_gateware.units.camera.grabber import grabbed
from spikeplane_gateware.units.camera.region import REGION

#: Column and row of a pixel in the crop.
PLACE = data.StructLayout({"x": VALUE_BITS, "y": VALUE_BITS})


class WordPixels(wiring.Component):
    """Shifts a word out, its lowest bit first: the pixel at (x, y). While a hit waits, the pixels up
    to the next one are not looked at.

    Throughput: a pixel a cycle; a word ends at its last set bit. Latency: 2 cycles from `load` to the
    first pixel's hit.

    Parameters
    ----------
    config : CameraConfig
        The sensor: its width, and P pixels a word.

    Attributes
    ----------
    crop : In(REGION)
        The part of the plane that counts; all its edges belong to it.
    load : In(1)
        Take `word`.
    word : In(grabbed(P, places=True))
        P pixels, the first one in bit 0, and its column and row in the plane. The word goes on in the
        next row where it reaches over the edge.
    walks : In(1)
        Look at the word's pixels.
    clear : In(1)
        The hit that waits is forgotten.
    done : Out(1)
        In this cycle the last set pixel is looked at.
    ends : Out(1)
        The word is the last one of its plane.
    o : Out(stream of PLACE)
        Set pixels inside the crop, in order.
    """

    def __init__(self, config: CameraConfig) -> None:
        self.config = config
        word = {"load": In(1), "word": In(grabbed(config.pixels, places=True)), "walks": In(1)}
        states = {"done": Out(1), "ends": Out(1)}
        super().__init__(
            {"crop": In(REGION), **word, "clear": In(1), **states, "o": Out(stream.Signature(PLACE))}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bits = Signal(self.config.pixels)
        x = Signal(VALUE_BITS)
        y = Signal(VALUE_BITS)
        moves = Signal()  # nothing keeps the next pixel waiting
        crop, inside, edge = self.crop, Signal(), x == self.config.width - 1
        m.d.comb += [
            inside.eq((x >= crop.x0) & (x <= crop.x1) & (y >= crop.y0) & (y <= crop.y1)),
            moves.eq(~self.o.valid | self.o.ready),
            self.done.eq(moves & (bits[1:] == 0)),
        ]
        with m.If(moves):
            m.d.sync += self.o.valid.eq(0)
        with m.If(moves & self.walks):
            m.d.sync += [bits.eq(bits >> 1), x.eq(Mux(edge, 0, x + 1)), y.eq(y + edge)]
            m.d.sync += [self.o.payload.x.eq(x - crop.x0), self.o.payload.y.eq(y - crop.y0)]
            m.d.sync += self.o.valid.eq(bits[0] & inside)
        with m.If(self.load):
            m.d.sync += [bits.eq(self.word.word), x.eq(self.word.x), y.eq(self.word.y)]
            m.d.sync += self.ends.eq(self.word.last)
        with m.If(self.clear):
            m.d.sync += self.o.valid.eq(0)
        return m
