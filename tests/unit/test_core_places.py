"""The walk of a sweep beside four nested loops: every output pixel, every place of its window, its
word, and whether it lies inside."""

from typing import Any

import numpy as np
import pytest
from core_unit import CORE, pulse, simulate

from spikeplane.config import bits_for
from spikeplane.formats.tables import core_tables
from spikeplane_gateware.core.soma.window_walker import WindowWalker

WRAP = 1 << bits_for(CORE.acc_depth)
FIELDS = dict(core_tables(CORE).population.fields)


def expected(
    height: int, width: int, size: int, stride: int, padding: int, start: int
) -> list[tuple[int, ...]]:
    """(word or -1 outside, inside, first, last, final) of every element."""
    rows, columns = ((n + 2 * padding - size) // stride + 1 for n in (height, width))
    found = []
    for y in range(rows):
        for x in range(columns):
            for r in range(size):
                for c in range(size):
                    i, j = y * stride - padding + r, x * stride - padding + c
                    inside = 0 <= i < height and 0 <= j < width
                    first, last = (r, c) == (0, 0), (r, c) == (size - 1, size - 1)
                    final = last and (y, x) == (rows - 1, columns - 1)
                    found.append(
                        (
                            start + i * width + j if inside else -1,
                            int(inside),
                            int(first),
                            int(last),
                            int(final),
                        )
                    )
    return found


def word(height: int, width: int, size: int, stride: int, padding: int) -> dict[str, int]:
    """The fields of the population's word, by what each is for."""
    columns = (width + 2 * padding - size) // stride + 1
    back = (size - 1) * (width + 1)  # from a window's last place to its first
    fields = {
        "window_last": size - 1,
        "stride": stride,
        "padding": padding,
        "input_height": height,
        "input_width": width,
        "x_last": columns - 1,
        "y_last": (height + 2 * padding - size) // stride,
        "corner": padding * (width + 1) % WRAP,
        "acc_down": (width - size + 1) % WRAP,
        "acc_right": (stride - back) % WRAP,
        "acc_across": (stride * width - (columns - 1) * stride - back) % WRAP,
    }
    assert all(0 <= value < 1 << FIELDS[name] for name, value in fields.items())
    return fields


def walked(
    shape: tuple[int, int, int, int, int], start: int, pauses: np.random.Generator
) -> list[tuple[int, ...]]:
    """What the component goes through, twice the same with pauses of its own."""
    dut: Any = WindowWalker(CORE)
    runs: list[list[tuple[int, ...]]] = [[], []]

    async def bench(ctx: Any) -> None:
        for name, value in word(*shape).items():
            ctx.set(dut.population[name], value)
        for run in runs:
            ctx.set(dut.start, start)
            await pulse(ctx, dut.begin)
            for _ in range(5000):
                if pauses.random() < 0.2:
                    await ctx.tick()
                    continue
                inside, first, last, final = (
                    ctx.get(getattr(dut, name)) for name in ("inside", "first", "last", "final")
                )
                run.append((ctx.get(dut.address) if inside else -1, inside, first, last, final))
                await pulse(ctx, dut.step)
                if final:
                    break

    simulate(dut, bench)
    assert runs[0] == runs[1], "a walk owes something to the one before"
    return runs[0]


@pytest.mark.parametrize("shape", [
    (5, 7, 1, 1, 0), (7, 5, 1, 1, 0), (1, 9, 1, 1, 0), (9, 1, 1, 1, 0),  # no window
    (4, 6, 2, 2, 0), (5, 7, 3, 2, 0), (6, 5, 2, 1, 0), (5, 8, 2, 3, 0),  # blocks, overlaps, gaps
    # padding
    (5, 7, 3, 2, 1), (7, 4, 3, 3, 1), (3, 3, 5, 1, 2), (2, 6, 4, 2, 2), (1, 8, 3, 2, 1), (4, 3, 3, 1, 2),
])  # fmt: skip
def test_every_place_of_every_window(shape: tuple[int, int, int, int, int]) -> None:
    rng = np.random.default_rng(sum(shape))
    start = int(rng.integers(0, WRAP - shape[0] * shape[1]))
    wanted = expected(*shape, start)
    assert walked(shape, start, rng) == wanted
    outside = sum(not element[1] for element in wanted)
    assert (outside > 0) == (shape[4] > 0)
