"""Which boxes are left of an image: those with a score, the best of each object, and so many at most."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from spikeplane.errors import SpikeplaneError

MOST = 30_000  #: boxes of an image that are held against each other, those of the highest scores


class Box(NamedTuple):
    """An object: left, upper, right and lower side in pixels of the image, score from 0 to 1, number of its class."""

    left: float
    upper: float
    right: float
    lower: float
    score: float
    number: int


@dataclass(frozen=True)
class Wanted:
    """Boxes of a score above `threshold`, 0 to 1; of two of one class that overlap (intersection over union) by more than
    `iou`, 0 to 1, the better; at most `top` an image. Raises SpikeplaneError for other numbers."""

    threshold: float = 0.25
    iou: float = 0.7
    top: int = 300

    def __post_init__(self) -> None:
        for name in ("threshold", "iou"):
            value = getattr(self, name)
            if not _is_share(value):
                raise SpikeplaneError(f"{name} of boxes must be 0 to 1, not {value}")
        if not isinstance(self.top, int | np.integer) or self.top < 1:
            raise SpikeplaneError(f"top must be 1 box an image or more, not {self.top}")


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and math.isfinite(value) and bool(0 <= value <= 1)


def suppressed(
    corners: np.ndarray, scores: np.ndarray, wanted: Wanted, size: tuple[int, int] | None = None
) -> list[Box]:
    """Of one image the boxes that are left, the highest score first; equal scores in the order of the pixels.

    corners  (A, 4), as `decode` has them
    scores   (A, classes); a box is of its best class
    size     (H, W) of the image, which boxes are cut to; None: they are not
    """
    number, best = scores.argmax(1), scores.max(1)
    found = np.flatnonzero(best > wanted.threshold)
    found = found[np.argsort(-best[found], kind="stable")][:MOST]
    left = _apart(corners[found], number[found], wanted.iou, wanted.top)
    kept = found[left]
    cut = corners[kept]
    if size is not None:
        cut = np.clip(cut, 0, np.array([size[1], size[0]] * 2))
    rows = zip(*cut.T.tolist(), best[kept].tolist(), number[kept].tolist(), strict=True)
    return [Box(*row) for row in rows]


def _apart(corners: np.ndarray, number: np.ndarray, iou: float, top: int) -> list[int]:
    """Which of the boxes, best first, do not overlap a better one of their class."""
    kept: list[int] = []
    left = np.arange(len(corners))
    while len(left) and len(kept) < top:
        first, rest = int(left[0]), left[1:]
        kept.append(first)
        apart = (number[rest] != number[first]) | (_overlap(corners[first], corners[rest]) <= iou)
        left = rest[apart]
    return kept


def _overlap(one: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Intersection over union of a box (4,) with others (M, 4)."""
    sides = np.minimum(one[2:], others[:, 2:]) - np.maximum(one[:2], others[:, :2])
    both = np.clip(sides, 0, None).prod(1)
    union = (one[2:] - one[:2]).prod() + (others[:, 2:] - others[:, :2]).prod(1) - both
    return np.divide(both, union, out=np.zeros_like(both), where=union > 0)
