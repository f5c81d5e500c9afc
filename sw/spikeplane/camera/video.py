"""Frames of a video, by way of ffmpeg as a process of its own: grey, full range, one at a time,
within limits of time and memory."""

import contextlib
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import IO

import numpy as np

from spikeplane.camera.size import MOST_PIXELS, size_text
from spikeplane.errors import SpikeplaneError
from spikeplane.files import check_regular
from spikeplane.toolchain import ffmpeg

SUFFIXES = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ogv", ".ts", ".wmv", ".y4m")
SECONDS = 15.0  #: that a frame may take
MEMORY = 2 << 30  #: bytes of ffmpeg at most, its threads' stacks among them
_COMPLAINTS = 1 << 16  #: bytes of what ffmpeg says that are looked at


def frames(path: Path) -> Generator[np.ndarray, None, None]:
    """The frames, uint8 (H, W) of luma each. ffmpeg ends with the generator, even if that is left early.

    Every frame arrives as a PGM image, which says its own size: rotated videos need no special case.
    Raises SpikeplaneError for a missing file, a missing ffmpeg, what ffmpeg cannot decode, and what
    keeps it busy without a frame.
    """
    check_regular(path)
    if not path.is_file():
        raise SpikeplaneError(f"no file {path}")
    with tempfile.TemporaryFile() as complaints:  # not a pipe: nobody would empty it while frames are read
        process = subprocess.Popen(
            _command(path), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=complaints
        )
        assert process.stdout
        _limit(process.pid)
        watch, count = _Watch(process), 0
        try:
            while (frame := _frame(process.stdout, watch)) is not None:
                yield frame
                count += 1
            status = process.wait()
            if watch.late:
                raise SpikeplaneError(
                    f"{path} is no readable video: no frame in {SECONDS:g} seconds; is the file damaged?"
                )
            if status or not count:
                raise SpikeplaneError(f"{path} is no readable video: {_reason(complaints, status)}")
        finally:
            watch.stop()
            process.kill()
            process.stdout.close()
            process.wait()


def _command(path: Path) -> list[str]:
    source = [
        "-protocol_whitelist",
        "file,pipe",
        "-max_pixels",
        str(MOST_PIXELS),
        "-i",
        f"file:{path}",
        "-map",
        "0:v:0",
    ]
    target = ["-vf", "scale=out_range=full,format=gray", "-f", "image2pipe", "-c:v", "pgm", "pipe:1"]
    return [ffmpeg(), "-nostdin", "-v", "error", *source, *target]


def _limit(process: int) -> None:
    """No more than MEMORY, where the system has such limits for others' processes."""
    with contextlib.suppress(ImportError, AttributeError, OSError, ValueError):
        import resource

        resource.prlimit(process, resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.prlimit(process, resource.RLIMIT_CORE, (0, 0))


class _Watch:
    """Kills ffmpeg when a frame is waited for longer than SECONDS; `late` tells that it did."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.late = False
        self._process, self._since, self._done = process, 0.0, threading.Event()
        threading.Thread(target=self._look, daemon=True).start()

    def __enter__(self) -> None:
        self._since = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self._since = 0.0

    def stop(self) -> None:
        """Look no more."""
        self._done.set()

    def _look(self) -> None:
        while not self._done.wait(0.5):
            since = self._since
            if since and time.monotonic() - since > SECONDS:
                self.late = True
                self._process.kill()
                return


def _frame(pipe: IO[bytes], watch: _Watch) -> np.ndarray | None:
    """The next PGM image, or None at the end of the stream; ffmpeg writes no comments into the header."""
    words: list[bytes] = []
    with watch:
        while len(words) < 4:
            line = pipe.readline()
            if not line:
                return None
            words += line.split()
        width, height = int(words[1]), int(words[2])
        if width * height > MOST_PIXELS:
            raise SpikeplaneError(
                f"a video of {size_text((width, height))} is too large, {MOST_PIXELS:,} pixels at most"
            )
        data = pipe.read(width * height)
    return np.frombuffer(data, np.uint8).reshape(height, width) if len(data) == width * height else None


def _reason(complaints: IO[bytes], status: int) -> str:
    """ffmpeg's last line: what it gave up for. Without one, there was no frame, or a signal ended it."""
    complaints.seek(max(0, complaints.seek(0, 2) - _COMPLAINTS))
    lines = [line.strip() for line in complaints.read().decode(errors="replace").splitlines() if line.strip()]
    if status < 0:
        return f"ffmpeg ended with {signal.Signals(-status).name}; is the file damaged?"
    return lines[-1].rsplit(": ", 1)[-1] if lines else "it has no frame"
