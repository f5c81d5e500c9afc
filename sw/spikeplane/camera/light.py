"""Light for the sensor's model: an image at rest or moving, frames of a video or an array, as one
plane after the other."""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spikeplane.camera import video as videos
from spikeplane.errors import SpikeplaneError
from spikeplane.errors import number as full

Size = tuple[int, int]  #: width, height
#: plane -> x and y of the window's top left corner, in pixels of the image
Path2 = Callable[[int], tuple[float, float]]

_LEVELS = {"b": 1.0, "u": 255.0}  #: what means light 1, by the kind of a dtype; 65535 for uint16


@dataclass(frozen=True)
class Light:
    """Planes of light, float32 (H, W) of 0..1; can be iterated again. A plane is valid until the
    next one is asked for.

    `size` is (W, H). `planes` is their number, None if only the end of a video tells.
    """

    size: Size
    planes: int | None
    make: Callable[[], Iterator[np.ndarray]]

    def __iter__(self) -> Iterator[np.ndarray]:
        return self.make()

    def at_most(self, planes: int) -> "Light":
        """The first planes only."""
        known = planes if self.planes is None else min(planes, self.planes)
        exact = None if self.planes is None else known
        return Light(self.size, exact, lambda: itertools.islice(self.make(), known))


def still(image: np.ndarray, planes: int) -> Light:
    """The same plane again and again; image as `as_light` takes it."""
    plane = as_light(image).copy()
    plane.setflags(write=False)  # the sensor's sign for constant light
    return Light((plane.shape[1], plane.shape[0]), planes, lambda: itertools.repeat(plane, planes))


def moving(image: np.ndarray, path: Path2, size: Size, planes: int) -> Light:
    """A window of `size` that moves over the image, between pixels bilinear. The window may touch
    the image's border.

    Raises SpikeplaneError if the image is smaller than the window, or once the path leaves it.
    """
    source = as_light(image)
    room = window_room(source, size)

    def make() -> Iterator[np.ndarray]:
        rows, plane = np.empty((size[1], size[0] + 1), np.float32), np.empty((size[1], size[0]), np.float32)
        padded = np.pad(source, ((0, 1), (0, 1)), mode="edge")  # a window at the border has weight 0 there
        for t in range(planes):
            x, y = path(t)
            if not (0 <= x <= room[0] and 0 <= y <= room[1]):
                raise SpikeplaneError(
                    f"the window leaves the image in plane {t}: its corner is at {full(x)}, {full(y)}"
                )
            column, row = int(x), int(y)
            part = padded[row : row + size[1] + 1, column : column + size[0] + 1]
            _blend(part[:-1], part[1:], y - row, rows)
            yield _blend(rows[:, :-1], rows[:, 1:], x - column, plane)

    return Light(size, planes, make)


def frames(
    source: Callable[[], Iterable[np.ndarray]], size: Size, count: int | None, planes_per_frame: int
) -> Light:
    """Frames, float32 (H, W), `planes_per_frame` planes apart, between them linear; `count` of
    them, None if not known.

    N frames make (N - 1) * planes_per_frame + 1 planes: the last one is reached and light ends with it.
    """
    if planes_per_frame < 1:
        raise SpikeplaneError(f"planes per frame must be 1 or more, not {planes_per_frame}")

    def make() -> Iterator[np.ndarray]:
        plane, before = np.empty((size[1], size[0]), np.float32), None
        for frame in source():
            if before is not None:
                for step in range(planes_per_frame):
                    yield _blend(before, frame, step / planes_per_frame, plane)
            before = frame
        if before is not None:
            yield before

    return Light(size, None if count is None else (count - 1) * planes_per_frame + 1, make)


def array(values: np.ndarray, planes_per_frame: int, size: Size | None = None, name: str = "array") -> Light:
    """Frames (T, H, W), uint8, uint16 or floats of 0..1, each scaled and cropped to `size` if that
    is given; `name` is for messages."""
    if values.ndim != 3 or not values.size:
        raise SpikeplaneError(f"light: an array of frames has the shape (T, H, W), not {values.shape}")
    size = size or (values.shape[2], values.shape[1])

    def source() -> Iterator[np.ndarray]:
        for number, frame in enumerate(values):
            try:
                yield fit(as_light(frame), size)
            except SpikeplaneError as error:
                raise SpikeplaneError(f"{name}: frame {number}: {error}") from None

    return frames(source, size, len(values), planes_per_frame)


def video(path: Path, planes_per_frame: int, size: Size | None = None) -> Light:
    """A video by ffmpeg, its frames scaled and cropped to `size` if that is given; reads the first
    frame at once.

    Raises SpikeplaneError for a missing file, a missing ffmpeg and what ffmpeg cannot decode.
    """
    with closing(videos.frames(path)) as reader:
        first = next(reader)
    size = size or (first.shape[1], first.shape[0])

    def source() -> Iterator[np.ndarray]:
        with closing(videos.frames(path)) as reader:
            for frame in reader:
                yield fit(as_light(frame), size)

    return frames(source, size, None, planes_per_frame)


def window_room(image: np.ndarray, size: Size) -> tuple[int, int]:
    """How far the corner of a window can move to the right and down. Raises SpikeplaneError if the
    window is too large."""
    height, width = image.shape
    if size[0] > width or size[1] > height:
        raise SpikeplaneError(
            f"a window of {size[0]}x{size[1]} does not fit the image of {width}x{height}: use a "
            "smaller --size"
        )
    return width - size[0], height - size[1]


def through(points: list[tuple[float, float]], speed: float) -> Path2:
    """From point to point at constant speed (pixels a plane), and back again, for as long as one likes."""
    steps = [math.dist(a, b) for a, b in itertools.pairwise(points)]
    ends = np.concatenate(([0.0], np.cumsum(steps)))
    length = float(ends[-1])

    def at(plane: int) -> tuple[float, float]:
        if not length:
            return points[0]
        way = plane * speed % (2 * length)
        way = min(way, 2 * length - way)
        return float(np.interp(way, ends, [p[0] for p in points])), float(
            np.interp(way, ends, [p[1] for p in points])
        )

    return at


def circle(centre: tuple[float, float], radius: float, speed: float) -> Path2:
    """Around a centre, `speed` pixels of the circle a plane; starts to the right of the centre."""

    def at(plane: int) -> tuple[float, float]:
        angle = plane * speed / radius if radius else 0.0
        return centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle)

    return at


def as_light(image: np.ndarray) -> np.ndarray:
    """float32 (H, W) of 0..1 from uint8 (255 is 1), uint16 (65535 is 1), bool, or floats of 0..1.
    Raises SpikeplaneError."""
    if image.ndim != 2 or not image.size:
        raise SpikeplaneError(f"light: an image has the shape (H, W), not {image.shape}")
    if image.dtype in (np.uint8, np.uint16, np.bool_):
        return image * np.float32(1 / (65535.0 if image.dtype == np.uint16 else _LEVELS[image.dtype.kind]))
    if image.dtype.kind != "f":
        raise SpikeplaneError(
            f"light: expected uint8, uint16 or floats of 0..1, found elements of type {image.dtype}"
        )
    low, high = image.min(), image.max()
    if not (low >= 0 and high <= 1):
        raise SpikeplaneError(
            f"light: floats must lie in 0..1, found {full(low)}..{full(high)}; scale them, or store uint8"
        )
    return image.astype(np.float32, copy=False)


def fit(image: np.ndarray, size: Size) -> np.ndarray:
    """The image scaled to cover `size` and cropped around its centre; float32 (H, W) in and out."""
    if image.shape == (size[1], size[0]):
        return image
    from PIL import Image, ImageOps

    scaled = ImageOps.fit(Image.fromarray(image), size, Image.Resampling.BILINEAR)
    return np.asarray(scaled).clip(0, 1)


def _blend(a: np.ndarray, b: np.ndarray, part: float, out: np.ndarray) -> np.ndarray:
    """`out` = a + (b - a) * part, in place."""
    if not part:
        np.copyto(out, a)
        return out
    np.subtract(b, a, out=out)
    out *= np.float32(part)
    out += a
    return np.clip(out, 0.0, 1.0, out=out)  # rounding may pass the ends by a bit
