"""Gate, region filter and grabber: whole images or none, whatever the reader does; the region's
words are those of `kept_words`."""

import random
from typing import Any

import numpy as np
import pytest
from camera_streams import drive, gaps, marked, random_images, simulate, words_of
from grabber_bench import Bench, camera

from spikeplane.camera.config import CameraConfig
from spikeplane.camera.region import Region, kept_words, whole
from spikeplane.errors import SpikeplaneError
from spikeplane_gateware.units.camera.gate import Gate

SIZES = [
    (8, 6, 3),
    (16, 4, 4),
    (12, 8, 6),
    (10, 7, 2),
    (5, 16, 1),
    (8, 8, 4),
    (6, 48, 9),
    (5, 64, 20),
    (4, 64, 8),
    (16, 16, 16),
]


def random_region(rng: random.Random, config: CameraConfig) -> Region:
    xs = sorted(rng.choices(range(config.width), k=2))
    ys = sorted(rng.choices(range(config.height), k=2))
    return Region(xs[0], ys[0], xs[1], ys[1])


@pytest.mark.parametrize("size", SIZES)
def test_kept_words_by_hand(size: tuple[int, int, int]) -> None:
    """A word is kept if one of its pixels is in the region; where words are longer than rows, if
    one of its rows is."""
    config, rng = camera(*size), random.Random(1)
    for _ in range(40):
        r = random_region(rng, config)
        kept = []
        for word in range(config.words):
            pixels = [divmod(word * config.pixels + k, config.width) for k in range(config.pixels)]
            hits = [
                r.y0 <= y <= r.y1 and (r.x0 <= x <= r.x1 or config.pixels > config.width) for y, x in pixels
            ]
            kept += [word] if any(hits) else []
        assert kept_words(config, r).tolist() == kept


def test_a_region_outside_is_refused() -> None:
    with pytest.raises(SpikeplaneError) as refused:
        kept_words(camera(16, 4, 4), Region(3, 0, 16, 2))
    assert str(refused.value) == (
        "region 3,0,16,2 is not inside the 16x4 image; give x0,y0,x1,y1 with 0 <= x0 <= x1 <= 15 "
        "and 0 <= y0 <= y1 <= 3"
    )


@pytest.mark.parametrize("size", SIZES)
def test_regions(size: tuple[int, int, int]) -> None:
    """The gateware keeps exactly the words of `kept_words`, in every image."""
    bench = Bench(camera(*size), count=24)
    expected = []

    async def play(ctx: Any) -> None:
        for n, image in enumerate(bench.images):
            kept = bench.settle(ctx, random_region(bench.rng, bench.config) if n else whole(bench.config), 1)
            await ctx.tick()
            await drive(ctx, bench.dut, marked([image], [n * 1000]), gaps(n, 0.2 * (n % 2)))
            expected.append((n * 1000, [image[k] for k in kept]))
            await ctx.tick().repeat(bench.config.words + 8)

    assert bench.run(play) == expected
    assert bench.overruns == 0


@pytest.mark.parametrize("size", [(16, 4, 4), (10, 7, 2)])
@pytest.mark.parametrize("patience", [0.0, 0.3, 0.8, 1.0])
@pytest.mark.parametrize("room", [0, 8, 60])
def test_only_whole_images_are_lost(size: tuple[int, int, int], patience: float, room: int) -> None:
    """Back to back at full rate, the reader reading at random and not at all for long: what comes
    is whole, what is missing is counted."""
    config = camera(*size)
    bench = Bench(config, count=60, depth=config.words + room, seed=room)
    bench.ready = patience

    async def play(ctx: Any) -> None:
        bench.settle(ctx, whole(config), 1)
        await ctx.tick().repeat(2)
        await drive(ctx, bench.dut, marked(bench.images), gaps(3, 0.02))

    got = bench.run(play)
    assert all(words == bench.images[n] for n, words in got)
    assert [n for n, _ in got] == sorted({n for n, _ in got})
    assert len(got) + bench.overruns == 60
    if patience == 1.0 and room >= 8:
        assert bench.overruns == 0
    if patience < 1.0:
        assert bench.overruns > 0
    assert len(got) >= 1


def test_a_fifo_exactly_full() -> None:
    """Nobody reads: as many images as fit, to the last place, the others are counted; then what is
    held comes, and there is room."""
    config = camera(16, 4, 4)
    bench = Bench(config, count=9, depth=3 * config.words)
    bench.ready = 0.0

    async def play(ctx: Any) -> None:
        bench.settle(ctx, whole(config), 1)
        await ctx.tick().repeat(2)
        await drive(ctx, bench.dut, marked(bench.images[:5]), gaps(0, 0))
        await ctx.tick().repeat(4)
        assert ctx.get(bench.dut.overruns) == 2  # three fit to the last place
        bench.ready = 1.0
        await ctx.tick().repeat(4 * bench.dut.depth)
        await drive(ctx, bench.dut, marked(bench.images[5:], [5, 6, 7, 8]), gaps(0, 0))
        assert ctx.get(bench.dut.overruns) == 2

    got = bench.run(play)
    assert got == [(n, bench.images[n]) for n in (0, 1, 2, 5, 6, 7, 8)]


@pytest.mark.parametrize("every", [1, 2, 5])
def test_every_nth(every: int) -> None:
    config = camera(16, 4, 4)
    bench = Bench(config, count=13)

    async def play(ctx: Any) -> None:
        bench.settle(ctx, whole(config), every)
        await ctx.tick()
        await drive(ctx, bench.dut, marked(bench.images[:12]), gaps(1, 0.1))
        ctx.set(bench.dut.arm, 1)  # the next one is the first again
        await ctx.tick()
        ctx.set(bench.dut.arm, 0)
        await drive(ctx, bench.dut, marked(bench.images[12:], [12]), gaps(1, 0.1))

    assert [n for n, _ in bench.run(play)] == [*range(0, 12, every), 12]


def test_triggers() -> None:
    """A trigger within an image takes the next one; two before the same image take one."""
    config = camera(16, 4, 4)
    bench = Bench(config, count=10)
    when = {5, 2 * 16 + 15, 4 * 16 + 1, 4 * 16 + 9, 7 * 16 + 3}

    async def play(ctx: Any) -> None:
        bench.settle(ctx, whole(config), 0)
        for k, word in enumerate(marked(bench.images)):
            ctx.set(bench.dut.trigger, k in when)
            await drive(ctx, bench.dut, iter([word]), gaps(0, 0))
            ctx.set(bench.dut.trigger, 0)

    got = bench.run(play)
    assert [n for n, _ in got] == [1, 3, 5, 8]
    assert bench.overruns == 0


def test_clear_and_flush() -> None:
    """`clear` forgets the count, `flush` what is held and the image under way; the next image is whole."""
    config = camera(16, 4, 4)
    bench = Bench(config, count=8, depth=20)
    bench.ready, bench.withdrawn = 0.0, True

    async def pulse(ctx: Any, port: Any) -> None:
        ctx.set(port, 1)
        await ctx.tick()
        ctx.set(port, 0)

    async def play(ctx: Any) -> None:
        bench.settle(ctx, whole(config), 1)
        await ctx.tick()
        await drive(ctx, bench.dut, marked(bench.images[:4]), gaps(0, 0))
        await ctx.tick().repeat(4)
        assert ctx.get(bench.dut.overruns) == 3
        await pulse(ctx, bench.dut.clear)
        assert ctx.get(bench.dut.overruns) == 0
        assert ctx.get(bench.dut.o.valid)
        await pulse(ctx, bench.dut.flush)
        assert not ctx.get(bench.dut.o.valid)
        await drive(ctx, bench.dut, iter(list(marked(bench.images[4:5], [4]))[:7]), gaps(0, 0))
        await pulse(ctx, bench.dut.flush)
        await drive(ctx, bench.dut, marked(bench.images[5:6], [5]), gaps(0, 0))
        bench.ready = 1.0
        await ctx.tick().repeat(40)
        await drive(ctx, bench.dut, marked(bench.images[6:8], [6, 7]), gaps(0, 0))

    assert bench.run(play) == [(n, bench.images[n]) for n in (5, 6, 7)]
    assert bench.overruns == 0


@pytest.mark.parametrize("told", [0, 3, 15, 17, 400])
def test_a_wrong_count_of_words_harms_no_later_image(told: int) -> None:
    config = camera(16, 4, 4)
    bench = Bench(config, count=12, depth=40)

    async def play(ctx: Any) -> None:
        bench.settle(ctx, whole(config), 1)
        ctx.set(bench.dut.settings.words, told)
        await drive(ctx, bench.dut, marked(bench.images[:6]), gaps(0, 0.3))
        await ctx.tick().repeat(100)
        bench.got.clear()
        bench.settle(ctx, whole(config), 1)
        await ctx.tick().repeat(2)
        await drive(ctx, bench.dut, marked(bench.images[6:]), gaps(0, 0.3))

    assert bench.run(play) == list(enumerate(bench.images[6:]))


def test_many_small_images_wait() -> None:
    """At most sixteen wait, however small their region."""
    config = camera(16, 4, 4)
    bench = Bench(config, count=40)
    bench.ready = 0.0

    async def play(ctx: Any) -> None:
        bench.settle(ctx, Region(5, 1, 6, 1), 1)
        await ctx.tick().repeat(2)
        await drive(ctx, bench.dut, marked(bench.images), gaps(0, 0))

    got = bench.run(play)
    assert got == [(n, bench.images[n][5:6]) for n in range(16)]
    assert bench.overruns == 24


def test_the_gate() -> None:
    """Open at the first word: the whole image; closed: none of it, and counted."""
    config, rng = camera(16, 4, 4), random.Random(2)
    images = [words_of(config, image, 8) for image in random_images(config, 40, 8, 3)]
    dut: Any = Gate(32)
    opened: list[int] = []
    got: list[Any] = []

    async def play(ctx: Any) -> None:
        for n, image in enumerate(images):
            for k, word in enumerate(marked([image], [n])):
                now = rng.randrange(2)
                opened.extend([n] if k == 0 and now else [])
                ctx.set(dut.open, now)
                await drive(ctx, dut, iter([word]), gaps(n * 16 + k, 0))
                if rng.random() < 0.1:
                    await ctx.tick()
        await ctx.tick()
        assert ctx.get(dut.overruns) == 40 - len(opened)
        ctx.set(dut.clear, 1)
        await ctx.tick()
        assert ctx.get(dut.overruns) == 0

    async def watch(ctx: Any) -> None:
        while True:
            _, _, valid, *rest = await ctx.tick().sample(
                dut.o_valid, dut.o_number, dut.o_word, dut.o_first, dut.o_last
            )
            got.extend([rest] if valid else [])

    simulate(dut, play, background=(watch,))
    expected = [[n, word, k == 0, k == 15] for n in opened for k, word in enumerate(images[n])]
    assert np.array_equal(np.array(got), np.array(expected))
    assert 0 < len(opened) < 40


def test_counts_stay_at_the_top() -> None:
    """65,535 and no further."""
    dut: Any = Gate(1)

    async def play(ctx: Any) -> None:
        ctx.set(dut.valid, 1)
        ctx.set(dut.first, 1)
        await ctx.tick().repeat(65540)
        assert ctx.get(dut.overruns) == 65535

    simulate(dut, play)
