"""The size of a spike camera's planes: as people type it, as messages name it, and which sensors'
planes fill a file of some length."""

import re

from spikeplane.errors import SpikeplaneError

Size = tuple[int, int]  # (width, height) in pixels

# Spike cameras first (Vidar 400x250 and 1000x1000, crops of them), then the sizes that simulators
# of other sensors and videos give.
SENSORS: tuple[Size, ...] = (
    *(
        (400, 250),
        (1000, 1000),
        (250, 250),
        (1000, 500),
        (500, 500),
        (416, 250),
        (400, 400),
        (240, 180),
        (346, 260),
    ),
    *(
        (304, 240),
        (320, 240),
        (640, 480),
        (640, 360),
        (448, 256),
        (1280, 720),
        (1920, 1080),
        (128, 128),
        (64, 64),
        (34, 34),
        (28, 28),
    ),
)
# of a plane: beyond it, a size is a slip of the finger or of a damaged file rather than a sensor
MOST_PIXELS = 1 << 26
TAG_BYTES = 2  # after each row of a raw capture of the 400x250 camera
TAGGED_SIZE: Size = (400, 250)


def parse_size(text: str) -> Size:
    """(width, height) from "400x250". Raises SpikeplaneError for other text, and for a width or a
    height of 0."""
    match = re.fullmatch(r"\s*([0-9]{1,5})\s*[xX×]\s*([0-9]{1,5})\s*", text)
    if match is None:
        raise SpikeplaneError(f"expected a size WxH in pixels, such as 400x250, found {text!r}")
    return check_size((int(match[1]), int(match[2])))


def check_size(size: Size) -> Size:
    """The size itself. Raises SpikeplaneError for a width or a height below 1."""
    if min(size) < 1:
        raise SpikeplaneError(
            f"a plane is at least 1x1 pixels, found the size {size_text(size)}; give --size WxH, "
            "such as 400x250"
        )
    return size


def check_pixels(size: Size, name: str) -> None:
    """Raises SpikeplaneError for more than MOST_PIXELS; `name` is the file's, for the message."""
    if size[0] * size[1] > MOST_PIXELS:
        raise SpikeplaneError(
            f"{name}: planes of {size_text(size)} are too large, {MOST_PIXELS:,} pixels at most"
        )


def size_text(size: Size) -> str:
    """As the command line takes it: "400x250"."""
    return f"{size[0]}x{size[1]}"


def plane_bytes(size: Size, tagged: bool = False) -> int:
    """Bytes of one plane in a raw file: its bits padded to a whole byte, or rows padded to a whole
    byte with two tag bytes after each."""
    width, height = size
    return height * ((width + 7) // 8 + TAG_BYTES) if tagged else (width * height + 7) // 8


def fitting_sizes(length: int, most: int = 6) -> list[str]:
    """Sizes of known sensors whose planes fill a raw file of `length` bytes, for messages.

    Width and height swapped take as many bytes, so that each is named in the sensor's own orientation only.
    """
    fits = [size for size in SENSORS if length % plane_bytes(size) == 0]
    if TAGGED_SIZE not in fits and length % plane_bytes(TAGGED_SIZE, tagged=True) == 0:
        fits.insert(0, TAGGED_SIZE)
    return [size_text(size) for size in fits[:most]]
