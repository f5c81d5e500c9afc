"""Random integer networks that fit a given chip: every projection kind, neuron mode, window, hold, recurrence and readout."""

from dataclasses import dataclass, field

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.network import LEAK_ONE, LeakKind, LeakRound, Network, Neuron, Population, Projection, ResetMode, Window


@dataclass
class Draft:
    """A network under construction. `largest`: per population the largest magnitude it sends; `constant`: sends the same every step."""

    rng: np.random.Generator
    config: ChipConfig
    populations: list[Population] = field(default_factory=list)
    projections: list[Projection] = field(default_factory=list)
    largest: dict[str, int] = field(default_factory=dict)
    constant: set[str] = field(default_factory=set)

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def number(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))


def random_network(seed: int, config: ChipConfig, layers: int = 3) -> tuple[Network, dict[str, np.ndarray]]:
    """A network and planes for three samples of a few steps: deterministic in the seed."""
    draft = Draft(np.random.default_rng(seed), config)
    steps = draft.number(1, 4)
    inputs = {}
    for i in range(draft.number(1, 2)):
        inputs.update(_input(draft, f"in{i}", steps))
    for i in range(layers):
        _layer(draft, f"p{i}", last=i == layers - 1)
    used = {p.source for p in draft.projections}
    populations = tuple(p for p in draft.populations if p.neuron is not None or p.name in used)
    planes = {name: array for name, array in inputs.items() if name in used}
    network = Network(populations=populations, projections=tuple(draft.projections), output=populations[-1].name, steps=steps)
    return network, planes


def _input(draft: Draft, name: str, steps: int) -> dict[str, np.ndarray]:
    shape = (draft.number(1, 2 * draft.config.lanes), draft.number(1, 6), draft.number(1, 6))
    bits = (
        draft.number(2, min(8, draft.config.max_shift + 1))
        if draft.config.weight_bits > 1 and draft.chance(0.5) and draft.config.max_shift
        else 1
    )
    draft.populations.append(Population(name=name, shape=shape, value_bits=bits))
    draft.largest[name] = (1 << bits) - 1
    values = draft.rng.integers(0, 1 << bits, (3, steps, *shape)) * (draft.rng.random((3, steps, *shape)) < 0.3)
    if bits > 1:
        draft.constant.add(name)
        values = np.broadcast_to(values[:, :1], values.shape).copy()
    return {name: values}


def _layer(draft: Draft, name: str, last: bool) -> None:
    source = draft.populations[draft.number(max(0, len(draft.populations) - 2), len(draft.populations) - 1)]
    first, current = _projection(draft, source, name)
    projections = [first]
    if draft.chance(0.3):
        other = draft.populations[draft.number(0, len(draft.populations) - 1)]
        projections.append(_dense(draft, other, name, current))
    shape, window = _window(draft, current)
    constant = all(p.source in draft.constant for p in projections)
    if draft.chance(0.25) and not constant:  # recurrent, onto itself
        projections.append(_dense(draft, Population(name=name, shape=shape), name, current, delay=1))
    recurrent = len(projections) > 0 and any(p.delay for p in projections)
    neuron = _neuron(draft, last and not recurrent, name)
    theta = draft.rng.integers(1, 40, shape[0])
    population = Population(
        name=name, shape=shape, neuron=neuron, theta=theta, bias=draft.rng.integers(-6, 7, shape[0]), window=window,
        amount=draft.rng.integers(0, 50, shape[0]) if draft.chance(0.3) else None,
        input_size=(current[1], current[2]) if window else None, hold=constant and draft.chance(0.7),
    )  # fmt: skip
    draft.populations.append(population)
    draft.projections += [_fitting(draft, p, len(projections)) for p in projections]


def _neuron(draft: Draft, last: bool, name: str) -> Neuron:
    bits = draft.config.membrane_bits
    kinds: list[LeakKind] = ["none", "multiply", "memoryless"]
    kind = kinds[draft.rng.choice(len(kinds))]
    part = LEAK_ONE >> draft.number(1, 8)
    value = part if draft.chance(0.5) else LEAK_ONE - part
    if draft.config.leak_multiplier and draft.chance(0.7):
        step = LEAK_ONE >> draft.config.leak_bits
        value = draft.number(0, 1 << draft.config.leak_bits) * step
    rounds: list[LeakRound] = ["down", "up", "odd"]
    resets: list[ResetMode] = ["none", "hard", "soft"]
    sends_values = draft.config.max_shift >= bits - 1 and draft.chance(0.2)
    readout = sends_values or (last and draft.chance(0.4))
    draft.largest[name] = 1 << (bits - 1) if readout else 1
    return Neuron(
        leak=kind, leak_value=value if kind == "multiply" else 0, leak_round=rounds[draft.rng.choice(3)],
        reset=resets[draft.rng.choice(3)], strict=draft.chance(0.5),
        v_reset=draft.number(-9, 9) if draft.chance(0.3) else 0, membrane_out=readout,
    )  # fmt: skip


def _window(draft: Draft, current: tuple[int, int, int]) -> tuple[tuple[int, int, int], Window | None]:
    size = draft.number(2, 3)
    if min(current[1:]) < size or draft.chance(0.7):
        return current, None
    window = Window(size=size, stride=draft.number(1, size), padding=draft.number(0, size // 2))
    height, width = ((n + 2 * window.padding - size) // window.stride + 1 for n in current[1:])
    return (current[0], height, width), window


def _projection(draft: Draft, source: Population, target: str) -> tuple[Projection, tuple[int, int, int]]:
    """A projection and the shape of the currents that it makes."""
    channels, height, width = source.shape
    pool = (draft.number(1, 2), draft.number(1, 2)) if draft.chance(0.3) else (1, 1)
    height, width = -(-height // pool[0]), -(-width // pool[1])
    padding = (draft.number(0, 1), draft.number(0, 1))
    kernel = (draft.number(1, min(3, height + 2 * padding[0])), draft.number(1, min(3, width + 2 * padding[1])))
    padding = (min(padding[0], kernel[0] - 1), min(padding[1], kernel[1] - 1))
    stride = (draft.number(1, 2), draft.number(1, 2))
    size = [(n + 2 * p - k) // s + 1 for n, p, k, s in zip((height, width), padding, kernel, stride, strict=True)]
    aligned = draft.chance(0.3)
    out = channels if aligned else draft.number(1, 3 * draft.config.lanes)
    weight = _weights(draft, (out, *kernel) if aligned else (out, channels, *kernel))
    projection = Projection(
        source=source.name, target=target, weight=weight, stride=stride, padding=padding, pool=pool, aligned=aligned
    )
    return projection, (out, size[0], size[1])


def _dense(draft: Draft, source: Population, target: str, current: tuple[int, int, int], delay: int = 0) -> Projection:
    """Into currents of a given shape: a kernel as large as the source, placed so that every output pixel meets some of it."""
    kernel = (current[1] + source.shape[1] - 1, current[2] + source.shape[2] - 1)
    weight = _weights(draft, (current[0], source.shape[0], *kernel))
    padding = (current[1] - 1, current[2] - 1)
    return Projection(source=source.name, target=target, weight=weight, padding=padding, delay=delay)


def _weights(draft: Draft, shape: tuple[int, ...]) -> np.ndarray:
    bits = draft.config.weight_bits
    if bits == 1:
        return draft.rng.choice([-1, 1], shape)
    return draft.rng.integers(-(1 << (bits - 1)), 1 << (bits - 1), shape)


def _fitting(draft: Draft, projection: Projection, count: int) -> Projection:
    """The projection with weights small enough that no accumulator can overflow (the compiler's proof, crudely)."""
    limit = ((1 << (draft.config.acc_bits - 1)) - 100) // count
    weight = np.abs(projection.weight)
    reach = int(weight.reshape(len(weight), -1).sum(1).max()) * draft.largest[projection.source]
    reach *= projection.pool[0] * projection.pool[1]
    if reach <= limit:
        return projection
    shrunk = np.sign(projection.weight) * (weight * limit // reach)
    return Projection(**{**projection.__dict__, "weight": shrunk})
