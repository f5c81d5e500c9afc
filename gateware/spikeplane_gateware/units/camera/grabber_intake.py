"""Which words the grabber writes: those of the region, of images that are wanted and have room.

```
    words -> RegionFilter -------------------> kept, if its image is open -> write, o, number
                 | an image starts                ^
                 +-> Due -> Room (take, dropped) -> TakenImage (open, first, last)
           fetch, full ------^  ^---- unused ---------+
```
"""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.camera.config import CameraConfig
from spikeplane.formats.camera import EVERY_BITS, NUMBER_BITS, VALUE_BITS
from spikeplane_gateware.units.camera.grabber_due import Due
from spikeplane_gateware.units.camera.grabber_image import TakenImage
from spikeplane_gateware.units.camera.grabber_room import Room
from spikeplane_gateware.units.camera.grabber_store import stored
from spikeplane_gateware.units.camera.region import REGION, RegionFilter

#: `every`: 0 for none; `words`: of the region.
SETTINGS = data.StructLayout({"every": EVERY_BITS, "region": REGION, "words": EVERY_BITS})


class Intake(wiring.Component):
    """Decides at an image's first word whether it is taken, and writes its words.

    Throughput: a word a cycle. Latency: 2 cycles.

    Parameters
    ----------
    config : CameraConfig
        The sensor.
    bits : int
        Of a word.
    depth : int
        Words of the FIFO.
    places : bool
        Column and row of a word's first pixel go along with it.

    Attributes
    ----------
    valid, word, first, last, number : In(1), In(bits), In(1), In(1), In(NUMBER_BITS)
        Words of images, in any cycle.
    settings : In(SETTINGS)
        Which images and which region of them.
    arm, trigger, flush : In(1)
        Pulses, see `Grabber`.
    fetch : In(1)
        A word has left its place in the FIFO.
    full : In(1)
        There is no room for one more image, whatever its words.
    write : Out(1)
        A word is written, with these:
    o : Out(stored(bits + 2 * VALUE_BITS if places else bits))
        The word, above it its column and its row, and whether it is the image's first or last one.
    o_number : Out(NUMBER_BITS)
        The image's number.
    dropped : Out(1)
        An image is lost for want of room.
    """

    def __init__(self, config: CameraConfig, bits: int, depth: int, *, places: bool) -> None:
        self.config, self.bits, self.depth, self.places = config, bits, depth, places
        words = {"valid": 1, "word": bits, "first": 1, "last": 1, "number": NUMBER_BITS}
        pulses = {"arm": 1, "trigger": 1, "flush": 1}
        inputs = {**words, "settings": SETTINGS, **pulses, "fetch": 1, "full": 1}
        outputs = {
            "write": 1,
            "o": stored(bits + 2 * VALUE_BITS * places),
            "o_number": NUMBER_BITS,
            "dropped": 1,
        }
        super().__init__(
            {
                **{name: In(shape) for name, shape in inputs.items()},
                **{name: Out(shape) for name, shape in outputs.items()},
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.filter = kept = RegionFilter(self.config, self.bits)
        m.submodules.due = due = Due()
        m.submodules.room = room = Room(self.depth)
        m.submodules.image = image = TakenImage(self.depth)
        start = Signal()
        end = Signal()
        names = ("valid", "word", "first", "last", "number")
        m.d.comb += [getattr(kept, name).eq(getattr(self, name)) for name in names]
        m.d.comb += [one.flush.eq(self.flush) for one in (kept, due, room, image)]
        m.d.comb += [one.start.eq(start) for one in (due, room, image)]
        m.d.comb += [one.words.eq(self.settings.words) for one in (room, image)]
        m.d.comb += [one.end.eq(end) for one in (room, image)]
        m.d.comb += [start.eq(kept.next_valid & kept.next_first), end.eq(kept.o_valid & kept.o_last)]
        m.d.comb += [kept.region.eq(self.settings.region), due.every.eq(self.settings.every)]
        m.d.comb += [due.arm.eq(self.arm), due.trigger.eq(self.trigger), room.due.eq(due.due)]
        m.d.comb += [room.full.eq(self.full), room.fetch.eq(self.fetch), room.unused.eq(image.unused)]
        m.d.comb += [image.take.eq(room.take), image.write.eq(self.write)]
        m.d.comb += [
            self.write.eq(kept.o_valid & kept.kept & image.open & ~self.flush),
            self.o.word.eq(Cat(kept.o_word, *([kept.x, kept.y] if self.places else []))),
            self.o.first.eq(image.first),
            self.o.last.eq(image.last),
            self.o_number.eq(kept.o_number),
            self.dropped.eq(room.dropped),
        ]
        return m
