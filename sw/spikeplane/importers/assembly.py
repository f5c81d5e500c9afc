"""The populations and projections of a model, as an importer collects them.

```
    spikes -> synapses -> currents -> scale -> neuron -> spikes ... finish -> FloatNetwork
```
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.explain import note
from spikeplane.float_network import Assumption, FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.importers.constants import as_synapses, constants, narrow, settled
from spikeplane.importers.flow import Currents, Draft, Source, Spikes, Split, Value
from spikeplane.importers.geometry import Shape
from spikeplane.importers.kernels import projections
from spikeplane.importers.late import in_time
from spikeplane.importers.maps import Map, covering, identity
from spikeplane.importers.memoryless import simplify
from spikeplane.importers.presented import presentations
from spikeplane.importers.readouts import as_population, readout_of
from spikeplane.importers.regular import even, irregular, repeated
from spikeplane.importers.reused import apart
from spikeplane.importers.splits import resolved, stand_in, uneven, worth
from spikeplane.importers.sums import Sums, populations_of, projections_of, scaled, shallow
from spikeplane.network import MEMBRANE

_DECAYS = "it must be 0 to 1: check its time constant"
_WRITTEN_OUT = 1 << 24  #: weights of a layer that is written out neuron by neuron, at most


@dataclass
class Assembly:
    """Populations, projections and assumptions so far. `layer` arguments are names for messages.

    readouts: of layers that send values how they are read out, "last" where nothing is said. split_off: how
    many stand-ins splits.py has. gates: of gates what they compute (gates.py). pooled: by layer its ORs. presents:
    a sample may be presented several times (presented.py).
    """

    populations: list[FloatPopulation] = field(default_factory=list)
    projections: list[FloatProjection] = field(default_factory=list)
    assumptions: list[Assumption] = field(default_factory=list)
    readouts: dict[str, str] = field(default_factory=dict)
    sums: Sums = field(default_factory=Sums)
    split_off: int = 0
    gates: dict[str, Any] = field(default_factory=dict[str, Any])
    pooled: dict[str, int] = field(default_factory=dict[str, int])
    presents: bool = False

    def __post_init__(self) -> None:
        note(self)

    def assume(self, layer: str, what: str, value: str, why: str = "") -> None:
        """Note something for the user, once."""
        if (note := Assumption(layer=layer, what=what, value=value, why=why)) not in self.assumptions:
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
        drafts = tuple(replace(d, map=d.map.scaled(gain)) for d in value.drafts)
        shape = (-1, *[1] * (value.bias.ndim - 1))
        bias = value.bias * gain.reshape(shape) + offset.reshape(shape)
        split = value.split
        if split is not None and isinstance(split.since, Currents):
            split = replace(split, since=self.scale(split.since, gain, offset))
        return replace(value, drafts=drafts, bias=bias, terms=scaled(value, drafts, gain), split=split)

    def through(
        self,
        layer: str,
        value: Value,
        map: Map,
        bias: np.ndarray | float | None = None,
        *,
        named: bool = True,
    ) -> Currents:
        """The value through a map, and a bias (C,) or a number for all; `named`: the weights are the layer's.

        Behind currents the two maps become one, and so do the biases.
        """
        offset = np.zeros(len(map.weight))
        if bias is not None:
            offset = np.broadcast_to(np.asarray(bias, dtype=np.float64).reshape(-1), offset.shape)
        if isinstance(value, Spikes):
            given, name = _through(layer, value, map), layer if named else ""
            drafts = tuple(Draft(s.population, s.map or map, s.delay, name, s.uneven) for s in given)
            made = Currents(drafts, offset, map.shape)
            return self._split(
                layer, value, map, made, lambda v: self.through(layer, v, map, bias, named=named)
            )
        value = shallow(self, layer, self.maximum(layer, value), map)
        if isinstance(value, Spikes):
            return self.through(layer, value, map, bias, named=named)
        image = narrow(map.of(value.image) + offset[:, None, None])
        if image.ndim > 1 and value.bias.ndim == 1:
            return self.through(layer, as_synapses(self.populations, value), map, bias, named=named)
        drafts = []
        for draft in value.drafts:
            both = map.after(draft.map)
            name = (draft.uneven if image.ndim > 1 else "") if even(both) else draft.uneven or layer
            drafts.append(replace(draft, map=both, layer=layer if named else draft.layer, uneven=name))
        made = Currents(tuple(drafts), image, map.shape)
        return self._split(layer, value, map, made, lambda v: self.through(layer, v, map, bias, named=named))

    def seen(self, layer: str, value: Value, map: Map) -> Value:
        """The value through a map without weights of its own: spikes stay spikes."""
        if isinstance(value, Spikes):
            made = replace(value, sources=_through(layer, value, map), shape=map.shape, split=None)
            return self._split(layer, value, map, made, lambda v: self.seen(layer, v, map))
        return replace(self.through(layer, value, map, named=False), flat=value.flat)

    def _split(self, layer: str, value: Value, map: Map, made: Any, again: Callable[[Value], Value]) -> Any:
        """`made` of `value`, with what it would be if a population sent the value in front of the padding."""
        if not uneven(made):
            return made
        if value.split is not None:
            return replace(made, split=replace(value.split, since=again(value.split.since)))
        if not worth(value, map):
            return made
        self.split_off += 1
        before = stand_in(value, self.split_off)
        return replace(made, split=Split(layer, value, before.sources[0].population, again(before)))

    def evened(self, value: Value) -> Value:
        """An uneven value made of populations of values where that helps; others as they are."""
        if value.split is None or value.flat or not uneven(value):
            return replace(value, split=None)
        layer, name = value.split.layer, value.split.name
        sent = self.values(f"{layer}_input", value.split.before, f"'{layer}' pads it")
        return self.evened(
            replace(resolved(value.split.since, name, sent.sources[0].population), flat=value.flat)
        )

    def maximum(self, layer: str, value: Value) -> Value:
        """Currents behind a window as a population of values; others as they are."""
        if isinstance(value, Spikes) or value.window is None:
            return value
        return self.values(f"{layer}_maximum", value, "a maximum of currents in front of a layer")

    def currents(self, layer: str, value: Value) -> Currents:
        """Spikes as currents: one synapse of weight 1 per neuron."""
        if isinstance(value, Currents):
            return value
        return replace(self.through("", value, identity(value.shape)), flat=value.flat)

    def neuron(
        self,
        layer: str,
        value: Value,
        neuron: FloatNeuron,
        gain: float | np.ndarray = 1.0,
        offset: np.ndarray | float = 0.0,
    ) -> Spikes:
        """Neurons that receive gain * value + offset."""
        if layer in {p.name for p in self.populations}:
            raise self.refuse(layer, "used more than once", "give each use its own neurons")
        for kept in np.ravel(neuron.decay):
            if kept < 0 or kept > 1:
                raise self.refuse(layer, f"a layer that keeps {kept:g} of its membranes", _DECAYS)
        currents = self.currents(layer, value)
        ones = np.ones(currents.shape[0])
        currents = self.scale(currents, gain * ones, offset * ones)
        currents = settled(self.populations, self.currents(layer, self.evened(currents)))
        made = projections(layer, currents)
        if made is None:
            neuron = repeated(neuron, currents.shape)
            currents = self._written_out(layer, currents)
            made = projections(layer, currents) or []
        self.populations.append(
            FloatPopulation(
                name=layer,
                shape=currents.shape,
                neuron=neuron,
                bias=currents.bias,
                window=currents.window,
                input_size=None if currents.window is None else currents.drafts[0].map.shape[1:],
            )
        )
        self.projections += made
        if any(p.source in constants(self.populations) for p in made):
            self.assume(layer, "offset in front of padding", "a constant population", "padding stays 0")
        self.sums.take(layer, currents, made)
        return Spikes((Source(layer),), currents.shape, currents.flat)

    def values(self, layer: str, value: Value, why: str) -> Spikes:
        """Currents, or a sum of spikes, as neurons without memory that send what they get; `why` is told."""
        name = self.free(layer)
        self.assume(name, "values", "a population that sends them", why)
        return self.neuron(name, value, FloatNeuron(decay=0.0, reset="none", kind=MEMBRANE))

    def rectified(self, layer: str, value: Value) -> Spikes:
        """relu(value): neurons without memory that send what they get, from 0 on."""
        name = self.free(layer)
        self.assume(name, "values", "a population that sends them, from 0 on", "a relu in front of a layer")
        return self.neuron(name, value, FloatNeuron(decay=0.0, reset="none", kind=MEMBRANE, floor=True))

    def _share_sums(self) -> None:
        """Sums of currents that several populations take become populations of values."""
        names: dict[int, str] = {}
        for number in self.sums.shared(self.projections, projections):
            names[number] = self.free(self.sums.made[number].layer, *names.values())
            self.assume(
                names[number], "values", "a population that sends them", "more than one layer takes the sum"
            )
        if names:
            self.populations[:] = populations_of(self.sums, names, self.populations)
            self.projections[:] = projections_of(self.sums, names, self.projections)

    def free(self, layer: str, *others: str) -> str:
        """A name for a population of values: the layer's, or one like it."""
        taken, name, number = {p.name for p in self.populations} | set(others), layer, 0
        while name in taken:
            number += 1
            name = f"{layer}_values{number if number > 1 else ''}"
        return name

    def _written_out(self, layer: str, currents: Currents) -> Currents:
        """A row of neurons, each with weights of its own: for layers behind which no pixels are needed.
        Raises SpikeplaneError for others."""
        if not currents.flat or currents.window is not None or currents.attends:
            raise irregular(self, layer, currents)
        currents = settled(self.populations, currents, each=True)
        count = int(np.prod(currents.shape))
        drafts = []
        for draft in currents.drafts:
            if count * int(np.prod(draft.map.source)) > _WRITTEN_OUT:
                raise irregular(self, layer, currents)
            weight = draft.map.dense().reshape(count, *draft.map.source)
            drafts.append(replace(draft, map=covering(weight)))
        self.assume(layer, "weights", "one by one", "its kernel is not the same for every pixel")
        return Currents(tuple(drafts), currents.image.reshape(-1), (count, 1, 1), flat=True)

    def finish(self, value: Value, output_name: str = "readout") -> FloatNetwork:
        """The network whose last value is `value`; currents without neurons become a readout that
        integrates them."""
        neurons = any(p.neuron is not None and not p.neuron.relays for p in self.populations)
        value = as_population(self, value, output_name)
        if not neurons:
            raise SpikeplaneError("the model has no spiking neurons; Spikeplane compiles spiking networks")
        self._share_sums()
        simplify(self, value.sources[0].population)
        synapses, late = in_time(self.populations, self.projections)
        for name in late:
            self.assume(name, "order", "weights of 0", "all that it gets is a step late; they tell it to run")
        output = value.sources[0].population
        driving = {p.source for p in self.projections}
        net = FloatNetwork(
            populations=tuple(p for p in self.populations if not p.constant or p.name in driving),
            projections=tuple(synapses),
            output=output,
            readout=readout_of(self, output),
            assumptions=tuple(self.assumptions),
            presentations=presentations(self.populations, synapses),
        )
        return apart(self.pooled, net)

    def has_input(self, value: Value) -> bool:
        """Whether spikes of an input, not of neurons, are in the value."""
        inputs = {p.name for p in self.populations if p.neuron is None}
        return isinstance(value, Spikes) and any(s.population in inputs for s in value.sources)

    def has_values(self, value: Value) -> bool:
        """Whether membranes of a population, not spikes, are in the value."""
        senders = {p.name for p in self.populations if p.sends_values}
        return isinstance(value, Spikes) and any(s.population in senders for s in value.sources)

    def has_levels(self, value: Value) -> bool:
        """Whether integer spikes of a population are in the value."""
        senders = {p.name for p in self.populations if p.neuron is not None and p.neuron.kind.whole}
        return isinstance(value, Spikes) and any(s.population in senders for s in value.sources)

    def sends_values(self, name: str) -> bool:
        """Whether a population sends membranes, not values of 0 to 1."""
        return next(p for p in self.populations if p.name == name).sends_values


def _through(layer: str, value: Spikes, map: Map) -> tuple[Source, ...]:
    """The sources through a map that is the layer's."""
    maps = [(source, map if source.map is None else map.after(source.map)) for source in value.sources]
    return tuple(
        replace(source, map=one, uneven="" if even(one) else source.uneven or layer) for source, one in maps
    )
