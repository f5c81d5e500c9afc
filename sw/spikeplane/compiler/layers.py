"""The layers of a float network on their way to integers: what comes into each, in real numbers and in units
of the integers that its sources send."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from spikeplane.compiler.signs import STREAM, connections, room_of, sign_bits
from spikeplane.compiler.steps import plain
from spikeplane.compiler.ties import is_identity
from spikeplane.config import ChipConfig
from spikeplane.encoding import Encoding
from spikeplane.encodings import Encodings, by_input
from spikeplane.float_network import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.network import SPIKING, Gate, Neuron, Population, at_step, is_stepped, steps_of
from spikeplane.network.blocks import held

COUNTED_BITS = 2  #: of weights that are counted, or multiplied by a gate: 0 and 1


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One population on its way: what comes in, in real numbers, and what the chip and the user allow."""

    population: FloatPopulation
    neuron: FloatNeuron
    incoming: tuple[FloatProjection, ...]
    sources: tuple[Population, ...]
    #: of sources of values, in their integers (2, C): the power of what rounding changes in them, and their own
    before: tuple[np.ndarray | None, ...]
    #: weights in units of the sources' integers, (C, ...); those by step (C, T, ...)
    real: tuple[np.ndarray, ...]
    bits: int
    widths: tuple[int, ...]  #: bits of each projection's whole numbers: `bits`, or more that become signs
    exact: bool  #: an identity of values has one sign, and those beside it are sums of them
    guard: int | None
    peak: np.ndarray | None
    hold: bool
    #: of a population that sends values to others (C,): the unit of its stream, what it usually sends at most
    unit: np.ndarray | None
    usual: np.ndarray | None
    room: int  #: planes that it sends at most
    low: int  #: planes below these that it leaves out
    steps: int
    #: (C,), of a correction: the unit of the weights is that many times the one of least error
    scale: np.ndarray | None = None

    @property
    def by_step(self) -> int | None:
        """Steps for which it has numbers of its own; None where they are alike in all."""
        neuron = self.neuron
        decay = np.asarray(neuron.decay)
        own = steps_of(self.population.bias, neuron.threshold, neuron.amount, decay)
        weights = [len(p.weight) for p in self.incoming if is_stepped(p)]
        return max([*weights, *([] if own is None else [own])], default=None)

    def steps_apart(self) -> "list[Layer]":
        """A layer without steps for each of its own; itself alone where they are alike."""
        return [self] if self.by_step is None else [self._at(t) for t in range(self.by_step)]

    def _at(self, t: int) -> "Layer":
        decay = self.neuron.decay if np.ndim(self.neuron.decay) < 2 else np.asarray(self.neuron.decay)[t]
        neuron = replace(
            self.neuron,
            threshold=at_step(self.neuron.threshold, t),
            amount=at_step(self.neuron.amount, t),
            decay=decay,
        )
        return replace(
            self,
            population=replace(self.population, bias=at_step(self.population.bias, t), neuron=neuron),
            neuron=neuron,
            incoming=tuple(replace(p, weight=p.weight[t]) if is_stepped(p) else p for p in self.incoming),
            real=tuple(self.at(weight, p, t) for weight, p in zip(self.real, self.incoming, strict=True)),
        )

    def at(self, weight: np.ndarray, p: FloatProjection, t: int) -> np.ndarray:
        """Of `real`, or integers of its form, those of a step."""
        return weight[:, t] if is_stepped(p) else weight

    @property
    def half(self) -> int:
        """Of what a plane counts that is sent, in steps of the membranes: in the bias it rounds what is left out."""
        return (1 << self.low) >> 1


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Of value populations that others read, by name: the real value of one step of their membranes (C,), the largest value
    that is usual (C,), the planes that they send at most, and how many below these they leave out."""

    units: Mapping[str, np.ndarray]
    usual: Mapping[str, np.ndarray]
    room: Mapping[str, int]
    low: Mapping[str, int]


class Layers:
    """Makes the layers in the network's order, each from what the earlier ones have become.

    bits, guards: by population, as asked for; peaks: by population the largest membrane (C,) on the
    calibration; streams: of the value populations; several: see `signs`. made: by name what there is in integers;
    before: see `Layer`.
    """

    def __init__(
        self,
        net: FloatNetwork,
        encodings: Encodings,
        config: ChipConfig,
        bits: Mapping[str, int],
        guards: Mapping[str, int | None],
        peaks: Mapping[str, np.ndarray],
        streams: Chosen,
        several: int,
    ) -> None:
        self.net, self.config, self.bits, self.guards, self.peaks = net, config, bits, guards, peaks
        self.streams, self.several = streams, several
        self.encodings = by = by_input(encodings, [p.name for p in net.inputs])
        self.steps = next(iter(by.values())).steps
        self.units = {name: encoding.value for name, encoding in by.items()}
        constants = [p for p in net.populations if p.constant]
        once = any(p.neuron is not None and p.neuron.reset == "once" for p in net.populations)
        self.before: dict[str, np.ndarray] = {}
        self.made = {
            p.name: Population(
                name=p.name,
                shape=p.shape,
                value_bits=by[p.name].bits,
                signed=by[p.name].signed,
                fold=p.fold,
                once=once and by[p.name].kind == "latency",
            )
            for p in net.inputs
        } | {p.name: Population(name=p.name, shape=p.shape, constant=True) for p in constants}

    def layer(self, population: FloatPopulation, neuron: FloatNeuron) -> Layer:
        """The next layer."""
        name, net = population.name, self.net
        incoming, bits = net.incoming(name), self.bits[name]
        sources = tuple(self.made.get(p.source, _spikes(net, p.source)) for p in incoming)
        real, unit = tuple(self._real(p) for p in incoming), self.streams.units.get(name)
        rooms = [room_of(net, p, s, self.config) for p, s in zip(incoming, sources, strict=True)]
        one = bits == 1 and self.config.weight_bits == 1
        exact = self._exact(population, incoming, real, rooms) if one and unit is None else None
        self.made[name] = Population(name=name, shape=population.shape, neuron=Neuron(kind=neuron.kind))
        return Layer(
            population=population,
            neuron=neuron,
            incoming=incoming,
            sources=sources,
            before=tuple(self.before.get(p.source) for p in incoming),
            real=real,
            bits=bits,
            widths=sign_bits(
                real,
                self._zeros(incoming, real),
                rooms,
                exact if unit is None else unit,
                self.several,
                connections(self.config)[0],
            )
            if one
            else tuple(bits if p.dynamic is None else COUNTED_BITS for p in incoming),
            exact=exact is not None,
            guard=self.guards[name],
            peak=self.peaks.get(name),
            hold=not self.config.fused and _holds(net, incoming, self.encodings),
            unit=unit,
            usual=self.streams.usual.get(name),
            room=self.streams.room.get(name, 0),
            low=self.streams.low.get(name, 0),
            steps=self.steps,
        )

    def _exact(
        self,
        population: FloatPopulation,
        incoming: tuple[FloatProjection, ...],
        real: tuple[np.ndarray, ...],
        rooms: list[int],
    ) -> np.ndarray | None:
        """The unit (C,) of neurons behind values and other branches, where an identity of the values counts 1, because
        there is no room for the signs of one that does not."""
        neuron = population.neuron
        if population.sends_values or neuron is None or neuron.v_reset or len(incoming) < 2:
            return None
        for p, weight, room in zip(incoming, real, rooms, strict=True):
            if is_identity(self.net, p) and room < min(self.several, STREAM):
                return np.abs(weight[..., 0, 0]).reshape(-1)
        return None

    def _zeros(self, incoming: tuple[FloatProjection, ...], real: tuple[np.ndarray, ...]) -> list[bool]:
        """Whether there are zeros among those weights that a core stores."""
        lanes, found = self.config.lanes, []
        for p, weight in zip(incoming, map(plain, real), strict=True):
            stored = held(p.kind, weight, self.net.population(p.source).shape[0], lanes)
            found.append(bool(((weight == 0) & stored).any()))
        return found

    def _real(self, projection: FloatProjection) -> np.ndarray:
        """Its weights times the real value of its source's 1."""
        weight, units = np.asarray(projection.weight, np.float64), self.streams.units.get(projection.source)
        if units is None:
            weight = weight * self.units.get(projection.source, 1.0)
        else:
            weight = weight * projection.kind.by_source(units * 2.0 ** self.streams.low[projection.source])
        return np.moveaxis(weight, 0, 1) if is_stepped(projection) else weight


def _spikes(net: FloatNetwork, name: str) -> Population:
    """Stands for a population that comes later, whose spikes arrive a step late."""
    population = net.population(name)
    kind = SPIKING if population.neuron is None else population.neuron.kind
    return Population(name=name, shape=population.shape, neuron=Neuron(kind=kind))


def _holds(
    net: FloatNetwork, incoming: tuple[FloatProjection, ...], encodings: Mapping[str, Encoding]
) -> bool:
    """All of its input is the same in every step, so it is accumulated once per sample."""
    if any(is_stepped(p) or isinstance(p.dynamic, Gate) for p in incoming):
        return False
    same = {p.name for p in net.populations if p.constant}
    same |= {name for name, one in encodings.items() if one.kind == "direct" and one.steps > 1}
    return any(p.source in encodings for p in incoming) and all(p.source in same for p in incoming)


def thresholds(neuron: FloatNeuron, channels: int) -> np.ndarray:
    """The largest of threshold, reset amount and reset potential, per channel; of integer spikes as many thresholds as the
    top level has."""
    largest = np.full(channels, abs(neuron.v_reset))
    for values in (neuron.threshold, neuron.amount):
        each = values if values is None or np.ndim(values) < 2 else np.abs(values).max(0)
        largest = np.maximum(largest, np.abs(per_channel(each, channels)))
    return largest * neuron.kind.top


def gathered(neuron: FloatNeuron, steps: int, channels: int) -> np.ndarray:
    """How many times its current a membrane holds after so many equal steps, per channel (C,)."""
    if np.ndim(neuron.decay) > 1:
        return _gathered_by_step(np.asarray(neuron.decay), channels)
    kept = per_channel(neuron.decay, channels)
    leaks = kept < 1
    found = np.full(channels, float(steps))
    found[leaks] = (1 - kept[leaks] ** steps) / (1 - kept[leaks])
    return found


def _gathered_by_step(decay: np.ndarray, channels: int) -> np.ndarray:
    """Of decays (T, C), through two samples, because one that is kept goes on."""
    now = found = np.zeros(channels)
    for kept in (*decay, *decay):
        now = now * kept + 1
        found = np.maximum(found, now)
    return found


def per_channel(values: np.ndarray | float | None, channels: int) -> np.ndarray:
    """One number for all channels, or one each, or none (0), as floats (C,)."""
    return (
        np.zeros(channels)
        if values is None
        else np.broadcast_to(np.asarray(values, dtype=np.float64), (channels,))
    )
