"""The frame grabber: some images, or a region of them, into a FIFO that is read at leisure; whole
images or none.

```
    words -> Intake -> write -+-> WordStore ----> o
               ^ ^            +-> ImageNumbers -> o.number
               | +-- full ----------+  |
               +---- fetch ------------+
```
An image of `words` words is taken if so many places of the FIFO are free at its start, and fewer
than 16 images wait. Whatever the reader does, only whole images are lost; with `depth` 8 words more
than the region, one that reads at full rate loses none. Should `words` be wrong, images have as
many words as it says at most, and no `last` if they have fewer.
"""

from amaranth.hdl import Cat, Module
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.camera.config import CameraConfig
from spikeplane.formats.camera import NUMBER_BITS, VALUE_BITS
from spikeplane_gateware.units.camera.gate import OVERRUN_BITS, count_up
from spikeplane_gateware.units.camera.grabber_intake import SETTINGS, Intake
from spikeplane_gateware.units.camera.grabber_numbers import ImageNumbers
from spikeplane_gateware.units.camera.grabber_store import WordStore

SPARE = 16  #: places beyond one image in a FIFO of default depth


def grabbed(bits: int, *, places: bool = False) -> data.StructLayout:
    """What a grabber gives: a word, and with `places` the column and row of its first pixel."""
    where = {"x": VALUE_BITS, "y": VALUE_BITS} if places else {}
    return data.StructLayout({"word": bits, **where, "first": 1, "last": 1, "number": NUMBER_BITS})


class Grabber(wiring.Component):
    """Connects the components of the module's picture.

    Throughput: a word a cycle. Latency: 5 cycles.

    Parameters
    ----------
    config : CameraConfig
        The sensor; images of 16 words at least.
    bits : int
        Of a word of P pixels.
    depth : int or None
        Words of the FIFO; None: a whole image and SPARE more.
    places : bool
        Words tell their places: see `grabbed`.

    Attributes
    ----------
    valid, word, first, last, number : In(1), In(bits), In(1), In(1), In(NUMBER_BITS)
        Words of images, in any cycle; they cannot be stalled.
    settings : In(SETTINGS)
        Which images and which region of them; looked at when an image starts.
    arm : In(1)
        A pulse: the next image is the first of every n.
    trigger : In(1)
        A pulse: take the next image as well.
    clear : In(1)
        A pulse: no overruns so far.
    flush : In(1)
        Forget all that is held, the image under way too.
    o : Out(stream of grabbed(bits, places))
        Words of whole images; `number` counts with `first`.
    overruns : Out(OVERRUN_BITS)
        Images that were dropped because they did not fit; it stays at its highest value.
    """

    def __init__(
        self, config: CameraConfig, bits: int, *, depth: int | None = None, places: bool = False
    ) -> None:
        self.config, self.bits, self.depth, self.places = config, bits, depth or config.words + SPARE, places
        words = {"valid": 1, "word": bits, "first": 1, "last": 1, "number": NUMBER_BITS}
        pulses = {"arm": 1, "trigger": 1, "clear": 1, "flush": 1}
        inputs = {**words, "settings": SETTINGS, **pulses}
        super().__init__(
            {
                **{name: In(shape) for name, shape in inputs.items()},
                "o": Out(stream.Signature(grabbed(bits, places=places))),
                "overruns": Out(OVERRUN_BITS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bits = self.bits + 2 * VALUE_BITS * self.places
        m.submodules.intake = intake = Intake(self.config, self.bits, self.depth, places=self.places)
        m.submodules.store = store = WordStore(bits, self.depth)
        m.submodules.numbers = numbers = ImageNumbers()
        out, word = self.o.payload, store.o.payload
        inputs = ("valid", "word", "first", "last", "number", "settings", "arm", "trigger", "flush")
        m.d.comb += [getattr(intake, name).eq(getattr(self, name)) for name in inputs]
        m.d.comb += [
            intake.fetch.eq(store.fetch),
            intake.full.eq(numbers.full),
            store.write.eq(intake.write),
            store.i.eq(intake.o),
            store.flush.eq(self.flush),
            store.o.ready.eq(self.o.ready),
            numbers.push.eq(intake.write & intake.o.first),
            numbers.number.eq(intake.o_number),
            numbers.pop.eq(self.o.valid & self.o.ready & out.first),
            numbers.flush.eq(self.flush),
            self.o.valid.eq(store.o.valid),
            Cat(out.word, *([out.x, out.y] if self.places else [])).eq(word.word),
            out.first.eq(word.first),
            out.last.eq(word.last),
            out.number.eq(numbers.first),
        ]
        count_up(m, self.overruns, intake.dropped, self.clear)
        return m
