"""Lockstep of camera pipelines: every image of the hardware compared with the golden model's, pixel for pixel."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from spikeplane.camera.config import CameraConfig
from spikeplane.camera.reconstruct import Pipeline


@dataclass(frozen=True)
class PixelDifference:
    """Where chip and golden model differ: the plane whose image it is, the pixel from the upper left, and the
    value that each of them gave."""

    image: int
    x: int
    y: int
    golden: int
    chip: int

    def __str__(self) -> str:
        return (
            f"first difference: image of plane {self.image}, pixel (x={self.x}, y={self.y}): "
            f"chip {self.chip}, golden {self.golden}"
        )


class LockstepCamera:
    """A `Pipeline` that gives the chip's images and compares each with the golden model's, also those that nobody
    wants. `first`: the number of the first plane; `corner`: x and y of the region's upper left pixel.

    Attributes
    ----------
    images, values: how many were compared, and pixels of them all.
    mismatches, differing: pixels that differ, and images with such.
    where: the first difference, None for none.
    """

    def __init__(
        self, chip: Pipeline, golden: Pipeline, first: int = 0, corner: tuple[int, int] = (0, 0)
    ) -> None:
        self.config: CameraConfig = chip.config
        self._chip, self._golden = chip, golden
        self._first, self._corner, self._seen = first, corner, 0
        self.images = self.values = self.mismatches = self.differing = 0
        self.where: PixelDifference | None = None

    @property
    def cycles_per_plane(self) -> float | None:
        """The chip's."""
        return self._chip.cycles_per_plane

    def take(self, planes: np.ndarray, wanted: Sequence[bool]) -> Iterator[np.ndarray]:
        """See `Pipeline.take`."""
        begun, ahead = self._seen, self.config.lookahead
        made = [
            begun + place >= ahead for place in range(len(planes))
        ]  # no image lies before the first plane
        self._seen += len(planes)
        places = (place for place, yes in enumerate(made) if yes)
        pairs = zip(self._chip.take(planes, made), self._golden.take(planes, made), strict=True)
        for place, (ours, theirs) in zip(places, pairs, strict=True):
            self._compare(self._first + begun + place - ahead, np.asarray(ours), np.asarray(theirs))
            if wanted[place]:
                yield ours

    def _compare(self, image: int, chip: np.ndarray, golden: np.ndarray) -> None:
        self.images += 1
        self.values += golden.size
        rows, columns = np.nonzero(chip != golden)
        if not len(rows):
            return
        self.differing += 1
        self.mismatches += len(rows)
        if self.where is None:
            y, x = int(rows[0]), int(columns[0])
            left, top = self._corner
            values = int(golden[y, x]), int(chip[y, x])
            self.where = PixelDifference(image, x + left, y + top, *values)

    def plain(self) -> dict[str, Any]:
        """The figures as plain values, for JSON."""
        return {
            "images": self.images,
            "values": self.values,
            "mismatches": self.mismatches,
            "differing_images": self.differing,
            "first": str(self.where) if self.where else None,
            "where": asdict(self.where) if self.where else None,
        }
