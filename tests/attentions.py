"""Networks of one attention block: K, V and Q of an input, A behind them, and a readout."""

import numpy as np

from spikeplane.float_network import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.network import MEMBRANE, Pair
from spikeplane.program.dynamic import heads_mask

Shape = tuple[int, int, int]


def block(
    shape: Shape = (16, 2, 3), heads: int = 2, *, factor: float = 0.125, seed: int = 0, blocks: int = 1
) -> FloatNetwork:
    """Leaky neurons of tau 2 whose inputs decay, thresholds of 0.5, and a scale of the attention in front of A."""
    generator, channels = np.random.default_rng(seed), shape[0]
    neuron = FloatNeuron(decay=0.5, threshold=np.full(channels, 0.5), reset="hard")
    populations = [FloatPopulation(name="in", shape=shape)]
    projections: list[FloatProjection] = []
    before = "in"
    for number in range(blocks):
        q, k, v, a = (f"{name}{number or ''}" for name in "qkva")
        populations += [FloatPopulation(name=name, shape=shape, neuron=neuron) for name in (q, k, v, a)]
        for name in (q, k, v):
            weight = generator.normal(0.25, 0.45, (channels, channels, 1, 1)) * 4 / channels**0.5
            projections.append(
                FloatProjection(source=before, target=name, weight=weight / 4, layer=f"{name} linear")
            )
        scaled = heads_mask(channels, heads)[..., None, None] * factor / 2
        projections.append(FloatProjection(source=q, target=a, weight=scaled, dynamic=Pair(k, v, heads)))
        before = a
    readout = FloatNeuron(decay=1.0, reset="none", kind=MEMBRANE)
    populations.append(FloatPopulation(name="out", shape=(10, 1, 1), neuron=readout))
    projections.append(
        FloatProjection(source=before, target="out", weight=generator.normal(0, 0.3, (10, *shape)))
    )
    return FloatNetwork(
        populations=tuple(populations), projections=tuple(projections), output="out", readout="last"
    )


def spikes(shape: Shape = (16, 2, 3), count: int = 4, steps: int = 3, seed: int = 1) -> np.ndarray:
    """Samples (N, T, C, H, W) of an input that is 1 in four of ten places."""
    return (np.random.default_rng(seed).random((count, steps, *shape)) < 0.4).astype(np.uint8)
