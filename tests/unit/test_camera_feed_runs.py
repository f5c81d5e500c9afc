"""The feed alone, cycle by cycle: any stalls, words without a gap, and runs that are stopped at any
moment and begun anew."""

# Amaranth types slices of signals as slices of pins:
# pyright: reportAttributeAccessIssue=false

import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from camera_unit import CHIP, random_planes
from core_unit import pulse, simulate

from spikeplane.camera.config import CameraConfig
from spikeplane.camera.region import Region
from spikeplane.formats.packet import Control, Kind, packet_format
from spikeplane_gateware.units.camera.feed import Feed

CAMERA = CameraConfig(width=10, height=8, pixels=4)  # a word reaches into the next row
CONFIG = replace(CHIP, camera=CAMERA)
FORM = packet_format(CONFIG)
CROP = Region(2, 1, 8, 4)
ROUTES = {5: (0, 0, 0, 0), 9: (0, 0, 1, 0), 3: (1, 0, 1, 0)}  #: tag: rectangle of cores


def packets(planes: np.ndarray, steps: int) -> list[int]:
    """Of whole samples: per plane its barrier, each spike on every route, a token on every route."""
    found = []
    for number, plane in enumerate(planes):
        parity, last = number % 2, number % steps == steps - 1
        found.append(FORM.pack(Kind.CONTROL, host=1, op=Control.BARRIER, arg=parity))
        for y, x in np.argwhere(plane[CROP.y0 : CROP.y1 + 1, CROP.x0 : CROP.x1 + 1]):
            place = {"mask": 1, "x": int(x), "y": int(y)}
            found += [
                FORM.pack(Kind.SPIKE, rect, tag=tag, parity=parity, **place) for tag, rect in ROUTES.items()
            ]
        found += [
            FORM.pack(Kind.TOKEN, rect, tag=tag, parity=parity, last=int(last))
            for tag, rect in ROUTES.items()
        ]
    return found


class World:
    """Words of planes go in whenever they are taken; packets come out with stalls."""

    def __init__(self, ctx: Any, dut: Feed, planes: np.ndarray, rng: random.Random, stall: float) -> None:
        self.ctx, self.dut, self.planes, self.rng, self.stall = ctx, dut, planes, rng, stall
        self.at, self.got, self.late, self.taken_at, self.cycle = 0, [], 0, [], 0
        for name in ("x0", "x1", "y0", "y1"):
            ctx.set(dut.crop[name], getattr(CROP, name))
        ctx.set(dut.last_route, len(ROUTES) - 1)
        for k, (tag, rect) in enumerate(ROUTES.items()):
            route = getattr(dut, f"route_{k}")
            ctx.set(route.tag, tag)
            for name, value in zip(("x0", "y0", "x1", "y1"), rect, strict=True):
                ctx.set(route.rect[name], value)

    def _offer(self) -> None:
        words = self.planes.reshape(len(self.planes), -1, CAMERA.pixels)
        plane, word = divmod(self.at, CAMERA.words)
        bits = int(sum(int(bit) << i for i, bit in enumerate(words[plane % len(words), word])))
        y, x = divmod(word * CAMERA.pixels, CAMERA.width)
        for name, value in {
            "word": bits,
            "x": x,
            "y": y,
            "first": word == 0,
            "last": word == CAMERA.words - 1,
        }.items():
            self.ctx.set(self.dut.i.payload[name], int(value))

    async def cycles(self, count: int, valid: int = 1) -> None:
        ctx, dut = self.ctx, self.dut
        for _ in range(count):
            self._offer()
            ctx.set(dut.i.valid, valid)
            ctx.set(dut.o.ready, int(self.rng.random() >= self.stall))
            out, ready, stopped = ctx.get(dut.o.valid), ctx.get(dut.o.ready), not ctx.get(dut.active)
            if out and ready:
                self.got.append(ctx.get(dut.o.payload.as_value()))
            if valid and ctx.get(dut.i.ready):
                self.at += 1
                self.taken_at.append(self.cycle)
            await ctx.tick()
            self.cycle += 1
            self.late += int(stopped and (ready or not out) and bool(ctx.get(dut.o.valid)))

    async def start(self, samples: int, steps: int) -> None:
        self.ctx.set(self.dut.samples, samples)
        self.ctx.set(self.dut.steps, steps)
        await pulse(self.ctx, self.dut.start)

    async def stop(self) -> None:
        """The grabber in front is flushed with it: the next word is a plane's first."""
        self.ctx.set(self.dut.i.valid, 0)
        self.ctx.set(self.dut.o.ready, 0)
        await pulse(self.ctx, self.dut.stop)
        await self.cycles(60, valid=0)
        self.at = -(-self.at // CAMERA.words) * CAMERA.words
        self.got.clear()


@pytest.mark.parametrize("stall", [0.0, 0.5, 0.9])
def test_every_packet_in_order_with_words_at_once(stall: float) -> None:
    planes, found = random_planes(CAMERA, 8, 3), []
    planes[2] = 0

    async def bench(ctx: Any) -> None:
        world = World(ctx, dut, planes, random.Random(4), stall)
        await world.start(2, 4)
        await world.cycles(int(700 / (1 - stall)) + 900)
        found.extend(world.got)

    dut = Feed(CONFIG)
    simulate(dut, bench)
    assert found == packets(planes, 4)


@pytest.mark.parametrize("seed", range(40))
def test_a_run_owes_nothing_to_the_one_that_was_stopped(seed: int) -> None:
    """STOP at any moment: in a barrier, between the routes of a spike, in a word, at a token; then
    a whole sample of three steps."""
    rng = random.Random(seed)
    planes, results = random_planes(CAMERA, 12, seed, 0.5), {}

    async def bench(ctx: Any) -> None:
        world = World(ctx, dut, planes, rng, 0.5 * (seed % 2))
        await world.start(50, 2)
        await world.cycles(rng.randrange(3, 400))
        await world.stop()
        begun = world.at // CAMERA.words
        await world.start(1, 3)
        await world.cycles(1200)
        results.update(late=world.late, got=world.got, begun=begun)

    dut = Feed(CONFIG)
    simulate(dut, bench)
    chosen = np.stack([planes[(results["begun"] + k) % len(planes)] for k in range(3)])
    assert results["got"] == packets(chosen, 3)
    assert results["late"] == 0, "a packet begins after the run has ended"


def test_a_word_takes_as_long_as_its_last_set_bit() -> None:
    """And one cycle more; an empty one two."""
    planes = np.zeros((1, CAMERA.height, CAMERA.width), dtype=np.uint8)
    flat = planes.reshape(-1, CAMERA.pixels)
    places = [0, 3, 1, 2, 0, 3, 3, 1, 0, 2, 1, 0, 0, 2, 1, 3, 0, 1, 2, 0]
    for word, place in enumerate(places):
        flat[word, place] = 1  # outside of the crop or not: one route is free at once

    async def bench(ctx: Any) -> None:
        world = World(ctx, dut, planes, random.Random(0), 0.0)
        ctx.set(dut.last_route, 0)
        await world.start(1, 1)
        await world.cycles(120)
        gaps = np.diff(world.taken_at[: len(places)]).tolist()
        assert gaps == [place + 2 for place in places[:-1]]

    dut = Feed(CONFIG)
    simulate(dut, bench)
