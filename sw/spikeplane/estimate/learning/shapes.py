"""Networks that estimates of training are told for, by name; their weights are zeros, which is all that counting needs."""

from collections.abc import Callable

import numpy as np

from spikeplane.train.network import LearningNetwork, LearningPopulation, LearningProjection


def _population(name: str, shape: tuple[int, int, int]) -> LearningPopulation:
    return LearningPopulation(name=name, shape=shape, theta=np.ones(shape[0]), leak=0.5)


def _projection(
    source: str,
    target: str,
    shape: tuple[int, ...],
    *,
    limit: int,
    stride: int = 1,
    padding: int = 0,
    pool: int = 1,
) -> LearningProjection:
    shape = shape if len(shape) == 4 else (*shape, 1, 1)
    return LearningProjection(
        source=source, target=target, weight=np.zeros(shape, np.float16), stride=(stride, stride), padding=(padding, padding),
        pool=(pool, pool), limit=limit,
    )  # fmt: skip


def _network(populations: list[LearningPopulation], projections: list[LearningProjection]) -> LearningNetwork:
    return LearningNetwork(
        populations=tuple(populations), projections=tuple(projections), output=populations[-1].name
    )


def mlp() -> LearningNetwork:
    """784-128-10, with weights within 1 and 2, which 36 bits hold."""
    return _network(
        [
            LearningPopulation(name="in", shape=(784, 1, 1)),
            _population("hidden", (128, 1, 1)),
            LearningPopulation(name="out", shape=(10, 1, 1)),
        ],
        [
            _projection("in", "hidden", (128, 784), limit=0),
            _projection("hidden", "out", (10, 128), limit=1),
        ],
    )


def conv() -> LearningNetwork:
    """1-8-16 on 28 x 28, kernels of 3 x 3, stride 2, and a readout."""
    return _network(
        [
            LearningPopulation(name="in", shape=(1, 28, 28)),
            _population("first", (8, 14, 14)),
            _population("second", (16, 7, 7)),
            LearningPopulation(name="out", shape=(10, 1, 1)),
        ],
        [
            _projection("in", "first", (8, 1, 3, 3), limit=3, stride=2, padding=1),
            _projection("first", "second", (16, 8, 3, 3), limit=3, stride=2, padding=1),
            _projection("second", "out", (10, 16, 7, 7), limit=3),
        ],
    )


def vgg() -> LearningNetwork:
    """VGG-7 on 3 x 32 x 32: 64-64, 128-128, 256-256 of 3 x 3, an average over 2 x 2 between the pairs, and a readout."""
    populations = [LearningPopulation(name="in", shape=(3, 32, 32))]
    projections = []
    for number, channels in enumerate((64, 64, 128, 128, 256, 256)):
        before, side, pool = populations[-1], 32 >> number // 2, 2 if number in (2, 4) else 1
        populations.append(_population(f"conv{number + 1}", (channels, side, side)))
        kernel = (channels, before.shape[0], 3, 3)
        projections.append(
            _projection(before.name, populations[-1].name, kernel, limit=0, padding=1, pool=pool)
        )
    populations.append(LearningPopulation(name="out", shape=(10, 1, 1)))
    projections.append(_projection("conv6", "out", (10, 256, 4, 4), limit=0, pool=2))
    return _network(populations, projections)


#: By name.
SHAPES: dict[str, Callable[[], LearningNetwork]] = {"784-128-10": mlp, "conv-8-16": conv, "vgg-7": vgg}
