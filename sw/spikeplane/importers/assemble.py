"""What every importer speaks: spikes flow into linear layers, currents flow into neurons, and
populations and projections come out.

An importer walks its model in order and calls one method of `Assembler` per layer. Values on the
way are either `Spikes` (outputs of populations, pooled or added) or `Currents` (synapses that no
neuron has received yet).
"""

from dataclasses import dataclass, field, replace

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import Assumption, FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.importers.geometry import (
    Shape,
    check_bias,
    check_groups,
    check_steps,
    dilated,
    pixels,
    text,
    ungrouped,
)
from spikeplane.network import ALIGNED, DENSE, ProjectionKind, Window


@dataclass(frozen=True)
class Source:
    """One population inside a `Spikes` value: gain times its sum over pool blocks."""

    population: str
    pool: tuple[int, int] = (1, 1)
    gain: float = 1.0
    delay: int = 0


@dataclass(frozen=True)
class Spikes:
    """A sum of sources, of shape (C, H, W); `flat` once a flatten has been passed."""

    sources: tuple[Source, ...]
    shape: Shape
    flat: bool = False


@dataclass(frozen=True)
class Currents:
    """Projections without a target, a bias (C,) and perhaps a maximum over a window of `shape` (C,
    H, W); `flat` as in `Spikes`."""

    drafts: tuple[FloatProjection, ...]
    bias: np.ndarray
    shape: Shape
    window: Window | None = None
    flat: bool = False


Value = Spikes | Currents


@dataclass
class Assembler:
    """Collects populations and projections, layer by layer. `layer` arguments are names for messages."""

    populations: list[FloatPopulation] = field(default_factory=list)
    projections: list[FloatProjection] = field(default_factory=list)
    assumptions: list[Assumption] = field(default_factory=list)
    readout: str = "count"

    def assume(self, layer: str, what: str, value: str, why: str = "") -> None:
        """Note something for the user, once."""
        note = Assumption(layer=layer, what=what, value=value, why=why)
        if note not in self.assumptions:
            self.assumptions.append(note)

    def refuse(self, layer: str, what: str, why: str) -> SpikeplaneError:
        """The error for a layer that cannot be represented."""
        return SpikeplaneError(f"layer '{layer}' is {what}, which Spikeplane cannot represent: {why}")

    def input(self, name: str, shape: Shape) -> Spikes:
        """An input population."""
        self.populations.append(FloatPopulation(name=name, shape=shape))
        return Spikes((Source(name),), shape)

    def linear(self, layer: str, value: Value, weight: np.ndarray, bias: np.ndarray | None) -> Currents:
        """A fully connected layer: weight (O, I)."""
        spikes = self._spikes(layer, value, "a fully connected layer")
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
        return replace(self._synapses(spikes, kernel, bias, (len(weight), 1, 1), layer=layer), flat=True)

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
        spikes = self._spikes(layer, value, "a convolution")
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
        return self._synapses(
            spikes,
            kernel,
            bias,
            (len(weight), out[0], out[1]),
            stride=stride,
            padding=padding,
            kind=ALIGNED if aligned else DENSE,
            layer=layer,
        )

    def scale(self, value: Currents, gain: np.ndarray, offset: np.ndarray) -> Currents:
        """gain * currents + offset, per channel (C,): batch-norm, dt / tau, R."""
        if value.window is not None and (gain < 0).any():
            raise SpikeplaneError(
                "a negative scale behind a maximum cannot be folded; put the pooling after the normalisation"
            )
        drafts = tuple(
            replace(d, weight=d.weight * gain.reshape(-1, *[1] * (d.weight.ndim - 1))) for d in value.drafts
        )
        return replace(value, drafts=drafts, bias=value.bias * gain + offset)

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
        currents = self._synapses(
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

    def has_input(self, value: Value) -> bool:
        """Whether spikes of an input, not of neurons, are in the value."""
        inputs = {p.name for p in self.populations if p.neuron is None}
        return isinstance(value, Spikes) and any(s.population in inputs for s in value.sources)

    def sends_values(self, name: str) -> bool:
        """Whether a population sends membranes, not values of 0 to 1."""
        population = next(p for p in self.populations if p.name == name)
        return population.neuron is not None and population.neuron.membrane_out

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
            population, neuron=replace(population.neuron, membrane_out=True, **silent)
        )
        self.readout = "last"
        self.assume(layer, "readout", "membrane", "the model returns it")
        return Spikes((Source(layer),), population.shape)

    def currents(self, layer: str, value: Value) -> Currents:
        """Spikes as currents: one synapse of weight 1 per neuron."""
        if isinstance(value, Currents):
            return value
        return replace(
            self._synapses(value, np.ones((value.shape[0], 1, 1)), None, value.shape, kind=ALIGNED),
            flat=value.flat,
        )

    def neuron(
        self,
        layer: str,
        value: Value,
        neuron: FloatNeuron,
        gain: float = 1.0,
        offset: np.ndarray | float = 0.0,
    ) -> Spikes:
        """Neurons that receive gain * value + offset."""
        if layer in {p.name for p in self.populations}:
            raise self.refuse(layer, "used more than once", "give each use its own neurons")
        if not (0 <= neuron.decay <= 1 or np.isnan(neuron.decay)):
            raise self.refuse(
                layer,
                f"a layer that keeps {neuron.decay:g} of its membranes",
                "it must be 0 to 1: check its time constant",
            )
        currents = self.currents(layer, value)
        channels = currents.shape[0]
        currents = self.scale(
            currents,
            np.full(channels, gain),
            np.broadcast_to(np.asarray(offset, dtype=np.float64), (channels,)),
        )
        window = currents.window
        before = None
        if window is not None:
            before = next(self._size(d) for d in currents.drafts)
        self.populations.append(
            FloatPopulation(
                name=layer,
                shape=currents.shape,
                neuron=neuron,
                bias=currents.bias,
                window=window,
                input_size=before,
            )
        )
        self.projections += [replace(d, target=layer) for d in currents.drafts]
        return Spikes((Source(layer),), currents.shape, currents.flat)

    def finish(self, value: Value, output_name: str = "readout") -> FloatNetwork:
        """The network whose last value is `value`; currents without neurons become a readout that
        integrates them."""
        readout = self.readout
        if isinstance(value, Currents):
            value = self.neuron(output_name, value, FloatNeuron(reset="none", membrane_out=True))
            readout = "last"
            self.assume(
                output_name,
                "readout",
                "integrator",
                "the last layer has no neurons: its outputs are summed over the steps",
            )
        if len(value.sources) != 1 or value.sources[0].pool != (1, 1):
            raise SpikeplaneError(
                "the model ends in pooled or added spikes; end it with neurons or with a fully "
                "connected layer"
            )
        if not any(p.neuron for p in self.populations):
            raise SpikeplaneError("the model has no spiking neurons; Spikeplane compiles spiking networks")
        return FloatNetwork(
            populations=tuple(self.populations),
            projections=tuple(self.projections),
            output=value.sources[0].population,
            readout=readout,
            assumptions=tuple(self.assumptions),
        )

    def _size(self, draft: FloatProjection) -> tuple[int, int]:
        """Output pixels of a projection."""
        source = next(p for p in self.populations if p.name == draft.source)
        grid = (-(-source.shape[1] // draft.pool[0]), -(-source.shape[2] // draft.pool[1]))
        kernel = draft.weight.shape[-2:]
        size = [
            (n + 2 * p - k) // s + 1
            for n, p, k, s in zip(grid, draft.padding, kernel, draft.stride, strict=True)
        ]
        return size[0], size[1]

    def _spikes(self, layer: str, value: Value, what: str) -> Spikes:
        if isinstance(value, Currents):
            raise self.refuse(
                layer,
                f"{what} behind another without neurons between",
                "merge the two or put neurons between",
            )
        return value

    def _synapses(
        self,
        spikes: Spikes,
        weight: np.ndarray,
        bias: np.ndarray | None,
        shape: Shape,
        *,
        stride: tuple[int, int] = (1, 1),
        padding: tuple[int, int] = (0, 0),
        kind: ProjectionKind = DENSE,
        layer: str = "",
    ) -> Currents:
        drafts = tuple(
            FloatProjection(
                source=s.population,
                target="",
                weight=weight * s.gain,
                stride=stride,
                padding=padding,
                pool=s.pool,
                kind=kind,
                delay=s.delay,
                layer=layer,
            )
            for s in spikes.sources
        )
        offset = (
            np.zeros(shape[0])
            if bias is None
            else np.broadcast_to(np.asarray(bias, dtype=np.float64).reshape(-1), shape[:1])
        )
        return Currents(drafts, offset, shape)
