"""`spikeplane reconstruct --board sim`: the simulated hardware's images are the golden model's, and
a plane takes W*H/P cycles."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from spikeplane.camera.config import CameraConfig
from spikeplane.cli import main
from spikeplane.cli.cameras import GoldenCamera
from spikeplane_sim.bench import camera_stream
from spikeplane_sim.bench.camera_stream import SimulatedCamera

pytestmark = pytest.mark.cosim

HEIGHT, WIDTH, PLANES = 17, 18, 150


@pytest.fixture
def planes() -> np.ndarray:
    """(T, H, W) of 0 and 1, every pixel of another rate."""
    rng = np.random.default_rng(4)
    return (rng.random((PLANES, HEIGHT, WIDTH)) < 0.6 * rng.random((HEIGHT, WIDTH))).astype(np.uint8)


def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, *arguments: str) -> str:
    """What one command prints."""
    monkeypatch.setattr(sys, "argv", ["spikeplane", "reconstruct", *arguments])
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        main()
    captured = capsys.readouterr()
    assert (left.value.code or 0, captured.err) == (0, "")
    return captured.out


@pytest.mark.parametrize(
    ("method", "more", "chosen", "pixels", "cycles"),
    [("tfi", ("-a", "0"), (), 18, 17), ("ssr", ("-a", "6", "--bits", "12"), ("--pixels", "6"), 6, 51)],
)
def test_the_same_images_bit_for_bit(
    tmp_path, monkeypatch, capsys, planes, method, more, chosen, pixels, cycles
) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("clip.npy", planes)
    golden = ("clip.npy", "-m", method, *more, "-o")
    sim = ("clip.npy", "-m", method, *more, "--board", "sim", *chosen, "-o")
    call(monkeypatch, capsys, *golden, "golden.npy")
    summary = json.loads(call(monkeypatch, capsys, *sim, "sim.npy", "--json"))
    assert Path("sim.npy").read_bytes() == Path("golden.npy").read_bytes()
    assert (summary["board"], summary["pixels"], summary["cycles_per_plane"]) == ("sim", pixels, cycles)
    assert summary["planes_per_second_at_100_mhz"] == 1e8 / cycles
    # From the middle on, and few of them: the pixels start anew, and images that are not wanted are
    # passed over.
    few = ("--first", "31", "--every", "17")
    call(monkeypatch, capsys, *golden, "golden.npy", *few)
    lines = call(monkeypatch, capsys, *sim, "sim.npy", *few).splitlines()
    assert Path("sim.npy").read_bytes() == Path("golden.npy").read_bytes()
    rate = f"{1e8 / cycles:,.0f} planes/s at 100 MHz"
    assert lines[-2] == f"cycles      {cycles} a plane, {pixels} pixels a cycle: {rate}"


def test_the_state_stays_between_pieces(monkeypatch, planes) -> None:
    """However a recording is cut into pieces, and however few planes are simulated in one go."""
    config = CameraConfig(width=WIDTH, height=HEIGHT, pixels=18, method="tfi")
    wanted = [place % 3 == 1 for place in range(PLANES)]
    expected = list(GoldenCamera(config).take(planes, wanted))
    monkeypatch.setattr(camera_stream, "STEP_WORDS", 5 * config.words)
    chip, found = SimulatedCamera(config), []
    assert chip.cycles_per_plane is None
    for start, end in ((0, 1), (1, 12), (12, 90), (90, PLANES)):
        found += list(chip.take(planes[start:end], wanted[start:end]))
    assert np.array_equal(found, expected)
    assert chip.cycles_per_plane == config.words
