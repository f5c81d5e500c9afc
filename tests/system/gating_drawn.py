"""Random gates: what an earlier population sends is multiplied by what a new one sends, which is a value of its membrane or of a
table, an integer spike or a spike; a gate a channel, a pixel, a step, or a neuron."""

from dataclasses import replace

import numpy as np
from networks import add, dense
from sketch import Sketch

from spikeplane.network import ALIGNED, MEMBRANE, SPIKING, Gate, Neuron, Population, Projection, Table


def gating(sketch: Sketch, name: str) -> bool:
    """At times of what is gated itself, at times of something else; False on chips without gates."""
    if not sketch.config.gates:
        return False
    before = sketch.populations
    x, other = (before[sketch.number(0, len(before) - 1)] for _ in range(2))
    values = [p for p in before if p.sends_values]
    if values and sketch.chance(0.5):
        x = values[-1]
    channels, height, width = x.shape
    size = (channels, 1)[sketch.number(0, 1)], *((height, width), (1, 1))[sketch.number(0, 1)]
    g = Population(name=f"{name}g", shape=size)
    source = x if sketch.chance(0.5) else other
    made = [dense(sketch, source, g.name, size)]
    neuron = _gate(sketch)
    add(sketch, g, made, neuron=neuron)
    top = neuron.values(sketch.config.membrane_bits)[1]
    one = np.ones((channels, 1, 1), dtype=np.int64)
    projections = [
        Projection(source=x.name, target=name, weight=one, kind=ALIGNED, dynamic=Gate(g.name, top))
    ]
    if sketch.chance(0.3):
        projections.append(dense(sketch, before[-2], name, x.shape))
    add(sketch, Population(name=name, shape=x.shape), projections)
    return True


def _gate(sketch: Sketch) -> Neuron:
    """Of values from 0 on that the dynamic memory holds, and a shifter with another's."""
    config = sketch.config
    most = min(config.dynamic_bits, config.membrane_bits - 1, 8)
    if sketch.chance(0.2):
        return replace(sketch, levels=0.0).neuron(SPIKING)
    plain = replace(sketch.neuron(MEMBRANE), planes=sketch.number(1, most), relu=True, low=0)
    if not config.tables or sketch.chance(0.5):
        return plain
    top = (1 << plain.planes) - 1
    shift = sketch.number(0, config.membrane_bits // 2)
    values = sketch.rng.integers(0, top + 1, 256)
    values[0] = 0  # for lanes beyond the channels
    return replace(plain, table=Table(tuple(values.tolist()), shift))
