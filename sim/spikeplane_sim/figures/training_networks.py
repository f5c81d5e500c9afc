"""Networks whose cycles are measured: dense layers, and convolutions of few and of many operations a packet."""

import numpy as np

from spikeplane.train import LearningNetwork, LearningPopulation, LearningProjection


def _dense(hidden: int, inputs: int = 784) -> tuple[list, list]:
    return [("in", (inputs, 1, 1)), ("a", (hidden, 1, 1)), ("out", (10, 1, 1))], [
        ("in", "a", (hidden, inputs, 1, 1), {}),
        ("a", "out", (10, hidden, 1, 1), {}),
    ]


def _convolutions() -> tuple[list, list]:
    stride = {"stride": (2, 2), "padding": (1, 1)}
    return [("in", (1, 28, 28)), ("a", (8, 14, 14)), ("b", (16, 7, 7)), ("out", (10, 1, 1))], [
        ("in", "a", (8, 1, 3, 3), stride),
        ("a", "b", (16, 8, 3, 3), stride),
        ("b", "out", (10, 16, 7, 7), {}),
    ]


def _hidden(channels: int, side: int, pool: int = 1) -> tuple[list, list]:
    """A layer in the middle of a network: as many channels as twice those before it, which may be pooled."""
    pooled, wide, seen = (pool, pool), 2 * channels, side // 2
    return [("in", (channels, side * pool, side * pool)), ("a", (wide, side, side)), ("out", (10, 1, 1))], [
        ("in", "a", (wide, channels, 3, 3), {"padding": (1, 1), "pool": pooled}),
        ("a", "out", (10, wide, seen, seen), {"pool": (2, 2)}),
    ]


#: Populations and projections by name.
NETWORKS = {
    "784-128-10": lambda: _dense(128),
    "784-32-10": lambda: _dense(32),
    "64-32-10": lambda: _dense(32, 64),
    "conv 1-8-16": _convolutions,
    "conv 8-16, 14 x 14": lambda: _hidden(8, 14),
    "conv 16-32, 8 x 8, pooled": lambda: _hidden(16, 8, 2),
}


def network(name: str, seed: int = 1) -> LearningNetwork:
    """Of random weights with which a fifth or so of the neurons fire."""
    rng = np.random.default_rng(seed)
    populations, projections = NETWORKS[name]()

    def weights(shape: tuple[int, ...]) -> np.ndarray:
        return rng.normal(0.01, 1.2 / np.sqrt(np.prod(shape[1:])), shape).astype(np.float16)

    ends = {"in", "out"}
    return LearningNetwork(
        populations=tuple(
            LearningPopulation(name=n, shape=s)
            if n in ends
            else LearningPopulation(name=n, shape=s, theta=np.full(s[0], 1.0), leak=0.5)
            for n, s in populations
        ),
        projections=tuple(
            LearningProjection(source=a, target=b, weight=weights(shape), **more)
            for a, b, shape, more in projections
        ),
        output="out",
    )
