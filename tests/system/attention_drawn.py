"""Random blocks of attention: keys, values and queries of whatever fired before, and what reads them."""

from dataclasses import replace

import numpy as np
from networks import Shape, add, dense, pixels, window_of
from sketch import Sketch

from spikeplane.network import SPIKING, Pair, Population, Projection, Window

WIDEST = 8  #: pixels behind which a window still stands


def attention(sketch: Sketch, name: str) -> bool:
    """Heads of less than a word, a word, and more, or one head of any number of channels. At times keys are the values, or
    were there before; a reader has two pairs, queries two readers; windows, a second source and every kind of neuron come too.
    """
    found = [
        p for p in sketch.populations if p.value_bits == 1 and (p.neuron is None or p.neuron.kind is SPIKING)
    ]
    there = found[sketch.number(0, len(found) - 1)] if found and sketch.chance(0.2) else None
    shape, heads = (there.shape, 1) if there else _shape(sketch)
    k = there.name if there else _spikes(sketch, f"{name}k", shape)
    v = k if sketch.chance(0.15) else _spikes(sketch, f"{name}v", shape)
    q = _spikes(sketch, f"{name}q", shape)
    _reader(sketch, name, q, shape, [Pair(k, v, heads)] + [Pair(v, k, heads)] * sketch.chance(0.2))
    if sketch.chance(0.15):
        _reader(sketch, f"{name}again", q, shape, [Pair(k, v, heads)])
    return True


def _shape(sketch: Sketch) -> tuple[Shape, int]:
    """Of all four populations, and how many heads."""
    lanes = sketch.config.lanes
    if sketch.chance(0.2):
        return (sketch.number(1, 2 * lanes + 1), *pixels(sketch)), 1
    words = sketch.chance(0.5)
    size = int(
        sketch.rng.choice(
            [2 * lanes, 3 * lanes] if words else [n for n in (1, 2, 4, 8, 16, 32) if n <= lanes]
        )
    )
    heads = sketch.number(1, 2 if words else max(1, 3 * lanes // size))
    return (heads * size, *pixels(sketch)), heads


def _spikes(sketch: Sketch, own: str, shape: Shape) -> str:
    """Keys, values or queries of an earlier population, at times the largest of windows."""
    before = sketch.populations
    current, windowed = shape, {}
    if sketch.chance(0.25):
        window = Window(size=sketch.number(2, 3), stride=sketch.number(1, 3), padding=sketch.number(0, 1))
        height, width = ((n - 1) * window.stride + window.size - 2 * window.padding for n in shape[1:])
        if min(height, width) >= 1 and max(height, width) <= WIDEST:
            current = (shape[0], height, width)
            windowed = {"window": window, "input_size": (height, width)}
    source = before[sketch.number(0, len(before) - 1)]
    add(
        sketch,
        Population(name=own, shape=shape, **windowed),
        [dense(sketch, source, own, current)],
        spikes=True,
    )
    return own


def _reader(sketch: Sketch, name: str, q: str, shape: Shape, pairs: list[Pair]) -> None:
    size = shape[0] // pairs[0].heads
    mask = np.kron(np.eye(pairs[0].heads, dtype=np.int64), np.ones((size, size), dtype=np.int64))
    projections = [
        Projection(source=q, target=name, weight=mask[..., None, None], dynamic=pair) for pair in pairs
    ]
    if sketch.chance(0.3):
        projections.append(
            dense(sketch, sketch.populations[sketch.number(0, len(sketch.populations) - 1)], name, shape)
        )
    made, window = window_of(sketch, shape) if sketch.chance(0.3) else (shape, None)
    own = Population(name=name, shape=made)
    if window is not None:
        own = replace(own, window=window, input_size=shape[1:])
    add(sketch, own, projections, last=sketch.chance(0.3))
