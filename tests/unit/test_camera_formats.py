"""A pixel's counts where its smaller interval moves into another format: the room for them is that
of the new one."""

import numpy as np
import pytest

from spikeplane.camera.config import HALVINGS, CameraConfig
from spikeplane_sim.bench.camera import SimulatedPipeline, difference
from spikeplane_sim.golden.camera import Reconstruction

WIDTH, HEIGHT, PLANES = 8, 8, 700


def edges() -> np.ndarray:
    """(planes, H, W): for each edge between two formats pixels with so many equal intervals of the
    edge's length that the counts are just full or not, and then one that is a plane shorter."""
    planes = np.zeros((PLANES, HEIGHT * WIDTH), np.uint8)
    pixel = 0
    for (interval, _), (_, count) in zip(HALVINGS, HALVINGS[1:], strict=False):
        for equal in range(count - 3, count + 4):
            lengths = (
                [interval] * max(equal, 1) + [interval - 1] + [interval, interval - 1, interval - 1] * 40
            )
            at = 3 + np.cumsum([0, *lengths])
            planes[at[at < PLANES], pixel] = 1
            pixel += 1
    assert 16 <= pixel <= HEIGHT * WIDTH
    return planes.reshape(PLANES, HEIGHT, WIDTH)


@pytest.mark.parametrize("method", ["fsr", "ssr"])
def test_a_shorter_interval_takes_the_room_of_its_own_format(method: str) -> None:
    # the pixels a cycle and the look-ahead of test_camera_pipeline: the same simulators
    lookahead = {"fsr": 5, "ssr": 16}[method]
    config = CameraConfig(
        width=WIDTH, height=HEIGHT, pixels=4, method=method, lookahead=lookahead, output_bits=12
    )
    planes = edges()
    with SimulatedPipeline(config) as chip:
        words = chip.run(planes, gaps=0.1, seed=5)
    images = [image.numpy() for image in Reconstruction(config).images(planes)]
    assert len(np.unique(images[-1])) > 6
    assert difference(words, images, config) is None
