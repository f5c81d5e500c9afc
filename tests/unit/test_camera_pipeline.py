"""The camera pipeline against the golden model, bit for bit, on small planes of every kind of light."""

import functools
import itertools

import numpy as np
import pytest

from spikeplane.camera.config import CameraConfig
from spikeplane_gateware.units.camera import walk
from spikeplane_gateware.units.camera.generate import camera_verilog
from spikeplane_gateware.units.camera.pipeline import latency, loop
from spikeplane_gateware.units.camera.stage import named
from spikeplane_gateware.units.camera.state import state_layout
from spikeplane_sim.bench.camera import SimulatedPipeline, Words, difference, pack_words
from spikeplane_sim.golden.camera import Reconstruction

PLANES = 700
SHAPES = ((16, 16, 16), (20, 16, 10), (8, 32, 8), (8, 8, 4))


def sizes(shape: int, **values) -> CameraConfig:
    width, height, pixels = SHAPES[shape]
    return CameraConfig(width=width, height=height, pixels=pixels, **values)


@functools.lru_cache
def light(width: int, height: int, planes: int = PLANES) -> np.ndarray:
    """(planes, H, W) of 0 and 1: pixels of constant light, of light that steps, of noise; the first
    ones at the rules' edges."""
    rng, area = np.random.default_rng(3), width * height
    edges = [
        1,
        0,
        1 / 255,
        1 / 256,
        1 / 300,
        0.5,
        0.4,
        1 / 3,
        0.999,
        70 / 211,
        63 / 190,
        64 / 193,
        1 / 3.5,
        1 / 4,
        1 / 16,
        1 / 64.5,
    ]
    rate = np.concatenate([edges, rng.random(area - len(edges)) ** 3])
    total = np.floor(np.arange(planes + 1)[:, None] * rate + rng.random(area))
    spikes = np.diff(total, axis=0).astype(np.uint8)
    steps = rng.random(area) < 0.3
    steps[: len(edges)] = False
    for begin in range(100, planes, 150):
        spikes[begin : begin + 100, steps] = rng.random(
            (min(100, planes - begin), int(steps.sum()))
        ) < rng.random(int(steps.sum()))
    noisy = rng.random(area) < 0.3
    noisy[: len(edges)] = False
    return (spikes ^ ((rng.random((planes, area)) < 0.02) & noisy)).reshape(planes, height, width)


def golden(config: CameraConfig, planes: np.ndarray) -> list[np.ndarray]:
    return [image.numpy() for image in Reconstruction(config).images(planes)]


def check(config: CameraConfig, gaps: float = 0.3) -> None:
    planes = light(config.width, config.height)
    with SimulatedPipeline(config) as chip:
        words = chip.run(planes, gaps=gaps, seed=5)
    assert difference(words, golden(config, planes), config) is None


@pytest.mark.parametrize(
    "config",
    [
        sizes(0, method="fsr"), sizes(1, method="fsr", lookahead=16), sizes(3, method="fsr", lookahead=5, output_bits=12),
        sizes(2, method="ssr"), sizes(3, method="ssr", lookahead=16, output_bits=12), sizes(3, method="ssr", lookahead=64),
        sizes(3, method="ssr", lookahead=1), sizes(0, method="tfi", output_bits=12), sizes(3, method="tfi", lookahead=16),
        sizes(3, method="tfp"), sizes(1, method="tfp", lookahead=16, output_bits=12), sizes(3, method="tfp", window=1),
        sizes(3, method="tfp", window=64, lookahead=64),
    ],
    ids=lambda c: f"{c.method}-{c.lookahead}-{c.output_bits}-P{c.pixels}-{c.window}",
)  # fmt: skip
def test_golden(config):
    check(config)


@pytest.mark.slow
@pytest.mark.parametrize("output_bits", [8, 12])
@pytest.mark.parametrize("lookahead", [0, 1, 5, 16, 64])
@pytest.mark.parametrize("method", ["tfp", "tfi", "fsr", "ssr"])
def test_every_combination(method, lookahead, output_bits):
    check(sizes(3, method=method, lookahead=lookahead, output_bits=output_bits))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("FORMATS", ((2, 6), (4, 6), (6, 4), (8, 2))),  # a bright segment is halved at 64 intervals already
        # counts of a dark one grow too far
        ("format_of", lambda m, name, lo: named(m, f"{name}_form", lo[4:].any())),
    ],
    ids=["halving", "format"],
)
def test_a_mutation_is_caught(monkeypatch, name, change):
    config = sizes(3, method="fsr")
    monkeypatch.setattr(walk, name, change)
    planes = light(config.width, config.height)
    with SimulatedPipeline(config, camera_verilog(config)) as chip:
        found = difference(chip.run(planes), golden(config, planes), config)
    assert found is not None
    assert found.startswith("plane ")


def test_restart_in_mid_plane():
    """Nothing of before is left in the images after; a word in the restart's own cycle is not
    taken; what was taken comes out."""
    config = sizes(3, method="ssr", lookahead=16, output_bits=12)
    planes, again = light(8, 8)[:200], light(8, 8)[300:450]
    before, after = pack_words(planes, config), pack_words(again, config)
    cut = 120 * config.words + 5  # words before the restart
    control = np.concatenate([np.ones(cut), [3], np.ones(len(after)), np.zeros(64)]).astype(np.uint8)
    given = np.concatenate([before[:cut], [15], after, np.zeros(64, np.uint64)]).astype(np.uint64)
    with SimulatedPipeline(config) as chip:
        words = chip.cycles(control, given)
    old = cut - config.lookahead * config.words
    expected = np.array(golden(config, planes)).reshape(-1, config.pixels)[:old]
    assert np.array_equal(words.values[:old], expected)
    assert not words.last[old - 5 : old].any()  # the image that was broken off has no last word
    rest = Words(*(getattr(words, name)[old:] for name in ("values", "number", "first", "last", "cycle")))
    assert difference(rest, golden(config, again), config) is None


@pytest.mark.parametrize(
    "config", [sizes(3, method="fsr"), sizes(3, method="ssr", lookahead=1), sizes(3, method="tfp")]
)
def test_a_word_a_cycle_at_a_fixed_latency(config):
    planes = light(config.width, config.height)[:40]
    with SimulatedPipeline(config) as chip:
        words = chip.run(planes)
        skipped = config.lookahead * config.words
        assert np.array_equal(words.cycle, np.arange(skipped, len(planes) * config.words) + latency(config))
        assert (
            set(np.diff(words.cycle[words.first]))
            == {config.words}
            == {config.width * config.height // config.pixels}
        )
    # gaps shift words, latency stays
    control = (np.random.default_rng(0).random(3000) < 0.4).astype(np.uint8)
    with SimulatedPipeline(config) as chip:
        words = chip.cycles(np.append(control, np.zeros(64, np.uint8)), np.zeros(3064, np.uint64))
    assert np.array_equal(words.cycle, np.flatnonzero(control)[skipped:] + latency(config))


def test_numbers_of_latency_and_state():
    """The figures of docs/camera-pipeline.md."""
    found = {}
    for method, ahead in itertools.product(("tfp", "tfi", "fsr", "ssr"), (0, 16)):
        config = CameraConfig(method=method, lookahead=ahead)
        found[method, ahead] = (state_layout(config).size, loop(config), latency(config))
    assert found == {
        ("tfp", 0): (20, 3, 17),
        ("tfp", 16): (26, 3, 17),
        ("tfi", 0): (16, 7, 20),
        ("tfi", 16): (32, 10, 23),
        ("fsr", 0): (26, 7, 20),
        ("fsr", 16): (42, 13, 26),
        ("ssr", 0): (42, 7, 20),
        ("ssr", 16): (58, 13, 26),
    }


def test_size_of_the_verilog():
    """The lane is there once, whatever P."""
    large = camera_verilog(CameraConfig(method="ssr", lookahead=16))
    assert large.count("module spikeplane_camera_lane(") == 1
    assert large.count("spikeplane_camera_lane lane_") == 50
    assert len(large) < 200_000


def test_differences_are_named():
    config = sizes(3)
    images = np.arange(2 * 64).reshape(2, 8, 8)
    values, place = images.reshape(-1, 4).copy(), np.arange(32)
    words = Words(values, 5 + place // 16, place % 16 == 0, place % 16 == 15, place)
    assert difference(words, images, config, 5) is None
    values[18, 3] = 7  # pixel 11 of plane 6
    assert (
        difference(words, images, config, 5)
        == "plane 6, row 1, column 3: chip 7, golden 75 (1 of 128 differ)"
    )
    words.number[17] = 9
    assert difference(words, images, config, 5) == "plane 6, word 1: chip's number 9, expected 6"
    short = Words(
        images.reshape(-1, 4)[:31], words.number[:31], words.first[:31], words.last[:31], place[:31]
    )
    assert difference(short, images, config, 5) == "31 words of images came out, expected 32"
