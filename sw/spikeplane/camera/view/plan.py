"""Which planes and pixels of a recording a page holds, and of how many planes the images, so that
it stays small."""

import math
from dataclasses import dataclass, replace

from spikeplane.camera.config import METHODS, MIN_WORDS, CameraConfig
from spikeplane.camera.region import Region
from spikeplane.camera.size import Size, size_text
from spikeplane.errors import SpikeplaneError

PIXELS = 160_000  #: beyond these a middle part of the planes is taken, unless a region is named
BITS = 32_000_000  #: pixels times planes, unless a number of planes is named
FEWEST, MOST = 16, 2_000  #: planes that are taken, unless a number is named
IMAGES = 30_000_000  #: bytes of images before compression, unless `every` is named
LIMIT = 256_000_000  #: bytes before compression whatever is named: what a browser still holds
#: planes before the first one that the methods see, so that its image is not that of a camera just
#: switched on
WARM_UP = 128


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a page holds of a recording.

    start, stop  the planes whose bits it holds, and which the methods see
    first, last  the planes that can be chosen; images are of `first`, `first + every`, ... (`last`
                 and `stop` are not among them)
    roi          the pixels of them, row 0 at the top
    cut          the region was chosen by `plan`, because the planes are large
    """

    start: int
    first: int
    last: int
    stop: int
    every: int
    roi: Region
    lookahead: int
    window: int
    cut: bool = False

    @property
    def images(self) -> range:
        """The planes there are images of."""
        return range(self.first, self.last, self.every)

    @property
    def middle(self) -> int:
        """The plane that the page opens at: that of the image in the middle."""
        return self.images[len(self.images) // 2]

    @property
    def pixels(self) -> int:
        """Of one plane."""
        return self.roi.width * self.roi.height

    @property
    def raw_bytes(self) -> int:
        """Of planes and images before compression."""
        return (self.stop - self.start) * ((self.pixels + 7) // 8) + len(METHODS) * self.pixels * len(
            self.images
        )

    def config(self, method: str) -> CameraConfig:
        """The golden model's configuration for one method."""
        width, height = self.roi.size
        return CameraConfig(
            width=width, height=height, pixels=1, method=method, lookahead=self.lookahead, window=self.window
        )

    def rarer(self) -> "Plan":
        """The same with images of half as many planes."""
        return replace(self, every=2 * self.every)


def plan(
    shape: tuple[int, int, int],
    *,
    first: int | None = None,
    planes: int | None = None,
    roi: Region | None = None,
    every: int | None = None,
    lookahead: int = 16,
    window: int = 21,
) -> Plan:
    """What to hold of a recording of `shape` (planes, height, width); None leaves a choice open.

    An image of plane t needs the planes up to t + lookahead: the last `lookahead` planes of a
    recording have none and are not offered. Raises SpikeplaneError for planes and pixels that are
    not there, and for more than a browser holds.
    """
    count, height, width = shape
    for name, value in (("--planes", planes), ("--every", every)):
        if value is not None and value < 1:
            raise SpikeplaneError(f"{name} must be 1 or more, not {value}")
    for name, value, low, high in (("--lookahead", lookahead, 0, 64), ("--window", window, 1, 64)):
        if not low <= value <= high:
            raise SpikeplaneError(f"{name} must be from {low} to {high}, not {value}")
    region, cut = _region(roi, (width, height))
    first = first or 0
    if not 0 <= first < count:
        raise SpikeplaneError(f"--first {first}: the recording has {_planes(count)}")
    if planes is not None and first + planes > count:
        raise SpikeplaneError(f"--planes {planes} from plane {first} on: the recording has {_planes(count)}")
    if first >= count - lookahead:
        raise SpikeplaneError(
            f"the image of plane {first} with look-ahead {lookahead} needs plane "
            f"{first + lookahead}, the recording has "
            f"{_planes(count)}: use a smaller --lookahead{' or --first' if first else ''}"
        )
    pixels = region.width * region.height
    wanted = planes or min(MOST, max(FEWEST, BITS // pixels))
    last = min(first + wanted, count - lookahead)
    every = every or max(1, math.ceil((last - first) * len(METHODS) * pixels / IMAGES))
    made = Plan(
        start=max(0, first - WARM_UP),
        first=first,
        last=last,
        stop=last + lookahead,
        every=every,
        roi=region,
        lookahead=lookahead,
        window=window,
        cut=cut,
    )
    if made.raw_bytes > LIMIT:
        raise SpikeplaneError(
            f"{last - first} planes of {size_text(region.size)} with {len(made.images)} images of "
            "each method are "
            f"{made.raw_bytes / 1e6:,.0f} MB, {LIMIT / 1e6:,.0f} MB at most: use fewer --planes, a "
            "larger --every or a smaller --roi"
        )
    return made


def _region(roi: Region | None, size: Size) -> tuple[Region, bool]:
    """The region, and whether it was chosen here: the whole planes, or their middle in the same
    proportions."""
    width, height = size
    if roi is None:
        if width * height < MIN_WORDS:
            raise SpikeplaneError(
                f"planes of {size_text(size)} are too small to reconstruct, {MIN_WORDS} pixels at least"
            )
        part = min(1.0, math.sqrt(PIXELS / (width * height)))
        w, h = min(max(1, int(width * part)), 4096), min(max(1, int(height * part)), 4096)
        return Region.at((width - w) // 2, (height - h) // 2, w, h), (w, h) != size
    if not roi.lies_in(size):
        raise SpikeplaneError(f"--roi {roi} is not inside the planes of {size_text(size)}")
    if roi.width * roi.height < MIN_WORDS:
        raise SpikeplaneError(f"--roi {roi} is too small, {MIN_WORDS} pixels at least")
    if max(roi.size) > 4096:
        raise SpikeplaneError(f"--roi {roi} is too large, 4096 pixels a side at most")
    return roi, False


def _planes(count: int) -> str:
    return "1 plane, 0" if count == 1 else f"{count} planes, 0 to {count - 1}"
