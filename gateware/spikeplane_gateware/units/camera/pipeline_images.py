"""Which words that leave the lanes are an image's, and of which plane.

```
    take, first, fresh -> [skip], [number] -> image_valid, image_number
```
"""

from amaranth.hdl import Const, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.camera.config import CameraConfig
from spikeplane.formats.camera import NUMBER_BITS


class ImageCount(wiring.Component):
    """Numbers images. An image's number is known, and whether it is one, before its first word: images
    of planes before plane 0 are skipped.

    Throughput: a word a cycle. Latency: 2 cycles.

    Parameters
    ----------
    config : CameraConfig
        The method: its look-ahead.

    Attributes
    ----------
    take, first, fresh : In(1)
        A word of the sensor; it is its plane's first; it is one of plane 0.
    image_valid : Out(1)
        The word leaves the lanes, as a word of an image.
    image_number : Out(NUMBER_BITS)
        The image's plane.
    """

    def __init__(self, config: CameraConfig) -> None:
        self.config = config
        word = {name: In(1) for name in ("take", "first", "fresh")}
        super().__init__({**word, "image_valid": Out(1), "image_number": Out(NUMBER_BITS)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        skip = Signal(7)
        number = Signal(NUMBER_BITS)
        taken = Signal()
        m.d.sync += taken.eq(self.take)
        with m.If(self.take & self.first):
            m.d.sync += number.eq(number + 1)
            with m.If(skip != 0):
                m.d.sync += skip.eq(skip - 1)
            with m.If(self.fresh):
                m.d.sync += skip.eq(self.config.lookahead)
                m.d.sync += number.eq(Const(-self.config.lookahead, NUMBER_BITS))
        m.d.sync += [self.image_valid.eq(taken & (skip == 0)), self.image_number.eq(number)]
        return m
