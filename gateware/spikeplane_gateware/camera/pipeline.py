"""The reconstruction pipeline: a word of P pixels' spikes in, a word of P pixels' values out, in every cycle.

```
    valid, plane -> count words -> state memory -> P lanes -> image
                                     read ^   | write, the same word `LOOP` cycles later
                                          +---+
```
A word of the next plane comes at least MIN_WORDS words later, when the state of its pixels is long
back in the memory: there is no forwarding and nothing ever waits. The memory is not cleared: in the
first plane every state reads as zero.
"""

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, ResetSignal, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.camera.config import MIN_WORDS, CameraConfig
from spikeplane.config import bits_for
from spikeplane_gateware.camera.lane import Lane, state_latency, value_latency
from spikeplane_gateware.camera.state import state_layout
from spikeplane_gateware.ram import Ram, Verilog

LANE_MODULE = "spikeplane_camera_lane"
#: Bits of the state word behind one copy of the address registers: 16 block RAMs of 9 bits, 8 of
#: 18, 4 of 36, 2 of 72.
BANK_BITS = 144
_READ = 2  #: cycles from `valid` to the state word: the address register, the memory


def loop(config: CameraConfig) -> int:
    """Cycles from the reading of a state to its writing."""
    return 1 + state_latency(config)


def latency(config: CameraConfig) -> int:
    """Cycles from a word to its image's word."""
    return _READ + value_latency(config)


class Pipeline(wiring.Component):
    """In: valid, plane (P bits, pixel 0 lowest), restart. Out: image_valid, image (P values, pixel
    0 lowest), image_first and image_last (word of an image), image_number (its plane).

    `restart`: the next valid word is the first of plane 0; a word in the same cycle is not taken.
    Words taken before still come out: an image that was broken off ends without `image_last`.
    Planes before plane `lookahead` give no image.
    Throughput: a word a cycle, with no cycle between planes. Latency: `latency` cycles from a word
    of plane t to that of image t - A.
    """

    def __init__(self, config: CameraConfig) -> None:
        self.config = config
        self.latency, self.loop, self.state_bits = latency(config), loop(config), state_layout(config).size
        assert self.loop < MIN_WORDS <= config.words, (
            f"a state is read again before it is written, {self.loop} cycles later"
        )
        super().__init__(
            {
                "valid": In(1),
                "plane": In(config.pixels),
                "restart": In(1),
                "image_valid": Out(1),
                "image": Out(config.pixels * config.output_bits),
                "image_first": Out(1),
                "image_last": Out(1),
                "image_number": Out(32),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._count(m)
        self._states(m, platform)
        self._images(m)
        return m

    def _count(self, m: Module) -> None:
        """Words of a plane; what is known of a word goes along with it: `taken[i]` and the others
        belong to the word of i cycles ago."""
        words = self.config.words
        self.word = Signal(bits_for(words))
        fresh = Signal(init=1)
        take = Signal()
        first = Signal()
        last = Signal()
        m.d.comb += [
            take.eq(self.valid & ~self.restart),
            first.eq(self.word == 0),
            last.eq(self.word == words - 1),
        ]
        with m.If(self.restart):
            m.d.sync += [self.word.eq(0), fresh.eq(1)]
        with m.Elif(self.valid):
            m.d.sync += self.word.eq(self.word + 1)
            with m.If(last):
                m.d.sync += [self.word.eq(0), fresh.eq(0)]
        self.taken = _along(m, "taken", take, self.latency, reset_less=False)
        self.first = _along(m, "first", first, self.latency)
        self.last = _along(m, "last", last, self.latency)
        self.fresh = _along(m, "fresh", fresh, self.latency)
        self.spikes = _along(m, "spikes", self.plane, _READ)

    def _states(self, m: Module, platform: object) -> None:
        lanes, bits = self.config.pixels, self.state_bits
        states = [Signal(bits, name=f"state_{i}") for i in range(lanes)]
        following = [Signal(bits, name=f"following_{i}") for i in range(lanes)]
        values = [Signal(self.config.output_bits, name=f"value_{i}") for i in range(lanes)]
        for i in range(lanes):
            self._place_lane(m, platform, i, states[i], following[i], values[i])
        m.d.comb += self.image.eq(Cat(*values))
        # the cycle before a word is written: address registers follow
        back = _READ + state_latency(self.config) - 1
        into = Signal.like(self.word)
        at = Signal.like(self.word)
        m.d.comb += at.eq(into)
        with m.If(self.first[back]):
            m.d.comb += at.eq(0)
        with m.If(self.taken[back]):
            m.d.sync += into.eq(at + 1)
        read_word, written = Cat(*states), Cat(*following)
        for number, low in enumerate(range(0, bits * lanes, BANK_BITS)):
            part = slice(low, min(low + BANK_BITS, bits * lanes))
            reads_at, writes_at, writes = (
                _copy(m, f"{n}_{number}", v)
                for n, v in (("reads_at", self.word), ("writes_at", at), ("writes", self.taken[back]))
            )
            m.submodules[f"bank_{number}"] = ram = Ram(width=part.stop - low, depth=self.config.words)
            m.d.comb += [
                ram.read_en.eq(1),
                ram.read_address.eq(reads_at),
                read_word[part].eq(ram.read_data),
                ram.write_en.eq(writes),
                ram.write_address.eq(writes_at),
                ram.write_data.eq(written[part]),
            ]

    def _place_lane(
        self, m: Module, platform: object, i: int, state: Signal, following: Signal, value: Signal
    ) -> None:
        """Of 50 equal submodules Amaranth would write 50 modules: in Verilog lanes are instances of one."""
        spike, fresh = self.spikes[_READ][i], self.fresh[_READ]
        if isinstance(platform, Verilog):
            m.submodules[f"lane_{i}"] = Instance(
                LANE_MODULE,
                i_clk=ClockSignal(),
                i_rst=ResetSignal(),
                i_state=state,
                i_spike=spike,
                i_fresh=fresh,
                o_following=following,
                o_value=value,
            )
            return
        m.submodules[f"lane_{i}"] = lane = Lane(self.config)
        m.d.comb += [
            lane.state.eq(state),
            lane.spike.eq(spike),
            lane.fresh.eq(fresh),
            following.eq(lane.following),
            value.eq(lane.value),
        ]

    def _images(self, m: Module) -> None:
        """An image's number is known, and whether it is one, before its first word: images of
        planes before plane 0 are skipped."""
        early = self.latency - 2
        skip = Signal(7)
        number = Signal(32)
        with m.If(self.taken[early] & self.first[early]):
            m.d.sync += number.eq(number + 1)
            with m.If(skip != 0):
                m.d.sync += skip.eq(skip - 1)
            with m.If(self.fresh[early]):
                m.d.sync += [skip.eq(self.config.lookahead), number.eq(Const(-self.config.lookahead, 32))]
        m.d.sync += [self.image_valid.eq(self.taken[early + 1] & (skip == 0)), self.image_number.eq(number)]
        m.d.comb += [self.image_first.eq(self.first[-1]), self.image_last.eq(self.last[-1])]


def _along(m: Module, name: str, value: Value, cycles: int, *, reset_less: bool = True) -> list[Value]:
    """[value, value of 1 cycle ago, ...]."""
    line = [value]
    for number in range(1, cycles + 1):
        line.append(Signal(len(value), name=f"{name}_{number}", reset_less=reset_less))
        m.d.sync += line[-1].eq(line[-2])
    return line


def _copy(m: Module, name: str, value: Value) -> Signal:
    """A register of its own for one bank (see `core.spread`)."""
    copy = Signal(len(value), name=name, reset_less=True, attrs={"keep": 1})
    m.d.sync += copy.eq(value)
    return copy
