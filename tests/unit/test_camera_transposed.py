"""A size with width and height exchanged, and contact sheets as near to a square as can be."""

from pathlib import Path

import numpy as np
import pytest

from spikeplane.camera.pictures import near_square
from spikeplane.camera.recording import open_recording, write_dat
from spikeplane.camera.transposed import looks_transposed


@pytest.mark.parametrize("flip", [True, False])
@pytest.mark.parametrize("size", [(64, 40), (40, 64), (120, 40)])
def test_exchanged_sizes_are_seen(tmp_path: Path, flip: bool, size: tuple[int, int]) -> None:
    width, height = size
    y, x = np.mgrid[:height, :width]
    rate = 0.3 + 0.25 * np.sin(x / 9) * np.cos(y / 7)
    level = np.floor(np.arange(1, 101)[:, None, None] * rate + 0.5)
    planes = np.diff(level, axis=0, prepend=0).astype(np.uint8)
    path = tmp_path / "clip.dat"
    write_dat(path, iter(planes), flip=flip)
    with open_recording(path, size, flip=flip) as recording:
        assert not looks_transposed(recording, flip=flip)
    with open_recording(path, (height, width), flip=flip) as recording:
        assert looks_transposed(recording, flip=flip)


@pytest.mark.parametrize("kind", ["noise", "dark", "even"])
def test_what_has_no_picture_is_not(tmp_path: Path, kind: str) -> None:
    planes = np.zeros((20, 40, 64), np.uint8) if kind == "dark" else np.ones((20, 40, 64), np.uint8)
    if kind == "noise":
        planes = np.random.default_rng(0).integers(0, 2, (20, 40, 64), np.uint8)
    write_dat(tmp_path / "clip.dat", iter(planes), flip=True)
    for size in ((64, 40), (40, 64)):
        with open_recording(tmp_path / "clip.dat", size) as recording:
            assert not looks_transposed(recording, flip=True)


@pytest.mark.parametrize(
    ("count", "cell", "columns"),
    [(3, (404, 268), 2), (36, (404, 268), 5), (2, (100, 300), 2), (1, (40, 9), 1)],
)
def test_pages_are_near_square(count: int, cell: tuple[int, int], columns: int) -> None:
    assert near_square(count, cell) == columns
