"""The Verilated camera pipeline and the golden model on recorded clips, bit for bit: whole planes,
and crops over whole clips.

Golden images are worked out once for each clip and method; pipelines of other P are held against
the same ones.
"""

import functools
from pathlib import Path

import numpy as np
import pytest

from spikeplane.camera.config import CameraConfig
from spikeplane.camera.recording import open_recording
from spikeplane_sim.bench.camera import SimulatedPipeline, difference
from spikeplane_sim.golden.camera import Reconstruction

CLIPS = Path(__file__).parents[2] / "../shared/data/spike_camera"
NAMES = ("reds_200_part1.dat", "reds_203_part1.dat")
COMBINATIONS = [(method, ahead) for method in ("tfp", "tfi", "fsr", "ssr") for ahead in (0, 16)]
IMAGES = 64  #: of whole planes

pytestmark = [
    pytest.mark.cosim,
    pytest.mark.skipif(not CLIPS.exists(), reason=f"no recordings in {CLIPS}"),
]


@functools.lru_cache(maxsize=4)
def clip(name: str, crop: bool) -> np.ndarray:
    """(301, 64, 64) out of the middle, or the first (80, 250, 400)."""
    with open_recording(CLIPS / name, (400, 250)) as recording:
        planes = recording.read(0, len(recording) if crop else IMAGES + 16)
    return planes[:, 93:157, 168:232] if crop else planes


@functools.lru_cache(maxsize=2)
def golden(name: str, crop: bool, method: str, lookahead: int) -> np.ndarray:
    """uint16 (n, H, W): every image that the clip gives."""
    planes = clip(name, crop)
    config = CameraConfig(
        width=planes.shape[2], height=planes.shape[1], pixels=16, method=method, lookahead=lookahead
    )
    return np.stack([image.numpy().astype(np.uint16) for image in Reconstruction(config).images(planes)])


def check(name: str, crop: bool, pixels: int, method: str, lookahead: int) -> None:
    planes, images = clip(name, crop), golden(name, crop, method, lookahead)
    assert len(images) == len(planes) - lookahead >= IMAGES
    config = CameraConfig(
        width=planes.shape[2], height=planes.shape[1], pixels=pixels, method=method, lookahead=lookahead
    )
    with SimulatedPipeline(config) as chip:
        words = chip.run(planes, gaps=0.2, seed=pixels)
    assert difference(words, images, config) is None


WHOLE = [
    (*c, p, n) for c, p, n in zip(COMBINATIONS, (16, 50, 32, 50, 50, 32, 50, 16), NAMES * 4, strict=True)
]
FAST = (("tfp", 16), ("tfi", 0), ("fsr", 16), ("ssr", 0))


@pytest.mark.parametrize(
    ("method", "lookahead", "pixels", "name"),
    [one if one[:2] in FAST else pytest.param(*one, marks=pytest.mark.slow) for one in WHOLE],
)
def test_whole_planes(method, lookahead, pixels, name):
    """Each method, causal and with look-ahead, at one P and on one clip; `test_every_combination`
    has them all."""
    check(name, False, pixels, method, lookahead)


@pytest.mark.parametrize(
    ("method", "lookahead", "pixels"), [("tfp", 16, 32), ("tfi", 0, 16), ("fsr", 0, 16), ("ssr", 16, 32)]
)
def test_crops(method, lookahead, pixels):
    """Both clips, all their planes."""
    for name in NAMES:
        check(name, True, pixels, method, lookahead)


@pytest.mark.slow
@pytest.mark.parametrize(("method", "lookahead"), COMBINATIONS)
def test_every_combination(method, lookahead):
    """Whole planes at P = 16, 32 and 50, crops at P = 16 and 32, both clips."""
    for name in NAMES:
        for crop, choices in ((False, (16, 32, 50)), (True, (16, 32))):
            for pixels in choices:
                check(name, crop, pixels, method, lookahead)


def test_a_wrong_pixel_is_named():
    """A difference tells plane, row and column."""
    planes, images = clip(NAMES[0], True)[:40], golden(NAMES[0], True, "fsr", 0)[:40].copy()
    config = CameraConfig(width=64, height=64, pixels=16)
    with SimulatedPipeline(config) as chip:
        words = chip.run(planes)
    assert difference(words, images, config) is None
    images[30, 17, 5] ^= 1
    found = str(difference(words, images, config))
    chip_value, value = images[30, 17, 5] ^ 1, images[30, 17, 5]
    assert (
        found == f"plane 30, row 17, column 5: chip {chip_value}, golden {value} (1 of {images.size} differ)"
    )
