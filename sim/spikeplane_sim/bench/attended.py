"""A small network of attention over the steps for the core's bench: gates, a table, presentations."""

from dataclasses import replace

import numpy as np

from spikeplane.network import ALIGNED, MEMBRANE, Gate, Network, Neuron, Population, Projection, Table
from spikeplane_sim.bench.programs import STEPS, Planes, drawn_planes


def attended(rng: np.random.Generator) -> tuple[Network, Planes]:
    """Attention over the steps: channel t of a latch keeps step t's sum for the next presentation, a step's gate is a table's
    entry for a sum over the latch, and what is gated fires."""
    values = Neuron(leak="memoryless", reset="none", kind=MEMBRANE, planes=6)
    table = Table(tuple(round(255 / (1 + np.exp((128 - i) / 20))) for i in range(256)), 0)
    keeps = (1 << 16) * (1 - np.eye(STEPS, dtype=np.int64))
    taken = np.zeros((STEPS, STEPS, 2, 3, 3), dtype=np.int64)
    taken[range(STEPS), range(STEPS)] = rng.integers(-9, 10, (STEPS, 2, 3, 3))
    populations = (
        Population(name="in", shape=(2, 3, 3)),
        Population(name="values", shape=(12, 3, 3), neuron=values),
        Population(
            name="kept",
            shape=(STEPS, 1, 1),
            neuron=Neuron(leak="multiply", reset="none", kind=MEMBRANE, planes=8),
            leaks=keeps,
            kept=True,
        ),
        Population(name="gate", shape=(1, 1, 1), neuron=replace(values, planes=8, relu=True, table=table)),
        Population(
            name="out", shape=(12, 3, 3), neuron=Neuron(reset="soft"), theta=rng.integers(500, 4000, 12)
        ),
    )
    projections = (
        Projection(source="in", target="values", weight=rng.integers(-9, 20, (12, 2, 1, 1))),
        Projection(source="in", target="kept", weight=taken),
        Projection(source="kept", target="gate", weight=rng.integers(-3, 4, (STEPS, 1, STEPS, 1, 1))),
        Projection(
            source="values",
            target="out",
            weight=np.ones((12, 1, 1), dtype=np.int64),
            kind=ALIGNED,
            dynamic=Gate("gate", 255),
        ),
    )
    return Network(
        populations=populations, projections=projections, output="out", steps=STEPS, presentations=2
    ), {"in": drawn_planes(rng, (2, 3, 3), 0.5)}
