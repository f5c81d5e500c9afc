"""Frames of a video, by way of ffmpeg as a process of its own: grey, full range, one at a time."""

import subprocess
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import IO

import numpy as np

from spikeplane.camera.size import MOST_PIXELS, size_text
from spikeplane.errors import SpikeplaneError
from spikeplane.files import check_regular
from spikeplane.toolchain import ffmpeg

SUFFIXES = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ogv", ".ts", ".wmv", ".y4m")


def frames(path: Path) -> Generator[np.ndarray, None, None]:
    """The frames, uint8 (H, W) of luma each. ffmpeg ends with the generator, even if that is left early.

    Every frame arrives as a PGM image, which says its own size: rotated videos need no special case.
    Raises SpikeplaneError for a missing file, a missing ffmpeg and what ffmpeg cannot decode.
    """
    check_regular(path)
    if not path.is_file():
        raise SpikeplaneError(f"no file {path}")
    grey = "scale=out_range=full,format=gray"
    command = [
        ffmpeg(),
        "-nostdin",
        "-v",
        "error",
        "-protocol_whitelist",
        "file,pipe",
        "-i",
        f"file:{path}",
        "-map",
        "0:v:0",
        "-vf",
        grey,
    ]
    command += ["-f", "image2pipe", "-c:v", "pgm", "pipe:1"]
    with tempfile.TemporaryFile() as complaints:  # not a pipe: nobody would empty it while frames are read
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=complaints)
        assert process.stdout
        count = 0
        try:
            while (frame := _frame(process.stdout)) is not None:
                yield frame
                count += 1
            if process.wait() or not count:
                complaints.seek(0)
                raise SpikeplaneError(f"{path} is no readable video: {_reason(complaints.read())}")
        finally:
            process.kill()
            process.stdout.close()
            process.wait()


def _frame(pipe: IO[bytes]) -> np.ndarray | None:
    """The next PGM image, or None at the end of the stream; ffmpeg writes no comments into the header."""
    words: list[bytes] = []
    while len(words) < 4:
        line = pipe.readline()
        if not line:
            return None
        words += line.split()
    width, height = int(words[1]), int(words[2])
    if width * height > MOST_PIXELS:
        raise SpikeplaneError(f"a video of {size_text((width, height))} is too large, {MOST_PIXELS:,} pixels at most")
    data = pipe.read(width * height)
    return np.frombuffer(data, np.uint8).reshape(height, width) if len(data) == width * height else None


def _reason(text: bytes) -> str:
    """ffmpeg's last line: what it gave up for. Without one, there was no frame."""
    lines = [line.strip() for line in text.decode(errors="replace").splitlines() if line.strip()]
    return lines[-1].rsplit(": ", 1)[-1] if lines else "it has no frame"
