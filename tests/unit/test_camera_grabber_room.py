"""The grabber's places: an image is taken where all of its words have one, and every place comes
back, used or not."""

from typing import Any

import pytest
from camera_streams import drive, gaps, marked
from grabber_bench import Bench, camera

from spikeplane.camera.region import Region, whole

CONFIG = camera(16, 4, 4)
WORDS = CONFIG.words


def test_a_word_of_room_too_few_is_too_few() -> None:
    """Nobody reads: the first word stands in the output register, which frees one place; two places
    are left out of three images'."""
    bench = Bench(CONFIG, count=7, depth=3 * WORDS - 2)
    bench.ready = 0.0

    async def play(ctx: Any) -> None:
        bench.settle(ctx, whole(CONFIG), 1)
        await ctx.tick().repeat(2)
        await drive(ctx, bench.dut, marked(bench.images[:5]), gaps(0, 0))
        await ctx.tick().repeat(4)
        assert ctx.get(bench.dut.overruns) == 3
        bench.ready = 1.0
        await ctx.tick().repeat(4 * bench.dut.depth)
        await drive(ctx, bench.dut, marked(bench.images[5:], [5, 6]), gaps(0, 0))

    assert bench.run(play) == [(n, bench.images[n]) for n in (0, 1, 5, 6)]


def test_a_trigger_before_a_flush_takes_nothing() -> None:
    bench = Bench(CONFIG, count=3)

    async def pulse(ctx: Any, port: Any) -> None:
        ctx.set(port, 1)
        await ctx.tick()
        ctx.set(port, 0)
        await ctx.tick().repeat(3)

    async def play(ctx: Any) -> None:
        bench.settle(ctx, whole(CONFIG), 0)
        await ctx.tick()
        await pulse(ctx, bench.dut.trigger)
        await pulse(ctx, bench.dut.flush)
        await drive(ctx, bench.dut, marked(bench.images[:1]), gaps(0, 0))
        await ctx.tick().repeat(8)
        await pulse(ctx, bench.dut.trigger)
        await drive(ctx, bench.dut, marked(bench.images[1:], [1, 2]), gaps(0, 0))

    assert bench.run(play) == [(1, bench.images[1])]


def test_no_words_are_no_image() -> None:
    """Nothing is taken and each image counts as lost, as if it had no room."""
    bench = Bench(CONFIG, count=4)

    async def play(ctx: Any) -> None:
        bench.settle(ctx, whole(CONFIG), 1)
        ctx.set(bench.dut.settings.words, 0)
        await ctx.tick().repeat(2)
        await drive(ctx, bench.dut, marked(bench.images), gaps(0, 0.3))

    assert bench.run(play) == []
    assert bench.overruns == 4


def test_places_that_an_image_did_not_need_come_back() -> None:
    """More words are told than the region has: what is too many is given back with each image's end."""
    bench = Bench(CONFIG, count=12, depth=WORDS + 6)

    async def play(ctx: Any) -> None:
        bench.settle(ctx, whole(CONFIG), 1)
        ctx.set(bench.dut.settings.words, WORDS + 3)
        await ctx.tick().repeat(2)
        for n, image in enumerate(bench.images):
            await drive(ctx, bench.dut, marked([image], [n]), gaps(n, 0.2))
            await ctx.tick().repeat(40)
        assert ctx.get(bench.dut.overruns) == 0
        bench.numbers = [payload.number for payload in bench.got if payload.first]  # type: ignore[attr-defined]
        bench.got.clear()

    bench.run(play)
    assert bench.numbers == list(range(12))  # type: ignore[attr-defined]


@pytest.mark.parametrize("told", [1, 7, WORDS - 1])
def test_an_image_has_no_more_words_than_are_told(told: int) -> None:
    bench = Bench(CONFIG, count=5)

    async def play(ctx: Any) -> None:
        bench.settle(ctx, whole(CONFIG), 1)
        ctx.set(bench.dut.settings.words, told)
        await ctx.tick().repeat(2)
        await drive(ctx, bench.dut, marked(bench.images), gaps(0, 0.3))

    assert bench.run(play) == [(n, image[:told]) for n, image in enumerate(bench.images)]
    assert bench.overruns == 0


@pytest.mark.parametrize("ready", [1.0, 0.5])
def test_a_number_stays_with_its_image_of_one_word(ready: float) -> None:
    """The output shows a first word's mark for as long as nothing else is read: that takes no number."""
    bench = Bench(CONFIG, count=150)
    bench.ready = ready

    async def play(ctx: Any) -> None:
        bench.settle(ctx, Region(5, 1, 6, 1), 1)
        await ctx.tick().repeat(2)
        await drive(ctx, bench.dut, marked(bench.images), gaps(0, 0.3))

    assert bench.run(play) == [(n, image[5:6]) for n, image in enumerate(bench.images)]
    assert bench.overruns == 0
