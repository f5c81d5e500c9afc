"""Images and animations in files: a process of its own decodes them (`images_child.py`), within
limits of time and memory, as grey frames."""

import json
import warnings
from pathlib import Path

import numpy as np

from spikeplane.camera.size import MOST_PIXELS
from spikeplane.errors import SpikeplaneError
from spikeplane.foreign import BYTES_A_SECOND, NoAnswer, ask

#: Formats of Pillow that are read: those whose decoders start no other program.
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "DIB", "TIFF", "WEBP", "PPM", "JPEG2000", "TGA", "AVIF")
MOST_FRAMES = 20_000
ALL_BYTES = 1 << 28  #: of all frames, which are in memory at once
SECONDS, CPU_SECONDS = 18, 10  #: that decoding may take, by the clock and of a processor; more of a long file
_CHILD = Path(__file__).with_name("images_child.py")


def read_image(path: Path, most: int | None, others: str) -> np.ndarray:
    """(H, W), or (T, H, W) of the first `most` frames if there are several: uint8 luma, uint16 or
    float32; read-only.

    others: what else could be read, for messages. Raises SpikeplaneError for no image, a damaged
    one, one that is too large, and one that takes too long or too much memory. What Pillow warns of
    is warned of here.
    """
    more = path.stat().st_size // BYTES_A_SECOND
    limits = {
        "formats": FORMATS,
        "most": most,
        "pixels": MOST_PIXELS,
        "frames": MOST_FRAMES,
        "bytes": ALL_BYTES,
    }
    try:
        found, data = ask(
            _CHILD, [str(path), json.dumps(limits), str(CPU_SECONDS + more)], SECONDS + more, "Pillow"
        )
    except NoAnswer as error:
        raise SpikeplaneError(f"{path} is no readable image: {error}") from None
    if "unknown" in found:
        raise SpikeplaneError(f"{path} is no image that Pillow reads, nor {others}")
    if "refused" in found:
        raise SpikeplaneError(f"{path}: {found['refused']}")
    if "error" in found:
        raise SpikeplaneError(f"{path} is no readable image: {found['error']}")
    for text in found["warnings"]:
        warnings.warn(text, stacklevel=2)
    frames = np.frombuffer(data, found["dtype"]).reshape(found["shape"])
    return frames if len(frames) > 1 else frames[0]
