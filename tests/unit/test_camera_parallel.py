"""The golden model in bands of rows: the same images, whatever the number of processes."""

import os

import numpy as np
import pytest

from spikeplane.camera.config import CameraConfig
from spikeplane.cli import cameras
from spikeplane_sim.golden.camera import Reconstruction
from spikeplane_sim.golden.camera.parallel import ParallelReconstruction


def some_planes(height: int, width: int) -> np.ndarray:
    return (np.random.default_rng(1).random((48, height, width)) < 0.3).astype(np.uint8)


@pytest.mark.parametrize("workers", [1, 3])
def test_bands_give_the_images_of_the_whole(workers: int) -> None:
    config = CameraConfig(width=12, height=7, pixels=1, method="ssr", lookahead=5)
    planes, model = some_planes(7, 12), Reconstruction(config)
    expected = [image.numpy() for image in model.images(planes)]
    with ParallelReconstruction(config, workers) as bands:
        found = list(bands.take(planes[:20], [i >= 5 for i in range(20)])) + list(
            bands.take(planes[20:], [True] * 28)
        )
    np.testing.assert_array_equal(found, expected)


def test_a_band_has_at_least_the_pixels_that_a_pipeline_needs() -> None:
    with ParallelReconstruction(CameraConfig(width=8, height=5, pixels=1, method="tfp"), 16) as bands:
        assert [band.stop - band.start for band in bands.bands] == [2, 3]


def test_only_long_recordings_are_worth_processes() -> None:
    config = CameraConfig(width=16, height=16, pixels=1)
    assert isinstance(cameras.open_camera("golden", config, 1000), cameras.GoldenCamera)
    if (os.cpu_count() or 1) > 1:
        assert isinstance(cameras.open_camera("golden", config, 1 + cameras.LONG // 256), cameras.GoldenBands)
