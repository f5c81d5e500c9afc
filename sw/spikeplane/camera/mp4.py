"""Images to an .mp4 file as they come, by way of ffmpeg as a process of its own."""

import itertools
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.files import write_stream
from spikeplane.toolchain import ffmpeg


def write_mp4(path: Path, images: Iterable[np.ndarray], rate: float) -> int:
    """H.264 of uint8 (H, W) images, `rate` of them a second; a side of odd length gets a black line
    more. Returns how many.

    The file appears when it is complete. Raises SpikeplaneError for no image at all, a missing
    ffmpeg, what ffmpeg cannot do, and a file that cannot be written.
    """
    stream = iter(images)
    program = ffmpeg()
    first = next(stream, None)
    if first is None:
        raise SpikeplaneError(f"no image to write to {path}")
    with write_stream(path) as draft, tempfile.TemporaryFile() as complaints:
        command = [
            program,
            "-v",
            "error",
            "-f",
            "rawvideo",
            "-pix_fmt",
            "gray",
            "-s",
            f"{first.shape[1]}x{first.shape[0]}",
        ]
        command += [
            "-r",
            f"{rate:g}",
            "-i",
            "pipe:0",
            "-vf",
            "pad=ceil(iw/2)*2:ceil(ih/2)*2",
            "-c:v",
            "libx264",
            "-crf",
            "16",
        ]
        command += ["-pix_fmt", "yuv420p", "-movflags", "+faststart", "-f", "mp4", "-y", f"file:{draft.name}"]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=complaints
        )
        assert process.stdin
        count, ended = 0, False
        try:
            for image in itertools.chain([first], stream):
                process.stdin.write(np.ascontiguousarray(image).data)
                count += 1
            process.stdin.close()
        except BrokenPipeError:  # ffmpeg gave up, and says why
            ended = True
        finally:
            if not process.stdin.closed and not ended:
                process.kill()
            status = process.wait()
        if ended or status:
            complaints.seek(0)
            raise SpikeplaneError(f"cannot write {path}: ffmpeg: {_reason(complaints.read(), status)}")
    return count


def _reason(text: bytes, status: int) -> str:
    """What ffmpeg said first: the lines after it follow from it."""
    lines = [line.strip() for line in text.decode(errors="replace").splitlines() if line.strip()]
    return lines[0] if lines else f"ended with status {status}"
