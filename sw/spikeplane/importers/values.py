"""Numbers of layers as the float network wants them: float64 arrays, one a channel, checked with
the layer's name."""

from typing import Any

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.importers.geometry import Shape, text


def numbers(layer: str, what: str, tensor: Any) -> np.ndarray:
    """A tensor, array or number as float64. Raises SpikeplaneError for complex ones and for those
    that have no values."""
    try:
        array = tensor.numpy(force=True) if hasattr(tensor, "detach") else np.asarray(tensor)
    except Exception:  # without storage, sparse, quantised
        array = np.empty(0, dtype=object)
    if array.dtype.kind == "c":
        raise SpikeplaneError(f"layer '{layer}': its {what} are complex numbers; give real ones")
    if array.dtype.kind not in "fiub":
        raise SpikeplaneError(
            f"layer '{layer}': its {what} are no numbers that can be read; give a dense tensor of "
            "real numbers"
        )
    return array.astype(np.float64)


def one(layer: str, what: str, tensor: Any) -> float:
    """The one value. Raises SpikeplaneError if there are several."""
    values = np.unique(numbers(layer, what, tensor))
    if len(values) != 1:
        raise SpikeplaneError(
            f"layer '{layer}' has {len(values)} different values of {what}; a population has one"
        )
    return float(values[0])


def per_channel(layer: str, what: str, tensor: Any, shape: Shape, flat: bool) -> np.ndarray:
    """(C,) from values that PyTorch broadcasts over a sample (C, H, W), or over its row: from the
    last axis backwards.

    Raises SpikeplaneError where they do not fit, and where they differ inside a channel.
    """
    array = numbers(layer, what, tensor)
    while array.ndim > (1 if flat else 3) and array.shape[0] == 1:
        array = array[0]  # the batch's axis
    whole = (int(np.prod(shape)),) if flat else shape
    try:
        each = np.broadcast_to(array, whole).reshape(shape[0], -1)
    except ValueError:
        raise SpikeplaneError(
            f"layer '{layer}' has {text(array.shape)} values of {what} for {text(whole)} neurons, "
            "which PyTorch cannot broadcast; "
            "give one, or one a channel as Cx1x1"
        ) from None
    if not np.array_equal(each, np.broadcast_to(each[:, :1], each.shape), equal_nan=True):
        raise SpikeplaneError(
            f"layer '{layer}' has values of {what} that differ inside a channel (PyTorch "
            f"broadcasts {text(array.shape)} over "
            f"{text(whole)} from the last axis); give one, or one a channel as Cx1x1"
        )
    return each[:, 0].copy()


def merged(values: np.ndarray) -> float | np.ndarray:
    """(C,) as it is, or the one number that all of them are."""
    return float(values[0]) if len(values) and (values == values[0]).all() else values


def pair(value: Any) -> tuple[int, int]:
    """A size in rows and columns."""
    return (int(value), int(value)) if isinstance(value, int) else (int(value[0]), int(value[1]))


def fires_at(function: Any) -> str | None:
    """ ">=" or ">" of a function from v - threshold to spikes; None if it is neither, such as a
    surrogate that does not spike."""
    import torch

    tiny = torch.tensor([1e-12, 1e-6], dtype=torch.float64)
    points = torch.cat(
        (
            torch.linspace(-3, 3, 193, dtype=torch.float64),
            tiny,
            -tiny,
            torch.tensor([100.0], dtype=torch.float64),
        )
    )
    grid = torch.stack((points, points.flip(0)))
    try:
        spikes = function(grid.clone()).to(torch.float64)
    except Exception:
        return None
    if spikes.shape != grid.shape:
        return None
    return next(
        (name for name, fired in ((">=", grid >= 0), (">", grid > 0)) if bool((spikes == fired).all())), None
    )
