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


def agreement(layers: list[dict[str, Any]], axes: Any = None) -> Any:
    """Bars of the outputs of each layer that are the float network's, on its spikes and left alone."""
    spiking = [row for row in layers if row["given"] is not None]
    sides = (("given float's spikes", "given"), ("left alone", "free"))
    axes = _bars(spiking, sides, axes, scale=100)
    lowest = min((100 * row[key] for row in spiking for _, key in sides), default=0)
    axes.set_ylim(max(0.0, lowest - 5), 100)
    axes.set(ylabel="equal outputs, %", title="Integer against float")
    return axes


def rates(layers: list[dict[str, Any]], axes: Any = None) -> Any:
    """Bars of spikes a neuron and step of each layer, float beside integer."""
    axes = _bars(layers, (("float", "rate_float"), ("integer", "rate_integer")), axes)
    axes.set(ylabel="spikes a neuron and step", title="Firing rates")
    return axes


def _bars(rows: list[dict[str, Any]], sides: Any, axes: Any, scale: float = 1) -> Any:
    axes = axes_of(axes)
    places = np.arange(len(rows))
    for i, (label, key) in enumerate(sides):
        axes.bar(places + 0.4 * i - 0.2, [scale * row[key] for row in rows], 0.4, label=label)
    axes.set_xticks(places, [row["layer"] for row in rows], rotation=45, ha="right")
    axes.legend()
    return axes
