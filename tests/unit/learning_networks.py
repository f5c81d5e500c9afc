"""Small networks that learn, drawn from a seed, and samples for them: what the tests of training run."""

import numpy as np

from spikeplane.train import LearningNetwork, LearningPopulation, LearningProjection

#: By name: populations (name, shape, theta, leak) and projections (source, target, kernel, stride, padding, pool, trained).
SHAPES = {
    "readout": ([("in", (5, 1, 1), None, 0), ("out", (3, 1, 1), None, 0)], [("in", "out", (1, 1), 1, 0, 1, True)]),
    "mlp": (
        [("in", (6, 1, 1), None, 0), ("hid", (7, 1, 1), 0.5, 0.5), ("out", (3, 1, 1), None, 0)],
        [("in", "hid", (1, 1), 1, 0, 1, True), ("hid", "out", (1, 1), 1, 0, 1, True)],
    ),
    "values": (
        [("in", (4, 1, 1), None, 0), ("hid", (6, 1, 1), 0.5, 0.5), ("out", (3, 1, 1), None, 0)],
        [("in", "hid", (1, 1), 1, 0, 1, True), ("hid", "out", (1, 1), 1, 0, 1, True)],
    ),
    "deep, leak 1": (
        [("in", (4, 2, 2), None, 0), ("a", (5, 1, 1), 0.75, 1.0), ("b", (5, 1, 1), 0.25, 0.5), ("out", (3, 1, 1), None, 0)],
        [("in", "a", (2, 2), 1, 0, 1, True), ("a", "b", (1, 1), 1, 0, 1, True), ("b", "out", (1, 1), 1, 0, 1, True)],
    ),
    "conv": (
        [("in", (1, 7, 6), None, 0), ("a", (3, 4, 3), 0.5, 0.5), ("b", (4, 2, 2), 0.5, 0.25), ("out", (3, 1, 1), None, 0)],
        [("in", "a", (3, 3), 2, 1, 1, True), ("a", "b", (3, 3), 2, 1, 1, True), ("b", "out", (2, 2), 1, 0, 1, True)],
    ),
    "pooled": (
        [("in", (2, 5, 5), None, 0), ("a", (3, 5, 5), 0.5, 0.5), ("b", (3, 3, 3), 0.5, 0), ("out", (3, 1, 1), None, 0)],
        [("in", "a", (3, 3), 1, 1, 1, True), ("a", "b", (3, 3), 1, 1, 2, True), ("b", "out", (2, 2), 1, 0, 2, True)],
    ),
    "diamond with biases": (
        [
            ("in", (5, 1, 1), None, 0), ("one", (1, 1, 1), None, 0), ("a", (6, 1, 1), 0.5, 0.5),
            ("c", (4, 1, 1), 0.25, 0.75), ("out", (3, 1, 1), None, 0),
        ],
        [
            ("in", "a", (1, 1), 1, 0, 1, True), ("one", "a", (1, 1), 1, 0, 1, True), ("a", "c", (1, 1), 1, 0, 1, True),
            ("a", "out", (1, 1), 1, 0, 1, True), ("c", "out", (1, 1), 1, 0, 1, True), ("one", "out", (1, 1), 1, 0, 1, True),
        ],
    ),
    "frozen middle": (
        [("in", (6, 1, 1), None, 0), ("a", (6, 1, 1), 0.5, 0.5), ("b", (6, 1, 1), 0.5, 0.5), ("out", (3, 1, 1), None, 0)],
        [("in", "a", (1, 1), 1, 0, 1, True), ("a", "b", (1, 1), 1, 0, 1, False), ("b", "out", (1, 1), 1, 0, 1, True)],
    ),
    "frozen first": (
        [("in", (6, 1, 1), None, 0), ("a", (6, 1, 1), 0.5, 0.5), ("b", (6, 1, 1), 0.5, 0.5), ("out", (3, 1, 1), None, 0)],
        [("in", "a", (1, 1), 1, 0, 1, False), ("a", "b", (1, 1), 1, 0, 1, True), ("b", "out", (1, 1), 1, 0, 1, True)],
    ),
}  # fmt: skip


def drawn(name: str, seed: int = 0, scale: float = 1.5) -> LearningNetwork:
    """The network of `SHAPES[name]`, with random weights."""
    rng = np.random.default_rng(seed)
    populations, projections = SHAPES[name]
    shapes = {one: shape for one, shape, *_ in populations}
    made = []
    for source, target, kernel, stride, padding, pool, trained in projections:
        form = (shapes[target][0], shapes[source][0], *kernel)
        weight = rng.normal(0, scale / np.sqrt(np.prod(form[1:])), form).clip(-4, 4).astype(np.float16)
        made.append(
            LearningProjection(
                source=source, target=target, weight=weight, stride=(stride, stride), padding=(padding, padding),
                pool=(pool, pool), trained=trained,
            )
        )  # fmt: skip
    return LearningNetwork(
        populations=tuple(
            LearningPopulation(
                name=one, shape=shape, theta=None if theta is None else np.full(shape[0], theta), leak=leak,
                constant=one == "one", value_bits=3 if (name, one) == ("values", "in") else 1,
            )
            for one, shape, theta, leak in populations
        ),
        projections=tuple(made),
        output="out",
    )  # fmt: skip


def samples(
    network: LearningNetwork, count: int, steps: int, seed: int = 0
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Random values by input, of spikes half of them 1, and labels."""
    rng = np.random.default_rng(seed)
    planes = {
        p.name: rng.integers(0, 2**p.value_bits, (count, steps, *p.shape)).astype(np.uint8)
        for p in network.inputs
    }
    return planes, rng.integers(0, 3, count)
