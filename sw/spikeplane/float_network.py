"""The float network: what every importer produces and the quantiser takes. Independent of
frameworks and of chips.

Per population and step, in real numbers (the float side of docs/design.md, "Arithmetic"):

    I  = bias + sum of weight * value          (maximum over a window of currents where the
       population has one)
    v  = decay * u + I                   (0 where that is less and the population has a floor)
    s  = v >= threshold, or v > threshold
    u' = v_reset | v - amount | v              where it fired;  v where it did not

Importers fold every gain (dt, 1/tau, R, batch-norm, average pooling) into weights and biases so
that this form is exact.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from spikeplane.later import LATER
from spikeplane.network import (
    DENSE,
    SPIKING,
    Gate,
    NeuronKind,
    Pair,
    ProjectionKind,
    ResetMode,
    Window,
    is_stepped,
    steps_of,
)

FloatReset = ResetMode | Literal["once"]
LAST_STEP = "of the last step"  #: what an importer notes of a readout that is no sum of all


@dataclass(frozen=True)
class Mix:
    """Neurons that keep no membrane and decide on the currents of all steps (the PSN family): in step u they fire where
    the sum over the steps t of weight[u, t] * current[t] is at least threshold[u].

    weight     (T, T); or (k,), where a step takes the last k steps, its own with weight[-1] (SlidingPSN)
    threshold  (T,); or (1,) for any number of steps
    """

    weight: np.ndarray
    threshold: np.ndarray

    @property
    def steps(self) -> int | None:
        """T; None for any number."""
        return len(self.weight) if self.weight.ndim == 2 else None

    def of(self, steps: int) -> np.ndarray:
        """weight (T, T) of so many steps."""
        if self.weight.ndim == 2:
            return self.weight
        return sum(
            (np.eye(steps, k=-late) * w for late, w in enumerate(self.weight[::-1][:steps])),
            np.zeros((steps, steps)),
        )


@dataclass(frozen=True, kw_only=True)
class FloatNeuron:
    """How the membranes of a population move.

    decay      what is kept of the membrane from one step to the next, 0..1, of all or of each channel
               (C,), or of each step and channel (T, C); 1: IF, 0: no memory
    threshold  float (C,), or (T, C): step t of a sample takes the t-th
    reset      "hard", "soft" or "none"; v_reset is where a hard reset goes. "once": a neuron fires once a sample,
               as if its reset went to minus infinity
    amount     float (C,) or (T, C), what a soft reset subtracts; None: the threshold
    strict     fires at v > threshold instead of >=
    kind       SPIKING, or MEMBRANE: the output is v (readouts)
    floor      v below 0 is 0
    function   of a MEMBRANE, a name in `network.FUNCTIONS`: it sends that function of v; "": v
    mix        None; or how it decides on the currents of all steps, which is all that it does: only an importer makes
               it, and the compiler makes channels of the steps (`compiler.time_channels`)
    """

    decay: float | np.ndarray = 1.0
    threshold: np.ndarray | None = None
    reset: FloatReset = "hard"
    v_reset: float = 0.0
    amount: np.ndarray | None = None
    strict: bool = False
    kind: NeuronKind = SPIKING
    floor: bool = field(default=False, metadata=LATER)
    function: str = field(default="", metadata=LATER)
    mix: Mix | None = field(default=None, metadata=LATER)

    @property
    def leaks(self) -> bool:
        """Some membranes keep a part of themselves, neither all nor nothing."""
        decay = np.asarray(self.decay)
        return bool(((decay > 0) & (decay < 1)).any())

    @property
    def relays(self) -> bool:
        """They send what they get: values of a sum, which no layer of the model keeps."""
        return not self.kind.spikes and not self.function and not np.any(self.decay)


@dataclass(frozen=True, kw_only=True)
class FloatPopulation:
    """The neurons of one layer, `shape` (C, H, W). `neuron` is None for an input.

    bias                          float (C,), or (T, C): step t of a sample takes the t-th; or None
    window, input_size, constant, fold, kept  as in `spikeplane.network.Population`
    levels                        of a constant population what it sends in each step, (T,), in the place of 1; only an
                                  importer says it, and the compiler makes weights by step of it, or channels of the steps
    """

    name: str
    shape: tuple[int, int, int]
    neuron: FloatNeuron | None = None
    bias: np.ndarray | None = None
    window: Window | None = None
    input_size: tuple[int, int] | None = None
    constant: bool = field(default=False, metadata=LATER)
    fold: int = field(default=1, metadata=LATER)
    kept: bool = field(default=False, metadata=LATER)
    levels: np.ndarray | None = field(default=None, metadata=LATER)

    @property
    def current_shape(self) -> tuple[int, int, int]:
        """Shape of the currents: `shape`, or (C, *input_size) in front of a window."""
        return self.shape if self.input_size is None else (self.shape[0], *self.input_size)

    @property
    def sends_values(self) -> bool:
        """Its neurons send more than spikes."""
        return self.neuron is not None and not self.neuron.kind.spikes


@dataclass(frozen=True, kw_only=True)
class FloatProjection:
    """Synapses; every field as in `spikeplane.network.Projection`, with a float weight.

    A fully connected layer on (C, H, W) is a convolution whose kernel covers the whole source.
    Pooling in front of the synapses is `pool` (sums; an average's 1/(py*px) is folded into the
    weight). The weight of a dynamic one (C, C, 1, 1) is a factor above 0 of each target channel within heads,
    and 0 outside; of a gated one (C, 1, 1) a factor. `layer` names the model's layer that the weights are those of, "" where there is none.
    """

    source: str
    target: str
    weight: np.ndarray
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    pool: tuple[int, int] = (1, 1)
    kind: ProjectionKind = DENSE
    delay: int = 0
    layer: str = ""
    up: tuple[int, int] = field(default=(1, 1), metadata=LATER)
    dynamic: Pair | Gate | None = field(default=None, metadata=LATER)


#: Why an assumption holds for spikes alone: the proof then drives layers with nothing else.
SPIKES_ALONE = "its values are 0 and 1"


@dataclass(frozen=True, kw_only=True)
class Assumption:
    """Something the source does not say, or says in other words: which layer, what, the value taken
    and why."""

    layer: str
    what: str
    value: str
    why: str = ""


@dataclass(frozen=True)
class Taken:
    """How a model takes one of several inputs: the fields of `Called`."""

    name: str
    rows: bool
    lines: bool
    steps_at: int | None


@dataclass(frozen=True, kw_only=True)
class Called:
    """How a PyTorch model is called whose forward does more than one step of (N, C, H, W).

    rows        a sample is one row of features
    lines       a sample is (C, L)
    steps_at    where the input's axis of steps is, -1 at the end; None where one image stands for all steps
    steps       how many steps one call takes; None: those of its input
    returned    the output of "steps", their "sum" or "mean", or that of the "last"
    returned_at where the output's axis of steps is
    batch       how many samples a call takes; None: any number
    several     of several inputs, how each is taken
    image       a row's steps are the rows (steps_at 1) or columns (-1) of an image (N, 1, H, W)
    """

    rows: bool
    steps_at: int | None
    steps: int | None
    returned: Literal["steps", "sum", "mean", "last"] = "steps"
    returned_at: int = 0
    lines: bool = False
    batch: int | None = None
    several: tuple[Taken, ...] = ()
    image: bool = False

    @property
    def whole(self) -> bool:
        """One call takes all steps, or makes them of one image."""
        return self.steps is not None or self.steps_at is not None

    def still(self, name: str) -> bool:
        """Whether one image of input `name` stands for all steps."""
        taken = next((t.steps_at for t in self.several if t.name == name), self.steps_at)
        return self.whole and taken is None


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The model that a float network was imported from, and what the importer was told: the proof
    of the import runs the one with the other (spikeplane_sim.proof).

    kind       "torch" (model is an nn.Module) or "nir" (a NIRGraph)
    decisions  what the model leaves open or the user overrides: dt (seconds), reset, compare,
               if_gain, discretisation; None where nobody said
    called     how a PyTorch model takes its input; None: once a step
    places     of populations that are permuted in the model: where in (C, H, W), counted flat, each value is
    samples_first  layers that take all steps behind the samples, (N, T, ...)
    """

    kind: Literal["torch", "nir"]
    model: Any
    decisions: dict[str, Any] = field(default_factory=dict)
    called: Called | None = None
    places: dict[str, np.ndarray] = field(default_factory=dict)
    samples_first: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class FloatNetwork:
    """Populations in topological order (inputs first) and projections; `output` is the population
    that is read out.

    readout  "count" (spikes summed over the steps), "last" (the output of the last step), "sum" (values
             summed over the steps) or "early" (spikes, each as much as there are steps left: `program.scores`)
    presentations  as in `spikeplane.network.Network`
    origin   the model behind it; None for a network written by hand
    """

    populations: tuple[FloatPopulation, ...]
    projections: tuple[FloatProjection, ...]
    output: str
    readout: str = "count"
    presentations: int = field(default=1, metadata=LATER)
    assumptions: tuple[Assumption, ...] = field(default_factory=tuple)
    origin: Origin | None = field(default=None, repr=False, compare=False)

    @property
    def by_step(self) -> int | None:
        """T of a network of which weights, thresholds, amounts or biases differ from step to step; None of others."""
        numbers = [
            (p.bias, *((p.neuron.threshold, p.neuron.amount, p.neuron.decay) if p.neuron else ()))
            for p in self.populations
        ]
        found = [steps_of(*each) for each in numbers]
        found += [len(p.weight) for p in self.projections if is_stepped(p)]
        return max((steps for steps in found if steps is not None), default=None)

    def population(self, name: str) -> FloatPopulation:
        """The population of that name. Raises KeyError."""
        return next(p for p in self.populations if p.name == name)

    def incoming(self, name: str) -> tuple[FloatProjection, ...]:
        """The projections that end in `name`."""
        return tuple(self.projections[tag] for tag in self.tags_into(name))

    def tags_into(self, name: str) -> tuple[int, ...]:
        """The tags, which are places in `projections`, of those that end in `name`."""
        return tuple(tag for tag, p in enumerate(self.projections) if p.target == name)

    @property
    def inputs(self) -> tuple[FloatPopulation, ...]:
        """The input populations that samples drive."""
        return tuple(p for p in self.populations if p.neuron is None and not p.constant)
