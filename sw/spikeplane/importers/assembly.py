"""The populations and projections of a model, as an importer collects them.

```
    spikes -> synapses -> currents -> scale -> neuron -> spikes ... finish -> FloatNetwork
```
"""

from dataclasses import dataclass, field, replace

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import Assumption, FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.importers.flow import Currents, Source, Spikes, Value
from spikeplane.importers.geometry import Shape
from spikeplane.network import ALIGNED, DENSE, MEMBRANE, ProjectionKind


@dataclass
class Assembly:
    """Populations, projections and assumptions so far. `layer` arguments are names for messages."""

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

    def currents(self, layer: str, value: Value) -> Currents:
        """Spikes as currents: one synapse of weight 1 per neuron."""
        if isinstance(value, Currents):
            return value
        return replace(
            self.synapses(value, np.ones((value.shape[0], 1, 1)), None, value.shape, kind=ALIGNED),
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
            value = self.neuron(output_name, value, FloatNeuron(reset="none", kind=MEMBRANE))
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

    def has_input(self, value: Value) -> bool:
        """Whether spikes of an input, not of neurons, are in the value."""
        inputs = {p.name for p in self.populations if p.neuron is None}
        return isinstance(value, Spikes) and any(s.population in inputs for s in value.sources)

    def sends_values(self, name: str) -> bool:
        """Whether a population sends membranes, not values of 0 to 1."""
        return next(p for p in self.populations if p.name == name).sends_values

    def spikes(self, layer: str, value: Value, what: str) -> Spikes:
        """The value as spikes. Raises SpikeplaneError for currents, in front of which `what` cannot stand."""
        if isinstance(value, Currents):
            raise self.refuse(
                layer,
                f"{what} behind another without neurons between",
                "merge the two or put neurons between",
            )
        return value

    def synapses(
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
        """Spikes through a kernel (as `FloatProjection.weight`), with a bias (C,) or a number for all;
        `shape`: what comes out."""
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
