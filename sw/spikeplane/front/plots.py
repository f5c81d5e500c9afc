"""Pictures, by matplotlib."""

from typing import Any

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.extras import install


def axes_of(axes: Any) -> Any:
    """The axes given, or new ones. Raises SpikeplaneError where matplotlib is not installed."""
    if axes is not None:
        return axes
    try:
        from matplotlib import pyplot
    except ModuleNotFoundError:
        raise SpikeplaneError(f"plots need matplotlib, not found: {install('matplotlib')}") from None
    return pyplot.subplots(figsize=(7, 3.5), layout="constrained")[1]


def raster(planes: np.ndarray, title: str, axes: Any = None) -> Any:
    """(T, C, H, W): a mark a spike, neurons in the order of channel, row, column; values as an image."""
    axes = axes_of(axes)
    flat = planes.reshape(len(planes), -1)
    if set(np.unique(flat)) <= {0, 1}:
        steps, neurons = np.nonzero(flat)
        size = float(np.clip(4000 / max(flat.shape[1], 1), 1, 60))
        axes.scatter(steps, neurons, marker="|", s=size, c="black", linewidths=0.8)
        axes.set_xlim(-0.5, len(flat) - 0.5)
        axes.set_ylim(-0.5, flat.shape[1] - 0.5)
    else:
        image = axes.imshow(flat.T, aspect="auto", origin="lower", interpolation="nearest")
        axes.figure.colorbar(image, ax=axes, label="value")
    axes.set(xlabel="step", ylabel="neuron", title=title)
    return axes
