"""The camera's place on the chip: pipeline, output stage and feed, between the host link and the bridge.

```
    camera_valid, camera_plane -+-> Pipeline -+-> Gate ----------------------------> image_* (a consumer on the chip)
                                |             +-> Grabber -> ImagePackets -+
                                +-> Raster ---+-> Grabber -> ImagePackets -+-> Merge -> link_o (to the host)
                                              +-> Grabber -> Feed -+       |
    link_i (from the host) -> Registers ---------------------------+-> Merge -> bridge_o
                                  +-- replies -----------------------------+
    bridge_i (from the bridge) --------------------------------------------+
```
Throughput: a word a cycle, a packet a cycle each way. Latency: see the components.
"""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import connect, flipped

from spikeplane.camera.config import CameraConfig
from spikeplane.config import ChipConfig
from spikeplane.formats.camera import NUMBER_BITS, ROUTES, Stream
from spikeplane_gateware.network.merge import Merge
from spikeplane_gateware.units.camera.feed import Feed
from spikeplane_gateware.units.camera.gate import Gate
from spikeplane_gateware.units.camera.grabber import SPARE, Grabber
from spikeplane_gateware.units.camera.packets import ImagePackets
from spikeplane_gateware.units.camera.pipeline import Pipeline, latency
from spikeplane_gateware.units.camera.raster import Raster
from spikeplane_gateware.units.camera.registers import Registers
from spikeplane_gateware.units.unit import Pin, packet_ports

_IMAGE = {"word": "image", "first": "image_first", "last": "image_last", "number": "image_number"}


def camera_pins(camera: CameraConfig) -> dict[str, Pin]:
    """The pins that a camera adds to a chip, by name. A board has those of the words: its images go
    to the host alone."""
    return {
        "camera_valid": Pin("in", edge=True),
        "camera_plane": Pin("in", camera.pixels, edge=True),
        "image_open": Pin("in"),
        "image_valid": Pin("out"),
        "image": Pin("out", camera.pixels * camera.output_bits),
        "image_first": Pin("out"),
        "image_last": Pin("out"),
        "image_number": Pin("out", NUMBER_BITS),
    }


def feed_depth(config: ChipConfig) -> int:
    """Words of the feed's FIFO: two of the largest crops that packets can address, or a plane if
    that is less; and a few more."""
    assert config.camera is not None
    camera, side = config.camera, 1 << config.coord_bits
    rows = min(camera.height, side)
    length = camera.pixels - 2  # a run of n pixels touches (n + length) // P + 1 words at most
    if camera.pixels <= camera.width:
        crop = rows * ((min(camera.width, side) + length) // camera.pixels + 1)
    else:
        crop = (rows * camera.width + length) // camera.pixels + 1
    return min(camera.words, 2 * crop) + SPARE


def grabber_depth(config: ChipConfig, which: Stream) -> int | None:
    """Words of a stream's FIFO; None: as many as its grabber sees fit."""
    depths = {Stream.IMAGES: config.grabber_depth, Stream.PLANES: 0, Stream.FEED: feed_depth(config)}
    return depths[which] or None


class CameraUnit(wiring.Component):
    """The camera as a unit of a chip: it connects the components of the module's picture.

    Parameters
    ----------
    config : ChipConfig
        The chip; it has a camera of P pixels a word and values of V bits.
    pipeline : component or None
        Anything with the ports of `Pipeline`; None: that one.

    Attributes
    ----------
    camera_valid, camera_plane : In(1), In(P)
        A word of the sensor, in any cycle; it cannot be stalled.
    image_open : In(1)
        There is room for a whole image; looked at together with an image's first word only.
    image_valid, image, image_first, image_last, image_number : Out(1), Out(P * V), Out(1), ...
        Images at full rate for a consumer on the chip.
    link_i, link_o, bridge_i, bridge_o : streams of packet_struct(config)
        Packets between host link and bridge: see `units.unit`.
    """

    def __init__(self, config: ChipConfig, pipeline: Any = None) -> None:
        assert config.camera is not None
        self.config, self.camera, self.pipeline = config, config.camera, pipeline
        pins = {name: pin.member for name, pin in camera_pins(config.camera).items()}
        super().__init__({**pins, **packet_ports(config)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.registers = self.registers = Registers(self.config)
        m.submodules.to_host = self.to_host = Merge(self.config, 4)
        m.submodules.to_bridge = to_bridge = Merge(self.config, 2)
        m.submodules.raster = raster = Raster(self.camera)
        registers = self.registers
        connect(m, flipped(self.link_i), registers.i)
        connect(m, flipped(self.bridge_i), self.to_host.i_0)
        connect(m, registers.reply, self.to_host.i_1)
        connect(m, self.to_host.o, flipped(self.link_o))
        connect(m, registers.o, to_bridge.i_0)
        connect(m, to_bridge.o, flipped(self.bridge_o))
        m.d.comb += [raster.valid.eq(self.camera_valid), raster.plane.eq(self.camera_plane)]
        m.d.comb += [raster.restart.eq(registers.restart), registers.planes.eq(raster.planes)]
        planes = {
            "valid": raster.o_valid,
            "word": raster.word,
            "first": raster.first,
            "last": raster.last,
            "number": raster.number,
        }
        self._images(m)
        grabber = self._grabber(m, Stream.PLANES, self.camera.pixels, planes)
        self._send(m, Stream.PLANES, self.camera.pixels, grabber)
        self._feed(m, planes, to_bridge.i_1)
        return m

    def _images(self, m: Module) -> None:
        """After a restart the pipeline still gives words of planes before it: they are passed over."""
        m.submodules.pipeline = pipeline = self.pipeline or Pipeline(self.camera)
        after = self.pipeline.latency if self.pipeline else latency(self.camera)
        old = Signal(range(after + 1))
        with m.If(self.registers.restart):
            m.d.sync += old.eq(after)
        with m.Elif(old != 0):
            m.d.sync += old.eq(old - 1)
        bits = self.camera.pixels * self.camera.output_bits
        m.submodules.gate = gate = Gate(bits)
        images = {name: getattr(pipeline, port) for name, port in _IMAGE.items()}
        images["valid"] = pipeline.image_valid & ~self.registers.restart & (old == 0)
        m.d.comb += [
            pipeline.valid.eq(self.camera_valid),
            pipeline.plane.eq(self.camera_plane),
            pipeline.restart.eq(self.registers.restart),
            *[getattr(gate, name).eq(value) for name, value in images.items()],
            *[
                getattr(self, port).eq(getattr(gate, f"o_{name}"))
                for name, port in {**_IMAGE, "valid": "image_valid"}.items()
            ],
            gate.open.eq(self.image_open),
            gate.clear.eq(self.registers.clear),
            self.registers.overruns_3.eq(gate.overruns),
        ]
        grabber = self._grabber(m, Stream.IMAGES, bits, images)
        self._send(m, Stream.IMAGES, bits, grabber)

    def _grabber(self, m: Module, which: Stream, bits: int, words: dict[str, Any]) -> Grabber:
        depth, places = grabber_depth(self.config, which), which == Stream.FEED
        m.submodules[f"grabber_{which}"] = grabber = Grabber(self.camera, bits, depth=depth, places=places)
        registers = self.registers
        m.d.comb += [getattr(grabber, name).eq(value) for name, value in words.items()]
        m.d.comb += [
            getattr(grabber, name).eq(getattr(registers, f"{name}_{which}"))
            for name in ("settings", "arm", "flush")
        ]
        m.d.comb += [
            grabber.clear.eq(registers.clear),
            getattr(registers, f"overruns_{which}").eq(grabber.overruns),
        ]
        if which != Stream.FEED:
            m.d.comb += grabber.trigger.eq(registers.trigger[which])
        return grabber

    def _send(self, m: Module, which: Stream, bits: int, grabber: Grabber) -> None:
        m.submodules[f"packets_{which}"] = packets = ImagePackets(self.config, bits, which)
        connect(m, grabber.o, packets.i)
        connect(m, packets.o, getattr(self.to_host, f"i_{2 + which}"))

    def _feed(self, m: Module, planes: dict[str, Any], out: Any) -> None:
        m.submodules.feed = feed = Feed(self.config)
        grabber = self._grabber(m, Stream.FEED, self.camera.pixels, planes)
        registers = self.registers
        connect(m, grabber.o, feed.i)
        connect(m, feed.o, out)
        m.d.comb += grabber.flush.eq(registers.flush_2 | ~feed.active)
        m.d.comb += [feed.crop.eq(registers.settings_2.region), registers.samples_left.eq(feed.samples_left)]
        m.d.comb += [feed.start.eq(registers.start), feed.stop.eq(registers.stop | registers.restart)]
        names = ("steps", "samples", "last_route", *(f"route_{k}" for k in range(ROUTES)))
        m.d.comb += [getattr(feed, name).eq(getattr(registers, name)) for name in names]
