"""Random gates: what an earlier population sends is multiplied by what a new one sends, which is a value of its membrane or of a
table, an integer spike or a spike; a gate a channel, a pixel, a step, or a neuron."""

from dataclasses import replace

import numpy as np
from networks import add, dense
from sketch import Sketch

from spikeplane.network import ALIGNED, MEMBRANE, SPIKING, Gate, Neuron, Population, Projection


def gating(sketch: Sketch, name: str) -> bool:
    """At times of what is gated itself, at times of something else; False on chips without gates."""
    if not sketch.config.gates:
        return False
    before = sketch.populations
    x, other = (before[sketch.number(0, len(before) - 1)] for _ in range(2))
    values = [p for p in before if p.sends_values]
    if values and sketch.chance(0.7):
        x = values[-1]
    if sketch.config.weight_bits == 1:  # values fill the lanes there
        x = next((p for p in reversed(before) if p.shape[0] % sketch.config.lanes == 0), x)
    channels, height, width = x.shape
    size = (channels, 1)[sketch.number(0, 1)], *((height, width), (1, 1))[sketch.number(0, 1)]
    g = Population(name=f"{name}g", shape=size)
    source = x if sketch.chance(0.5) else other
    made = [dense(sketch, source, g.name, size)]
    neuron = _gate(sketch, size[0])
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


def _gate(sketch: Sketch, channels: int) -> Neuron:
    """Of values from 0 on that the dynamic memory holds, and a shifter with another's; of spikes also where a chip's lanes
    must be full of values."""
    config = sketch.config
    most = min(config.dynamic_bits, config.membrane_bits - 1, 8)
    if sketch.chance(0.2) or (config.weight_bits == 1 and channels % config.lanes):
        return replace(sketch, levels=0.0).neuron(SPIKING)
    plain = replace(sketch.neuron(MEMBRANE), planes=sketch.number(1, most), relu=True, low=0, table=None)
    return sketch.table(plain) if config.tables and sketch.chance(0.5) else plain
