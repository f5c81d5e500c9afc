"""Pictures, by matplotlib."""

from typing import Any

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.extras import install


def axes_of(axes: Any) -> Any:
    """The axes given, or new ones. Raises SpikeplaneError where matplotlib is not installed."""
    if axes is not None:
        return axes
    return pyplot().subplots(figsize=(7, 3.5), layout="constrained")[1]


def pyplot() -> Any:
    """Of matplotlib. Raises SpikeplaneError where it is not installed."""
    try:
        from matplotlib import pyplot as found
    except ModuleNotFoundError:
        raise SpikeplaneError(f"plots need matplotlib, not found: {install('matplotlib')}") from None
    return found


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


def membranes(
    v: np.ndarray,
    sent: np.ndarray | None,
    thresholds: np.ndarray | None,
    labels: list[str],
    title: str,
    axes: Any = None,
) -> Any:
    """A line a neuron, v (T, neurons) before any reset; its threshold (neurons,) dashed, one line for all where they
    are the same; a dot where sent (T, neurons) is a spike."""
    axes = axes_of(axes)
    for i, label in enumerate(labels):
        (line,) = axes.plot(v[:, i], label=label, linewidth=1.2)
        if sent is not None:
            fired = np.flatnonzero(sent[:, i])
            axes.plot(fired, v[fired, i], "o", color=line.get_color(), markersize=4)
        if thresholds is not None and len(set(thresholds.tolist())) > 1:
            axes.axhline(thresholds[i], color=line.get_color(), linestyle="--", linewidth=0.8)
    if thresholds is not None and len(set(thresholds.tolist())) == 1:
        axes.axhline(thresholds[0], color="black", linestyle="--", linewidth=0.8, label="threshold")
    axes.set(xlabel="step", ylabel="membrane", title=title)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return axes


def core_load(loads: dict[tuple[int, int], float], size: tuple[int, int], axes: Any = None) -> Any:
    """The mesh (rows, columns) as it lies; of each core (x, y) in use the share of its cycles in which it added
    words, in %."""
    axes = axes_of(axes)
    shares = np.full(size, np.nan)
    for (x, y), load in loads.items():
        shares[y, x] = 100 * load
        dark = load > 0.6 * max(loads.values())
        axes.text(x, y, f"{100 * load:.1f}", ha="center", va="center", color="white" if dark else "black")
    image = axes.imshow(shares, cmap="YlGn", vmin=0, vmax=max(1.0, float(np.nanmax(shares))))
    axes.figure.colorbar(image, ax=axes, label="cycles that add, %")
    axes.set_xticks(range(size[1]))
    axes.set_yticks(range(size[0]))
    axes.set(xlabel="x", ylabel="y", title="Core load")
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
