"""The integer network on a few samples, in numpy: what fires where, for an estimate in seconds. The
golden model is the specification; a test holds this against it.
"""

from dataclasses import replace

import numpy as np

from spikeplane.network import (
    LEAK_ONE,
    Gate,
    Network,
    Neuron,
    Population,
    Projection,
    at_step,
    is_stepped,
    steps_of,
)


def outputs(network: Network, planes: dict[str, np.ndarray], membrane_bits: int) -> dict[str, np.ndarray]:
    """`planes`: integers (N, T, C, H, W) of the input populations. Returns the same of every population, in the last
    presentation."""
    membranes: dict[str, np.ndarray] = {}
    for _ in range(network.presentations - 1):
        _presented(network, planes, membrane_bits, membranes)
        membranes = {p.name: membranes[p.name] for p in network.populations if p.kept}
    return _presented(network, planes, membrane_bits, membranes)


def _presented(
    network: Network, planes: dict[str, np.ndarray], membrane_bits: int, membranes: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """One presentation, from `membranes` on, which become those of its end."""
    steps = next(iter(planes.values())).shape[1]
    out: dict[str, list[np.ndarray]] = {p.name: [] for p in network.populations}
    held: dict[str, np.ndarray] = {}
    for t in range(steps):
        for population in network.populations:
            name = population.name
            if population.neuron is None:
                ones = np.ones((len(next(iter(planes.values()))), *population.shape), np.int64)
                out[name].append(ones if population.constant else planes[name][:, t].astype(np.int64))
                continue
            current = held.get(name)
            if current is None:
                current = _current(network, population, out, t)
                if population.hold and steps_of(population.bias) is None:
                    held[name] = current
            u = membranes.get(name, np.zeros(population.shape, np.int64))
            value, membranes[name] = _fire(_at(population, t), population.neuron, u, current, membrane_bits)
            out[name].append(value)
    return {name: np.stack(values, 1) for name, values in out.items()}


def _current(
    network: Network, population: Population, out: dict[str, list[np.ndarray]], t: int
) -> np.ndarray:
    samples = len(next(values[-1] for values in out.values() if values))
    total = np.zeros((samples, *population.current_shape), np.int64) + _channels(population.bias, t)
    for projection in network.incoming(population.name):
        dynamic = projection.dynamic
        if isinstance(dynamic, Gate):
            total += out[projection.source][t] * out[dynamic.g][t] << projection.pre_shift
        elif dynamic is not None:
            total += _dynamic(projection, *(out[name][t] for name in (projection.source, *dynamic.names)))
        elif t >= projection.delay:
            total += _synapses(
                projection, out[projection.source][t - projection.delay], population.current_shape, t
            )
    window = population.window
    if window is None:
        return total
    edge = ((0, 0), (0, 0), (window.padding,) * 2, (window.padding,) * 2)
    padded = np.pad(total, edge, constant_values=np.iinfo(np.int64).min)
    views = np.lib.stride_tricks.sliding_window_view(padded, (window.size, window.size), (2, 3))
    return views[:, :, :: window.stride, :: window.stride].max((-1, -2))


def _synapses(
    projection: Projection, source: np.ndarray, shape: tuple[int, int, int], t: int = 0
) -> np.ndarray:
    """One projection as sums over kernel positions: (N, C, H, W) -> (N, *shape). Products of
    float64 are exact here."""
    (ph, pw), (py, px), (sy, sx) = projection.pool, projection.padding, projection.stride
    x = np.pad(source, ((0, 0), (0, 0), (0, -source.shape[2] % ph), (0, -source.shape[3] % pw)))
    x = x.reshape(*x.shape[:2], x.shape[2] // ph, ph, x.shape[3] // pw, pw).sum((3, 5))
    weight = projection.weight[t] if is_stepped(projection) else projection.weight
    weight = np.ldexp(weight.astype(np.float64), projection.pre_shift)
    channels, height, width = shape
    if projection.up == (1, 1):
        x = np.pad(x, ((0, 0), (0, 0), (py, py), (px, px))).astype(np.float64)
    else:
        x = _apart(projection, x.astype(np.float64), (height, width))
    total = np.zeros((len(x), height * width, channels))
    for i in range(weight.shape[-2]):
        for j in range(weight.shape[-1]):
            part = x[:, :, i : i + sy * (height - 1) + 1 : sy, j : j + sx * (width - 1) + 1 : sx]
            part = part.reshape(*part.shape[:2], -1).swapaxes(1, 2)
            total += projection.kind.products(part, weight[..., i, j])
    return total.swapaxes(1, 2).reshape(-1, *shape).astype(np.int64)


def _dynamic(projection: Projection, q: np.ndarray, k: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Of spikes (N, C, H, W), whose products over all pixels are weights where `weight` is 1."""
    q_flat, k_flat, v_flat = (x.reshape(*x.shape[:2], -1).astype(np.float64) for x in (q, k, v))
    weight = (v_flat @ k_flat.swapaxes(1, 2)) * projection.weight[..., 0, 0]
    return np.ldexp(weight @ q_flat, projection.pre_shift).reshape(q.shape).astype(np.int64)


def _apart(projection: Projection, x: np.ndarray, out: tuple[int, int]) -> np.ndarray:
    """The pixels with zeros between, in front and behind, as far as `out` pixels look."""
    sizes = zip(out, projection.stride, projection.weight.shape[-2:], strict=True)
    size = [(n - 1) * s + k for n, s, k in sizes]
    plane = np.zeros((x.shape[0], x.shape[1], size[0], size[1]))
    rows, columns = (
        np.arange(n) * u + p for n, u, p in zip(x.shape[2:], projection.up, projection.padding, strict=True)
    )
    high, wide = rows < size[0], columns < size[1]
    plane[:, :, rows[high, None], columns[wide]] = x[:, :, high][..., wide]
    return plane


def _fire(
    population: Population, neuron: Neuron, u: np.ndarray, current: np.ndarray, bits: int
) -> tuple[np.ndarray, np.ndarray]:
    theta, low = _channels(population.theta), -(1 << (bits - 1))
    v = np.clip(_leak(population, neuron, u) + current, 0 if neuron.floor else low, -low - 1)
    fired = v >= neuron.least(theta)
    after = v
    if neuron.reset == "hard":
        after = np.where(fired, neuron.v_reset, v)
    sent = neuron.kind.sent(v, theta, fired)
    if neuron.reset == "soft":
        amount = theta if population.amount is None else _channels(population.amount)
        times = sent if neuron.kind.whole else fired
        after = np.where(fired | (times > 0), np.clip(v - times * amount, low, -low - 1), v)
    if neuron.table is not None:
        return np.take(neuron.table.values, (v >> neuron.table.shift) + 128, mode="clip"), after
    return np.clip(sent, *neuron.limits(bits)) >> neuron.low, after


def _leak(population: Population, neuron: Neuron, u: np.ndarray) -> np.ndarray:
    if neuron.leak != "multiply":
        return np.zeros_like(u) if neuron.stateless else u
    factor = np.int64(neuron.leak_value) if population.leaks is None else _channels(population.leaks)
    floor, rest = np.divmod(u * factor, LEAK_ONE)
    odd = floor | (rest > 0)
    kept = {"down": floor, "up": floor + (rest > 0), "odd": odd}[neuron.leak_round]
    return kept if population.leaks is None else np.where(factor & (factor - 1), odd, kept)


def _at(population: Population, t: int) -> Population:
    """With the numbers of a step."""
    if steps_of(population.theta, population.amount, population.leaks) is None:
        return population
    return replace(
        population,
        theta=at_step(population.theta, t),
        amount=at_step(population.amount, t),
        leaks=at_step(population.leaks, t),
    )


def _channels(values: np.ndarray | None, t: int = 0) -> np.ndarray:
    values = at_step(values, t)
    return np.zeros((1, 1, 1), np.int64) if values is None else np.asarray(values, np.int64).reshape(-1, 1, 1)
