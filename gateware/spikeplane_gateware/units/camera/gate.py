"""Full-rate images for a consumer on the chip: whole ones or none, since neither a camera nor the
pipeline can wait.

    valid, word, first, last, number -> [register, if open at the first word] -> o_valid, o_word,
    o_first, o_last, o_number

Throughput: a word a cycle. Latency: 1 cycle.
"""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.formats.camera import NUMBER_BITS

OVERRUN_BITS = 16


class Gate(wiring.Component):
    """The gate in front of a consumer on the chip.

    Parameters
    ----------
    bits : int
        Of a word.

    Attributes
    ----------
    valid, word, first, last, number : In(1), In(bits), In(1), In(1), In(NUMBER_BITS)
        Words of images, in any cycle.
    open : In(1)
        There is room for a whole image; looked at together with an image's first word only.
    clear : In(1)
        A pulse: no overruns so far.
    o_valid, o_word, o_first, o_last, o_number : Out(1), Out(bits), Out(1), Out(1), Out(NUMBER_BITS)
        Words of whole images.
    overruns : Out(OVERRUN_BITS)
        Images dropped since `clear`; it stays at its highest value.
    """

    def __init__(self, bits: int) -> None:
        words = {"word": bits, "first": 1, "last": 1, "number": NUMBER_BITS}
        inputs = {"valid": In(1), **{name: In(width) for name, width in words.items()}}
        outputs = {"o_valid": Out(1), **{f"o_{name}": Out(width) for name, width in words.items()}}
        super().__init__({**inputs, **outputs, "open": In(1), "clear": In(1), "overruns": Out(OVERRUN_BITS)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        passing = Signal()
        passes = Signal()
        m.d.comb += passes.eq(passing)
        with m.If(self.first):
            m.d.comb += passes.eq(self.open)
        m.d.sync += self.o_valid.eq(self.valid & passes)
        with m.If(self.valid):
            m.d.sync += passing.eq(passes)
            for name in ("word", "first", "last", "number"):
                m.d.sync += getattr(self, f"o_{name}").eq(getattr(self, name))
        count_up(m, self.overruns, self.valid & self.first & ~self.open, self.clear)
        return m


def count_up(m: Module, count: Signal, event: object, clear: object) -> None:
    """A sticky count: it stays at its highest value until it is cleared."""
    with m.If(clear):
        m.d.sync += count.eq(0)
    with m.Elif(event), m.If(~count.all()):
        m.d.sync += count.eq(count + 1)
