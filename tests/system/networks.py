"""Random integer networks that fit a given chip: first shapes and connections, then numbers that
keep the neurons busy.

```
    seed --> inputs, layers, projections back --> weights that fit the accumulators --> biases, thresholds from the currents
```
A network that cannot fit is drawn again, from the same seed and the next attempt, so every seed
gives a network.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numbers_drawn import Unfit, fill
from sketch import Kinds, Sketch

from spikeplane.config import ChipConfig
from spikeplane.network import (
    ALIGNED,
    DENSE,
    MEMBRANE,
    SPIKING,
    Network,
    Neuron,
    Population,
    Projection,
    Window,
    most_pixels,
)

Planes = dict[str, np.ndarray]
Shape = tuple[int, int, int]
SAMPLES = 3
ATTEMPTS = 60


def random_network(
    seed: int,
    config: ChipConfig,
    layers: int = 3,
    *,
    apart: float = 0.0,
    gates: float = 0.0,
    levels: float = 0.0,
    kinds: Kinds = (),
) -> tuple[Network, Planes]:
    """A network and planes for three samples of a few steps: deterministic in the seed. `apart`: how likely a
    source's pixels have zeros between; `gates`: how likely a layer counts the spikes of earlier ones; `levels`: how likely a
    layer's spikes are integers; `kinds`: other kinds of layers and how likely each is (`attention_drawn`)."""
    for attempt in range(ATTEMPTS):
        sketch = Sketch(
            np.random.default_rng([seed, attempt]),
            config,
            apart=apart,
            gates=gates,
            levels=levels,
            kinds=kinds,
        )
        try:
            return _drawn(sketch, layers)
        except Unfit:
            continue
    raise AssertionError(f"seed {seed} gives no network for {config}")


def _drawn(sketch: Sketch, layers: int) -> tuple[Network, Planes]:
    steps = 1 if sketch.chance(0.12) else sketch.number(2, 6)
    for i in range(sketch.number(1, 2)):
        _input(sketch, f"in{i}", steps)
    for i in range(layers):
        _layer(sketch, f"p{i}", last=i == layers - 1)
    _back(sketch)
    used = {n for p in sketch.projections for n in (p.source, *(p.dynamic.names if p.dynamic else ()))}
    sketch.populations = [p for p in sketch.populations if p.neuron is not None or p.name in used]
    planes = {name: array for name, array in sketch.planes.items() if name in used}
    network = Network(
        populations=tuple(sketch.populations),
        projections=tuple(sketch.projections),
        output=sketch.populations[-1].name,
        steps=steps,
    )
    return fill(sketch, network, planes), planes


def _input(sketch: Sketch, name: str, steps: int) -> None:
    """Spikes, or values of several bits; values, and some spikes, are the same in every step."""
    config = sketch.config
    shape = (sketch.number(1, 2 * config.lanes), *pixels(sketch))
    most = min(8, config.max_shift + 1, config.acc_bits - 6)
    bits = sketch.number(2, most) if most > 1 and sketch.chance(0.4) else 1
    values = sketch.rng.integers(1, 1 << bits, (SAMPLES, steps, *shape)) * (
        sketch.rng.random((SAMPLES, steps, *shape)) < 0.35
    )
    if bits > 1 or sketch.chance(0.2):
        sketch.constant.add(name)
        values = np.broadcast_to(values[:, :1], values.shape).copy()
    sketch.populations.append(Population(name=name, shape=shape, value_bits=bits))
    sketch.planes[name] = values


def pixels(sketch: Sketch) -> tuple[int, int]:
    if sketch.chance(0.25):  # a row or a column of pixels
        line = (1, sketch.number(2, 9))
        return line if sketch.chance(0.5) else (line[1], line[0])
    return sketch.number(1, 5), sketch.number(1, 5)


def _gate(sketch: Sketch, name: str) -> bool:
    """A layer without memory that counts the spikes of a few, plus or minus 1 each; False where none fired yet."""
    fired = [p for p in sketch.populations if p.neuron is not None and p.neuron.kind.spikes]
    if not fired:
        return False
    first = fired[-1]
    count = (first.shape[0], 1, 1)
    aligned = Projection(
        source=first.name, target=name, weight=sketch.rng.choice([-1, 1], count), kind=ALIGNED
    )
    projections = [aligned]
    for source in sketch.rng.choice(len(fired), min(2, len(fired)), replace=False):
        made = dense(sketch, fired[source], name, first.shape, delay=sketch.number(0, 1))
        projections.append(replace(made, weight=np.where(made.weight < 0, -1, 1)))
    neuron = replace(sketch.neuron(SPIKING), leak="memoryless", leak_value=0, reset="none", floor=False)
    sketch.populations.append(Population(name=name, shape=first.shape, neuron=neuron))
    sketch.projections += projections
    return True


def _layer(sketch: Sketch, name: str, last: bool) -> None:
    if any(sketch.chance(likely) and draw(sketch, name) for likely, draw in sketch.kinds):
        return
    if sketch.gates and sketch.chance(sketch.gates) and _gate(sketch, name):
        return
    earlier = sketch.populations
    source = earlier[sketch.number(max(0, len(earlier) - 2), len(earlier) - 1)]
    first, current = _projection(sketch, source, name)
    projections = [first]
    if sketch.chance(0.3):  # a second one between the same pair
        projections.append(dense(sketch, source, name, current))
    if sketch.chance(0.3):
        projections.append(dense(sketch, earlier[sketch.number(0, len(earlier) - 1)], name, current))
    shape, window = window_of(sketch, current)
    add(sketch, Population(name=name, shape=shape, **_windowed(window, current)), projections, last=last)


def _windowed(window: Window | None, current: Shape) -> dict[str, Any]:
    return {"window": window, "input_size": current[1:]} if window else {}


def add(
    sketch: Sketch,
    own: Population,
    projections: list[Projection],
    *,
    last: bool = False,
    spikes: bool = False,
    neuron: Neuron | None = None,
) -> None:
    """The population with neurons, its projections, and at times more of them. spikes: it sends 0 and 1; neuron: of these."""
    earlier, current = sketch.populations, own.current_shape
    fired = [p for p in earlier if p.neuron is not None]
    if fired and sketch.chance(0.2):  # what an earlier layer sent a step ago
        projections.append(dense(sketch, fired[sketch.number(0, len(fired) - 1)], own.name, current, delay=1))
    constant = all(p.source in sketch.constant and p.dynamic is None for p in projections)
    loops = not constant and neuron is None and sketch.chance(0.3)
    if loops:
        projections.append(dense(sketch, own, own.name, current, delay=1))
    sends = not loops and (sketch.chance(0.4) if last else sketch.can_send_values() and sketch.chance(0.3))
    plain = replace(sketch, levels=0.0) if spikes else sketch
    neuron = neuron or plain.neuron(MEMBRANE if sends and not spikes else SPIKING)
    leaks = sketch.leaks(own.shape[0]) if neuron.leak == "multiply" else None
    if leaks is not None:
        neuron = replace(neuron, leak_value=0)
    hold = constant and not loops and sketch.chance(0.7)
    sketch.populations.append(replace(own, neuron=neuron, leaks=leaks, hold=hold))
    sketch.projections += projections
    if sketch.chance(0.25):
        sketch.loud.add(own.name)


def _back(sketch: Sketch) -> None:
    """From the last layer that fires to the first layer that does not hold, a step later."""
    firing = [p for p in sketch.populations if p.neuron is not None and p.neuron.kind.spikes]
    into = [p for p in sketch.populations if p.neuron is not None and not p.hold]
    if firing and into and firing[-1].name != into[0].name and sketch.chance(0.3):
        source, target = firing[-1], into[0]
        sketch.projections.append(dense(sketch, source, target.name, target.current_shape, delay=1))


def window_of(sketch: Sketch, current: Shape) -> tuple[Shape, Window | None]:
    size = sketch.number(2, 3)
    padding = sketch.number(0, size - 1)
    if min(current[1:]) + 2 * padding < size or max(current[1:]) == 1 or sketch.chance(0.5):
        return current, None
    window = Window(size=size, stride=sketch.number(1, size + 2), padding=padding)
    height, width = ((n + 2 * padding - size) // window.stride + 1 for n in current[1:])
    return (current[0], height, width), window


def _projection(sketch: Sketch, source: Population, target: str) -> tuple[Projection, Shape]:
    """A projection and the shape of the currents that it makes."""
    channels, height, width = source.shape
    pool = (sketch.number(1, 3), sketch.number(1, 3)) if sketch.chance(0.35) else (1, 1)
    size = (-(-height // pool[0]), -(-width // pool[1]))
    if sketch.chance(0.25):  # a kernel as large as the map
        kernel, padding, stride = size, (0, 0), (1, 1)
    else:
        padding = (sketch.number(0, 2), sketch.number(0, 2))
        kernel = tuple(sketch.number(1, min(4, n + 2 * p)) for n, p in zip(size, padding, strict=True))
        stride = (sketch.number(1, 3), sketch.number(1, 3))
    made = [(n + 2 * p - k) // s + 1 for n, p, k, s in zip(size, padding, kernel, stride, strict=True)]
    values = source.sends_values
    aligned = sketch.chance(0.9 if values and sketch.config.weight_bits == 1 else 0.3)
    out = channels if aligned else sketch.number(1, 3 * sketch.config.lanes)
    weight = sketch.weights((out, *kernel) if aligned else (out, channels, *kernel), sparse=values)
    projection = Projection(
        source=source.name,
        target=target,
        weight=weight,
        stride=stride,
        padding=padding,
        pool=pool,
        kind=ALIGNED if aligned else DENSE,
    )
    if sketch.apart and sketch.chance(sketch.apart):
        return _apart(sketch, projection, size, out)
    return projection, (out, made[0], made[1])


def _apart(
    sketch: Sketch, projection: Projection, size: tuple[int, int], out: int
) -> tuple[Projection, Shape]:
    """The same with zeros between the pixels; some kernels are an upsampling's, alike everywhere."""
    up = (sketch.number(1, 3), sketch.number(2, 3))
    up, weight = up if sketch.chance(0.5) else up[::-1], projection.weight
    if sketch.chance(0.4):
        weight = np.broadcast_to(weight[..., :1, :1], weight.shape).copy()
        if max(weight.shape[-2:]) in (2, 3) and sketch.chance(0.7):  # to the nearest pixel
            up = weight.shape[-2:]
    axes = list(zip(size, up, projection.padding, projection.stride, weight.shape[-2:], strict=True))
    most = [most_pixels(n, u, p, s) if u > 1 else (n + 2 * p - k) // s + 1 for n, u, p, s, k in axes]
    least = [1 if u > 1 else n for n, u in zip(most, up, strict=True)]
    made = [min(sketch.number(max(low, high // 2), high), 9) for low, high in zip(least, most, strict=True)]
    return replace(projection, up=up, weight=weight), (out, made[0], made[1])


def dense(sketch: Sketch, source: Population, target: str, current: Shape, delay: int = 0) -> Projection:
    """Into currents of a given shape: a kernel as large as the source, placed so that every output
    pixel meets some of it."""
    up = (-(-current[1] // source.shape[1]), -(-current[2] // source.shape[2]))
    if max(up) > 1 and sketch.apart and sketch.chance(sketch.apart):
        return _spread(sketch, source, target, current, delay, up)
    kernel = (current[1] + source.shape[1] - 1, current[2] + source.shape[2] - 1)
    values = source.sends_values
    weight = sketch.weights((current[0], source.shape[0], *kernel), sparse=values)
    padding = (current[1] - 1, current[2] - 1)
    return Projection(source=source.name, target=target, weight=weight, padding=padding, delay=delay)


def _spread(
    sketch: Sketch,
    source: Population,
    target: str,
    current: Shape,
    delay: int,
    up: tuple[int, int],
) -> Projection:
    """Into more pixels than the source has: `up` apart, by a small kernel. An axis of fewer has one as in `_dense`."""
    axes = list(zip(current[1:], source.shape[1:], up, strict=True))
    kernel = tuple(sketch.number(1, u + 2) if u > 1 else n + m - 1 for n, m, u in axes)
    rows, columns = (k - 1 if u > 1 else n - 1 for k, (n, _, u) in zip(kernel, axes, strict=True))
    weight = sketch.weights((current[0], source.shape[0], *kernel), sparse=source.sends_values)
    return Projection(
        source=source.name, target=target, weight=weight, padding=(rows, columns), delay=delay, up=up
    )
