"""The feed: a region of the camera's planes as an input population, packet for packet what the
host's driver would send."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from camera_unit import CHIP, Unit, cut, driver_of, network, random_planes, simulate_with

from spikeplane.camera.config import CameraConfig
from spikeplane.camera.region import Region, kept_words
from spikeplane.formats.camera import Command, Item, Stream
from spikeplane.formats.packet import Kind
from spikeplane_gateware.units.camera.unit import feed_depth


@pytest.mark.parametrize(
    ("size", "region", "targets"),
    [
        ((16, 8, 4), Region(0, 0, 15, 7), 1), ((16, 8, 4), Region(3, 2, 9, 5), 2), ((9, 20, 5), Region(2, 4, 7, 13), 4),
        ((5, 64, 20), Region(1, 10, 3, 33), 1), ((16, 8, 1), Region(6, 3, 6, 3), 3),
    ],
)  # fmt: skip
@pytest.mark.parametrize("stall", [0.0, 0.6])
def test_the_feed_sends_what_the_driver_sends(
    size: tuple[int, int, int], region: Region, targets: int, stall: float
) -> None:
    """Per step: the barrier, per route the same spikes in the same order, the same tokens; and no
    more samples than asked for."""
    camera = CameraConfig(width=size[0], height=size[1], pixels=size[2])
    unit, planes = Unit(camera, stall=stall, seed=4), random_planes(camera, 12, 6)
    planes[3] = 0
    planes[4] = 1
    samples, steps = 3, 3
    driver = driver_of(unit, network(*region.shape, targets))

    async def bench(ctx: Any) -> None:
        # the run begins in the middle of a plane: with the next one
        await unit.show(ctx, planes[:1], 0.0, words=5)
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
    crops = np.stack([cut(plane, region) for plane in planes[: samples * steps]]).reshape(
        samples, steps, 1, *region.shape
    )
    expected = [p for n in range(samples) for p in driver.sample_packets({"in": crops}, n, steps)]
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
    """Packets in order, but the spikes between two others sorted by route: their order there means
    nothing."""
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
    """Planes at full rate, one bit a cycle at most read: what is left out is counted, what is sent
    is whole."""
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
    expected = [int.from_bytes(row.tobytes(), "little") for row in driver.sample_packets(inputs, 0, 2)]
    assert 0 < before < 500
    assert [packet.as_bits() for packet in unit.to_bridge[before:]] == expected


@pytest.mark.parametrize(
    "size", [(16, 16, 4), (20, 12, 5), (9, 40, 3), (5, 64, 20), (6, 48, 9), (16, 16, 1), (20, 20, 10)]
)
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
