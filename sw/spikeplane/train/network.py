"""The network that learns: populations, projections with binary16 weights, and the optimiser."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.train.losses import CROSS_ENTROPY, SQUARED

Shape = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class LearningPopulation:
    """The neurons of one layer, `shape` (C, H, W): an input, hidden neurons, or the readout.

    theta       float (C,) of hidden neurons, which fire where v >= theta and learn where theta - 1/2 < v < theta + 1/2;
                None of inputs and of the readout, which adds up its currents over all steps
    leak        what is kept of the membrane from one step to the next, 0..1, a binary16 number
    value_bits  of inputs: bits of one value
    constant    of inputs: nobody drives it, it sends 1 everywhere in every step, so its weights are biases
    """

    name: str
    shape: Shape
    theta: np.ndarray | None = None
    leak: float = 0.0
    value_bits: int = 1
    constant: bool = False


@dataclass(frozen=True, kw_only=True)
class LearningProjection:
    """Synapses: a convolution of the source's pixels, a fully connected layer's kernel covering them all.

    weight   float16 (Cout, Cin, KH, KW)
    pool     (py, px): source pixel (y, x) counts as (y // py, x // px), a sum
    trained  False: it passes deltas on and keeps its weights
    limit    no weight leaves +-2^limit
    """

    source: str
    target: str
    weight: np.ndarray
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    pool: tuple[int, int] = (1, 1)
    trained: bool = True
    limit: int = 3

    @property
    def name(self) -> str:
        """How messages and files call it."""
        return f"{self.source}->{self.target}"


@dataclass(frozen=True, kw_only=True)
class LearningNetwork:
    """Populations in topological order, inputs first; `output` names the readout.

    delta_limit  no delta leaves +-2^delta_limit
    """

    populations: tuple[LearningPopulation, ...]
    projections: tuple[LearningProjection, ...]
    output: str
    delta_limit: int = 2

    def population(self, name: str) -> LearningPopulation:
        """The population of that name. Raises KeyError."""
        return next(p for p in self.populations if p.name == name)

    def tags_into(self, name: str) -> tuple[int, ...]:
        """The places in `projections` of those that end in `name`."""
        return tuple(tag for tag, p in enumerate(self.projections) if p.target == name)

    def tags_from(self, name: str) -> tuple[int, ...]:
        """The places of those that start in `name`."""
        return tuple(tag for tag, p in enumerate(self.projections) if p.source == name)

    @property
    def inputs(self) -> tuple[LearningPopulation, ...]:
        """The populations that samples drive."""
        return tuple(p for p in self.populations if not p.constant and not self.tags_into(p.name))

    @property
    def with_delta(self) -> frozenset[str]:
        """The populations whose deltas somebody needs: a trained projection lies at or before their inputs."""
        found: set[str] = set()
        for population in self.populations:
            into = [self.projections[tag] for tag in self.tags_into(population.name)]
            if any(p.trained or p.source in found for p in into):
                found.add(population.name)
        return frozenset(found)

    def with_weights(self, weights: Mapping[int, np.ndarray]) -> "LearningNetwork":
        """The same with other weights, by tag."""
        changed = (replace(p, weight=weights.get(tag, p.weight)) for tag, p in enumerate(self.projections))
        return replace(self, projections=tuple(changed))


@dataclass(frozen=True, kw_only=True)
class Optimiser:
    """Gradient descent: `rate` of the mean `loss`, one of `losses.LOSSES`, and `momentum` 0..1, of which 0 is plain."""

    rate: float = 0.4
    momentum: float = 0.0
    loss: str = CROSS_ENTROPY

    #: Steps below the first keep too few bits of the rate to be told; those below the second none to speak of.
    FEW, NONE = 2.0**-14, 2.0**-20

    @property
    def squared(self) -> bool:
        """Whether a chip makes the errors itself, of targets."""
        return self.loss == SQUARED

    @property
    def mu(self) -> np.float16:
        """The momentum as it is multiplied by."""
        return np.float16(self.momentum)

    def step(self, samples: int, steps: int, rate: float | None = None) -> np.float16:
        """What a gradient, summed over `samples` of `steps`, is multiplied by. Raises SpikeplaneError if it has
        hardly a bit left."""
        asked = (self.rate if rate is None else rate) / (samples * steps)
        found = np.float16(asked)
        if not self.NONE <= asked <= 65504:
            raise SpikeplaneError(
                f"a rate of {asked * samples * steps:g} over {samples} samples of {steps} steps is {asked:.3g} a step, "
                f"and binary16 needs {self.NONE:.3g} to 65504; use a larger rate or smaller batches"
            )
        return found


@dataclass
class Learned:
    """What changes while a network learns: by tag the weights and, with momentum, their running gradients,
    float16 as LearningProjection.weight."""

    weights: dict[int, np.ndarray]
    momenta: dict[int, np.ndarray] = field(default_factory=dict)
