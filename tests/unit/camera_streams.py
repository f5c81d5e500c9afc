"""What the tests of the camera's output stage share: words driven in with gaps, a reader that
stalls, images put together again."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from amaranth.sim import Simulator

from spikeplane.camera.config import CameraConfig


def words_of(config: CameraConfig, image: np.ndarray, bits: int) -> list[int]:
    """The words of an image (H, W) of values of `bits` bits, pixel 0 lowest."""
    rows = image.reshape(-1, config.pixels)
    return [sum(int(value) << (bits * k) for k, value in enumerate(row)) for row in rows]


def random_images(config: CameraConfig, count: int, bits: int, seed: int) -> np.ndarray:
    """(count, H, W) of random values."""
    return np.random.default_rng(seed).integers(0, 1 << bits, (count, config.height, config.width))


async def drive(
    ctx: Any, port: Any, words: Iterator[tuple[int, dict[str, int]]], gap: Callable[[], int]
) -> None:
    """Words with their marks into ports valid, word, first, last, number, `gap()` idle cycles before each."""
    for word, marks in words:
        for _ in range(gap()):
            ctx.set(port.valid, 0)
            await ctx.tick()
        ctx.set(port.valid, 1)
        ctx.set(port.word, word)
        for name, value in marks.items():
            ctx.set(getattr(port, name), value)
        await ctx.tick()
    ctx.set(port.valid, 0)


def marked(images: list[list[int]], numbers: list[int] | None = None) -> Iterator[tuple[int, dict[str, int]]]:
    """The words of images one after the other, with first, last and number."""
    for n, words in enumerate(images):
        for k, word in enumerate(words):
            yield word, {"first": k == 0, "last": k == len(words) - 1, "number": numbers[n] if numbers else n}


async def read(
    ctx: Any, stream: Any, got: list[Any], ready: Callable[[], bool], *, withdrawn: bool = False
) -> None:
    """Takes a stream's payloads for ever; what is offered must stay until it is taken, unless it
    may be withdrawn (a flush)."""
    offered = None
    while True:
        ctx.set(stream.ready, ready())
        _, _, valid, taken, payload = await ctx.tick().sample(stream.valid, stream.ready, stream.payload)
        if offered is not None and not withdrawn:
            assert valid
            assert _settled(payload) == _settled(offered)
        offered = payload if valid and not taken else None
        if valid and taken:
            got.append(payload)


def _settled(payload: Any) -> list[int]:
    """What must not change while it is offered: all but a number that counts with `first` only."""
    members = payload.shape().members
    return [payload[name] for name in members if name != "number" or payload.first]


def assemble(got: list[Any]) -> list[tuple[int, list[int]]]:
    """(number, words) of every image read. Fails where one is not whole."""
    images: list[tuple[int, list[int]]] = []
    whole = True
    for payload in got:
        assert payload.first == whole, "an image begins where another has not ended"
        if payload.first:
            images.append((payload.number, []))
        images[-1][1].append(payload.word)
        whole = bool(payload.last)
    assert whole, "the last image has no end"
    return images


def simulate(
    component: Any, *benches: Callable[[Any], Any], background: tuple[Callable[[Any], Any], ...] = ()
) -> None:
    """Run until every bench is done."""
    simulator = Simulator(component)
    simulator.add_clock(1e-6)
    for bench in benches:
        simulator.add_testbench(bench)
    for bench in background:
        simulator.add_testbench(bench, background=True)
    simulator.run()


def gaps(seed: int, probability: float) -> Callable[[], int]:
    """Idle cycles in front of a word: mostly none, sometimes many."""
    rng = random.Random(seed)
    return lambda: rng.choice((1, 2, 7)) if rng.random() < probability else 0
