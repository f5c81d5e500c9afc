"""Random networks that learn, on random chips: layers, branches, geometry, numbers and cores by a hand that has not
seen the gateware.

```
    seed --> chip --> inputs, layers (convolutions, dense, pooled, frozen), biases, readout --> weights with which all that is
             trained moves in the golden model --> cores of every population
```
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from two_core_networks import Case

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.train import LearningNetwork, LearningPopulation, LearningProjection, Optimiser
from spikeplane.train.driver import prepared
from spikeplane.train.losses import LOSSES
from spikeplane.train.network import Learned
from spikeplane.train.plan import exact_bits
from spikeplane.train.routes import Core
from spikeplane.training import TrainingConfig
from spikeplane_sim.golden.training import Trainer

#: Rows and columns, and the bits of an exact word.
CHIPS = [(1, 1, 48), (1, 1, 36), (1, 2, 48), (1, 2, 36), (2, 2, 48), (2, 2, 36)]
#: Those with momentum.
MOMENTUM = [(1, 2, 36), (2, 2, 48)]
BATCHES = 3
_WORDS = 40  #: of a population, at most
_ATTEMPTS = 200


def chip(rows: int, cols: int, bits: int) -> ChipConfig:
    """One of the chips."""
    return ChipConfig(
        rows=rows, cols=cols, lanes=8, weight_bits=16,
        training=TrainingConfig(
            exact_bits=bits, tape_depth=1024, partial_depth=1024, momentum=(rows, cols, bits) in MOMENTUM
        ),
        weight_depth=2048, acc_depth=256, parameter_depth=64, populations=8, projections=40, row_depth=512, column_depth=512,
        group_depth=128, egress_depth=128,
    )  # fmt: skip


@dataclass(frozen=True)
class Way:
    """How a convolution gets from the pixels of a source to those of a target."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    pool: tuple[int, int]


def ways(source: tuple[int, int], target: tuple[int, int]) -> list[Way]:
    """All that lead from `source` pixels to `target` pixels."""
    rows, columns = (_along(a, b) for a, b in zip(source, target, strict=True))
    return [Way(*(tuple(pair) for pair in zip(r, c, strict=True))) for r in rows for c in columns]  # type: ignore[arg-type]


def _along(source: int, target: int) -> list[tuple[int, int, int, int]]:
    found = []
    for pool in (1, 2, 3):
        size = -(-source // pool)
        for kernel in range(1, size + 1):
            for stride in (1, 2, 3):
                for padding in range(min(2, (kernel + 1) // 2) + 1) if kernel > 1 else (0,):
                    if (size + 2 * padding - kernel) // stride + 1 == target and padding < kernel:
                        found.append((kernel, stride, padding, pool))
    return found


class Draw:
    """One attempt at a network."""

    def __init__(self, seed: int, attempt: int) -> None:
        self.random = np.random.default_rng([seed, attempt])
        self.populations: list[LearningPopulation] = []
        self.projections: list[LearningProjection] = []

    def number(self, low: int, high: int) -> int:
        """From low to high, both included."""
        return int(self.random.integers(low, high + 1))

    def chance(self, share: float) -> bool:
        """Whether something happens."""
        return bool(self.random.random() < share)

    def one(self, choices: list) -> object:
        """One of them."""
        return choices[self.number(0, len(choices) - 1)]

    def network(self) -> LearningNetwork:
        """Everything."""
        flat = self.chance(0.45)
        for i in range(1 + self.chance(0.15)):
            height, width = (1, 1) if flat else (self.number(2, 7), self.number(2, 7))
            channels = self.number(3, 26) if flat else self.number(1, 3)
            bits = self.number(2, 3) if self.chance(0.2) else 1
            self.populations.append(
                LearningPopulation(name=f"in{i}", shape=(channels, height, width), value_bits=bits)
            )
        for i in range(self.number(0, 3)):
            self._hidden(f"p{i}")
        self._layer("out", self._readout(), None)
        used = {p.source for p in self.projections}
        kept = [p for p in self.populations if p.name in used or p.name == "out"]
        return LearningNetwork(
            populations=tuple(kept),
            projections=tuple(self.projections),
            output="out",
            delta_limit=self.number(0, 2),
        )

    def _readout(self) -> tuple[int, int, int]:
        return (self.number(2, 4), self.number(1, 2), 2) if self.chance(0.12) else (self.number(2, 19), 1, 1)

    def _hidden(self, name: str) -> None:
        """A layer of a size that the last one can reach."""
        _, height, width = self.populations[-1].shape
        height, width = (self.number(1, n) if self.chance(0.7) else n for n in (height, width))
        most = max(1, min(25, 8 * _WORDS // (height * width)))
        theta_of = self.random.integers(2, 9, most) / 8 if self.chance(0.4) else np.full(most, 0.75)
        self._layer(name, (most if self.chance(0.3) else self.number(1, most), height, width), theta_of)

    def _layer(self, name: str, shape: tuple[int, int, int], theta: np.ndarray | None) -> None:
        """A population behind one to three of those before it; those that nobody has met yet come first."""
        met = {p.source for p in self.projections}
        before = [p for p in self.populations if not p.constant]
        alone = [p for p in before if p.name not in met]
        sources = list(alone) if name == "out" else [before[-1]]
        sources += [p for p in before if p not in sources and self.chance(0.35)]
        self.random.shuffle(sources)  # type: ignore[arg-type]
        if self.chance(0.3):
            bias = LearningPopulation(name=f"{name}.bias", shape=(1, *shape[1:]), constant=True)
            self.populations.append(bias)
            sources.append(bias)
        limit = self.number(0, 3)
        for source in sources:
            self.projections.append(self._projection(source, name, shape, limit, len(sources)))
        leak = self.one([0.0, 0.5, 0.5, 0.90625, 0.25, 1.0, 1.0])
        more = {} if theta is None else {"theta": theta[: shape[0]], "leak": leak}
        self.populations.append(LearningPopulation(name=name, shape=shape, **more))  # type: ignore[arg-type]

    def _projection(
        self, source: LearningPopulation, name: str, shape: tuple[int, int, int], limit: int, several: int
    ) -> LearningProjection:
        if source.constant:
            way = Way((1, 1), (1, 1), (0, 0), (1, 1))
        else:
            found = ways(source.shape[1:], shape[1:])
            if not found:
                raise SpikeplaneError("no way")
            way = self.one(found)
            assert isinstance(way, Way)
        size = (shape[0], 1 if source.constant else source.shape[0], *way.kernel)
        fan = np.prod(size[1:]) * way.pool[0] * way.pool[1] * (2**source.value_bits - 1) * several
        weight = np.clip(self.random.normal(0.1, 1.7 / np.sqrt(fan), size), -(2.0**limit), 2.0**limit)
        return LearningProjection(
            source=source.name, target=name, weight=weight.astype(np.float16), stride=way.stride, padding=way.padding,
            pool=way.pool, trained=self.chance(0.8), limit=limit,
        )  # fmt: skip

    def cores(self, network: LearningNetwork, config: ChipConfig) -> dict[str, list[Core]]:
        """Each population on some of the cores, in any order, at most as many as it has groups of channels."""
        every = [(x, y) for y in range(config.rows) for x in range(config.cols)]
        found = {}
        for p in network.populations:
            if network.tags_into(p.name):
                several = self.number(1, min(len(every), -(-p.shape[0] // 8)))
                found[p.name] = [every[i] for i in self.random.permutation(len(every))[:several]]
        return found


@dataclass
class Learner:
    """What a seed gives. `batches`: planes and labels of each iteration."""

    config: ChipConfig
    case: Case
    optimiser: Optimiser
    batches: list[tuple[dict[str, np.ndarray], np.ndarray]]

    @property
    def network(self) -> LearningNetwork:
        """The network."""
        return self.case.network

    def golden(self) -> Trainer:
        """The golden model before the first iteration."""
        return Trainer(self.network, self.optimiser, batch=self.case.samples, steps=self.case.steps)

    @cached_property
    def expected(self) -> list[Learned]:
        """Weights and momenta after each iteration."""
        golden, found = self.golden(), []
        for planes, labels in self.batches:
            golden.iterate(planes, labels)
            found.append(golden.state())
        return found

    @property
    def active(self) -> bool:
        """Whether all that is trained has moved."""
        last = self.expected[-1].weights
        return all(
            (last[tag] != p.weight).any() for tag, p in enumerate(self.network.projections) if p.trained
        )


def random_learner(seed: int, config: ChipConfig | None = None) -> Learner:
    """Deterministic in the seed, for one of the chips, or for that one."""
    config = config or chip(*CHIPS[seed % len(CHIPS)])
    for attempt in range(_ATTEMPTS):
        found = _drawn(Draw(seed, attempt), config, LOSSES[seed // len(CHIPS) % 2])
        if found is not None and found.active:
            return found
    raise AssertionError(f"seed {seed} gives no network")


def _drawn(draw: Draw, config: ChipConfig, loss: str) -> Learner | None:
    assert config.training is not None
    steps, samples = draw.number(1, 5), draw.number(1, 4)
    rate = float(draw.one([0.25, 0.5, 1.0, 3.0]))  # type: ignore[arg-type]
    try:
        network = draw.network()
        if exact_bits(network, samples, steps) > config.training.exact_bits:
            return None
    except SpikeplaneError:
        return None
    case = Case(network, draw.random, steps, samples, density=float(draw.random.uniform(0.2, 0.7)))
    case.cores = draw.cores(network, config)
    momentum = draw.random.uniform(0.3, 0.99) if config.training.momentum else 0.0
    optimiser = Optimiser(rate=rate, momentum=momentum, loss=loss)
    found = Learner(config, case, optimiser, [case.batch() for _ in range(BATCHES)])
    try:
        prepared(network, config, optimiser, batch=samples, steps=steps, cores=case.cores)  # does it fit
        return found if found.expected else None
    except SpikeplaneError:  # or its numbers leave binary16
        return None
