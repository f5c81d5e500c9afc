"""The frame grabber: some images, or a region of them, into a FIFO that is read at leisure; whole
images or none.

```
    words -> RegionFilter -> kept -> [FIFO of `depth` words] -> o
                              taken? decided at the image's first word: due, and the whole region fits
```
Ports: valid, word, first, last, number (a word a cycle at most, images of 16 words at least);
settings; arm (the next image is the first of every n), trigger (take the next image as well), clear
(overruns to 0), flush (forget all that is held, the image under way too); o (a stream of words;
`number` counts with `first`), overruns (images dropped because they did not fit, up to 65,535).

An image of `words` words is taken if so many places of the FIFO are free at its start, and fewer
than 16 images wait. Whatever the reader does, only whole images are lost; with `depth` 8 words more
than the region, one that reads at full rate loses none. Should `words` be wrong, images have as
many words as it says at most, and no `last` if they have fewer.
Throughput: a word a cycle. Latency 5 cycles.
"""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, ResetInserter, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.camera.config import CameraConfig
from spikeplane.formats.camera import EVERY_BITS, NUMBER_BITS, VALUE_BITS
from spikeplane_gateware.camera.gate import OVERRUN_BITS, count_up
from spikeplane_gateware.camera.region import REGION, RegionFilter
from spikeplane_gateware.network.fifo import StreamFifo
from spikeplane_gateware.ram import Ram

#: `every`: 0 for none; `words`: of the region.
SETTINGS = data.StructLayout({"every": EVERY_BITS, "region": REGION, "words": EVERY_BITS})
WAITING = 16  #: images that the FIFO holds at most
SPARE = 16  #: places beyond one image in a FIFO of default depth


def grabbed(bits: int, *, places: bool = False) -> data.StructLayout:
    """What a grabber gives: a word, and with `places` the column and row of its first pixel."""
    where = {"x": VALUE_BITS, "y": VALUE_BITS} if places else {}
    return data.StructLayout({"word": bits, **where, "first": 1, "last": 1, "number": NUMBER_BITS})


class Grabber(wiring.Component):
    """`bits`: of a word of P pixels; `depth`: words of the FIFO (None: a whole image and a little);
    `places`: see `grabbed`."""

    def __init__(
        self, config: CameraConfig, bits: int, *, depth: int | None = None, places: bool = False
    ) -> None:
        self.config, self.bits, self.depth, self.places = config, bits, depth or config.words + SPARE, places
        inputs = {
            "valid": 1,
            "word": bits,
            "first": 1,
            "last": 1,
            "number": NUMBER_BITS,
            "settings": SETTINGS,
        }
        pulses = {"arm": 1, "trigger": 1, "clear": 1, "flush": 1}
        super().__init__(
            {
                **{name: In(shape) for name, shape in {**inputs, **pulses}.items()},
                "o": Out(stream.Signature(grabbed(bits, places=places))),
                "overruns": Out(OVERRUN_BITS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.filter = self.filter = RegionFilter(self.config, self.bits)
        for name in ("valid", "word", "first", "last", "number", "flush"):
            m.d.comb += getattr(self.filter, name).eq(getattr(self, name))
        m.d.comb += self.filter.region.eq(self.settings.region)
        self.write = Signal()
        self.fetch = Signal()
        self.left = Signal(range(self.depth + 1))  # words of the image still to be written
        self.open = Signal()  # there are some
        self.fresh = Signal()  # none is written yet
        self.waiting = Signal(range(WAITING + 1))  # images whose number waits
        due = self._due(m)
        self._take(m, due)
        self._store(m)
        self._read(m)
        return m

    def _due(self, m: Module) -> Signal:
        """Every n-th image, or one after a trigger. From a register: it changes at first words
        only, which are far apart."""
        phase = Signal(EVERY_BITS)
        wanted = Signal()
        due = Signal()
        start = Signal()
        every = self.settings.every
        m.d.comb += start.eq(self.filter.next_valid & self.filter.next_first)
        m.d.sync += due.eq(wanted | ((every != 0) & (phase == 0)))
        with m.If(self.arm):
            m.d.sync += phase.eq(0)
        with m.Elif(start):
            m.d.sync += phase.eq(Mux(phase == 0, every - (every != 0), phase - 1))
        with m.If(self.trigger):
            m.d.sync += wanted.eq(1)
        with m.Elif(self.flush | (start & due)):
            m.d.sync += wanted.eq(0)
        return due

    def _take(self, m: Module, due: Signal) -> None:
        """Reserves the places of a whole region at an image's start, or drops the image; one by one
        they come back as they are read."""
        start = Signal()
        fits = Signal()
        take = Signal()
        room = Signal(range(self.depth + 1), init=self.depth)
        taken = Signal.like(room)  # what an image reserves, a cycle late
        back = Signal.like(room)  # what it does not need after all, a cycle late
        words, end = self.settings.words, self.filter.o_valid & self.filter.o_last
        m.d.comb += [start.eq(self.filter.next_valid & self.filter.next_first), take.eq(start & due & fits)]
        m.d.sync += fits.eq((room >= words) & (self.waiting != WAITING) & (words != 0))
        m.d.sync += [taken.eq(Mux(take, words, 0)), back.eq(Mux(end, self.left - self.write, 0))]
        m.d.sync += [room.eq(room + self.fetch + back - taken), self.left.eq(self.left - self.write)]
        with m.If((self.write & (self.left == 1)) | end):
            m.d.sync += [self.open.eq(0), self.left.eq(0)]
        with m.If(start):
            m.d.sync += [self.open.eq(take), self.left.eq(Mux(take, words, 0)), self.fresh.eq(1)]
        with m.Elif(self.write):
            m.d.sync += self.fresh.eq(0)
        with m.If(self.flush):
            m.d.sync += [room.eq(self.depth), taken.eq(0), back.eq(0), self.open.eq(0), self.left.eq(0)]
        count_up(m, self.overruns, start & due & ~fits, self.clear)

    def _store(self, m: Module) -> None:
        """Kept words of an image that is taken; in memories of their own, near the logic that looks
        at them, marks and number."""
        place = Signal(range(self.depth))
        filled = self.filter
        extra = [filled.x, filled.y] if self.places else []
        m.submodules.words = self.words = Ram(
            width=self.bits + 2 * VALUE_BITS * self.places, depth=self.depth
        )
        m.submodules.marks = self.marks = Ram(width=2, depth=self.depth)
        m.submodules.numbers = self.numbers = Ram(width=NUMBER_BITS, depth=WAITING)
        m.d.comb += [
            self.write.eq(filled.o_valid & filled.kept & self.open & ~self.flush),
            *[memory.write_en.eq(self.write) for memory in (self.words, self.marks)],
            *[memory.write_address.eq(place) for memory in (self.words, self.marks)],
            self.words.write_data.eq(Cat(filled.o_word, *extra)),
            self.marks.write_data.eq(Cat(self.fresh, self.left == 1)),
            self.numbers.write_en.eq(self.write & self.fresh),
            self.numbers.write_data.eq(filled.o_number),
        ]
        with m.If(self.write):
            m.d.sync += place.eq(Mux(place == self.depth - 1, 0, place + 1))
            with m.If(self.fresh):
                m.d.sync += self.numbers.write_address.eq(self.numbers.write_address + 1)
        with m.If(self.flush):
            m.d.sync += [place.eq(0), self.numbers.write_address.eq(0)]

    def _read(self, m: Module) -> None:
        """The memory's own register holds the word that is offered. A block RAM's output is late:
        little may hang on it."""
        out: Any = self.o.payload
        place = Signal(range(self.depth))
        level = Signal(range(self.depth + 1))
        written = Signal()
        free = Signal()
        m.d.comb += [
            free.eq(~self.o.valid | self.o.ready),
            self.fetch.eq(free & (level != 0)),
            *[memory.read_en.eq(self.fetch) for memory in (self.words, self.marks)],
            *[memory.read_address.eq(place) for memory in (self.words, self.marks)],
            Cat(out.word, *([out.x, out.y] if self.places else [])).eq(self.words.read_data),
            Cat(out.first, out.last).eq(self.marks.read_data),
        ]
        # a cycle late: the number is there first
        m.d.sync += [written.eq(self.write), level.eq(level + written - self.fetch)]
        with m.If(free):
            m.d.sync += self.o.valid.eq(self.fetch)
        with m.If(self.fetch):
            m.d.sync += place.eq(Mux(place == self.depth - 1, 0, place + 1))
        with m.If(self.flush):
            m.d.sync += [place.eq(0), written.eq(0), level.eq(0), self.o.valid.eq(0)]
        self._number(m)

    def _number(self, m: Module) -> None:
        """The numbers of the images that wait, the first of them in registers."""
        head: Any = ResetInserter(self.flush)(StreamFifo(NUMBER_BITS))
        m.submodules.head = head
        pushed = Signal()
        passed = Signal()
        gone = Signal()
        free = Signal()
        fetch = Signal()
        level = Signal(range(WAITING + 1))
        m.d.comb += [
            pushed.eq(self.write & self.fresh),
            passed.eq(self.o.valid & self.o.ready & self.o.payload.first),
            free.eq(~head.i.valid | head.i.ready),
            fetch.eq(free & (level != 0)),
            self.numbers.read_en.eq(fetch),
            head.i.payload.eq(self.numbers.read_data),
            head.o.ready.eq(passed),
            self.o.payload.number.eq(head.o.payload),
        ]
        m.d.sync += [
            level.eq(level + pushed - fetch),
            self.waiting.eq(self.waiting + pushed - gone),
            gone.eq(passed),
        ]
        with m.If(free):
            m.d.sync += head.i.valid.eq(fetch)
        with m.If(fetch):
            m.d.sync += self.numbers.read_address.eq(self.numbers.read_address + 1)
        with m.If(self.flush):
            m.d.sync += [
                level.eq(0),
                self.waiting.eq(0),
                gone.eq(0),
                head.i.valid.eq(0),
                self.numbers.read_address.eq(0),
            ]
