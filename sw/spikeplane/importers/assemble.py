"""What every importer speaks: spikes flow into linear layers, currents flow into neurons, and
populations and projections come out.

An importer walks its model in order and calls one method of `Assembler` per layer. Values on the
way are either `Spikes` (outputs of populations, pooled or added) or `Currents` (synapses that no
neuron has received yet). Linear layers behind one another become one.
"""

from dataclasses import replace

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatNeuron
from spikeplane.importers import maxima, taps
from spikeplane.importers.constants import settled
from spikeplane.importers.flow import Currents, Source, Spikes, Value
from spikeplane.importers.geometry import (
    Pads,
    Pair,
    check_groups,
    check_numbers,
    check_steps,
    text,
    ungrouped,
)
from spikeplane.importers.kernels import sources
from spikeplane.importers.late import later
from spikeplane.importers.maps import Map, covering, seen
from spikeplane.importers.ors import any_of
from spikeplane.importers.reused import numbered
from spikeplane.importers.sums import FAN
from spikeplane.importers.views import Views
from spikeplane.network import MEMBRANE, Window


def synapse_of(layer: str) -> str:
    """The name of the population of a layer's synaptic currents."""
    return f"{layer}.syn"


class Assembler(Views):
    """The layers that models have, on an `Assembly`."""

    def linear(self, layer: str, value: Value, weight: np.ndarray, bias: np.ndarray | None) -> Currents:
        """A fully connected layer: weight (O, I)."""
        size = int(np.prod(value.shape))
        if weight.ndim != 2 or not len(weight):
            raise SpikeplaneError(
                f"layer '{layer}' has weights of shape {text(weight.shape)}; a fully connected "
                "layer has outputs x inputs"
            )
        check_numbers(layer, weight, bias)
        if weight.shape[1] != size:
            raise SpikeplaneError(
                f"layer '{layer}' expects {weight.shape[1]} inputs, it gets {size} ({text(value.shape)})"
            )
        kernel = np.asarray(weight, dtype=np.float64).reshape(len(weight), *value.shape)
        return replace(self.through(layer, value, covering(kernel), bias), flat=True)

    def convolution(
        self,
        layer: str,
        value: Value,
        weight: np.ndarray,
        bias: np.ndarray | None,
        *,
        stride: tuple[int, int],
        padding: tuple[int, int] | Pads,
        dilation: tuple[int, int] = (1, 1),
        groups: int = 1,
    ) -> Currents:
        """A convolution: weight (O, I / groups, KH, KW) in PyTorch's layout; padding: rows and columns,
        or of each in front and behind."""
        high, wide = (p if isinstance(p, tuple) else (p, p) for p in padding)
        self._check_convolution(layer, value, weight, bias, groups)
        check_steps(layer, stride=stride, padding=(min(high), min(wide)), dilation=dilation)
        kernel = np.asarray(weight, dtype=np.float64)
        axes = [
            taps.convolution(n, k, s, p, d)
            for n, k, s, p, d in zip(
                value.shape[1:], kernel.shape[2:], stride, (high, wide), dilation, strict=True
            )
        ]
        self._check_left(layer, value, kernel.shape[2:], (axes[0].shape[1], axes[1].shape[1]))
        if groups == value.shape[0] == len(weight) and groups > 1:
            kernel = kernel[:, 0]
        elif groups > 1:
            kernel = ungrouped(kernel, groups)
        return self.through(layer, value, Map(kernel, *axes), bias)

    def transposed(
        self,
        layer: str,
        value: Value,
        weight: np.ndarray,
        bias: np.ndarray | None,
        *,
        stride: tuple[int, int],
        padding: tuple[int, int],
        more: tuple[int, int] = (0, 0),
        dilation: tuple[int, int] = (1, 1),
        groups: int = 1,
    ) -> Currents:
        """A transposed convolution: weight (I, O / groups, KH, KW) in PyTorch's layout; `more`: pixels
        that output_padding adds."""
        parts = np.split(np.asarray(weight, dtype=np.float64), groups) if groups > 1 else [weight]
        kernel = np.concatenate([part.swapaxes(0, 1) for part in parts])
        self._check_convolution(layer, value, kernel, bias, groups)
        check_steps(layer, stride=stride, padding=padding, dilation=dilation)
        axes = [
            taps.transposed(*numbers)
            for numbers in zip(
                value.shape[1:], kernel.shape[2:], stride, padding, more, dilation, strict=True
            )
        ]
        if not all(axis.shape[1] for axis in axes):
            raise SpikeplaneError(f"layer '{layer}' has a padding that leaves nothing")
        if groups == value.shape[0] == len(kernel) and groups > 1:
            kernel = kernel[:, 0]
        elif groups > 1:
            kernel = ungrouped(kernel, groups)
        return self.through(layer, value, Map(kernel, *axes), bias)

    def _check_convolution(
        self, layer: str, value: Value, weight: np.ndarray, bias: np.ndarray | None, groups: int
    ) -> None:
        """Raise SpikeplaneError for weights (O, I / groups, KH, KW) that do not fit the value."""
        channels, height, width = value.shape
        if value.flat and (height, width) != (1, 1):
            raise self.refuse(layer, "a convolution behind a flatten", "flatten behind the convolutions")
        check_groups(layer, channels, weight, groups)
        check_numbers(layer, weight, bias)
        if weight.shape[1] * groups != channels:
            raise SpikeplaneError(
                f"layer '{layer}' expects {weight.shape[1] * groups} channels, it gets {channels} "
                f"({text(value.shape)})"
            )

    def _check_left(self, layer: str, value: Value, size: tuple[int, ...], out: Pair) -> None:
        """Raise SpikeplaneError if no pixels come out."""
        if min(out) < 1:
            raise SpikeplaneError(
                f"layer '{layer}' has a {text(size)} kernel for {text(value.shape[1:])} pixels: nothing is left"
            )

    def pool_max(
        self,
        layer: str,
        value: Value,
        size: Pair,
        stride: Pair,
        padding: Pair,
        *,
        dilation: Pair = (1, 1),
        up: bool = False,
    ) -> Value:
        """Of currents: a window in front of the neurons. Of spikes: OR, as neurons without memory.
        `up`: ceil_mode."""
        check_steps(layer, stride=stride, padding=padding, size=size, dilation=dilation)
        if any(p > k // 2 for p, k in zip(padding, size, strict=True)):
            raise self.refuse(
                layer,
                f"a maximum over {text(size)} pixels with padding {text(padding)}",
                "pad by half the size at most",
            )
        if (size, stride) == ((1, 1), (1, 1)):
            return value
        values = self.has_values(value) or self.has_levels(value)
        value = self.currents(layer, value) if values else value
        rows, columns = (
            taps.windows(*numbers, up)
            for numbers in zip(value.shape[1:], size, stride, padding, dilation, strict=True)
        )
        self._check_left(layer, value, size, (len(rows), len(columns)))
        if isinstance(value, Currents):
            out = (len(rows), len(columns))
            return self._window(layer, value, size, stride, padding, out if max(dilation) == 1 else (0, 0))
        windows = seen(value.shape, rows, columns)
        if not value.binary:
            return maxima.several(self, layer, value, windows)
        return any_of(self, layer, value, [windows])

    def any_fires(self, layer: str, counts: Currents) -> Spikes:
        """Neurons that any spike fires."""
        uses = self.pooled.get(layer, 0)
        self.pooled[layer] = uses + 1
        neuron = FloatNeuron(decay=0.0, threshold=np.ones(counts.shape[0]), reset="none")
        return self.neuron(numbered(layer, uses), counts, neuron)

    def _window(
        self, layer: str, value: Value, size: Pair, stride: Pair, padding: Pair, out: Pair
    ) -> Currents:
        """A maximum of currents: a square that moves alike in rows and columns."""
        part = maxima.part(value.shape[1:], size, stride, padding)
        if part is not None:
            rows, columns = (n // k for n, k in zip(value.shape[1:], part, strict=True))
            value = self._window(f"{layer}_part", value, part, part, (0, 0), (rows, columns))
            size = stride = (size[0] // part[0], size[1] // part[1])
        value = self.currents(layer, self.maximum(f"{layer}_input", self.evened(value)))
        if max(size) == 1:
            raise self.refuse(
                layer, f"a maximum over 1 pixel with stride {stride[1]}", "give the stride to the convolution"
            )
        if value.shape[1] == 1 and size[0] == 1:  # a line: equal rows make a square of the window
            high = max(size[1] - 2 * padding[1], 1)
            value = replace(
                self.through(
                    layer,
                    value,
                    seen(value.shape, taps.repeated(1, high), np.eye(value.shape[2])),
                    named=False,
                ),
                flat=value.flat,
            )
            size, stride, padding = ((pair[1], pair[1]) for pair in (size, stride, padding))
        moves = stride[0] if out != (1, 1) else 1  # a word has no room for a stride of 16
        window = Window(size=size[0], stride=moves, padding=padding[0])
        made = tuple(
            (n + 2 * p - k) // s + 1
            for n, k, s, p in zip(value.shape[1:], size, stride, padding, strict=True)
        )
        if len({*size}) > 1 or len({*stride}) > 1 or len({*padding}) > 1 or made != out:
            raise self.refuse(
                layer,
                f"a maximum of currents over {text(size)} pixels with stride {text(stride)} that is no square, or "
                "has dilation or ceil_mode",
                "use squares without either, or put the maximum behind the neurons, where it is an OR",
            )
        return replace(value, shape=(value.shape[0], *out), window=window)

    def add(self, layer: str, one: Value, other: Value) -> Value:
        """A sum: of spikes (integer spikes), of currents, or of both."""
        for value in (one, other):
            if not isinstance(value, Spikes | Currents):
                raise self.refuse(
                    layer, f"a sum with {value}", "add layers only; a constant belongs into a bias"
                )
        if one.shape != other.shape:
            raise SpikeplaneError(
                f"layer '{layer}' adds {text(one.shape)} and {text(other.shape)}: the shapes must be equal"
            )
        one, other = self.evened(one), self.evened(other)
        if isinstance(one, Spikes) and isinstance(other, Spikes):
            if len(one.sources) + len(other.sources) > FAN:
                one, other = self._collected(layer, one), self._collected(layer, other)
            return replace(one, sources=one.sources + other.sources)
        left, right = (
            self.currents(layer, self.maximum(layer, self._apart(layer, each))) for each in (one, other)
        )
        bias = left.bias + right.bias if left.bias.ndim == right.bias.ndim else left.image + right.image
        drafts, terms = left.drafts + right.drafts, left.terms + right.terms
        total = settled(self.populations, replace(left, drafts=drafts, bias=bias, terms=terms))
        neurons = sum(p.neuron is not None for p in self.populations)
        return self.sums.add(layer, total, neurons)

    def _apart(self, layer: str, value: Value) -> Value:
        """An attention as a population of values, because its weights have a unit of their own; others as they are."""
        attends = isinstance(value, Currents) and value.attends
        return self.values(layer, value, "an attention in a sum") if attends else value

    def _collected(self, layer: str, spikes: Spikes) -> Spikes:
        """A sum of many sources as a population of values: its users are many too. Others as they are."""
        if len(spikes.sources) <= FAN // 2 or all(s.delay for s in spikes.sources):
            return spikes
        return self.values(layer, spikes, f"a sum of {len(spikes.sources)} sources")

    def flatten(self, value: Value) -> Value:
        """(C, H, W) to a row; the order is kept by the layers behind."""
        return replace(value, flat=True)

    def delay(self, layer: str, value: Value, steps: int) -> Value:
        """The same, so many steps later; spikes can be late, nothing else."""
        return later(self, layer, value, steps)

    def membranes(self, layer: str) -> Spikes:
        """The membranes of a population in the place of its spikes, to be read out. Raises
        SpikeplaneError if its spikes go on."""
        place, population = next((i, p) for i, p in enumerate(self.populations) if p.name == layer)
        if population.sends_values:
            self.assume(layer, "readout", "values", "the model returns them")
            return Spikes((Source(layer),), population.shape)
        if any(layer in sources(p) for p in self.projections):
            raise self.refuse(
                layer,
                "read out as membranes while its spikes go on",
                "read out its spikes, or a layer behind",
            )
        assert population.neuron is not None
        silent = {"threshold": None} if population.neuron.reset == "none" else {}
        self.populations[place] = replace(
            population, neuron=replace(population.neuron, kind=MEMBRANE, **silent)
        )
        self.assume(layer, "readout", "membrane", "the model returns it")
        return Spikes((Source(layer),), population.shape)
