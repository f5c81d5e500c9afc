"""A walk over planes: what the feed has to send, item by item.

```
    i (words) -> WordPixels -> hits -> o: a plane begins, its set pixels, it ends; the next plane ...
                      ^ states wait, load, walk, end
```
"""

from amaranth.hdl import Module
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.camera.config import CameraConfig
from spikeplane_gateware.units.camera.feed_pixels import PLACE, WordPixels
from spikeplane_gateware.units.camera.grabber import grabbed
from spikeplane_gateware.units.camera.region import REGION

#: A plane begins, or it ends, or neither: the pixel at `place` in the crop is set.
ITEM = data.StructLayout({"begins": 1, "ends": 1, "place": PLACE})


class PlaneWalk(wiring.Component):
    """Turns words into items.

    Throughput: a word takes as many cycles as the place of its last set bit, and one more to load
    it; a set pixel waits until the one before it has gone. Latency: 3 cycles from a plane's first
    word to its first set pixel.

    Parameters
    ----------
    config : CameraConfig
        The sensor: its width, and P pixels a word.

    Attributes
    ----------
    i : In(stream of grabbed(P, places=True))
        Words of planes in order, those of the crop at least.
    crop : In(REGION)
        Pixels outside of it are no items.
    active : In(1)
        A run is on. When it ends, the walk forgets what it has begun and takes back the item that
        waits; the next word is the first of a plane.
    o : Out(stream of ITEM)
        Per plane: `begins`, each set pixel row by row, `ends`.
    """

    def __init__(self, config: CameraConfig) -> None:
        self.config = config
        words = stream.Signature(grabbed(config.pixels, places=True))
        super().__init__(
            {"i": In(words), "crop": In(REGION), "active": In(1), "o": Out(stream.Signature(ITEM))}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.pixels = pixels = WordPixels(self.config)
        item, hit = self.o.payload, pixels.o
        m.d.comb += [pixels.crop.eq(self.crop), pixels.word.eq(self.i.payload), pixels.clear.eq(~self.active)]
        m.d.comb += [item.place.eq(hit.payload), hit.ready.eq(self.o.ready)]
        m.d.comb += self.o.valid.eq((hit.valid & self.active) | item.begins | item.ends)
        with m.FSM():
            with m.State("wait"), m.If(self.i.valid & self.active):
                m.d.comb += item.begins.eq(1)
                with m.If(self.o.ready):
                    m.next = "load"
            with m.State("load"):
                m.d.comb += [self.i.ready.eq(1), pixels.load.eq(1)]
                with m.If(~self.active):
                    m.next = "wait"
                with m.Elif(self.i.valid):
                    m.next = "walk"
            with m.State("walk"):
                m.d.comb += pixels.walks.eq(1)
                with m.If(~self.active):
                    m.next = "wait"
                with m.Elif(pixels.done):
                    m.next = "load"
                    with m.If(pixels.ends):
                        m.next = "end"
            with m.State("end"):
                with m.If(~self.active):
                    m.next = "wait"
                with m.Elif(~hit.valid):
                    m.d.comb += item.ends.eq(1)
                    with m.If(self.o.ready):
                        m.next = "wait"
        return m
