"""Sizes of a batch in a NIR graph's shapes: nirtorch writes the shape of the sample that a model was traced with."""

from collections.abc import Iterable
from typing import Any

import numpy as np


def batch(shape: tuple[int, ...], readers: Iterable[Any]) -> tuple[int, ...]:
    """The leading sizes of an input of that shape that the layers that read it have no place for: all are of one
    mind, or none is dropped."""
    found = {_leading(shape, node) for node in readers if node is not None}
    return found.pop() if len(found) == 1 else ()


def _leading(shape: tuple[int, ...], node: Any) -> tuple[int, ...]:
    """Of one layer."""
    kind = type(node).__name__
    if kind in ("Affine", "Linear") and np.ndim(node.weight) == 2:
        return _before(shape, np.shape(node.weight)[1])
    if kind in ("Conv1d", "Conv2d"):
        dims = np.ndim(node.weight) - 1
        fits = len(shape) > dims and shape[-dims] == np.shape(node.weight)[1] * int(np.max(node.groups))
        return shape[:-dims] if fits else ()
    size = int(np.prod(np.shape(getattr(node, "v_threshold", ()))))
    return _before(shape, size) if size > 1 else ()


def _before(shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    """The fewest leading sizes without which the shape holds `size` numbers; none where it never does."""
    return next((shape[:k] for k in range(len(shape)) if np.prod(shape[k:]) == size), ())
