"""Pictures side by side: what a camera gave, or samples."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.front.plots import pyplot
from spikeplane.samples import as_array


def show_images(images: Any, labels: Sequence[Any] | None = None, columns: int | None = None) -> Any:
    """Plot images in a grid, near-square where no columns are given; all share one scale of grey.

    images    an array or tensor (H, W), (N, H, W), (N, 1, H, W), (N, 3, H, W), (N, H, W, 1) or (N, H, W, 3), a list
              of images, or of pairs (number, image) as a camera's port gives them
    labels    a text above each; the numbers of pairs where None

    Returns matplotlib's figure. Raises SpikeplaneError for anything else, and where matplotlib is not installed.
    """
    pictures, numbers = _images(images)
    labels = numbers if labels is None else [str(one) for one in as_array(labels).tolist()]
    if labels is not None and len(labels) != len(pictures):
        raise SpikeplaneError(f"there are {len(labels)} labels for {len(pictures)} images; give one for each")
    if columns is not None and columns < 1:
        raise SpikeplaneError(f"columns must be 1 or more, not {columns}")
    wide = min(columns or math.ceil(math.sqrt(len(pictures))), len(pictures))
    high = math.ceil(len(pictures) / wide)
    shape = pictures[0].shape
    size = (2.2 * wide, 2.2 * high * min(2.0, max(0.5, shape[0] / shape[1])) + (0.3 * high if labels else 0))
    figure, axes = pyplot().subplots(high, wide, figsize=size, squeeze=False, layout="constrained")
    low, top = _scale(pictures)
    for i, place in enumerate(axes.flat):
        place.set_axis_off()
        if i < len(pictures):
            place.imshow(
                _drawn(pictures[i], low, top), cmap="gray", vmin=low, vmax=top, interpolation="nearest"
            )
            place.set_title(labels[i] if labels else "", fontsize=9)
    return figure


def _images(images: Any) -> tuple[list[np.ndarray], list[str] | None]:
    """Images (H, W) or (H, W, 3), and the numbers that they came with."""
    numbers = None
    if isinstance(images, list | tuple):
        pairs = [isinstance(one, tuple) and len(one) == 2 and np.ndim(one[0]) == 0 for one in images]
        if pairs and all(pairs):
            numbers, images = [f"{one[0]:,}" for one in images], [one[1] for one in images]
        found = [as_array(one) for one in images]
    else:
        array = as_array(images)
        found = [array] if array.ndim == 2 else list(array) if array.ndim in (3, 4) else []
    pictures = [_picture(one) for one in found]
    if not pictures:
        raise SpikeplaneError(
            "there are no images; give an array (N, H, W) with one at least, or a list of images"
        )
    return pictures, numbers


def _picture(array: np.ndarray) -> np.ndarray:
    """(H, W), or (H, W, 3) of colours."""
    if array.ndim == 3 and array.shape[0] in (1, 3) and array.shape[2] not in (1, 3):
        array = np.moveaxis(array, 0, 2)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    colours = array.ndim == 3 and array.shape[2] == 3
    if not (array.ndim == 2 or colours) or not array.size or array.dtype.kind not in "buif":
        raise SpikeplaneError(f"an image is numbers (H, W), or 3 colours, not {array.dtype} {array.shape}")
    return array


def _scale(pictures: list[np.ndarray]) -> tuple[float, float]:
    """Black and white: 0 and 255 of bytes, 0 and 1 of floats within them, else the range that there is."""
    if all(one.dtype == np.uint8 and one.max(initial=0) > 1 for one in pictures):
        return 0, 255
    low = min(0.0, *(float(one.min()) for one in pictures))
    top = max(float(one.max()) for one in pictures)
    return low, 1.0 if low == 0 and top <= 1 else top


def _drawn(picture: np.ndarray, low: float, top: float) -> np.ndarray:
    """Of colours what matplotlib takes: 0 to 1."""
    return picture if picture.ndim == 2 else (picture.astype(np.float64) - low) / ((top - low) or 1)
