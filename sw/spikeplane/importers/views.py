"""Layers without weights of their own: averages, paddings, slices and concatenations of channels,
repeated pixels. Spikes that pass them stay spikes, seen through a map; what stands in front and behind
becomes one kernel."""

from dataclasses import replace

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.importers import taps
from spikeplane.importers.assembly import Assembly
from spikeplane.importers.flow import Currents, Spikes, Value
from spikeplane.importers.geometry import Pads, Pair, check_steps, text
from spikeplane.importers.maps import Map, channels_of, seen
from spikeplane.importers.sums import stream

#: Weights that a row of values as pixels may take, at most.
_LARGEST = 1 << 24


class Views(Assembly):
    """The layers that move and add values, on an `Assembly`."""

    def pool_sum(
        self,
        layer: str,
        value: Value,
        size: Pair,
        stride: Pair,
        padding: Pair,
        *,
        mean: bool,
        up: bool = False,
        padded: bool = True,
        divisor: float | None = None,
    ) -> Value:
        """Sum or average pooling. `up`: ceil_mode; `padded`: count_include_pad; `divisor`: instead of
        the pixels' number."""
        check_steps(layer, stride=stride, padding=padding, size=size)
        if any(p > k // 2 for p, k in zip(padding, size, strict=True)):
            raise self.refuse(
                layer,
                f"a pooling of {text(size)} with padding {text(padding)}",
                "pad by half the size at most",
            )
        axes = [
            taps.blocks(n, k, s, p, up)
            for n, k, s, p in zip(value.shape[1:], size, stride, padding, strict=True)
        ]
        if not all(len(windows) for windows, _ in axes):
            raise SpikeplaneError(
                f"layer '{layer}' pools {text(size)} pixels of {text(value.shape[1:])}: nothing is left"
            )
        counts = [count if padded else windows.sum(1) for windows, count in axes]
        if not mean or divisor is not None:
            return self._summed(layer, value, [w for w, _ in axes], 1.0 / (divisor or 1.0))
        return self._averaged(layer, value, [w for w, _ in axes], counts)

    def pool_adaptive(self, layer: str, value: Value, wanted: tuple[int | None, int | None]) -> Value:
        """An average to `wanted` rows and columns; None: as many as there are."""
        sizes = [n if w is None else w for n, w in zip(value.shape[1:], wanted, strict=True)]
        if min(sizes) < 1:
            raise SpikeplaneError(f"layer '{layer}' pools to {text(tuple(sizes))} pixels: nothing is left")
        windows = [taps.adaptive(n, w) for n, w in zip(value.shape[1:], sizes, strict=True)]
        return self._averaged(layer, value, windows, [w.sum(1) for w in windows])

    def _averaged(
        self, layer: str, value: Value, windows: list[np.ndarray], counts: list[np.ndarray]
    ) -> Value:
        """Sums over `windows`, (out, in) of 0 and 1 a axis, divided by the product of `counts`."""
        if all((count == count[0]).all() for count in counts):
            return self._summed(layer, value, windows, 1.0 / float(counts[0][0] * counts[1][0]))
        return self._summed(
            layer, value, [w / np.maximum(c, 1)[:, None] for w, c in zip(windows, counts, strict=True)], 1.0
        )

    def _summed(self, layer: str, value: Value, windows: list[np.ndarray], gain: float) -> Value:
        return self.seen(layer, value, seen(value.shape, windows[0], windows[1], gain))

    def pad(self, layer: str, value: Value, pads: Pads) -> Value:
        """Zeros around the pixels; less than 0 cuts."""
        rows, columns = (taps.convolution(n, 1, 1, p)[0] for n, p in zip(value.shape[1:], pads, strict=True))
        if not (len(rows) and len(columns)):
            raise SpikeplaneError(f"layer '{layer}' cuts all of {text(value.shape[1:])} pixels away")
        return self.seen(layer, value, seen(value.shape, rows, columns))

    def widened(self, layer: str, value: Value, front: int, back: int) -> Value:
        """Channels of zeros in front and behind; less than 0 cuts."""
        count = value.shape[0]
        if front + count + back < 1:
            raise SpikeplaneError(f"layer '{layer}' cuts all of {count} channels away")
        matrix = np.eye(front + count + back, count, -front)
        return self.seen(layer, value, channels_of(value.shape, matrix))

    def resized(self, layer: str, value: Value, out: Pair, ratios: tuple[float, float]) -> Value:
        """Nearest upsampling to `out` pixels, each `ratios` source pixels behind the one before."""
        axes = zip(value.shape[1:], out, ratios, strict=True)
        rows, columns = (taps.nearest(*axis) for axis in axes)
        return self.seen(layer, value, seen(value.shape, rows, columns))

    def channels(self, layer: str, value: Value, chosen: slice | list[int]) -> Value:
        """Some of the channels, in the order asked for; of a row, of its values."""
        value = self.row(layer, value) if value.flat else value
        matrix = np.eye(value.shape[0])[chosen]
        if not len(matrix):
            raise self.refuse(layer, "a slice of no channels", "take one or more")
        return self.seen(layer, value, channels_of(value.shape, matrix))

    def joined(self, layer: str, values: list[Value]) -> Value:
        """The channels of all behind one another; of rows, their values."""
        if len({v.flat for v in values}) > 1:
            raise self.refuse(layer, "a concatenation of pixels and a row", "flatten all, or none")
        values = [self.row(layer, v) if v.flat else self.evened(v) for v in values]
        if len({v.shape[1:] for v in values}) > 1:
            sizes = ", ".join(text(v.shape) for v in values)
            raise SpikeplaneError(f"layer '{layer}' joins {sizes}: rows and columns must be equal")
        if not all(isinstance(v, Spikes) for v in values):
            values = [self.currents(layer, stream(self, layer, v)) for v in values]
        count, start, parts = sum(v.shape[0] for v in values), 0, []
        for value in values:
            matrix = np.eye(count, value.shape[0], -start)
            parts.append(self.seen(layer, value, channels_of(value.shape, matrix)))
            start += value.shape[0]
        return self._together(parts)

    def _together(self, parts: list[Value]) -> Value:
        """The sum of values of one shape."""
        first = parts[0]
        if isinstance(first, Spikes):
            return replace(first, sources=tuple(s for p in parts for s in p.sources), split=None)  # type: ignore[union-attr]
        total = first
        for part in parts[1:]:
            assert isinstance(part, Currents)
            bias = total.image + part.image
            total = replace(total, drafts=total.drafts + part.drafts, bias=bias, split=None)
        same = (total.bias == total.bias[:, :1, :1]).all() if total.bias.ndim == 3 else False
        return replace(total, bias=total.bias[:, 0, 0]) if same else total

    def row(self, layer: str, value: Value) -> Value:
        """A row of values as channels of one pixel."""
        return (
            value
            if value.shape[1:] == (1, 1)
            else self.reshaped(layer, value, (int(np.prod(value.shape)), 1, 1))
        )

    def reshaped(self, layer: str, value: Value, shape: tuple[int, int, int]) -> Value:
        """A row as (C, H, W), in its order. Raises SpikeplaneError if it has not so many values."""
        count = int(np.prod(value.shape))
        if count != int(np.prod(shape)):
            raise SpikeplaneError(f"layer '{layer}' makes {text(shape)} of {count} values")
        if shape == value.shape:
            return replace(value, flat=False)
        ways = [n for n in (value.shape[1:], shape[1:]) if n != (1, 1)]
        if len(ways) != 1 or count * count > _LARGEST:
            raise self.refuse(
                layer,
                f"a change from {text(value.shape)} to {text(shape)}",
                "keep channels, rows and columns, or put neurons in a row of fewer values in front",
            )
        (height, width), out = ways[0], shape[1:] != (1, 1)
        channels = count // (height * width)
        weight = np.eye(count).reshape(count, channels, height, width)
        rows, columns = np.eye(height)[:, None], np.eye(width)[:, None]
        if out:
            weight, rows, columns = weight.swapaxes(0, 1), rows.swapaxes(1, 2), columns.swapaxes(1, 2)
        return replace(self.seen(layer, value, Map(weight, rows, columns)), flat=False)
