"""The camera's place on the chip, link to bridge: registers, image packets, restart, and the feed's packets against the driver's own.

The pipeline is a stand-in, black or white as the plane's bits, some cycles late; its own tests are elsewhere.
"""

import random
from dataclasses import replace
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from camera_streams import gaps, read, simulate, words_of

from spikeplane.camera.config import CameraConfig
from spikeplane.camera.region import Region, kept_words, whole
from spikeplane.compiler import build_image, place
from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.camera import Command, Item, Register, Stream
from spikeplane.formats.packet import Control, Counter, Kind, packet_format
from spikeplane.host.camera import CameraPort
from spikeplane.host.driver import Driver
from spikeplane.network import Network, Neuron, Population, Projection
from spikeplane_gateware.camera.unit import CameraUnit, feed_depth

CHIP = ChipConfig(rows=1, cols=2, lanes=8, weight_depth=64, acc_depth=1024, membrane_depth=1024)


class StandIn(wiring.Component):
    """Gives the plane itself, 255 for a set bit, `latency` cycles later."""

    latency = 21

    def __init__(self, config: CameraConfig) -> None:
        self.config = config
        inputs = {"valid": In(1), "plane": In(config.pixels), "restart": In(1), "image_valid": Out(1)}
        outputs = {"image": Out(8 * config.pixels), "image_first": Out(1), "image_last": Out(1), "image_number": Out(32)}
        super().__init__({**inputs, **outputs})

    def elaborate(self, platform: object) -> Module:
        m: Any = Module()
        port: Any = self
        at, number = Signal(range(self.config.words)), Signal(32)
        ends = at == self.config.words - 1
        now: Any = Cat(port.valid & ~port.restart, port.plane, at == 0, ends, number)
        for _ in range(self.latency):
            late = Signal(len(now))
            m.d.sync += late.eq(now)
            now = late
        with m.If(port.valid):
            m.d.sync += at.eq(at + 1)
            with m.If(ends):
                m.d.sync += [at.eq(0), number.eq(number + 1)]
        with m.If(port.restart):
            m.d.sync += [at.eq(0), number.eq(0)]
        pixels = self.config.pixels
        m.d.comb += [
            port.image_valid.eq(now[0]), port.image_first.eq(now[pixels + 1]), port.image_last.eq(now[pixels + 2]),
            port.image.eq(Cat(*[now[1 + k].replicate(8) for k in range(pixels)])), port.image_number.eq(now[pixels + 3 :]),
        ]  # fmt: skip
        return m


class Unit:
    """A CameraUnit, the host's port writing to it, and what comes out. `stall`: how often each reader pauses."""

    def __init__(self, camera: CameraConfig, *, stall: float = 0.0, seed: int = 0, chip: ChipConfig = CHIP) -> None:
        self.chip, self.camera, self.form = replace(chip, camera=camera), camera, packet_format(replace(chip, camera=camera))
        self.rng, self.stall = random.Random(seed), stall
        self.sent: list[int] = []  # by the port, not yet in
        self.to_host: list[Any] = []
        self.to_bridge: list[Any] = []
        channel: Any = SimpleNamespace(config=self.chip, form=self.form, bridge=self._bridge, query=self._query, on_images=None)
        self.port = CameraPort(channel)
        self.channel = channel

    @cached_property
    def dut(self) -> Any:
        return CameraUnit(self.chip, StandIn(self.camera))

    def _bridge(self, op: Control, arg: int = 0) -> None:
        self.sent.append(self.form.pack(Kind.CONTROL, host=1, op=op, arg=arg))

    def _query(self, counter: Counter) -> int:
        self._bridge(Control.QUERY, counter)
        return 0

    async def write(self, ctx: Any) -> None:
        """What the port has written goes in."""
        for packet in self.sent:
            ctx.set(self.dut.link_i.payload.as_value(), packet)
            ctx.set(self.dut.link_i.valid, 1)
            await ctx.tick().until(self.dut.link_i.ready)
        ctx.set(self.dut.link_i.valid, 0)
        self.sent.clear()
        await ctx.tick().repeat(3)

    async def show(self, ctx: Any, planes: np.ndarray, gap: float, words: int | None = None) -> None:
        pause = gaps(len(planes), gap)
        for plane in planes:
            for word in words_of(self.camera, plane, 1)[:words]:
                ctx.set(self.dut.camera_valid, 0)
                for _ in range(pause()):
                    await ctx.tick()
                ctx.set(self.dut.camera_valid, 1)
                ctx.set(self.dut.camera_plane, word)
                await ctx.tick()
        ctx.set(self.dut.camera_valid, 0)

    def unpacked(self, packets: list[Any]) -> list[tuple[Kind, dict[str, int]]]:
        return [self.form.unpack(packet.as_bits() if hasattr(packet, "as_bits") else int(packet)) for packet in packets]

    def deliver(self) -> list[tuple[Kind, dict[str, int]]]:
        """Image packets to the port's receivers; the others are returned."""
        rows = [packet.as_bits().to_bytes(self.form.size, "little") for packet in self.to_host]
        kinds = self.unpacked(self.to_host)
        images = [row for row, (kind, _) in zip(rows, kinds, strict=True) if kind == Kind.IMAGE]
        if images:
            self.channel.on_images(np.frombuffer(b"".join(images), dtype=np.uint8).reshape(-1, self.form.size))
        return [(kind, fields) for kind, fields in kinds if kind != Kind.IMAGE]


def random_planes(camera: CameraConfig, count: int, seed: int, density: float = 0.4) -> np.ndarray:
    return (np.random.default_rng(seed).random((count, camera.height, camera.width)) < density).astype(np.uint8)


def cut(plane: np.ndarray, region: Region) -> np.ndarray:
    return plane[region.y0 : region.y1 + 1, region.x0 : region.x1 + 1]


@pytest.mark.parametrize(("size", "stall"), [((16, 8, 4), 0.0), ((16, 8, 4), 0.7), ((9, 20, 5), 0.3), ((5, 64, 20), 0.3)])
def test_images_and_planes_reach_the_host(size: tuple[int, int, int], stall: float) -> None:
    """Both streams at once, each with its own region and rate, among other packets: every image whole and right."""
    camera = CameraConfig(width=size[0], height=size[1], pixels=size[2])
    unit, planes = Unit(camera, stall=stall), random_planes(camera, 16, 1)
    region = Region(1, 2, size[0] - 2, size[1] - 3)
    others = [unit.form.pack(Kind.REPLY, host=1, counter=3, value=k) for k in range(60)]

    async def bench(ctx: Any) -> None:
        unit.port.configure(Stream.IMAGES, every=1, region=region)
        unit.port.configure(Stream.PLANES, every=3)
        await unit.write(ctx)
        await unit.show(ctx, planes, 0.3)
        await ctx.tick().repeat(2000)
        for which in Stream:
            unit.port.overruns(which)
        unit.port.planes_seen()
        await unit.write(ctx)
        await ctx.tick().repeat(100)

    async def from_bridge(ctx: Any) -> None:
        for packet in others:
            ctx.set(unit.dut.bridge_i.payload.as_value(), packet)
            ctx.set(unit.dut.bridge_i.valid, 1)
            await ctx.tick().until(unit.dut.bridge_i.ready)
            ctx.set(unit.dut.bridge_i.valid, 0)
            for _ in range(unit.rng.randrange(20)):
                await ctx.tick()

    simulate_with(unit, bench, from_bridge)
    answers = unit.deliver()
    assert [fields["value"] for _, fields in answers if fields["counter"] == 3] == list(range(60))
    replies = [fields["value"] for _, fields in answers if fields["counter"] == Counter.CAMERA][-5:]
    images, raw = unit.port._receivers[Stream.IMAGES].done, unit.port._receivers[Stream.PLANES].done
    assert len(images) + replies[Stream.IMAGES] == 16
    assert len(raw) + replies[Stream.PLANES] == 6
    assert replies[Stream.CHIP] == 16  # nobody is there
    assert replies[4] == 16
    assert len(images) >= 1
    for number, image in images:
        assert np.array_equal(image, cut(planes[number], region) * 255)
    for number, plane in raw:
        assert number % 3 == 0
        assert np.array_equal(plane, planes[number])


def simulate_with(unit: Unit, bench: Any, *background: Any) -> None:
    async def host(ctx: Any) -> None:
        await read(ctx, unit.dut.link_o, unit.to_host, lambda: unit.rng.random() >= unit.stall)

    async def bridge(ctx: Any) -> None:
        await read(ctx, unit.dut.bridge_o, unit.to_bridge, lambda: unit.rng.random() >= unit.stall)

    simulate(unit.dut, bench, background=(host, bridge, *background))


def test_other_packets_pass() -> None:
    """What is not for the camera reaches the bridge as it is and in order."""
    unit = Unit(CameraConfig(width=16, height=8, pixels=4), stall=0.5)
    rng = random.Random(3)
    packets = []
    for _ in range(300):
        kind = rng.choice([kind for kind in Kind if kind != Kind.IMAGE])
        fields = {name: rng.getrandbits(width) for name, width in unit.form.payloads[kind].fields}
        fields["op"] = rng.choice([op for op in Control if op != Control.CAMERA]) if "op" in fields else 0
        fields["arg"] = rng.choice([0, 1, 8, 14, 0x7FF0]) if "arg" in fields else 0
        known: Any = {name: value for name, value in fields.items() if name in dict(unit.form.payloads[kind].fields)}
        packets.append(unit.form.pack(kind, host=rng.randrange(2), **known))

    async def bench(ctx: Any) -> None:
        unit.sent = list(packets)
        await unit.write(ctx)
        await ctx.tick().repeat(20)

    simulate_with(unit, bench)
    assert [packet.as_bits() for packet in unit.to_bridge] == packets
    assert unit.to_host == []


@pytest.mark.parametrize("words", [1, 7, 31])
def test_restart_in_the_middle_of_a_plane(words: int) -> None:
    """Plane 0 is the next one again; what was broken off never comes as an image."""
    camera = CameraConfig(width=16, height=8, pixels=4)
    unit, planes = Unit(camera), random_planes(camera, 5, 2)

    async def bench(ctx: Any) -> None:
        unit.port.configure(Stream.IMAGES, every=1)
        unit.port.configure(Stream.PLANES, every=1)
        await unit.write(ctx)
        await unit.show(ctx, planes[:1], 0.1)
        await ctx.tick().repeat(900)
        await unit.show(ctx, planes[1:2], 0.0, words=words)
        unit.port._command(Command.RESTART)
        ctx.set(unit.dut.link_i.payload.as_value(), unit.sent.pop())
        ctx.set(unit.dut.link_i.valid, 1)
        await ctx.tick()
        ctx.set(unit.dut.link_i.valid, 0)
        await ctx.tick()
        await unit.show(ctx, planes[2:], 0.9)
        await ctx.tick().repeat(1500)

    simulate_with(unit, bench)
    unit.deliver()
    for which, scale in ((Stream.IMAGES, 255), (Stream.PLANES, 1)):
        done = unit.port._receivers[which].done
        assert [number for number, _ in done] == [0, 0, 1, 2]
        for (_, image), plane in zip(done, planes[[0, 2, 3, 4]], strict=True):
            assert np.array_equal(image, plane * scale)


def test_a_consumer_on_the_chip() -> None:
    """Every image passes at full rate while there is room."""
    camera = CameraConfig(width=16, height=8, pixels=4)
    unit, planes = Unit(camera), random_planes(camera, 4, 5)
    got: list[Any] = []

    async def bench(ctx: Any) -> None:
        ctx.set(unit.dut.image_open, 1)
        await unit.show(ctx, planes, 0.0)
        await ctx.tick().repeat(40)

    async def watch(ctx: Any) -> None:
        d = unit.dut
        while True:
            _, _, valid, *rest = await ctx.tick().sample(d.image_valid, d.image_number, d.image_first, d.image_last, d.image)
            got.extend([rest] if valid else [])

    simulate_with(unit, bench, watch)
    words = [word for plane in planes for word in words_of(camera, plane * 255, 8)]
    assert got == [[k // 32, k % 32 == 0, k % 32 == 31, word] for k, word in enumerate(words)]


def network(height: int, width: int, targets: int, *, hold: bool = False) -> Network:
    """An input plane into `targets` populations."""
    populations = [Population(name="in", shape=(1, height, width))]
    projections = []
    for k in range(targets):
        populations.append(
            Population(name=f"p{k}", shape=(10, height, width), neuron=Neuron(), theta=np.full(10, 3), hold=hold)
        )
        weight = np.random.default_rng(k).integers(-3, 4, (10, 1, 3, 3))
        projections.append(Projection(source="in", target=f"p{k}", weight=weight, padding=(1, 1)))
    return Network(populations=tuple(populations), projections=tuple(projections), output="p0")


def driver_of(unit: Unit, net: Network) -> Driver:
    placement = place(net, unit.chip)
    image = build_image(net, placement, unit.chip, [p.name for p in net.populations if p.neuron is not None])
    driver: Any = Driver(None, unit.chip, net, placement, image)  # type: ignore[arg-type]
    driver.start = lambda: None
    return driver


@pytest.mark.parametrize(
    ("size", "region", "targets"),
    [
        ((16, 8, 4), Region(0, 0, 15, 7), 1), ((16, 8, 4), Region(3, 2, 9, 5), 2), ((9, 20, 5), Region(2, 4, 7, 13), 4),
        ((5, 64, 20), Region(1, 10, 3, 33), 1), ((16, 8, 1), Region(6, 3, 6, 3), 3),
    ],
)  # fmt: skip
@pytest.mark.parametrize("stall", [0.0, 0.6])
def test_the_feed_sends_what_the_driver_sends(size: tuple[int, int, int], region: Region, targets: int, stall: float) -> None:
    """Per step: the barrier, per route the same spikes in the same order, the same tokens; and no more samples than asked for."""
    camera = CameraConfig(width=size[0], height=size[1], pixels=size[2])
    unit, planes = Unit(camera, stall=stall, seed=4), random_planes(camera, 12, 6)
    planes[3] = 0
    planes[4] = 1
    samples, steps = 3, 3
    driver = driver_of(unit, network(*region.shape, targets))

    async def bench(ctx: Any) -> None:
        await unit.show(ctx, planes[:1], 0.0, words=5)  # the run begins in the middle of a plane: with the next one
        unit.port.feed(driver, samples=samples, steps=steps, region=region)
        await unit.write(ctx)
        await rest_of_a_plane(ctx, unit, 5)
        for plane in planes:
            await unit.show(ctx, plane[None], 0.1)
            await ctx.tick().repeat(int(cut(plane, region).sum()) * 3 * targets + 400)
        unit.port._ask(Item.OVERRUNS, Stream.FEED)
        unit.port.samples_left()
        await unit.write(ctx)
        await ctx.tick().repeat(30)

    simulate_with(unit, bench)
    crops = np.stack([cut(plane, region) for plane in planes[: samples * steps]]).reshape(samples, steps, 1, *region.shape)
    expected = [p for n in range(samples) for p in driver._sample({"in": crops}, n, steps)]
    expected = [int.from_bytes(row.tobytes(), "little") for row in expected]
    got = [packet.as_bits() for packet in unit.to_bridge]
    assert by_route(unit, got) == by_route(unit, expected)
    assert len(got) == len(expected)
    assert [fields["value"] for _, fields in unit.deliver()][-2:] == [0, 0]


async def rest_of_a_plane(ctx: Any, unit: Unit, begun: int) -> None:
    for _ in range(unit.camera.words - begun):
        ctx.set(unit.dut.camera_valid, 1)
        await ctx.tick()
    ctx.set(unit.dut.camera_valid, 0)


def by_route(unit: Unit, packets: list[int]) -> list[Any]:
    """Packets in order, but the spikes between two others sorted by route: their order there means nothing."""
    steps: list[Any] = []
    spikes: list[int] = []
    for packet in packets:
        kind, _ = unit.form.unpack(packet)
        if kind == Kind.SPIKE:
            spikes.append(packet)
            continue
        steps += [sorted(spikes, key=lambda p: unit.form.unpack(p)[1]["tag"]), packet]
        spikes = []
    return [*steps, spikes]


def test_a_feed_that_cannot_keep_up_drops_whole_planes() -> None:
    """Planes at full rate, one bit a cycle at most read: what is left out is counted, what is sent is whole."""
    camera = CameraConfig(width=16, height=8, pixels=8)
    unit, planes = Unit(camera), random_planes(camera, 30, 7)
    driver = driver_of(unit, network(8, 16, 1))

    async def bench(ctx: Any) -> None:
        unit.port.feed(driver, samples=1, steps=4000)
        await unit.write(ctx)
        await unit.show(ctx, planes, 0.0)
        await ctx.tick().repeat(3000)
        unit.port._ask(Item.OVERRUNS, Stream.FEED)
        await unit.write(ctx)
        await ctx.tick().repeat(30)

    simulate_with(unit, bench)
    sent = by_route(unit, [packet.as_bits() for packet in unit.to_bridge])
    groups = [step for step in sent if isinstance(step, list) and step]
    left = 30 - [fields["value"] for _, fields in unit.deliver()][-1]
    assert len(groups) == left
    assert 3 <= left < 30
    whole_planes = [{(f["x"], f["y"]) for _, f in (unit.form.unpack(p) for p in group)} for group in groups]
    possible = [{(int(x), int(y)) for y, x in np.argwhere(plane)} for plane in planes]
    at = [possible.index(spikes) for spikes in whole_planes]
    assert at == sorted(set(at))


def test_a_feed_can_be_stopped_and_started() -> None:
    """A new run begins at parity 0 with a whole plane, whatever the old one was about."""
    camera = CameraConfig(width=16, height=8, pixels=8)
    unit, planes = Unit(camera), random_planes(camera, 6, 8)
    driver = driver_of(unit, network(8, 16, 1))
    before = 0

    async def bench(ctx: Any) -> None:
        nonlocal before
        unit.port.feed(driver, samples=5, steps=3)
        await unit.write(ctx)
        await unit.show(ctx, planes[:3], 0.0)
        unit.port._command(Command.STOP_FEED)
        await unit.write(ctx)
        await ctx.tick().repeat(30)
        before = len(unit.to_bridge)
        unit.port.feed(driver, samples=1, steps=2)
        await unit.write(ctx)
        for plane in planes[3:]:
            await unit.show(ctx, plane[None], 0.0)
            await ctx.tick().repeat(500)

    simulate_with(unit, bench)
    inputs = {"in": planes[3:5].reshape(1, 2, 1, 8, 16)}
    expected = [int.from_bytes(row.tobytes(), "little") for row in driver._sample(inputs, 0, 2)]
    assert 0 < before < 500
    assert [packet.as_bits() for packet in unit.to_bridge[before:]] == expected


def test_what_the_port_refuses() -> None:
    """One line each, before anything is sent."""
    camera = CameraConfig(width=16, height=8, pixels=8)
    unit = Unit(camera)
    with pytest.raises(SpikeplaneError) as error:
        CameraPort(SimpleNamespace(config=CHIP))  # type: ignore[arg-type]
    assert str(error.value) == (
        "this chip has no camera; generate one with --camera vidar, or a table [camera] in its TOML file"
    )
    cases = {
        "the feed gives planes (1, 8, 16), the program's input 'in' takes (1, 4, 4); choose a region of that size":
            lambda: unit.port.feed(driver_of(unit, network(4, 4, 1)), samples=1, steps=1),
        "population 'p0' holds its current, which is for inputs that do not change; compile it for event input":
            lambda: unit.port.feed(driver_of(unit, network(8, 16, 1, hold=True)), samples=1, steps=1),
        "the feed has 4 routes, input 'in' needs 5; place its targets on fewer cores":
            lambda: unit.port.feed(driver_of(unit, network(8, 16, 5)), samples=1, steps=1),
        "the feed takes 1 to 4095 steps, not 4096":
            lambda: unit.port.feed(driver_of(unit, network(8, 16, 1)), samples=1, steps=4096),
        "the feed takes 1 to 16777215 samples, not 0":
            lambda: unit.port.feed(driver_of(unit, network(8, 16, 1)), samples=0, steps=1),
        "stream feed does not come to the host; choose images or planes": lambda: unit.port.configure(Stream.FEED),
        "the grabber takes every n-th image with n from 0 to 16777215, not -1": lambda: unit.port.configure(every=-1),
        "region 0,0,16,7 is not inside the 16x8 image; give x0,y0,x1,y1 with 0 <= x0 <= x1 <= 15 and 0 <= y0 <= y1 <= 7":
            lambda: unit.port.configure(region=Region(0, 0, 16, 7)),
    }  # fmt: skip
    for message, call in cases.items():
        with pytest.raises(SpikeplaneError) as error:
            call()
        assert str(error.value) == message
    assert unit.sent == []


def test_a_grabber_smaller_than_an_image() -> None:
    """Regions that fit come; others are refused before anything is sent."""
    camera = CameraConfig(width=16, height=8, pixels=4)
    unit, planes = Unit(camera, chip=replace(CHIP, camera=camera, grabber_depth=16)), random_planes(camera, 1, 2)
    with pytest.raises(SpikeplaneError) as error:
        unit.port.configure(region=Region(0, 0, 15, 4))
    assert str(error.value) == (
        "the region has 20 words, the chip holds 16; choose a smaller one, or a chip with a larger grabber_depth"
    )
    assert unit.sent == []

    async def bench(ctx: Any) -> None:
        unit.port.configure(every=1, region=Region(0, 1, 15, 4))
        await unit.write(ctx)
        await unit.show(ctx, planes, 0.0)
        await ctx.tick().repeat(300)

    simulate_with(unit, bench)
    unit.deliver()
    ((_, image),) = unit.port._receivers[Stream.IMAGES].done
    assert np.array_equal(image, planes[0, 1:5] * 255)


@pytest.mark.parametrize("size", [(16, 16, 4), (20, 12, 5), (9, 40, 3), (5, 64, 20), (6, 48, 9), (16, 16, 1), (20, 20, 10)])
@pytest.mark.parametrize("coord_bits", [1, 2, 3])
def test_the_feed_holds_the_largest_crops(size: tuple[int, int, int], coord_bits: int) -> None:
    """Two of the largest crops, wherever they lie, or a plane."""
    camera, side = CameraConfig(width=size[0], height=size[1], pixels=size[2]), 1 << coord_bits
    rows, columns = min(side, camera.height), min(side, camera.width)
    crops = [
        Region(x, y, x + columns - 1, y + rows - 1)
        for x in range(camera.width - columns + 1)
        for y in range(camera.height - rows + 1)
    ]
    most = max(len(kept_words(camera, crop)) for crop in crops)
    depth = feed_depth(replace(CHIP, camera=camera, coord_bits=coord_bits))
    assert min(2 * most, camera.words) <= depth <= camera.words + 16


def test_registers_start_as_the_whole_image() -> None:
    """A host that sets nothing but EVERY gets whole images."""
    camera = CameraConfig(width=16, height=8, pixels=4)
    unit, planes = Unit(camera), random_planes(camera, 1, 2)

    async def bench(ctx: Any) -> None:
        unit.port._write(Register.EVERY_LOW, 1)
        await unit.write(ctx)
        await unit.show(ctx, planes, 0.0)
        await ctx.tick().repeat(400)

    simulate_with(unit, bench)
    unit.deliver()
    (number, image), *more = unit.port._receivers[Stream.IMAGES].done
    assert (number, more) == (0, [])
    assert np.array_equal(image, planes[0] * 255)
    assert len(kept_words(camera, whole(camera))) == camera.words
