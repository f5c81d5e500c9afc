"""Which words of an image hold a pixel of the region of interest: the gateware of
`spikeplane.camera.region.kept_words`.

```
    valid, word ... -> [word and the place of its first pixel] -> [word and comparisons] -> o_valid, kept, o_word ...
                        next, next_first: what follows
```
Throughput: a word a cycle. Latency: 2 cycles.
"""

from typing import Any

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.camera.config import CameraConfig
from spikeplane.formats.camera import NUMBER_BITS, VALUE_BITS

REGION = data.StructLayout({"x0": VALUE_BITS, "x1": VALUE_BITS, "y0": VALUE_BITS, "y1": VALUE_BITS})


class RegionFilter(wiring.Component):
    """The filter of one region of interest: it marks words.

    Parameters
    ----------
    config : CameraConfig
        The sensor: its width, and P pixels a word.
    bits : int
        Of a word of P pixels.

    Attributes
    ----------
    valid, word, first, last, number : In(1), In(bits), In(1), In(1), In(NUMBER_BITS)
        Words of images, in any cycle.
    region : In(REGION)
        The region, edges included; taken over with each image's first word.
    flush : In(1)
        Words under way are forgotten.
    o_valid, o_word, o_first, o_last, o_number : Out(1), Out(bits), Out(1), Out(1), Out(NUMBER_BITS)
        The same words.
    kept : Out(1)
        The word holds a pixel of the region.
    x, y : Out(VALUE_BITS)
        Column and row of its first pixel.
    next_valid, next_first : Out(1)
        A word comes out in the next cycle; it is an image's first.
    """

    def __init__(self, config: CameraConfig, bits: int) -> None:
        self.config, self.bits = config, bits
        words = {"word": bits, "first": 1, "last": 1, "number": NUMBER_BITS}
        places = {"x": Out(VALUE_BITS), "y": Out(VALUE_BITS)}
        inputs = {
            "valid": In(1),
            **{name: In(width) for name, width in words.items()},
            "region": In(REGION),
            "flush": In(1),
        }
        outputs = {
            "o_valid": Out(1),
            "kept": Out(1),
            **{f"o_{name}": Out(width) for name, width in words.items()},
            **places,
        }
        super().__init__({**inputs, **outputs, "next_valid": Out(1), "next_first": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        x = Signal(VALUE_BITS)
        y = Signal(VALUE_BITS)
        valid = Signal()
        region: Any = Signal(REGION)
        held = {
            name: Signal.like(getattr(self, name), name=f"held_{name}", reset_less=True) for name in _WORDS
        }
        m.d.comb += [self.next_valid.eq(valid), self.next_first.eq(held["first"])]
        self._place(m, x, y)
        m.d.sync += [valid.eq(self.valid & ~self.flush), self.o_valid.eq(valid & ~self.flush)]
        with m.If(self.valid):
            m.d.sync += [signal.eq(getattr(self, name)) for name, signal in held.items()]
            with m.If(self.first):
                m.d.sync += region.eq(self.region)
        m.d.sync += [getattr(self, f"o_{name}").eq(signal) for name, signal in held.items()]
        m.d.sync += [self.x.eq(x), self.y.eq(y)]
        self._compare(m, x, y, region)
        return m

    def _place(self, m: Module, x: Signal, y: Signal) -> None:
        """From one word's first pixel to the next one's: `rows` rows and `rest` pixels on."""
        width = self.config.width
        rows, rest = divmod(self.config.pixels, width)
        wraps = Signal()
        m.d.comb += wraps.eq(x >= width - rest if rest else 0)
        with m.If(self.valid):
            with m.If(self.first):
                m.d.sync += [x.eq(0), y.eq(0)]
            with m.Else():
                m.d.sync += x.eq(Mux(wraps, x - (width - rest), x + rest))
                m.d.sync += y.eq(Mux(wraps, y + (rows + 1), y + rows))

    def _compare(self, m: Module, x: Signal, y: Signal, region: Any) -> None:
        """Each comparison has a register of its own; `kept` is made of those."""
        pixels, width = self.config.pixels, self.config.width

        def registered(name: str, condition: object) -> Signal:
            flag = Signal(name=name)
            m.d.sync += flag.eq(condition)
            return flag

        below = registered("below", y <= region.y1)
        if pixels > width:
            # the row of the last pixel: with a rest, one more if that reaches over the edge
            rows, rest = divmod(pixels, width)
            end = Signal(VALUE_BITS + 1)
            m.d.comb += end.eq(y + rows + (x > width - rest) if rest else y + rows - 1)
            m.d.comb += self.kept.eq(below & registered("reaches", end >= region.y0))
            return
        above = registered("above", y >= region.y0)
        left, right = registered("left", x <= region.x1), registered("right", x + (pixels - 1) >= region.x0)
        above_next, below_next = (
            registered("above_next", y + 1 >= region.y0),
            registered("below_next", y + 1 <= region.y1),
        )
        # the part in the next row reaches the region
        over = registered("over", x + (pixels - 1) >= region.x0 + width)
        m.d.comb += self.kept.eq((above & below & left & right) | (above_next & below_next & over))


_WORDS = ("word", "first", "last", "number")
