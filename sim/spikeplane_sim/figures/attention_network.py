"""The networks whose attention is measured (`figures.attention`), their chips, and where they lie."""

from dataclasses import replace

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.network import ALIGNED, Network, Neuron, Pair, Population, Projection
from spikeplane.program.dynamic import heads_mask
from spikeplane.program.placement import Part, Placement, groups_of

CHIP = ChipConfig(
    rows=1, cols=1, lanes=16, acc_depth=2048, membrane_depth=512, populations=16, projections=64, dynamic_depth=128,
    dynamic_bits=8,
)  # fmt: skip
#: A and its pair, K, V, Q: on one core, or on four.
PLACES = {1: ((0, 0),) * 4, 4: ((0, 0), (1, 0), (0, 1), (1, 1))}
SIDE = 8  #: tokens a row


def network(heads: int, steps: int, *, spread: bool) -> Network:
    """K, V and Q each fire where their input does. `spread`: all heads' channels are those of two words of an input."""
    lanes, plane = CHIP.lanes, (SIDE, SIDE)
    channels = lanes * heads
    neuron = Neuron(leak="memoryless", reset="none")
    one = np.ones((channels, 1, 1), dtype=np.int64)
    rng = np.random.default_rng(0)
    inputs = [Population(name="in", shape=(2 * lanes, *plane))]
    projections = []
    for number, name in enumerate("kvq"):
        order = np.concatenate([rng.permutation(lanes) for _ in range(heads)]) + lanes * (number > 0)
        weight = (order[:, None] == np.arange(2 * lanes)).astype(np.int64)[..., None, None]
        projections.append(Projection(source="in", target=name, weight=weight))
    if not spread:
        inputs = [Population(name=f"{name} in", shape=(channels, *plane)) for name in "kvq"]
        projections = [
            Projection(source=f"{name} in", target=name, weight=one, kind=ALIGNED) for name in "kvq"
        ]
    within = heads_mask(channels, heads)[..., None, None].astype(np.int64)
    projections.append(Projection(source="q", target="a", weight=within, dynamic=Pair("k", "v", heads)))
    thresholds = {"k": 1, "v": 1, "q": 1, "a": 8}
    populations = [
        Population(name=name, shape=(channels, *plane), neuron=neuron, theta=np.full(channels, theta))
        for name, theta in thresholds.items()
    ]
    return Network(
        populations=(*inputs, *populations), projections=tuple(projections), output="a", steps=steps
    )


def chip(cores: int) -> ChipConfig:
    """Of so many cores."""
    rows = 1 + max(y for _, y in PLACES[cores])
    return replace(CHIP, rows=rows, cols=rows)


def placed(laid: Network, config: ChipConfig, places: tuple[tuple[int, int], ...]) -> Placement:
    """Each population whole on its core."""
    where = dict(zip("akvq", places, strict=True))
    used = dict.fromkeys(places, 0)
    parts = []
    for p in laid.populations:
        if p.neuron is not None:
            core = where[p.name[0]]
            parts.append(
                Part(population=p.name, core=core, slot=used[core], first=0, groups=groups_of(p, config))
            )
            used[core] += 1
    return Placement(tuple(parts))
