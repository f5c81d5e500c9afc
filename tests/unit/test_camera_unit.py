"""The camera's place on the chip, link to bridge: registers, image packets, restart, what is refused.

The pipeline is a stand-in, black or white as the plane's bits, some cycles late; its own tests are elsewhere.
"""

import random
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from camera_streams import words_of
from camera_unit import CHIP, Unit, cut, driver_of, network, random_planes, simulate_with

from spikeplane.camera.config import CameraConfig
from spikeplane.camera.region import Region, kept_words, whole
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.camera import Command, Register, Stream
from spikeplane.formats.packet import Control, Counter, Kind
from spikeplane.host.camera import CameraPort


@pytest.mark.parametrize(
    ("size", "stall"), [((16, 8, 4), 0.0), ((16, 8, 4), 0.7), ((9, 20, 5), 0.3), ((5, 64, 20), 0.3)]
)
def test_images_and_planes_reach_the_host(size: tuple[int, int, int], stall: float) -> None:
    """Both streams at once, each with its own region and rate, among other packets: every image
    whole and right."""
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
        known: Any = {
            name: value for name, value in fields.items() if name in dict(unit.form.payloads[kind].fields)
        }
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
            _, _, valid, *rest = await ctx.tick().sample(
                d.image_valid, d.image_number, d.image_first, d.image_last, d.image
            )
            got.extend([rest] if valid else [])

    simulate_with(unit, bench, watch)
    words = [word for plane in planes for word in words_of(camera, plane * 255, 8)]
    assert got == [[k // 32, k % 32 == 0, k % 32 == 31, word] for k, word in enumerate(words)]


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
        (
            "the feed gives planes (1, 8, 16), the program's input 'in' takes (1, 4, 4); choose a "
            "region of that size"
        ): lambda: unit.port.feed(driver_of(unit, network(4, 4, 1)), samples=1, steps=1),
        (
            "population 'p0' holds its current, which is for inputs that do not change; compile it for "
            "event input"
        ): lambda: unit.port.feed(driver_of(unit, network(8, 16, 1, hold=True)), samples=1, steps=1),
        "the feed has 4 routes, input 'in' needs 5; place its targets on fewer cores": lambda: unit.port.feed(
            driver_of(unit, network(8, 16, 5)), samples=1, steps=1
        ),
        "the feed takes 1 to 4095 steps, not 4096": lambda: unit.port.feed(
            driver_of(unit, network(8, 16, 1)), samples=1, steps=4096
        ),
        "the feed takes 1 to 16777215 samples, not 0": lambda: unit.port.feed(
            driver_of(unit, network(8, 16, 1)), samples=0, steps=1
        ),
        "stream feed does not come to the host; choose images or planes": lambda: unit.port.configure(
            Stream.FEED
        ),
        "the grabber takes every n-th image with n from 0 to 16777215, not -1": lambda: unit.port.configure(
            every=-1
        ),
        (
            "region 0,0,16,7 is not inside the 16x8 image; give x0,y0,x1,y1 with 0 <= x0 <= x1 <= 15 "
            "and 0 <= y0 <= y1 <= 7"
        ): lambda: unit.port.configure(region=Region(0, 0, 16, 7)),
    }
    for message, call in cases.items():
        with pytest.raises(SpikeplaneError) as error:
            call()
        assert str(error.value) == message
    assert unit.sent == []


def test_a_grabber_smaller_than_an_image() -> None:
    """Regions that fit come; others are refused before anything is sent."""
    camera = CameraConfig(width=16, height=8, pixels=4)
    unit, planes = (
        Unit(camera, chip=replace(CHIP, camera=camera, grabber_depth=16)),
        random_planes(camera, 1, 2),
    )
    with pytest.raises(SpikeplaneError) as error:
        unit.port.configure(region=Region(0, 0, 15, 4))
    assert str(error.value) == (
        "the region has 20 words, the chip holds 16; choose a smaller one, or a chip with a larger "
        "grabber_depth"
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
