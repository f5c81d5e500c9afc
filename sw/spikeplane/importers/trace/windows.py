"""Maxima and averages over windows of a tensor's last two dimensions, whatever stands in them: MaxPool3d with a depth of 1, which
Spike-Driven Transformer slides over pixels, and over tokens and a head's channels.

```
    tokens are pixels in a row:   w - 1, w, w + 1 of the same row;     channels of a head:  c - 1, c, c + 1
                                  the first one's left neighbour is    an OR by synapses of 1 between channels
                                  the last one of the row above
```
"""

from dataclasses import replace
from itertools import product

import numpy as np

from spikeplane.importers import torch_pools
from spikeplane.importers.flow import Spikes, Value
from spikeplane.importers.maps import Map, channels_of
from spikeplane.importers.ors import any_of
from spikeplane.importers.trace.axes import CHANNELS, COLUMNS, FEATURES, ROWS, Dim, features
from spikeplane.importers.trace.gates import title
from spikeplane.importers.trace.items import Item
from spikeplane.importers.trace.layers import of_pixels
from spikeplane.importers.trace.operation import Operation, Rule, maps


def maximum(operation: Operation) -> Item:
    """A maximum over windows that are 1 deep: of pixels, or of spikes along flattened pixels and channels."""
    args = operation.args
    size, padding, dilation = (_three(args[n]) for n in ("kernel_size", "padding", "dilation"))
    stride = _three(args["stride"] or args["kernel_size"])
    if (size[0], stride[0], padding[0]) != (1, 1, 0):
        raise operation.unlike("a maximum over depth", "use a size and a stride of 1 in it, and no padding")
    fields = {"kernel_size": size[1:], "stride": stride[1:], "padding": padding[1:], "dilation": dilation[1:]}
    more = {"ceil_mode": args["ceil_mode"], "return_indices": False}
    item = operation.item()
    if maps(item) is not None:
        return of_pixels(torch_pools.max_pool, lambda _: {**fields, **more})(operation)
    value = _spikes(operation, replace(item.value, flat=False))
    for d, reach, step, pads, apart in zip(
        (-2, -1), size[1:], stride[1:], padding[1:], dilation[1:], strict=True
    ):
        if reach == 1 == step:
            continue
        if (step, apart, reach) != (1, 1, 2 * pads + 1):
            raise operation.unlike(
                "a maximum with a stride or of even size over flattened pixels or parts of channels",
                "use a stride of 1 and pad by half of an odd size",
            )
        value = _along(operation, value, item.dims[d], pads)
    return replace(item, value=replace(value, flat=item.value.flat))


def average(operation: Operation) -> Item:
    """An average over windows of pixels that are 1 deep."""
    args = operation.args
    size, padding = (_three(args[n]) for n in ("kernel_size", "padding"))
    stride = _three(args["stride"] or args["kernel_size"])
    if (size[0], stride[0], padding[0]) != (1, 1, 0):
        raise operation.unlike("an average over depth", "use a size and a stride of 1 in it, and no padding")
    fields = {"kernel_size": size[1:], "stride": stride[1:], "padding": padding[1:]}
    more = {n: args[n] for n in ("ceil_mode", "count_include_pad", "divisor_override")}
    return of_pixels(torch_pools.average_pool, lambda _: {**fields, **more})(operation)


def _spikes(operation: Operation, value: Value) -> Spikes:
    """The value, spikes of neurons. Raises SpikeplaneError for anything else."""
    made = operation.made
    if not isinstance(value, Spikes) or made.has_values(value) or made.has_input(value):
        raise operation.unlike(
            "a maximum over flattened pixels or channels of something else than neurons' spikes",
            "put neurons in front, whose maximum is an OR",
        )
    return value


def _along(operation: Operation, value: Spikes, dim: Dim, reach: int) -> Spikes:
    """The OR of each value and `reach` neighbours on either side in the dimension."""
    if not dim:
        return value
    _, height, width = value.shape
    axes, sizes = [a.axis for a in dim], [a.size for a in dim]
    of_values = dict(zip(FEATURES, features(value.shape), strict=True))
    if axes == [CHANNELS]:
        place = np.arange(value.shape[0])
        at, rest = _split(place, dim[0].size, dim[0].stride)
        near = (np.abs(at[:, None] - at) <= reach) & (rest[:, None] == rest)
        found = [channels_of(value.shape, near.astype(np.float64))]
    elif axes == [ROWS] and dim == of_values[ROWS]:
        found = _neighbours(value.shape[0], height, width, reach, 0)
    elif axes == [COLUMNS] and dim == of_values[COLUMNS]:
        found = _neighbours(value.shape[0], height, width, 0, reach)
    elif axes == [ROWS, COLUMNS] and sizes == [height, width]:
        found = _in_a_row(value.shape[0], height, width, reach)
    else:
        raise operation.unlike("a maximum of permuted pixels", "hand it (N, C, H, W)")
    return any_of(operation.made, title(operation), value, found)


def _split(place: np.ndarray, size: int, stride: int) -> tuple[np.ndarray, np.ndarray]:
    """Of places of channels the one along an atom, and what is left of them."""
    return place // stride % size, place // (size * stride) * stride + place % stride


def _neighbours(channels: int, height: int, width: int, rows: int, columns: int) -> list[Map]:
    """Pixels up to so many rows and columns away."""
    high, wide = (
        sum(np.eye(n, k=k) for k in range(-reach, reach + 1))
        for n, reach in ((height, rows), (width, columns))
    )
    return [_of_each(channels, np.asarray(high), np.asarray(wide))]


def _in_a_row(channels: int, height: int, width: int, reach: int) -> list[Map]:
    """Pixels up to `reach` places away where rows stand behind each other: a map for each row that is met."""
    found: dict[int, np.ndarray] = {}
    for at, step in product(range(width), range(-reach, reach + 1)):
        row, column = divmod(at + step, width)
        if abs(row) < height:
            found.setdefault(row, np.zeros((width, width)))[at, column] = 1.0
    return [_of_each(channels, np.eye(height, k=row), columns) for row, columns in sorted(found.items())]


def _of_each(channels: int, rows: np.ndarray, columns: np.ndarray) -> Map:
    return Map(np.ones((channels, 1, 1)), rows[None], columns[None])


def _three(value: object) -> tuple[int, ...]:
    """Depth, rows and columns."""
    several = [int(n) for n in value] if isinstance(value, list | tuple) else [int(value)]  # type: ignore[call-overload]
    return tuple(several * 3)[:3] if len(several) == 1 else tuple(several)


RULES: dict[str, Rule] = {"max_pool3d": maximum, "avg_pool3d": average}
