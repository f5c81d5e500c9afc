"""What every importer speaks: spikes flow into linear layers, currents flow into neurons, and
populations and projections come out.

An importer walks its model in order and calls one method of `Assembler` per layer. Values on the
way are either `Spikes` (outputs of populations, pooled or added) or `Currents` (synapses that no
neuron has received yet).
"""

from dataclasses import replace

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatNeuron
from spikeplane.importers.assembly import Assembly
from spikeplane.importers.flow import Currents, Source, Spikes, Value
from spikeplane.importers.geometry import (
    check_bias,
    check_groups,
    check_steps,
    dilated,
    pixels,
    text,
    ungrouped,
)
from spikeplane.network import ALIGNED, DENSE, MEMBRANE, Window


class Assembler(Assembly):
    """The layers that models have, on an `Assembly`."""

    def linear(self, layer: str, value: Value, weight: np.ndarray, bias: np.ndarray | None) -> Currents:
        """A fully connected layer: weight (O, I)."""
        spikes = self.spikes(layer, value, "a fully connected layer")
        size = int(np.prod(spikes.shape))
        if weight.ndim != 2 or not len(weight):
            raise SpikeplaneError(
                f"layer '{layer}' has weights of shape {text(weight.shape)}; a fully connected "
                "layer has outputs x inputs"
            )
        check_bias(layer, bias, len(weight))
        if weight.shape[1] != size:
            raise SpikeplaneError(
                f"layer '{layer}' expects {weight.shape[1]} inputs, it gets {size} ({text(spikes.shape)})"
            )
        kernel = np.asarray(weight, dtype=np.float64).reshape(len(weight), *spikes.shape)
        return replace(self.synapses(spikes, kernel, bias, (len(weight), 1, 1), layer=layer), flat=True)

    def convolution(
        self,
        layer: str,
        value: Value,
        weight: np.ndarray,
        bias: np.ndarray | None,
        *,
        stride: tuple[int, int],
        padding: tuple[int, int],
        dilation: tuple[int, int] = (1, 1),
        groups: int = 1,
    ) -> Currents:
        """A convolution: weight (O, I / groups, KH, KW) in PyTorch's layout."""
        spikes = self.spikes(layer, value, "a convolution")
        channels, height, width = spikes.shape
        if spikes.flat and (height, width) != (1, 1):
            raise self.refuse(layer, "a convolution behind a flatten", "flatten behind the convolutions")
        check_steps(layer, stride=stride, padding=padding, dilation=dilation)
        check_groups(layer, channels, weight, groups)
        check_bias(layer, bias, len(weight))
        if weight.shape[1] * groups != channels:
            raise SpikeplaneError(
                f"layer '{layer}' expects {weight.shape[1] * groups} channels, it gets {channels} "
                f"({text(spikes.shape)})"
            )
        kernel = dilated(np.asarray(weight, dtype=np.float64), dilation)
        out = pixels(layer, (height, width), kernel.shape[2:], stride, padding)
        aligned = groups == channels == len(weight) and groups > 1
        if aligned:
            kernel = kernel[:, 0]
        elif groups > 1:
            kernel = ungrouped(kernel, groups)
        return self.synapses(
            spikes,
            kernel,
            bias,
            (len(weight), out[0], out[1]),
            stride=stride,
            padding=padding,
            kind=ALIGNED if aligned else DENSE,
            layer=layer,
        )

    def pool_sum(
        self,
        layer: str,
        value: Value,
        size: tuple[int, int],
        stride: tuple[int, int],
        padding: tuple[int, int],
        *,
        mean: bool,
    ) -> Spikes:
        """Sum or average pooling of spikes: folded into the synapses behind it."""
        if isinstance(value, Currents):
            raise self.refuse(
                layer, "an average or sum pooling in front of neurons", "put it behind the neurons"
            )
        check_steps(layer, stride=stride, padding=padding, size=size)
        if size != stride or padding != (0, 0):
            raise self.refuse(
                layer,
                f"a pooling of {text(size)} with stride {text(stride)}",
                "size and stride must be equal, padding 0",
            )
        channels, height, width = value.shape
        if height % size[0] or width % size[1]:
            raise self.refuse(
                layer, f"a {text(size)} pooling of {height}x{width} pixels", "the size must divide the pixels"
            )
        gain = 1.0 / (size[0] * size[1]) if mean else 1.0
        sources = tuple(
            replace(s, pool=(s.pool[0] * size[0], s.pool[1] * size[1]), gain=s.gain * gain)
            for s in value.sources
        )
        return replace(value, sources=sources, shape=(channels, height // size[0], width // size[1]))

    def pool_max(self, layer: str, value: Value, size: int, stride: int, padding: int) -> Value:
        """Of currents: a window in front of the neurons. Of spikes: OR, as neurons without memory."""
        channels, height, width = value.shape
        steps = {"size": (size, size), "stride": (stride, stride), "padding": (padding, padding)}
        check_steps(layer, **steps)
        if padding > size // 2:
            raise self.refuse(
                layer, f"a maximum over {size} pixels with padding {padding}", "pad by half the size at most"
            )
        if (size, stride) == (1, 1):
            return value
        shape = (channels, *pixels(layer, (height, width), **steps))
        if isinstance(value, Currents):
            if size == 1:
                raise self.refuse(
                    layer,
                    f"a maximum over 1 pixel with stride {stride}",
                    "give the stride to the convolution",
                )
            if value.window is not None:
                raise self.refuse(
                    layer, "a second maximum in front of the same neurons", "one window is all there is"
                )
            return replace(value, shape=shape, window=Window(size=size, stride=stride, padding=padding))
        if len(value.sources) != 1 or value.sources[0].pool != (1, 1) or value.sources[0].gain != 1.0:
            raise self.refuse(
                layer, "a maximum of added or pooled spikes", "it is no OR of spikes; pool before adding"
            )
        currents = self.synapses(
            value,
            np.ones((channels, size, size)),
            None,
            shape,
            stride=(stride, stride),
            padding=(padding, padding),
            kind=ALIGNED,
        )
        self.assume(layer, "max-pooling of spikes", "OR", "the maximum of 0s and 1s")
        return self.neuron(layer, currents, FloatNeuron(decay=0.0, threshold=np.ones(channels), reset="none"))

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
        if isinstance(one, Spikes) and isinstance(other, Spikes):
            return replace(one, sources=one.sources + other.sources)
        left, right = self.currents(layer, one), self.currents(layer, other)
        if left.window is not None or right.window is not None:
            raise self.refuse(layer, "a sum behind a maximum of currents", "put neurons between")
        return replace(left, drafts=left.drafts + right.drafts, bias=left.bias + right.bias)

    def flatten(self, value: Value) -> Value:
        """(C, H, W) to a row; the order is kept by the layers behind."""
        return replace(value, flat=True)

    def delay(self, layer: str, value: Value, steps: int) -> Value:
        """The same, so many steps later; spikes of neurons can be one step late, no more."""
        if steps == 0:
            return value
        if (
            steps != 1
            or isinstance(value, Currents)
            or self.has_input(value)
            or any(s.delay for s in value.sources)
        ):
            raise self.refuse(
                layer, f"a delay of {steps} steps", "spikes of neurons can be one step late, nothing else"
            )
        return replace(value, sources=tuple(replace(s, delay=1) for s in value.sources))

    def membranes(self, layer: str) -> Spikes:
        """The membranes of a population in the place of its spikes, to be read out. Raises
        SpikeplaneError if its spikes go on."""
        if any(p.source == layer for p in self.projections):
            raise self.refuse(
                layer,
                "read out as membranes while its spikes go on",
                "read out its spikes, or a layer behind",
            )
        place, population = next((i, p) for i, p in enumerate(self.populations) if p.name == layer)
        assert population.neuron is not None
        silent = {"threshold": None} if population.neuron.reset == "none" else {}
        self.populations[place] = replace(
            population, neuron=replace(population.neuron, kind=MEMBRANE, **silent)
        )
        self.readout = "last"
        self.assume(layer, "readout", "membrane", "the model returns it")
        return Spikes((Source(layer),), population.shape)
