"""Small networks that learn on two cores, each of another form."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.train import LearningNetwork, LearningPopulation, LearningProjection
from spikeplane.train.routes import Cores
from spikeplane.training import TrainingConfig

#: All tests run on its simulator.
CHIP = ChipConfig(
    rows=1, cols=2, lanes=8, weight_bits=16, training=TrainingConfig(tape_depth=256, partial_depth=256), weight_depth=512,
    acc_depth=128, parameter_depth=32, populations=6, projections=24, row_depth=128, column_depth=128, group_depth=64,
    egress_depth=64,
)  # fmt: skip

Shape = tuple[int, int, int]


@dataclass
class Case:
    """A network, where its populations lie, and what it learns from."""

    network: LearningNetwork
    random: np.random.Generator
    steps: int = 3
    samples: int = 3
    density: float = 0.4
    cores: Cores = field(default_factory=dict)
    limited: bool = False  #: its numbers reach their limits

    def batch(self) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Planes (N, T, C, H, W) by input, and labels."""
        planes = {}
        for p in self.network.inputs:
            spikes = self.random.random((self.samples, self.steps, *p.shape)) < self.density
            planes[p.name] = (spikes * self.random.integers(1, 1 << p.value_bits, spikes.shape)).astype(
                np.uint8
            )
        classes = int(np.prod(self.network.population(self.network.output).shape))
        return planes, self.random.integers(0, classes, self.samples)


def inputs(shape: Shape, name: str = "in", **other: object) -> LearningPopulation:
    return LearningPopulation(name=name, shape=shape, **other)  # type: ignore[arg-type]


def neurons(name: str, shape: Shape, leak: float = 0.5, theta: float = 0.75) -> LearningPopulation:
    return LearningPopulation(name=name, shape=shape, theta=np.full(shape[0], theta), leak=leak)


def readout(count: int) -> LearningPopulation:
    return LearningPopulation(name="out", shape=(count, 1, 1))


def dense(
    random: np.random.Generator, source: str, target: str, shape: tuple[int, ...], **other: object
) -> LearningProjection:
    """Weights of about the size that lets half of the neurons fire."""
    shape = shape if len(shape) == 4 else (*shape, 1, 1)
    weight = random.normal(0.05, 1.6 / np.sqrt(np.prod(shape[1:])), shape).astype(np.float16)
    return LearningProjection(source=source, target=target, weight=weight, **other)  # type: ignore[arg-type]


def network(populations: list[LearningPopulation], projections: list[LearningProjection]) -> LearningNetwork:
    return LearningNetwork(populations=tuple(populations), projections=tuple(projections), output="out")


def _readout(r: np.random.Generator) -> Case:
    """Nothing but a readout: of values of two bits, and of a bias."""
    net = network(
        [inputs((19, 1, 1), value_bits=2), inputs((1, 1, 1), "bias", constant=True), readout(10)],
        [dense(r, "in", "out", (10, 19)), dense(r, "bias", "out", (10, 1))],
    )
    return Case(net, r)


def _hidden(r: np.random.Generator) -> Case:
    net = network(
        [inputs((20, 1, 1)), neurons("a", (18, 1, 1)), readout(10)],
        [dense(r, "in", "a", (18, 20)), dense(r, "a", "out", (10, 18))],
    )
    return Case(net, r)


def _two_cores(r: np.random.Generator) -> Case:
    case = _hidden(r)
    case.cores = {"a": (1, 0), "out": (0, 0)}
    return case


def _deep(r: np.random.Generator) -> Case:
    """Two hidden layers on two cores, five steps, leaks of 1 and 0."""
    net = network(
        [inputs((12, 1, 1)), neurons("a", (16, 1, 1), 1.0), neurons("b", (9, 1, 1), 0.0), readout(5)],
        [dense(r, "in", "a", (16, 12)), dense(r, "a", "b", (9, 16)), dense(r, "b", "out", (5, 9))],
    )
    return Case(net, r, steps=5, cores={"b": (1, 0)})


def _split(r: np.random.Generator) -> Case:
    """Both layers, and a readout of two groups, each on two cores."""
    net = network(
        [inputs((12, 1, 1)), neurons("a", (18, 1, 1)), neurons("b", (17, 1, 1)), readout(10)],
        [dense(r, "in", "a", (18, 12)), dense(r, "a", "b", (17, 18)), dense(r, "b", "out", (10, 17))],
    )
    both = [(0, 0), (1, 0)]
    return Case(net, r, cores={"a": both, "b": both[::-1], "out": both})


def _split_pixels(r: np.random.Generator) -> Case:
    """A convolution's channels on two cores, in front of a diamond."""
    net = network(
        [inputs((1, 5, 5)), neurons("a", (12, 3, 3)), neurons("b", (9, 2, 2)), readout(4)],
        [
            dense(r, "in", "a", (12, 1, 3, 3)), dense(r, "a", "b", (9, 12, 2, 2)), dense(r, "a", "out", (4, 12, 3, 3)),
            dense(r, "b", "out", (4, 9, 2, 2)),
        ],
    )  # fmt: skip
    return Case(net, r, samples=2, cores={"a": [(1, 0), (0, 0)], "b": [(0, 0), (1, 0)], "out": (1, 0)})


def _at_edges(r: np.random.Generator) -> Case:
    """Membranes that lie at the threshold and at the window's edges, thresholds that differ, weights and deltas that reach
    their limits."""
    theta = np.array([0.75] * 8 + [1.25] * 8 + [0.25] * 4)
    net = LearningNetwork(
        populations=(
            inputs((16, 1, 1)), LearningPopulation(name="a", shape=(20, 1, 1), theta=theta, leak=0.5), readout(9)
        ),
        projections=tuple(
            LearningProjection(
                source=source, target=target, weight=(r.integers(-4, 5, shape) / 4).astype(np.float16), limit=0
            )
            for source, target, shape in (("in", "a", (20, 16, 1, 1)), ("a", "out", (9, 20, 1, 1)))
        ),
        output="out",
        delta_limit=0,
    )  # fmt: skip
    return Case(net, r, steps=4, samples=4, limited=True)


def _one_step(r: np.random.Generator) -> Case:
    case = _hidden(r)
    case.steps = 1
    return case


def _diamond(r: np.random.Generator) -> Case:
    net = network(
        [inputs((12, 1, 1)), neurons("a", (9, 1, 1)), neurons("c", (8, 1, 1)), readout(4)],
        [
            dense(r, "in", "a", (9, 12)), dense(r, "a", "c", (8, 9)), dense(r, "a", "out", (4, 9)),
            dense(r, "c", "out", (4, 8)),
        ],
    )  # fmt: skip
    return Case(net, r, cores={"c": (1, 0)})


def _branches(r: np.random.Generator) -> Case:
    """Two layers into one, and the input into it as well."""
    net = network(
        [inputs((10, 1, 1)), neurons("a", (9, 1, 1)), neurons("b", (7, 1, 1)), neurons("c", (8, 1, 1)), readout(4)],
        [
            dense(r, "in", "a", (9, 10)), dense(r, "in", "b", (7, 10)), dense(r, "a", "c", (8, 9)), dense(r, "b", "c", (8, 7)),
            dense(r, "in", "c", (8, 10)), dense(r, "c", "out", (4, 8)), dense(r, "b", "out", (4, 7)),
        ],
    )  # fmt: skip
    return Case(net, r, cores={"b": (1, 0), "out": (1, 0)})


def _frozen_middle(r: np.random.Generator) -> Case:
    net = network(
        [inputs((12, 1, 1)), neurons("a", (9, 1, 1)), neurons("b", (8, 1, 1)), readout(4)],
        [
            dense(r, "in", "a", (9, 12)),
            dense(r, "a", "b", (8, 9), trained=False),
            dense(r, "b", "out", (4, 8)),
        ],
    )
    return Case(net, r)


def _frozen_first(r: np.random.Generator) -> Case:
    net = network(
        [inputs((12, 1, 1)), neurons("a", (9, 1, 1)), neurons("b", (8, 1, 1)), readout(4)],
        [
            dense(r, "in", "a", (9, 12), trained=False),
            dense(r, "a", "b", (8, 9)),
            dense(r, "b", "out", (4, 8)),
        ],
    )
    return Case(net, r)


def _convolution(r: np.random.Generator) -> Case:
    """A convolution with stride and padding of a pooled input, another onto two groups, a dense readout."""
    net = network(
        [inputs((2, 8, 8)), neurons("a", (3, 4, 4)), neurons("b", (9, 2, 2)), readout(5)],
        [
            dense(r, "in", "a", (3, 2, 3, 3), padding=(1, 1), pool=(2, 2)),
            dense(r, "a", "b", (9, 3, 3, 3), stride=(2, 2), padding=(1, 1)),
            dense(r, "b", "out", (5, 9, 2, 2)),
        ],
    )
    return Case(net, r, density=0.3, samples=2, cores={"b": (1, 0)})


def large(r: np.random.Generator) -> Case:
    """A readout whose sums of all inputs leave binary16."""
    weight = r.uniform(5, 7, (4, 20, 1, 1)).astype(np.float16)
    projection = LearningProjection(source="in", target="out", weight=weight)
    return Case(network([inputs((20, 1, 1), value_bits=8), readout(4)], [projection]), r)


NETWORKS: dict[str, Callable[[np.random.Generator], Case]] = {
    "readout": _readout, "hidden": _hidden, "two cores": _two_cores, "split": _split,
    "split pixels": _split_pixels, "at edges": _at_edges, "deep": _deep, "one step": _one_step, "diamond": _diamond,
    "branches": _branches, "frozen middle": _frozen_middle, "frozen first": _frozen_first, "convolution": _convolution,
}  # fmt: skip
