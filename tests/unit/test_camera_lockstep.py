"""`reconstruct --lockstep`: every pixel against the golden model, the first that differs named; a chip with a fault is
the golden model with one value changed."""

import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from spikeplane.camera.config import CameraConfig
from spikeplane.camera.lockstep import LockstepCamera, PixelDifference
from spikeplane.cli import cameras, main
from spikeplane.cli.cameras import GoldenCamera
from spikeplane_sim.bench import camera as bench

HEIGHT, WIDTH, PLANES, AHEAD = 6, 8, 40, 4


class Faulty(GoldenCamera):
    """One more at pixel (x=3, y=1) of every image from the 11th on that is made, and at (x=7, y=5)."""

    cycles_per_plane = 48.0
    made = 0

    def take(self, planes: np.ndarray, wanted: Sequence[bool]) -> Iterator[np.ndarray]:
        for image in super().take(planes, wanted):
            self.made += 1
            if self.made > 10:
                image = image.copy()  # noqa: PLW2901
                image[1, 3] += 1
                image[5, 7] += 1
            yield image


@pytest.fixture
def planes() -> np.ndarray:
    return (np.random.default_rng(7).random((PLANES, HEIGHT, WIDTH)) < 0.4).astype(np.uint8)


@pytest.fixture
def config() -> CameraConfig:
    return CameraConfig(width=WIDTH, height=HEIGHT, pixels=1, method="tfi", lookahead=AHEAD)


def test_agreement_is_counted_whatever_is_wanted(planes: np.ndarray, config: CameraConfig) -> None:
    """Images that nobody wants are compared, too, and those that are come as they are."""
    expected = list(GoldenCamera(config).take(planes, [place % 5 == 4 for place in range(PLANES)]))
    both = LockstepCamera(GoldenCamera(config), GoldenCamera(config))
    found = []
    for start, end in ((0, 3), (3, 11), (11, PLANES)):
        found += both.take(planes[start:end], [place % 5 == 4 for place in range(start, end)])
    assert np.array_equal(found, expected)
    assert (both.images, both.mismatches, both.where) == (PLANES - AHEAD, 0, None)
    assert both.values == (PLANES - AHEAD) * HEIGHT * WIDTH


def test_the_first_difference_is_named(planes: np.ndarray, config: CameraConfig) -> None:
    both = LockstepCamera(Faulty(config), GoldenCamera(config), first=100, corner=(20, 30))
    images = list(both.take(planes, [place >= AHEAD for place in range(PLANES)]))
    golden = GoldenCamera(config)
    right = list(golden.take(planes, [place >= AHEAD for place in range(PLANES)]))[10][1, 3]
    assert both.where == PixelDifference(image=110, x=23, y=31, golden=int(right), chip=int(right) + 1)
    assert (both.differing, both.mismatches) == (PLANES - AHEAD - 10, 2 * (PLANES - AHEAD - 10))
    assert len(images) == PLANES - AHEAD


def call(monkeypatch, capsys, *arguments: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["spikeplane", "reconstruct", *arguments])
    with pytest.raises(SystemExit) as left:
        main()
    captured = capsys.readouterr()
    return int(left.value.code or 0), captured.out, captured.err


@pytest.mark.parametrize(("chip", "status"), [(Faulty, 1), (GoldenCamera, 0)])
def test_the_command(tmp_path: Path, monkeypatch, capsys, planes: np.ndarray, chip, status: int) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(cameras.CAMERAS, "sim", chip)
    np.save("clip.npy", np.pad(planes, ((0, 0), (2, 0), (1, 0))))
    words = ["clip.npy", "-o", "a.npy", "-m", "tfi", "-a", str(AHEAD), "--roi", f"1,2,{WIDTH},{HEIGHT}"]
    words += ["--board", "sim", "--first", "2", "--lockstep"]
    left, out, err = call(monkeypatch, capsys, *words)
    assert (left, err) == (status, "")
    lines = out.splitlines()
    images = PLANES - 2 - AHEAD
    mismatches = 2 * (images - 10) if status else 0
    line = f"lockstep    {mismatches} mismatches over {images * HEIGHT * WIDTH:,} pixels of {images} images"
    assert line in lines
    assert lines[-1] == f"next: spikeplane view clip.npy --roi 1,2,{WIDTH},{HEIGHT} -o a-view.html"
    assert ("first difference: image of plane 12, pixel (x=4, y=3): chip " in out) == bool(status)
    left, out, _ = call(monkeypatch, capsys, *words, "--json")
    found = json.loads(out)["lockstep"]
    assert (left, found["images"], found["mismatches"]) == (status, images, mismatches)
    where = found["where"]
    assert (where and (where["image"], where["x"], where["y"])) == ((12, 4, 3) if status else None)
    assert not status or where["chip"] == where["golden"] + 1


def test_it_is_of_the_simulated_hardware(tmp_path: Path, monkeypatch, capsys) -> None:
    assert call(monkeypatch, capsys, "clip.npy", "-o", "a.npy", "--lockstep") == (
        2,
        "",
        "error: --lockstep compares the simulated hardware with the golden model, --board is golden; "
        "use --board sim\n",
    )


@pytest.mark.slow
@pytest.mark.cosim
def test_a_fault_in_the_hardware(tmp_path: Path, monkeypatch, capsys, planes: np.ndarray) -> None:
    """In the pipeline's Verilog: one bit of the last word of the image of plane 7, and of no other."""
    texts = bench.cached_verilog

    def faulty(config: CameraConfig) -> Path:
        width, bit = config.output_bits * config.pixels, config.output_bits * (config.pixels - 2)
        when = "image_number == 7 && image_last && image_valid"
        fault = f"({when} ? {width}'d1 << {bit} : {width}'d0)"
        text, count = re.subn(r"(assign image = )(.*);", rf"\1(\2) ^ {fault};", texts(config).read_text())
        assert count == 1
        (tmp_path / "camera.v").write_text(text)
        return tmp_path / "camera.v"

    monkeypatch.setattr(bench, "cached_verilog", faulty)
    monkeypatch.chdir(tmp_path)
    np.save("clip.npy", planes)
    words = ["clip.npy", "-o", "a.npy", "-m", "tfi", "-a", str(AHEAD), "--board", "sim", "--lockstep"]
    left, out, err = call(monkeypatch, capsys, *words, "--json")
    assert err == ""
    found = json.loads(out)["lockstep"]
    assert (left, found["images"], found["mismatches"]) == (1, PLANES - AHEAD, 1)
    where = found["where"]
    assert (where["image"], where["x"], where["y"]) == (7, WIDTH - 2, HEIGHT - 1)
    assert where["chip"] == where["golden"] ^ 1
    left, out, _ = call(monkeypatch, capsys, *words)
    assert left == 1
    pixel = f"pixel (x={WIDTH - 2}, y={HEIGHT - 1}): chip {where['chip']}, golden {where['golden']}"
    assert f"first difference: image of plane 7, {pixel}" in out
