"""Counts the words of the sensor's planes: which is a plane's first, which its last, and which plane it is.

    valid, plane -> [register] -> o_valid, word, first, last, number

Throughput: a word a cycle. Latency: 1 cycle.
"""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.camera.config import CameraConfig
from spikeplane.formats.camera import NUMBER_BITS


class Raster(wiring.Component):
    """The raster of the sensor.

    Parameters
    ----------
    config : CameraConfig
        The sensor: P pixels a word, its words a plane.

    Attributes
    ----------
    valid, plane : In(1), In(P)
        A word of the sensor, in any cycle.
    restart : In(1)
        The next word is the first of plane 0; a word in the same cycle is dropped.
    o_valid, word : Out(1), Out(P)
        The word, a cycle later.
    first, last : Out(1)
        It is its plane's first, its last.
    number : Out(NUMBER_BITS)
        Its plane.
    planes : Out(NUMBER_BITS)
        Whole planes since `restart`.
    """

    def __init__(self, config: CameraConfig) -> None:
        self.config = config
        inputs = {"valid": In(1), "plane": In(config.pixels), "restart": In(1)}
        outputs = {"o_valid": Out(1), "word": Out(config.pixels), "first": Out(1), "last": Out(1)}
        super().__init__({**inputs, **outputs, "number": Out(NUMBER_BITS), "planes": Out(NUMBER_BITS)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        at = Signal(range(self.config.words))
        is_last = Signal()
        m.d.comb += is_last.eq(at == self.config.words - 1)
        m.d.sync += self.o_valid.eq(self.valid)
        with m.If(self.valid):
            m.d.sync += [self.word.eq(self.plane), self.first.eq(at == 0), self.last.eq(is_last)]
            m.d.sync += [self.number.eq(self.planes), at.eq(at + 1)]
            with m.If(is_last):
                m.d.sync += [at.eq(0), self.planes.eq(self.planes + 1)]
        with m.If(self.restart):
            m.d.sync += [self.o_valid.eq(0), at.eq(0), self.planes.eq(0)]
        return m
