"""The integer network: what a compiled model means, independent of any chip. The golden model
executes exactly this.

Values that flow are integers per neuron and step: 0 or 1 for spikes, 0..255 for direct-coded input,
the membrane value for membrane outputs. Currents are `bias + sum of weight * value` (docs/design.md,
"Arithmetic").
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from spikeplane.errors import SpikeplaneError

ResetMode = Literal["none", "hard", "soft"]
LeakKind = Literal["none", "multiply", "memoryless"]
LeakRound = Literal["down", "up", "odd"]

#: Leak factors are in this part of 1: `Neuron.leak_value` of LEAK_ONE keeps all of the membrane.
LEAK_ONE = 1 << 16


@dataclass(frozen=True, kw_only=True)
class Neuron:
    """How the membranes of a population move; see docs/design.md, "Arithmetic".

    leak "none" (IF), "multiply" (u * leak_value / 65536, leak_value 0..65536) or "memoryless" (0).
    The product is rounded by `leak_round`: "down" to the floor, "up" to the ceiling, "odd" to the
    floor with the lowest bit set if anything was cut. `strict` fires at v > theta instead of >=.
    `membrane_out` sends v as the output, not the spikes.
    """

    leak: LeakKind = "none"
    leak_value: int = 0
    leak_round: LeakRound = "down"
    reset: ResetMode = "hard"
    v_reset: int = 0
    strict: bool = False
    membrane_out: bool = False


@dataclass(frozen=True, kw_only=True)
class Window:
    """Maximum over a window of accumulators before the neuron (max-pooling on pre-activations)."""

    size: int
    stride: int
    padding: int = 0


@dataclass(frozen=True, kw_only=True)
class Population:
    """The neurons of one layer, `shape` (C, H, W); `neuron` is None for an input population.

    theta, amount (what a soft reset subtracts; theta where None) and bias are integer arrays of shape (C,).
    `window` takes the maximum over accumulators of `input_size` (H, W), both or neither given.
    `value_bits`: input populations only, bits of one value (1: spikes; 8: direct-coded planes).
    `hold`: the input is the same in every step of a sample, so it is accumulated once.
    """

    name: str
    shape: tuple[int, int, int]
    neuron: Neuron | None = None
    theta: np.ndarray | None = None
    amount: np.ndarray | None = None
    bias: np.ndarray | None = None
    window: Window | None = None
    input_size: tuple[int, int] | None = None
    hold: bool = False
    value_bits: int = 1

    @property
    def current_shape(self) -> tuple[int, int, int]:
        """Shape of the accumulators: `shape`, or (C, *input_size) in front of a window."""
        return self.shape if self.input_size is None else (self.shape[0], *self.input_size)


@dataclass(frozen=True, kw_only=True)
class Projection:
    """Synapses from one population to another, as a convolution over the source's pixels.

    weight    int array (Cout, Cin, KH, KW), or (C, KH, KW) when `aligned` (channel c drives channel
              c: depthwise, pooling, identity). A fully connected layer on (C, H, W) is a
              convolution whose kernel covers the whole source.
    pool      (py, px): source pixel (y, x) counts as (y // py, x // px): sum pooling in front of
              the synapses for nothing
    delay     1: recurrent, delivers at step t + 1 what was fired at t
    pre_shift   every weight counts 2^pre_shift times: guard bits of the target's currents, or a
                ratio between projections
    """

    source: str
    target: str
    weight: np.ndarray
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    pool: tuple[int, int] = (1, 1)
    aligned: bool = False
    delay: int = 0
    pre_shift: int = 0


@dataclass(frozen=True, kw_only=True)
class Network:
    """Populations in topological order (inputs first) and projections. `output` names the
    population that is read out."""

    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]
    output: str
    steps: int = 1
    meta: dict = field(default_factory=dict)

    def population(self, name: str) -> Population:
        """The population of that name; SpikeplaneError if there is none."""
        for population in self.populations:
            if population.name == name:
                return population
        raise SpikeplaneError(f"the network has no population '{name}'")

    def incoming(self, name: str) -> tuple[Projection, ...]:
        """The projections that end in `name`."""
        return tuple(p for p in self.projections if p.target == name)

    def outgoing(self, name: str) -> tuple[Projection, ...]:
        """The projections that start in `name`."""
        return tuple(p for p in self.projections if p.source == name)
