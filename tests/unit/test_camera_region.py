"""The region filter alone, cycle by cycle: every word's place, which are kept, and what a flush forgets."""

import random
from typing import Any

import pytest
from core_unit import simulate
from grabber_bench import camera

from spikeplane.camera.config import CameraConfig
from spikeplane_gateware.units.camera.region import RegionFilter

BITS = 8
#: Width, height, P: words that end with a row, that reach into the next one, that are a row, that are longer.
SIZES = [
    (16, 4, 4), (12, 8, 6), (10, 8, 4), (9, 20, 5), (5, 16, 1), (16, 16, 16),
    (5, 64, 20), (6, 48, 9), (4, 96, 6),
]  # fmt: skip
BOUNDS = ("x0", "x1", "y0", "y1")


def keeps(config: CameraConfig, bounds: dict[str, int], word: int) -> bool:
    """Whether a pixel of the word is in the region; of words longer than a row, whether a row is."""
    places = [divmod(word * config.pixels + k, config.width) for k in range(config.pixels)]
    return any(
        bounds["y0"] <= y <= bounds["y1"]
        and (bounds["x0"] <= x <= bounds["x1"] or config.pixels > config.width)
        for y, x in places
    )


class Words:
    """What goes in, cycle by cycle: words, gaps, images that are broken off; what is known of each."""

    def __init__(self, config: CameraConfig, rng: random.Random) -> None:
        self.config, self.rng, self.at, self.number = config, rng, 0, 0
        self.bounds = self.taken = self.region()

    def region(self) -> dict[str, int]:
        xs = sorted(self.rng.choices(range(self.config.width), k=2))
        ys = sorted(self.rng.choices(range(self.config.height), k=2))
        return dict(zip(BOUNDS, (*xs, *ys), strict=True))

    def next(self) -> dict[str, int] | None:
        """Marks of a word, its place (x, y), and whether it is kept; None: no word."""
        config, rng = self.config, self.rng
        if rng.random() < 0.1:
            self.bounds = self.region()  # at any time: taken over with a first word only
        if rng.random() < 0.1:
            return None
        if self.at == config.words or rng.random() < 0.2 / config.words:
            self.at, self.number = 0, rng.getrandbits(32)
        if self.at == 0:
            self.taken = self.bounds
        word, self.at = self.at, self.at + 1
        y, x = divmod(word * config.pixels, config.width)
        marks = {"first": int(word == 0), "last": int(word == config.words - 1), "number": self.number}
        return {
            **marks,
            "word": rng.getrandbits(BITS),
            "x": x,
            "y": y,
            "kept": keeps(config, self.taken, word),
        }


@pytest.mark.parametrize("size", SIZES)
def test_every_word_has_its_place(size: tuple[int, int, int]) -> None:
    config, rng = camera(*size), random.Random(7)
    words, kept = Words(config, rng), [0, 0]

    async def bench(ctx: Any) -> None:
        line: list[dict[str, int] | None] = [None, None]  # the words of one and of two cycles ago
        for _ in range(1000):
            now, flush = words.next(), rng.random() < 0.01
            ctx.set(dut.valid, now is not None)
            ctx.set(dut.flush, flush)
            ctx.set(dut.region, words.bounds)
            for name in ("first", "last", "number", "word"):
                ctx.set(getattr(dut, name), now[name] if now else rng.getrandbits(1))
            await ctx.tick()
            line = [None, None] if flush else [now, line[0]]
            begun, out = line
            assert ctx.get(dut.next_valid) == (begun is not None)
            assert begun is None or ctx.get(dut.next_first) == begun["first"]
            assert ctx.get(dut.o_valid) == (out is not None)
            if out is not None:
                kept[out["kept"]] += 1
                ports = {"x": dut.x, "y": dut.y, "kept": dut.kept}
                shown = {name: ctx.get(ports.get(name, getattr(dut, f"o_{name}", None))) for name in out}
                assert shown == out

    dut: Any = RegionFilter(config, BITS)
    simulate(dut, bench)
    assert min(kept) > 60
