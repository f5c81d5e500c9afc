"""RESTART in any cycle: the count of planes, the consumer on the chip, the feed and the words before it."""

import random
from typing import Any

import numpy as np
import pytest
from camera_unit import Unit, random_planes, simulate_with
from core_unit import simulate

from spikeplane.camera.config import CameraConfig
from spikeplane.camera.region import whole
from spikeplane.formats.camera import ARGUMENT, RECT, ROUTE, Command, Register, Stream
from spikeplane.formats.packet import Control, Kind
from spikeplane_gateware.units.camera.raster import Raster

CAMERA = CameraConfig(width=16, height=8, pixels=4)
WORDS = CAMERA.words


def test_the_raster_counts_from_a_restart_on() -> None:
    """Words with gaps; a word that comes with a restart is dropped, wherever it stands in its plane."""
    dut: Any = Raster(CAMERA)
    rng, dropped = random.Random(3), set()
    restarts = rng.sample(range(2 * WORDS + 1), k=2 * WORDS + 1)  # after so many words each

    async def bench(ctx: Any) -> None:
        at = 0
        while restarts:
            valid, restart, plane = rng.random() < 0.8, at == restarts[-1], rng.getrandbits(CAMERA.pixels)
            for port, value in ((dut.valid, valid), (dut.restart, restart), (dut.plane, plane)):
                ctx.set(port, value)
            await ctx.tick()
            assert ctx.get(dut.o_valid) == (valid and not restart)
            if valid and not restart:
                number, word = divmod(at, WORDS)
                marks = {"word": plane, "first": word == 0, "last": word == WORDS - 1, "number": number}
                assert {name: ctx.get(getattr(dut, name)) for name in marks} == marks
            if restart:
                dropped.update({restarts.pop()} if valid else ())
            at = 0 if restart else at + valid
            assert ctx.get(dut.planes) == at // WORDS

    simulate(dut, bench)
    assert dropped == set(range(2 * WORDS + 1))


LATE = 21  #: cycles of the stand-in for the pipeline
MARKS = ("image_number", "image_first", "image_last", "image")


@pytest.mark.parametrize("gap", [0.0, 0.2])
def test_a_consumer_on_the_chip_sees_no_old_word(gap: float) -> None:
    unit, rng = Unit(CAMERA), random.Random(5)
    inputs: list[tuple[bool, int, bool]] = []  # per cycle: a word, its bits, a restart in force
    shown: list[list[int] | None] = []

    async def bench(ctx: Any) -> None:
        dut = unit.dut
        ctx.set(dut.image_open, 1)
        ctx.set(dut.link_i.payload.as_value(), command(unit, Command.RESTART))
        asked = False
        for _ in range(1500):
            valid, plane = rng.random() >= gap, rng.getrandbits(CAMERA.pixels)
            inputs.append((valid, plane, asked))
            asked = rng.random() < 0.02
            ctx.set(dut.camera_valid, valid)
            ctx.set(dut.camera_plane, plane)
            ctx.set(dut.link_i.valid, asked)
            visible = ctx.get(dut.image_valid)
            shown.append([ctx.get(getattr(dut, name)) for name in MARKS] if visible else None)
            await ctx.tick()

    simulate_with(unit, bench)
    expected, cut_off = consumed(inputs)
    assert shown == expected[: len(shown)]
    assert sum(one is not None for one in shown) > 300
    assert cut_off > 5


def consumed(inputs: list[tuple[bool, int, bool]]) -> tuple[list[list[int] | None], int]:
    """Per cycle what comes out: a word `LATE` + 1 cycles after it came in, unless a restart came with it or while
    the pipeline had it, the last cycle included. And how many words only that last cycle has cut off."""
    expected: list[list[int] | None] = [None] * (len(inputs) + LATE + 1)
    at = cut_off = 0
    for cycle, (valid, plane, restart) in enumerate(inputs):
        gone = [other for _, _, other in inputs[cycle : cycle + LATE + 1]]
        if valid and not any(gone):
            number, word = divmod(at, WORDS)
            image = sum(255 << 8 * k for k in range(CAMERA.pixels) if plane >> k & 1)
            expected[cycle + LATE + 1] = [number, word == 0, word == WORDS - 1, image]
        cut_off += bool(valid and gone[-1] and not any(gone[:-1]))
        at = 0 if restart else at + valid
    return expected, cut_off


def command(unit: Unit, bit: Command) -> int:
    arg = ARGUMENT.pack(value=int(bit), register=Register.COMMAND)
    return unit.form.pack(Kind.CONTROL, host=1, op=Control.CAMERA, arg=arg)


def begin(unit: Unit, samples: int, steps: int) -> None:
    """What `CameraPort.feed` writes before it starts the feed, for one target with tag 5 on core (1, 0)."""
    port = unit.port
    port._grab(Stream.FEED, 1, whole(CAMERA))
    port._write(Register.EVERY_LOW, 1)
    port._write(Register.STEPS, steps)
    port._write(Register.SAMPLES_LOW, samples)
    port._write(Register.ROUTE, ROUTE.pack(tag=5, index=0, last=1))
    port._write(Register.RECT, RECT.pack(x0=1, x1=1))


def fed(unit: Unit, planes: np.ndarray) -> list[int]:
    """The packets of one sample."""
    form, rect, found = unit.form, (1, 0, 1, 0), []
    for step, plane in enumerate(planes):
        common = {"tag": 5, "parity": step % 2}
        found.append(form.pack(Kind.CONTROL, host=1, op=Control.BARRIER, arg=step % 2))
        for y, x in np.argwhere(plane):
            found.append(form.pack(Kind.SPIKE, rect, **common, mask=1, x=int(x), y=int(y)))
        found.append(form.pack(Kind.TOKEN, rect, **common, last=int(step == len(planes) - 1)))
    return found


@pytest.mark.parametrize("cycles", [1, 17, 60, 200, 341])
@pytest.mark.parametrize("stall", [0.0, 0.5])
def test_a_restart_ends_the_run_of_the_feed(cycles: int, stall: float) -> None:
    """Somewhere within it. Whole planes that come behind are for nobody."""
    unit, planes = Unit(CAMERA, stall=stall, seed=cycles), random_planes(CAMERA, 6, 4)
    before = 0

    async def bench(ctx: Any) -> None:
        nonlocal before
        begin(unit, samples=5, steps=3)
        unit.port._command(Command.START_FEED)
        await unit.write(ctx)
        await unit.show(ctx, planes[:2], 0.1)
        await ctx.tick().repeat(cycles)
        unit.port._command(Command.RESTART)
        await unit.write(ctx)
        await ctx.tick().repeat(40)
        before = len(unit.to_bridge)
        await unit.show(ctx, planes[2:], 0.1)
        unit.port.samples_left()
        await unit.write(ctx)
        await ctx.tick().repeat(400)

    simulate_with(unit, bench)
    assert before > 20
    assert len(unit.to_bridge) == before, "the feed goes on"
    assert [fields["value"] for _, fields in unit.deliver()] == [0]


@pytest.mark.parametrize("begun", [0, 5])
def test_words_of_planes_before_a_run_are_not_in_it(begun: int) -> None:
    """The grabber takes planes while the feed is not started, or has ended: a run is of later planes only."""
    unit, planes = Unit(CAMERA), random_planes(CAMERA, 8, 9)

    async def bench(ctx: Any) -> None:
        begin(unit, samples=1, steps=2)
        await unit.write(ctx)
        for first in (0, 4):
            await unit.show(ctx, planes[first : first + 2], 0.1, words=WORDS)
            if begun:  # in the middle of a plane, which is for nobody either
                await unit.show(ctx, planes[:1], 0.0, words=begun)
            unit.port._command(Command.START_FEED)
            await unit.write(ctx)
            await unit.show(ctx, planes[:1], 0.0, words=(WORDS - begun) % WORDS)
            for plane in planes[first + 2 : first + 4]:
                await unit.show(ctx, plane[None], 0.1)
                await ctx.tick().repeat(400)

    simulate_with(unit, bench)
    got = [packet.as_bits() for packet in unit.to_bridge]
    assert got == fed(unit, planes[2:4]) + fed(unit, planes[6:8])
