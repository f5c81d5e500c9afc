"""From a recording to images: which planes are read, which images are wanted, and the one pass that
makes them."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from spikeplane.camera.config import CameraConfig
from spikeplane.camera.recording import Recording
from spikeplane.camera.region import Region, parse_region
from spikeplane.camera.size import Size, size_text
from spikeplane.errors import SpikeplaneError

CHUNK_BYTES = 8 << 20  #: of planes, one byte a pixel, read at once
CHUNK_PLANES = 64
_WANTED = "X,Y,W,H in pixels from the upper left, such as 100,50,64,64"


class Pipeline(Protocol):
    """What turns planes into images: the golden model, or the simulated hardware. All state is in it."""

    config: CameraConfig

    @property
    def cycles_per_plane(self) -> float | None:
        """Measured; None of what has no clock."""
        ...

    def take(self, planes: np.ndarray, wanted: Sequence[bool]) -> Iterator[np.ndarray]:
        """Take the next planes, uint8 (n, H, W) of 0 and 1. After each of them one more image can
        be had, that of the plane `config.lookahead` planes before: yield those that are `wanted`,
        integers (H, W) of 0..config.scale.
        """
        ...


@dataclass(frozen=True)
class Plan:
    """Planes `first` to `end - 1` are read, and the images of the planes `wanted`, in rising order,
    are made of them."""

    first: int
    end: int
    wanted: range | tuple[int, ...]

    def thinned(self, most: int, lookahead: int) -> "Plan":
        """At most so many images, evenly spaced, the first and the last among them."""
        if len(self.wanted) <= most:
            return self
        places = np.linspace(0, len(self.wanted) - 1, most).round().astype(int)
        chosen = tuple(self.wanted[place] for place in places)
        return Plan(self.first, chosen[-1] + lookahead + 1, chosen)


def plan(
    planes: int,
    lookahead: int,
    *,
    first: int | None = None,
    last: int | None = None,
    every: int | None = None,
    plane: int | None = None,
) -> Plan:
    """What to read of a recording of so many planes for the images of planes `first` to `last`, of
    `every` n-th of them, or of `plane`.

    The pixels know nothing of planes before `first`. An image needs `lookahead` planes after its
    own; `last` is by default the last plane that has them. Raises SpikeplaneError for planes that
    are not there, and for images that need planes which are not there.
    """
    for name, value in (("--first", first), ("--plane", plane), ("--last", last)):
        if value is not None:
            _check_plane(name, value, planes)
    start = first or 0
    if plane is not None:
        if plane < start:
            raise SpikeplaneError(f"--plane {plane} is before --first {start}")
        _check_lookahead(plane, lookahead, planes)
        return Plan(start, plane + lookahead + 1, range(plane, plane + 1))
    if last is None:
        last = planes - 1 - lookahead
        if last < start:
            _refuse_short(start, lookahead, planes)
    if last < start:
        raise SpikeplaneError(f"--last {last} is before --first {start}")
    _check_lookahead(last, lookahead, planes)
    wanted = range(start, last + 1, every or 1)
    return Plan(start, wanted[-1] + lookahead + 1, wanted)


def _check_plane(name: str, plane: int, planes: int) -> None:
    if plane < 0:
        raise SpikeplaneError(f"{name} must be 0 or more, not {plane}")
    if plane >= planes:
        raise SpikeplaneError(f"plane {plane} is beyond the end: the recording has {_planes_text(planes)}")


def _check_lookahead(plane: int, lookahead: int, planes: int) -> None:
    if plane + lookahead < planes:
        return
    advice = f"ask for a plane up to {planes - 1 - lookahead}, or a smaller --lookahead"
    if lookahead >= planes:
        advice = f"use --lookahead {planes - 1 - plane}"
    raise SpikeplaneError(
        f"plane {plane} needs planes up to {plane + lookahead} with look-ahead {lookahead}, "
        f"the recording has {planes} (0 to {planes - 1}): {advice}"
    )


def _refuse_short(start: int, lookahead: int, planes: int) -> None:
    raise SpikeplaneError(
        f"an image needs {lookahead} planes after its own with look-ahead {lookahead}, plane "
        f"{start} has {planes - 1 - start}: "
        f"use --lookahead {planes - 1 - start} or less"
    )


def _planes_text(planes: int) -> str:
    return "1 plane, 0" if planes == 1 else f"{planes} planes, 0 to {planes - 1}"


def chosen_region(text: str | None, size: Size) -> Region:
    """The region "X,Y,W,H" of planes of that size; all of them for None. Raises SpikeplaneError for
    other text and pixels outside."""
    region = Region.at(0, 0, *size) if text is None else parse_region(text, _WANTED)
    if not region.lies_in(size):
        raise SpikeplaneError(
            f"--roi {text} does not lie in the planes of {size_text(size)} pixels: X,Y,W,H from "
            "the upper left"
        )
    return region


def images(
    recording: Recording,
    pipeline: Pipeline,
    what: Plan,
    region: Region,
    advance: Callable[[int], None] = lambda count: None,
) -> Iterator[tuple[int, np.ndarray]]:
    """(plane, image (H, W) of integers 0..scale) for every wanted plane, in one pass; memory for
    one chunk of planes.

    `pipeline` must be new and of the region's size: pixels are independent of each other, so those
    outside need not exist. `advance` is told how many planes were taken. Raises what reading
    raises.
    """
    pixels = recording.width * recording.height
    step = max(1, min(CHUNK_PLANES, CHUNK_BYTES // pixels))
    newest, wanted = what.first - pipeline.config.lookahead, what.wanted
    for chunk in recording.chunks(what.first, what.end, step):
        numbers = range(newest, newest + len(chunk))
        yield from _of_chunk(pipeline, np.ascontiguousarray(region.of(chunk)), numbers, wanted)
        newest += len(chunk)
        advance(len(chunk))


def _of_chunk(
    pipeline: Pipeline, chunk: np.ndarray, numbers: range, wanted: Collection[int]
) -> Iterator[tuple[int, np.ndarray]]:
    chosen = [number in wanted for number in numbers]
    made = pipeline.take(chunk, chosen)
    yield from zip((number for number, yes in zip(numbers, chosen, strict=True) if yes), made, strict=True)
