"""The integer network in plain numpy, from the arithmetic's definition alone: no code of the golden
model, the compiler or the gateware.

```
    planes (N, T, C, H, W) --> currents: a sum over kernel positions --> leak, add, limit, compare, reset --> outputs
```
Everything is int64, a neuron's step is written as in the definition, one line a rule; slow and
plain is the point.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from spikeplane.network import (
    ALIGNED,
    MEMBRANE,
    Gate,
    LeakRound,
    Network,
    Neuron,
    Pair,
    Population,
    Projection,
)


@dataclass
class Reference:
    """What a network does. outputs, currents: per population (N, T, C, H, W), the currents behind a
    window; `up`, `down`: how often a membrane was held at its upper and lower limit; `limited`: how often
    its planes held less than it; `floored`: how often it was below 0 and became 0; `exceeded`:
    populations with a current that the accumulators do not hold."""

    outputs: dict[str, np.ndarray] = field(default_factory=dict)
    currents: dict[str, np.ndarray] = field(default_factory=dict)
    up: dict[str, int] = field(default_factory=dict)
    down: dict[str, int] = field(default_factory=dict)
    limited: dict[str, int] = field(default_factory=dict)
    floored: dict[str, int] = field(default_factory=dict)
    exceeded: set[str] = field(default_factory=set)


def reference(
    network: Network, inputs: dict[str, np.ndarray], *, membrane_bits: int, acc_bits: int
) -> Reference:
    """Run all samples and steps. State starts at 0 with each sample; populations are in an order in
    which only delays go back. Of several presentations what the last one does."""
    return presentations(network, inputs, membrane_bits=membrane_bits, acc_bits=acc_bits)[-1]


def presentations(
    network: Network, inputs: dict[str, np.ndarray], *, membrane_bits: int, acc_bits: int
) -> list[Reference]:
    """What each presentation of the samples does, with the membranes that the one before has left where they are kept."""
    samples = next(iter(inputs.values())).shape[0]
    left = {p.name: np.zeros((samples, *p.shape), dtype=np.int64) for p in network.populations}
    found = []
    for _ in range(network.presentations):
        begun = {p.name: left[p.name] if p.kept else 0 * left[p.name] for p in network.populations}
        found.append(Reference())
        left = _presented(network, inputs, begun, found[-1], membrane_bits, acc_bits)
    return found


def _presented(
    network: Network,
    inputs: dict[str, np.ndarray],
    membranes: dict[str, np.ndarray],
    made: Reference,
    membrane_bits: int,
    acc_bits: int,
) -> dict[str, np.ndarray]:
    """All steps once: the membranes at their end."""
    samples, steps = next(iter(inputs.values())).shape[:2]
    for population in network.populations:
        shape = (samples, steps, *population.shape)
        made.outputs[population.name] = np.zeros(shape, dtype=np.int64)
        made.currents[population.name] = np.zeros(shape, dtype=np.int64)
        for counts in (made.up, made.down, made.limited, made.floored):
            counts[population.name] = 0
    for name, planes in inputs.items():
        made.outputs[name][:] = planes
    for t in range(steps):
        for population in network.populations:
            if population.neuron is not None:
                name = population.name
                population = _in_step(population, t)
                total = _total(network, population, made.outputs, t)
                if total.min() < -(1 << (acc_bits - 1)) or total.max() > (1 << (acc_bits - 1)) - 1:
                    made.exceeded.add(name)
                current = _window(population, total)
                made.currents[name][:, t] = current
                u, out = _step(population, membranes[name], current, membrane_bits, made)
                membranes[name], made.outputs[name][:, t] = u, out
    return membranes


def _total(network: Network, population: Population, outputs: dict[str, np.ndarray], t: int) -> np.ndarray:
    """The currents of one step, before a window: bias and every projection; what is delayed comes
    from the step before."""
    samples = next(iter(outputs.values())).shape[0]
    total = np.zeros((samples, *population.current_shape), dtype=np.int64)
    if population.bias is not None:
        total += np.asarray(population.bias).reshape(-1, 1, 1)
    for projection in network.projections:
        if projection.target == population.name and t - projection.delay >= 0:
            source = outputs[projection.source][:, t - projection.delay]
            if isinstance(projection.dynamic, Gate):
                total += gated(projection, source, outputs[projection.dynamic.g][:, t])
                continue
            if projection.dynamic:
                total += dynamic(
                    projection, source, *(outputs[name][:, t] for name in projection.dynamic.names)
                )
                continue
            if projection.weight.ndim > (3 if projection.kind is ALIGNED else 4):
                projection = replace(projection, weight=projection.weight[t])
            total += synapses(projection, source, population.current_shape)
    return total


def _in_step(population: Population, t: int) -> Population:
    """With the numbers of a step, where they have an axis of steps."""
    numbers = {name: getattr(population, name) for name in ("theta", "amount", "bias", "leaks")}
    return replace(population, **{n: v[t] for n, v in numbers.items() if v is not None and np.ndim(v) == 2})


def dynamic(projection: Projection, q: np.ndarray, k: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Of spikes (N, C, H, W): for each pair of channels of a head how often K and V fire at the same pixel, and that
    wherever Q fires."""
    assert isinstance(projection.dynamic, Pair)
    size, total = q.shape[1] // projection.dynamic.heads, np.zeros(q.shape, dtype=np.int64)
    for first in range(0, q.shape[1], size):
        head = slice(first, first + size)
        both = np.einsum("niyx,njyx->nij", *(np.int64(spikes[:, head] != 0) for spikes in (k, v)))
        total[:, head] = np.einsum("nij,niyx->njyx", both, q[:, head])
    return total * 2**projection.pre_shift


def gated(projection: Projection, x: np.ndarray, g: np.ndarray) -> np.ndarray:
    """Each value of the source (N, C, H, W) times the gate's of its channel and pixel, or of the only one there is."""
    found = np.zeros(x.shape, dtype=np.int64)
    for c, row, column in np.ndindex(*x.shape[1:]):
        at = (c if g.shape[1] > 1 else 0, row if g.shape[2] > 1 else 0, column if g.shape[3] > 1 else 0)
        found[:, c, row, column] = x[:, c, row, column].astype(np.int64) * g[:, at[0], at[1], at[2]]
    return found * 2**projection.pre_shift


def synapses(projection: Projection, source: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """The sum over a source's pixels (N, C, H, W) of weight * 2^pre_shift * value, as (N, *shape)."""
    blocks = _blocks(source, projection.pool)
    weight = np.asarray(projection.weight, dtype=np.int64) * 2**projection.pre_shift
    total = np.zeros((len(source), *shape), dtype=np.int64)
    for ky, kx in np.ndindex(*weight.shape[-2:]):
        rows, ys = _met(projection, 0, ky, shape[1], blocks.shape[2])
        columns, xs = _met(projection, 1, kx, shape[2], blocks.shape[3])
        values, there = blocks[:, :, ys][..., xs], np.ix_(range(len(source)), range(shape[0]), rows, columns)
        if projection.kind is ALIGNED:
            total[there] += weight[:, ky, kx, None, None] * values
        else:
            total[there] += np.einsum("oc,ncyx->noyx", weight[:, :, ky, kx], values)
    return total


def _met(projection: Projection, axis: int, k: int, outputs: int, count: int) -> tuple[list[int], list[int]]:
    """Along an axis the outputs that meet a source's pixel at kernel position k, and these pixels."""
    found = []
    for out in range(outputs):
        at = out * projection.stride[axis] + k - projection.padding[axis]
        if at % projection.up[axis] == 0 and 0 <= at // projection.up[axis] < count:
            found.append((out, at // projection.up[axis]))
    return [out for out, _ in found], [at for _, at in found]


def _blocks(source: np.ndarray, pool: tuple[int, int]) -> np.ndarray:
    """Each pixel (y, x) counts as (y // py, x // px)."""
    _, _, height, width = source.shape
    found = np.zeros((*source.shape[:2], -(-height // pool[0]), -(-width // pool[1])), dtype=np.int64)
    for y in range(height):
        for x in range(width):
            found[:, :, y // pool[0], x // pool[1]] += source[:, :, y, x]
    return found


def _window(population: Population, total: np.ndarray) -> np.ndarray:
    """The largest current of each window that lies inside the map."""
    window = population.window
    if window is None:
        return total
    found = np.zeros((len(total), *population.shape), dtype=np.int64)
    for row in range(population.shape[1]):
        for column in range(population.shape[2]):
            top, left = row * window.stride - window.padding, column * window.stride - window.padding
            inside = total[:, :, max(top, 0) : top + window.size, max(left, 0) : left + window.size]
            found[:, :, row, column] = inside.max((2, 3))
    return found


def leaked(neuron: Neuron, u: np.ndarray, leaks: np.ndarray | None = None) -> np.ndarray:
    """What is left of the membrane u (N, C, H, W) one step later; leaks (C,): of each channel its own."""
    if leaks is not None:
        kept = [
            leaked(replace(neuron, leak_value=value, leak_round=_rounding(neuron, value)), u[:, c])
            for c, value in enumerate(leaks.tolist())
        ]
        return np.stack(kept, 1)
    if neuron.leak == "none":
        return u
    if neuron.leak == "memoryless":
        return 0 * u
    product = u * neuron.leak_value
    floor = product // 65536
    exact = floor * 65536 == product
    if neuron.leak_round == "down":
        return floor
    if neuron.leak_round == "up":
        return np.where(exact, floor, floor + 1)
    return np.where(exact | (floor % 2 == 1), floor, floor + 1)


def _rounding(neuron: Neuron, value: int) -> LeakRound:
    """Parts that are no power of two are rounded to odd."""
    return neuron.leak_round if bin(value).count("1") < 2 else "odd"


def _step(
    population: Population, u: np.ndarray, current: np.ndarray, membrane_bits: int, made: Reference
) -> tuple[np.ndarray, np.ndarray]:
    """The membrane after the step, and the output."""
    neuron = population.neuron
    assert neuron is not None
    low, high = -(1 << (membrane_bits - 1)), (1 << (membrane_bits - 1)) - 1
    free = leaked(neuron, u, population.leaks) + current
    made.up[population.name] += int((free > high).sum())
    made.down[population.name] += int((free < low).sum())
    v = np.minimum(np.maximum(free, 0 if neuron.floor else low), high)
    made.floored[population.name] += int((free < 0).sum()) * neuron.floor
    theta = np.asarray(0 if population.theta is None else population.theta, dtype=np.int64).reshape(-1, 1, 1)
    if neuron.kind.whole:
        level = _level(v, theta, neuron.values(membrane_bits)[1])
        return v - level * theta if neuron.reset == "soft" else v, level
    fires = v > theta if neuron.strict else v >= theta
    after = v
    if neuron.reset == "hard":
        after = np.where(fires, neuron.v_reset, v)
    if neuron.reset == "soft":
        amount = theta if population.amount is None else np.asarray(population.amount).reshape(-1, 1, 1)
        after = np.where(fires, v - amount, v)
    assert after.min() >= low, f"{population.name}: a reset leaves the membrane"
    assert after.max() <= high, f"{population.name}: a reset leaves the membrane"
    if neuron.kind is not MEMBRANE:
        return after, fires.astype(np.int64)
    if neuron.table is not None:
        place = np.floor_divide(v, 2**neuron.table.shift) + 128
        return after, np.array(neuron.table.values)[np.minimum(np.maximum(place, 0), 255)]
    held = _held(neuron, v)
    made.limited[population.name] += int((held != v).sum())
    return after, np.floor_divide(held, 2**neuron.low)


def _level(v: np.ndarray, theta: np.ndarray, top: int) -> np.ndarray:
    """v / theta to the nearest whole number, half to even, from 0 to top."""
    level, over = np.divmod(np.minimum(np.maximum(v, 0), top * theta), theta)
    half = 2 * over == theta
    return np.where(half, level + level % 2, level + (2 * over > theta))


def _held(neuron: Neuron, v: np.ndarray) -> np.ndarray:
    """As many planes of v as the population has: what is beyond is the nearest value that they hold."""
    if neuron.planes == 0:
        return v
    lowest = 0 if neuron.relu else -(2 ** (neuron.planes - 1))
    return np.minimum(np.maximum(v, lowest), lowest + 2**neuron.planes - 1)
