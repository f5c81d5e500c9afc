"""Integer networks of one gate, and of attention over the steps of a sample, which is presented several times."""

from dataclasses import replace

import numpy as np

from spikeplane.network import (
    ALIGNED,
    LEVELS,
    MEMBRANE,
    Gate,
    Network,
    Neuron,
    Population,
    Projection,
    Table,
)

Shape = tuple[int, int, int]
#: Of the gate, by name: whether it has all channels, and all pixels.
SIZES = {"channel": (True, False), "pixel": (False, True), "step": (False, False), "full": (True, True)}
VALUES = Neuron(leak="memoryless", reset="none", kind=MEMBRANE)


def sigmoid(shift: int, top: int = 255) -> Table:
    """From 0 to top."""
    return Table(tuple(round(top / (1 + np.exp(-(i - 128) / 20))) for i in range(256)), shift)


#: What is gated, and gates, by name: neurons of one threshold.
X = {
    "spikes": Neuron(reset="soft"),
    "values": Neuron(leak="multiply", leak_value=1 << 15, reset="none", kind=MEMBRANE, planes=6),
    "levels": Neuron(reset="soft", kind=LEVELS[7]),
}
G = {
    "table": Neuron(leak="memoryless", reset="none", kind=MEMBRANE, planes=8, relu=True, table=sigmoid(0)),
    "relu": Neuron(leak="memoryless", reset="none", kind=MEMBRANE, planes=5, relu=True),
    "spikes": Neuron(leak="multiply", leak_value=1 << 15),
}
TOPS = {"table": 255, "relu": 31, "spikes": 1}


def _population(name: str, shape: Shape, neuron: Neuron, theta: int = 2, **fields: object) -> Population:
    return Population(name=name, shape=shape, neuron=neuron, theta=np.full(shape[0], theta), **fields)  # pyright: ignore[reportArgumentType]


def gated(
    size: str = "channel",
    x: str = "values",
    g: str = "table",
    *,
    apart: bool = False,
    shape: Shape = (6, 2, 5),
    steps: int = 3,
    pre: int = 0,
    seed: int = 3,
) -> Network:
    """Inputs "in" and "other" of signed values; x of "in", or "in" itself; g of x, or `apart` of the other input; a = x * g
    fires; out adds up."""
    generator, (channels, height, width) = np.random.default_rng(seed), shape
    each, everywhere = SIZES[size]
    where = (channels if each else 1, *((height, width) if everywhere else (1, 1)))
    kernel = (1, 1) if everywhere else (height, width)
    inputs = [Population(name=n, shape=shape, value_bits=4, signed=True) for n in ("in", "other")]
    dense = generator.integers(-3, 4, (channels, channels, 1, 1))
    source, before = ("in", "other" if apart else "in") if x == "input" else ("x", "other" if apart else "x")
    made = [] if x == "input" else [_population("x", shape, X[x])]
    into = [] if x == "input" else [Projection(source="in", target="x", weight=dense)]
    gates = generator.integers(-2, 3, (where[0], channels, *kernel))
    return Network(
        populations=(
            *inputs, *made, _population("g", where, G[g], bias=np.full(where[0], 2)),
            _population("a", shape, Neuron(leak="multiply", leak_value=49152, reset="soft"), 40 << pre if g == "table" else 1 << pre),
            _population("out", (3, 1, 1), Neuron(reset="none", kind=MEMBRANE)),
        ),
        projections=(
            *into, Projection(source=before, target="g", weight=gates),
            Projection(
                source=source, target="a", weight=np.ones((channels, 1, 1), int), kind=ALIGNED, pre_shift=pre,
                dynamic=Gate("g", TOPS[g]),
            ),
            Projection(source="a", target="out", weight=generator.integers(-3, 4, (3, *shape))),
        ),
        output="out", steps=steps,
    )  # fmt: skip


def crossed() -> Network:
    """Two gates: the first's is made of what the second one gates, and the second's of what the first gates."""
    network = gated("full", apart=True)
    x, g, a = (network.population(name) for name in "xga")
    one = np.ones((6, 1, 1), int)
    gate = {"weight": one, "kind": ALIGNED, "dynamic": Gate("g", 255)}
    return replace(
        network,
        populations=(*network.inputs, x, replace(x, name="y"), g, replace(g, name="h"), a, replace(a, name="b"), network.population("out")),
        projections=(
            network.projections[0], replace(network.projections[0], target="y", source="other"),
            replace(network.projections[1], source="y"), replace(network.projections[1], source="x", target="h"),
            Projection(source="x", target="a", **gate), Projection(source="y", target="b", **{**gate, "dynamic": Gate("h", 255)}),
            replace(network.projections[3]), replace(network.projections[3], source="b"),
        ),
    )  # fmt: skip


def latched(
    steps: int = 4, presentations: int = 3, shape: Shape = (4, 2, 2), layers: int = 2, seed: int = 3
) -> Network:
    """Attention over the steps, layer behind layer: channel t of a latch keeps what the layer before has summed up in step t,
    from one presentation to the next, and the gate of a step is a row of weights over the latch."""
    generator, before = np.random.default_rng(seed), "in"
    populations = [Population(name=n, shape=shape, value_bits=4, signed=True) for n in ("in", "other")]
    projections: list[Projection] = []
    every = np.full((steps, steps), 1 << 16) * (1 - np.eye(steps, dtype=int))
    latch = Neuron(leak="multiply", reset="none", kind=MEMBRANE, planes=8)
    for number in range(layers):
        s, g, a = (f"{name}{number}" for name in "sga")
        taken = np.zeros((steps, steps, *shape), int)
        taken[range(steps), range(steps)] = generator.integers(-2, 3, (steps, *shape))
        rows = generator.integers(-3, 4, (steps, 1, steps, 1, 1))
        populations += [
            _population(s, (steps, 1, 1), latch, leaks=every, kept=True),
            _population(g, (1, 1, 1), G["table"]),
            _population(a, shape, X["values"]),
        ]
        ones = np.ones((shape[0], 1, 1), int)
        projections += [
            Projection(source=before, target=s, weight=taken),
            Projection(source=s, target=g, weight=rows),
            Projection(source=before, target=a, weight=ones, kind=ALIGNED, dynamic=Gate(g, 255)),
        ]
        before = a
    return Network(
        populations=tuple(populations), projections=tuple(projections), output=before, steps=steps,
        presentations=presentations,
    )  # fmt: skip


def planes(shape: Shape = (6, 2, 5), steps: int = 3, count: int = 3, seed: int = 1) -> dict[str, np.ndarray]:
    """Samples of the two inputs."""
    generator = np.random.default_rng(seed)
    return {name: generator.integers(-8, 8, (count, steps, *shape)) for name in ("in", "other")}
