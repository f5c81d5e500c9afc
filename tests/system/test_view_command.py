"""`spikeplane view` as a user types it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest


def view(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from spikeplane.cli import main; main()", "view", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    rng = np.random.default_rng(5)
    np.save(tmp_path / "clip.npy", (rng.random((60, 12, 20)) < 0.3).astype(np.uint8))
    return tmp_path


def test_a_page_is_written_and_told(clip: Path) -> None:
    done = view("clip.npy", "-o", "page.html", cwd=clip)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "pixels     all 20x12"
    assert (
        lines[1] == "planes     0 to 43 of 60 (2.2 ms); the last 16 have no image, because of the look-ahead"
    )
    assert lines[2] == "images     44 of each method, of every plane, look-ahead 16"
    assert lines[4].startswith("written    page.html, 0.")
    assert (clip / "page.html").read_text().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("none.npy", "-o", "p.html"), "error: no file none.npy"),
        (("clip.npy", "-o", "p.pdf"), "error: --output is an .html file, not 'p.pdf'"),
        (("clip.npy", "-o", "p.html", "--size", "5x5"), "error: clip.npy holds planes of 20x12 pixels, --size says 5x5"),
        (("clip.npy", "-o", "p.html", "--full-scale", "0"), "error: --full-scale must be more than 0 spikes a plane, not 0"),
        (("clip.npy", "-o", "p.html", "--first", "80"), "error: --first 80: the recording has 60 planes, 0 to 59"),
        (("clip.npy", "-o", "p.html", "--roi", "a"),
         "error: --roi is X,Y,W,H in pixels, such as 100,50,64,64 (from the top left), not 'a'"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line(clip: Path, arguments: tuple[str, ...], message: str) -> None:
    done = view(*arguments, cwd=clip)
    assert (done.returncode, done.stderr, done.stdout) == (2, message + "\n", "")
    assert [path.name for path in clip.iterdir()] == ["clip.npy"]
