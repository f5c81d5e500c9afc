"""The reconstruction pipeline: a word of P pixels' spikes in, a word of P pixels' values out, in every cycle.

```
    valid, plane -> WordCount -> StateMemory -> Lanes -> image
                        |             ^-----------+ the same word, `loop` cycles later
                        +--------------------> ImageCount -> image_valid, image_number
```
A word of the next plane comes at least MIN_WORDS words later, when the state of its pixels is long
back in the memory: there is no forwarding and nothing ever waits. The memory is not cleared: in the
first plane every state reads as zero.
"""

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.camera.config import MIN_WORDS, CameraConfig
from spikeplane.formats.camera import NUMBER_BITS
from spikeplane_gateware.units.camera.lane import state_latency, value_latency
from spikeplane_gateware.units.camera.pipeline_count import WordCount
from spikeplane_gateware.units.camera.pipeline_images import ImageCount
from spikeplane_gateware.units.camera.pipeline_lanes import Lanes
from spikeplane_gateware.units.camera.pipeline_states import READ, StateMemory
from spikeplane_gateware.units.camera.state import state_layout


def loop(config: CameraConfig) -> int:
    """Cycles from the reading of a state to its writing."""
    return 1 + state_latency(config)


def latency(config: CameraConfig) -> int:
    """Cycles from a word to its image's word."""
    return READ + value_latency(config)


class Pipeline(wiring.Component):
    """Connects the row of the module's picture; what is known of a word goes along with it.

    Throughput: a word a cycle, with no cycle between planes. Latency: `latency` cycles from a word
    of plane t to that of image t - A.

    Parameters
    ----------
    config : CameraConfig
        The sensor, its method and look-ahead A: P pixels a word, values of V bits.

    Attributes
    ----------
    valid, plane : In(1), In(P)
        A word of the sensor, pixel 0 lowest.
    restart : In(1)
        The next valid word is the first of plane 0; a word in the same cycle is not taken. Words
        taken before still come out: an image that was broken off ends without `image_last`.
    image_valid, image : Out(1), Out(P * V)
        A word of an image, pixel 0 lowest. Planes before plane A give no image.
    image_first, image_last : Out(1)
        It is the image's first word, its last one.
    image_number : Out(NUMBER_BITS)
        The image's plane.
    latency, loop, state_bits : int
        See `latency` and `loop`; bits of a pixel's state.
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
                "image_number": Out(NUMBER_BITS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.count = count = WordCount(self.config)
        m.submodules.states = states = StateMemory(self.config)
        m.submodules.lanes = lanes = Lanes(self.config)
        m.submodules.images = images = ImageCount(self.config)
        # `taken[i]` and the others belong to the word of i cycles ago
        taken = _along(m, "taken", count.take, self.latency - 2, reset_less=False)
        first = _along(m, "first", count.first, self.latency)
        last = _along(m, "last", count.last, self.latency)
        fresh = _along(m, "fresh", count.fresh, self.latency - 2)
        back = (
            READ + state_latency(self.config) - 1
        )  # the cycle before a word is written: address registers follow
        m.d.comb += [
            count.valid.eq(self.valid),
            count.restart.eq(self.restart),
            states.read_word.eq(count.word),
            states.write.eq(taken[back]),
            states.first.eq(first[back]),
            states.following.eq(lanes.following),
            lanes.states.eq(states.states),
            lanes.spikes.eq(_along(m, "spikes", self.plane, READ)[-1]),
            lanes.fresh.eq(fresh[READ]),
            images.take.eq(taken[-1]),
            images.first.eq(first[self.latency - 2]),
            images.fresh.eq(fresh[-1]),
            self.image.eq(lanes.values),
            self.image_valid.eq(images.image_valid),
            self.image_number.eq(images.image_number),
            self.image_first.eq(first[-1]),
            self.image_last.eq(last[-1]),
        ]
        return m


def _along(m: Module, name: str, value: Value, cycles: int, *, reset_less: bool = True) -> list[Value]:
    """[value, value of 1 cycle ago, ...]."""
    line = [value]
    for number in range(1, cycles + 1):
        line.append(Signal(len(value), name=f"{name}_{number}", reset_less=reset_less))
        m.d.sync += line[-1].eq(line[-2])
    return line
