"""Videos from anywhere: what becomes of an ffmpeg that crashes, that gives no frame, or that takes
all memory is one line."""

import sys
import time
from pathlib import Path

import numpy as np
import pytest

from spikeplane.camera import video
from spikeplane.errors import SpikeplaneError

FRAME = (
    "import os, sys, signal, time\nsys.stdout.buffer.write(b'P5\\n4 2\\n255\\n' + "
    "bytes(range(8)))\nsys.stdout.flush()\n"
)
ENDS = {
    "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)": (
        "ffmpeg ended with SIGSEGV; is the file damaged?"
    ),
    FRAME + "os.kill(os.getpid(), signal.SIGFPE)": "ffmpeg ended with SIGFPE; is the file damaged?",
    FRAME + "time.sleep(60)": "no frame in 1 seconds; is the file damaged?",
    FRAME + "print('x: lost', file=sys.stderr)\nsys.exit(3)": "lost",
    FRAME + "time.sleep(1)\nbytearray(3 << 29)": "MemoryError",
    "import sys\nsys.stderr.write('[x] ' + 'y' * 9_000_000 + '\\n[x] z: no')\nsys.exit(1)": "no",
    "": "it has no frame",
}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of other processes")
@pytest.mark.parametrize("code", ENDS)
def test_an_ffmpeg_that_does_not_end_well(tmp_path, monkeypatch, code) -> None:
    monkeypatch.chdir(tmp_path)
    tool = tmp_path / "ffmpeg"
    tool.write_text(f"#!{sys.executable}\n{code}\n")
    tool.chmod(0o755)
    Path("a.mp4").write_bytes(b"a video")
    monkeypatch.setattr(video, "ffmpeg", lambda: str(tool))
    monkeypatch.setattr(video, "MEMORY", 1 << 30)
    monkeypatch.setattr(video, "SECONDS", 1.0 if "60" in code else 60.0)
    found, begun = [], time.monotonic()
    with pytest.raises(SpikeplaneError) as error:
        found += video.frames(Path("a.mp4"))
    assert str(error.value) == f"a.mp4 is no readable video: {ENDS[code]}"
    assert time.monotonic() - begun < 40
    for frame in found:
        np.testing.assert_array_equal(frame, np.arange(8).reshape(2, 4))


def test_a_slow_reader_is_waited_for(tmp_path, monkeypatch) -> None:
    """The time that frames are used does not count."""
    tool = tmp_path / "ffmpeg"
    tool.write_text(f"#!{sys.executable}\n{FRAME * 2}")
    tool.chmod(0o755)
    (tmp_path / "a.mp4").write_bytes(b"a video")
    monkeypatch.setattr(video, "ffmpeg", lambda: str(tool))
    monkeypatch.setattr(video, "SECONDS", 5.0)
    reader = video.frames(tmp_path / "a.mp4")
    next(reader)
    monkeypatch.setattr(video, "SECONDS", 0.6)
    time.sleep(1.5)
    assert len(list(reader)) == 1
