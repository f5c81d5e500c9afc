"""The camera's golden model against one pixel told in plain Python, against constant light, and
against true images."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from spikeplane.camera.config import HALVINGS, CameraConfig
from spikeplane_sim.golden.camera import Reconstruction, quotient

CLIPS = Path(__file__).parents[2] / "../shared/data/spike_camera"


class Segment:
    """A stable segment as a list of its intervals: nothing is compact, nothing is remembered
    between checks."""

    def __init__(self, method: str, first: int) -> None:
        self.method, self.intervals, self.n, self.m = method, [first], 1, 0

    def take(self, interval: int) -> bool:
        """Grow by an interval, or say no."""
        longer = [*self.intervals, interval]
        stable = {
            "tfi": lambda _: False,
            "fsr": first_order,
            "ssr": lambda x: first_order(x) and second_order(x),
        }[self.method]
        if not stable(longer):
            return False
        lo, n = min(longer), self.n + 1
        m = self.n if interval < min(self.intervals) else self.m + (interval > lo)
        limit = next(count for below, count in HALVINGS if lo < below)
        self.intervals, self.n, self.m = longer, *((n // 2, (m + 1) // 2) if n >= limit else (n, m))
        return True

    @property
    def ratio(self) -> tuple[int, int]:
        return self.n, self.n * min(self.intervals) + self.m


def first_order(x: list[int]) -> bool:
    return max(x) - min(x) <= 1


def second_order(x: list[int]) -> bool:
    """Distances of firings take at most two adjacent values, and no run of the base at the ends is
    longer than the smaller one."""
    double = next((i for i in range(1, len(x)) if x[i] == x[i - 1]), None)
    if double is None:
        return True
    firings = [i for i, value in enumerate(x) if value != x[double]]
    if any(b - a == 1 for a, b in itertools.pairwise(firings)):
        return False
    if len(firings) < 2:
        return True
    distances = [min(b - a, 63) for a, b in itertools.pairwise(firings)]
    runs = [min(firings[0], 63), min(len(x) - 1 - firings[-1], 63)]
    return max(distances) - min(distances) <= 1 and max(runs) <= min(distances)


def one_pixel(spikes: list[int], config: CameraConfig) -> list[int]:
    """The values of one pixel, plane 0 on: the rules of docs/camera-arithmetic.md word by word."""
    values: list[int] = []
    pending: list[int] = []
    segment: Segment | None = None
    last: int | None = None
    for t, spike in enumerate(spikes):
        plane = t - config.lookahead
        pending += [t] * bool(spike)
        for _ in range(config.walks):
            if not pending:
                break
            if last is None:
                last = pending.pop(0)
                continue
            interval = min(pending[0] - last, 255)
            if segment is None or not segment.take(interval):
                if segment is not None and plane <= last:
                    break
                segment = Segment(config.method, interval)
            last = pending.pop(0)
        if plane >= 0:
            n, total = segment.ratio if segment else (0, 1)
            open_for = min(t - last, 255) if last is not None else 0
            if segment and last is not None and plane > last and open_for > min(segment.intervals):
                n, total = 1, open_for + 1
            values.append((config.scale * n + total // 2) // total)
    return values


def trains(pixels: int, planes: int, seed: int) -> np.ndarray:
    """(planes, pixels): light that is steady, drifts, jumps or flickers, dark and bright."""
    rng = np.random.default_rng(seed)
    t = np.arange(planes)[:, None]
    rate = rng.choice([0.002, 0.02, 0.1, 0.3, 0.5, 0.7, 1.0], pixels) * rng.uniform(0.8, 1, pixels)
    light = np.tile(rate, (planes, 1))
    kind = rng.integers(0, 4, pixels)
    light *= np.where(kind == 1, 1 - 0.5 * t / planes, 1)
    light *= np.where(kind == 2, np.where(t > rng.integers(1, planes, pixels), 0.6, 1), 1)
    light = np.where(kind == 3, rng.random((planes, pixels)) * light * 2, light)
    charge = np.cumsum(light, 0) + rng.random(pixels)
    return (np.diff(np.floor(charge), axis=0, prepend=np.floor(charge[:1])) > 0).astype(np.uint8)


@pytest.mark.parametrize("lookahead", [0, 1, 5, 16, 31, 32, 63, 64])
@pytest.mark.parametrize("method", ["tfi", "fsr", "ssr"])
def test_every_pixel_follows_the_rules(method: str, lookahead: int) -> None:
    config = CameraConfig(width=16, height=6, pixels=1, method=method, lookahead=lookahead, output_bits=12)
    planes = trains(96, 400, seed=lookahead)
    model = Reconstruction(config)
    images = np.array([i.numpy() for i in model.images(planes.reshape(-1, 6, 16))]).reshape(-1, 96)
    for pixel in range(96):
        expected = np.array(one_pixel(planes[:, pixel].tolist(), config))
        wrong = np.flatnonzero(images[:, pixel] != expected)
        assert not len(wrong), (
            f"pixel {pixel}, plane {wrong[0]}: {images[wrong[0], pixel]}, expected {expected[wrong[0]]}"
        )


@given(
    st.lists(st.sampled_from([4, 5, 5, 5, 6]), min_size=2, max_size=60),
    st.sampled_from(["fsr", "ssr"]),
    st.integers(0, 20),
)
@settings(max_examples=100, deadline=None)
def test_intervals_that_are_nearly_stable(intervals: list[int], method: str, lookahead: int) -> None:
    config = CameraConfig(width=16, height=1, pixels=1, method=method, lookahead=lookahead)
    spikes = [0, 1] + [bit for d in intervals for bit in [0] * (d - 1) + [1]]
    planes = np.repeat(np.array(spikes, np.uint8)[:, None, None], 16, 2)
    values = [int(i[0, 3]) for i in Reconstruction(config).images(planes)]
    assert values == one_pixel(spikes, config)


@pytest.mark.parametrize(("lookahead", "first"), [(0, -20), (4, -16), (10, -10), (16, -10), (64, -10)])
def test_the_window_lies_around_the_plane(lookahead: int, first: int) -> None:
    """21 planes, as far around the image's plane as the look-ahead lets them."""
    rng = np.random.default_rng(3)
    planes = rng.integers(0, 2, (120, 4, 8), np.uint8)
    model = Reconstruction(CameraConfig(width=8, height=4, pixels=1, method="tfp", lookahead=lookahead))
    images = [i.numpy() for i in model.images(planes)]
    assert len(images) == 120 - lookahead
    for plane, image in enumerate(images):
        spikes = planes[max(0, plane + first) : max(0, plane + first + 21)].sum(0, dtype=int)
        np.testing.assert_array_equal(image, (255 * spikes + 10) // 21)


@pytest.mark.parametrize("scale", [255, 4080])
def test_every_quotient_is_exact(scale: int) -> None:
    totals = torch.arange(1, 1025)
    for n in range(128):
        total = totals[totals >= max(n, 1)]
        expected = (scale * n + total // 2) // total
        assert torch.equal(
            quotient(scale, torch.full_like(total, n).float(), total.float()), expected.to(torch.int32)
        )


def test_constant_light_is_known_to_a_level_after_64_intervals() -> None:
    """400 random rates up to one spike in two planes: |N / S - r| < r^2 / N, at most one level of
    255 (plus half for rounding)."""
    rate = np.random.default_rng(0).uniform(0.02, 0.5, 400)
    charge = np.floor(np.cumsum(np.tile(rate, (3600, 1)), 0)).astype(int)
    planes = np.diff(charge, axis=0, prepend=0).astype(np.uint8)
    assert planes.max() == 1
    count = np.cumsum(planes, 0)
    model = Reconstruction(CameraConfig(width=400, height=1, pixels=1, output_bits=12))
    seen = np.zeros(400, bool)
    for t, image in enumerate(model.images(planes[:, None])):
        after = (count[t] == 65) & (planes[t] == 1)
        error = np.abs(image.numpy()[0] / 16 - 255 * rate)[after]
        assert (error <= 1 + 1 / 32).all(), f"plane {t}: {error.max()}"
        seen |= after
    assert seen.all()


@pytest.mark.parametrize(("clip", "size"), [("reds_200_part1", (400, 250)), ("reds_203_part1", (400, 250))])
def test_ssr_is_the_best_on_real_light(clip: str, size: tuple[int, int]) -> None:
    if not CLIPS.exists():
        pytest.skip(f"no recordings in {CLIPS}")
    from spikeplane.camera.recording import open_recording

    planes = open_recording(CLIPS / f"{clip}.dat", size).read(0, 167)
    true = np.array(Image.open(CLIPS / f"{clip}_plane150.png").convert("L")) / 255

    def decibels(method: str, lookahead: int) -> float:
        model = Reconstruction(CameraConfig(method=method, lookahead=lookahead))
        for plane in planes[: 151 + lookahead]:
            model.push(plane)
        image = np.clip(model.image().numpy() / 255 / 0.6, 0, 1)
        return float(10 * np.log10(1 / np.mean((image - true) ** 2)))

    best = decibels("ssr", 16)
    assert best >= decibels("tfi", 0) + 5
    assert best >= decibels("tfp", 10) + 1.5
