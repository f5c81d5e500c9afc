"""The numbers of a random network: weights that no accumulator overflows by, then thresholds near
what the neurons really get.

```
    worst case of each population --> weights, pre-shifts --> currents (numpy reference) --> bias, theta, amount --> outputs --> next
```
Some populations are loud: biases that drive the membranes to both limits. Some thresholds lie at
the ends of their range.
"""

from dataclasses import replace

import numpy as np
from reference import dynamic, gated, reference, synapses
from sketch import Sketch

from spikeplane.network import Gate, Network, Population, Projection


class Unfit(Exception):
    """No weights of this chip fit the accumulators."""


def fill(sketch: Sketch, network: Network, planes: dict[str, np.ndarray]) -> Network:
    """The network with numbers. Raises Unfit."""
    fitted = [_fitted(sketch, network, name) for name in (p.name for p in network.populations)]
    by_target = {name: list(projections) for name, projections, _ in fitted}
    room = {name: left for name, _, left in fitted}
    order = [by_target[p.target].pop(0) for p in network.projections]
    network = replace(network, projections=tuple(order))
    outputs, done = dict(planes), []
    for population in network.populations:
        if population.neuron is not None:
            population, outputs[population.name] = _numbers(
                sketch, network, population, outputs, room[population.name]
            )
        done.append(population)
    return replace(network, populations=tuple(done))


def _fitted(sketch: Sketch, network: Network, name: str) -> tuple[str, list[Projection], int]:
    """The projections into a population, and what their worst case leaves for the bias."""
    incoming = network.incoming(name)
    limit = (1 << (sketch.config.acc_bits - 1)) - 1
    reserved = limit * 5 // 8 if name in sketch.loud else limit // 16
    made, left = [], limit
    for number, projection in enumerate(incoming):
        source = network.population(projection.source)
        largest = _largest(sketch, source) * projection.pool[0] * projection.pool[1]
        if isinstance(projection.dynamic, Gate):
            largest *= projection.dynamic.top
        elif projection.dynamic:
            largest = source.shape[1] * source.shape[2]
        share = (left - reserved) // (len(incoming) - number)
        found, worst = _shrunk(projection, largest, share, sketch.config.weight_bits)
        highest = sketch.config.max_shift - (_largest(sketch, source).bit_length() - 1)
        room = min(max((share // max(worst, 1)).bit_length() - 1, 0), max(highest, 0))
        if projection.dynamic:  # counts that the membranes still tell apart
            room = min(room, max(0, sketch.config.membrane_bits - worst.bit_length()))
        pre = (0, sketch.number(0, room), room)[sketch.number(0, 2)]
        made.append(replace(found, pre_shift=pre))
        left -= worst << pre
    return name, made, left


def _largest(sketch: Sketch, source: Population) -> int:
    if source.neuron is not None and source.neuron.table is not None:
        return max(map(abs, source.neuron.table.values))
    if source.neuron is not None and source.sends_values:
        planes = source.neuron.planes or sketch.config.membrane_bits
        return 1 << (planes - source.neuron.low if source.neuron.relu else planes - 1 - source.neuron.low)
    if source.neuron is not None:
        return source.neuron.values(sketch.config.membrane_bits)[1]
    return (1 << source.value_bits) - 1


def _shrunk(projection: Projection, largest: int, share: int, bits: int) -> tuple[Projection, int]:
    """The weights made smaller where their worst case is above `share`, and that worst case."""
    weight = np.asarray(projection.weight, dtype=np.int64)
    reach = int(np.abs(weight).reshape(len(weight), -1).sum(1).max()) * largest
    if reach > share:
        if bits == 1 or projection.dynamic:
            raise Unfit
        weight = np.sign(weight) * (np.abs(weight) * share // reach)
        if not weight.any():
            raise Unfit
        reach = int(np.abs(weight).reshape(len(weight), -1).sum(1).max()) * largest
    return replace(projection, weight=weight), reach


def _numbers(
    sketch: Sketch, network: Network, population: Population, outputs: dict[str, np.ndarray], room: int
) -> tuple[Population, np.ndarray]:
    """The population with bias, theta and amount, and what it then sends."""
    known = [p for p in network.incoming(population.name) if p.source in outputs]
    current = sum(_currents(p, outputs, population) for p in known)
    population = replace(
        population, bias=_bias(sketch, population.name, np.asarray(current), room, population.shape[0])
    )
    assert population.bias is not None
    theta = _theta(sketch, np.asarray(current) + population.bias.reshape(-1, 1, 1), population)
    population = replace(population, theta=theta, amount=_amount(sketch, theta, population))
    names = {name for p in known for name in (p.source, *(p.dynamic.names if p.dynamic else ()))}
    names |= {population.name}
    inputs = {name: outputs[name] for name in names if name != population.name}
    sources = [replace(network.population(name), neuron=None) for name in inputs]
    again = [p for p in network.incoming(population.name) if p.source in names]
    part = Network(populations=(*sources, population), projections=tuple(again), output=population.name)
    config = sketch.config
    made = reference(part, inputs, membrane_bits=config.membrane_bits, acc_bits=config.acc_bits)
    return population, made.outputs[population.name]


def _currents(projection: Projection, outputs: dict[str, np.ndarray], population: Population) -> np.ndarray:
    read = projection.dynamic.names if projection.dynamic else ()
    q, *pair = (outputs[name].reshape(-1, *outputs[name].shape[2:]) for name in (projection.source, *read))
    if isinstance(projection.dynamic, Gate):
        return gated(projection, q, *pair)
    return dynamic(projection, q, *pair) if pair else synapses(projection, q, population.current_shape)


def _bias(sketch: Sketch, name: str, current: np.ndarray, room: int, channels: int) -> np.ndarray:
    """Beside the currents; of the loud as much as the membrane or the accumulator holds."""
    top = (1 << (sketch.config.membrane_bits - 1)) - 1
    if name in sketch.loud:
        size = min(room, top)
    else:
        size = min(room, int(current.std() / 2) + 3)
    return sketch.rng.integers(-max(size, 0), max(size, 0) + 1, channels)


def _theta(sketch: Sketch, current: np.ndarray, population: Population) -> np.ndarray:
    """Per channel a quantile of its currents, so that some neurons fire and some do not; a few at
    the ends of the range."""
    assert population.neuron is not None
    top, strict = 1 << (sketch.config.membrane_bits - 1), int(population.neuron.strict)
    low, high = -(top - 1) - strict, top - strict
    by_channel = np.moveaxis(current, 1, 0).reshape(population.shape[0], -1)
    found = np.array([np.quantile(row, sketch.rng.uniform(0.3, 0.95)) for row in by_channel]).astype(np.int64)
    if population.neuron.leak != "memoryless":
        found = (found * sketch.rng.uniform(0.7, 2.0)).astype(np.int64)
    if sketch.chance(0.25):
        ends = sketch.rng.random(len(found)) < 0.3
        found[ends] = sketch.rng.choice([low, top - 1 - strict, high], int(ends.sum()))
    if population.neuron.kind.whole:
        return _even(sketch, found, population.neuron.values(sketch.config.membrane_bits)[1])
    return np.clip(found, low, high)


def _even(sketch: Sketch, theta: np.ndarray, top: int) -> np.ndarray:
    """Thresholds of integer spikes: even, and the membrane holds `top` of them. Their quantiles are reached by one of the
    levels."""
    most = ((1 << (sketch.config.membrane_bits - 1)) - 1) // top
    found = theta // sketch.rng.integers(1, top + 1, len(theta))
    return np.clip(found, 2, most) // 2 * 2


def _amount(sketch: Sketch, theta: np.ndarray, population: Population) -> np.ndarray | None:
    """What a soft reset subtracts: theta where that is allowed, or anything that stays in the membrane."""
    assert population.neuron is not None
    top, strict = 1 << (sketch.config.membrane_bits - 1), int(population.neuron.strict)
    if population.neuron.kind.whole:
        return None
    if population.neuron.reset != "soft" or ((theta >= 0).all() and sketch.chance(0.4)):
        return None
    most = np.minimum(theta + strict + top, top)
    small = np.minimum(most, np.abs(theta) + 5)
    return sketch.rng.integers(0, (most if sketch.chance(0.2) else small) + 1)
