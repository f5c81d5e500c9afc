"""The neurons of one layer, and inputs."""

from dataclasses import dataclass, field

import numpy as np

from spikeplane.later import LATER
from spikeplane.network.neuron import Neuron


@dataclass(frozen=True, kw_only=True)
class Window:
    """Maximum over a window of accumulators before the neuron (max-pooling on pre-activations)."""

    size: int
    stride: int
    padding: int = 0


@dataclass(frozen=True, kw_only=True)
class Population:
    """The neurons of one layer, `shape` (C, H, W); `neuron` is None for an input population.

    theta, amount (what a soft reset subtracts; theta where None) and bias are integer arrays of shape (C,), or (T, C): step
    t of a sample takes the t-th. So do leaks.
    leaks (C,): each channel's own `leak_value`, of a neuron that has none and multiplies; one that is no power
    of two is rounded to odd, whatever `leak_round` says.
    `window` takes the maximum over accumulators of `input_size` (H, W), both or neither given.
    `value_bits`: input populations only, bits of one value (1: spikes; 8: direct-coded planes);
    `signed`: they are two's complement; `constant`: nobody drives it, it sends 1 everywhere in every step.
    `fold`: so many steps of the model stand behind one another in its channels: channel t * C / fold + c is channel c
    in step t of the model.
    `once`: each fires at most once a sample: inputs coded so, and neurons of which it is proved (program.once).
    `kept`: its membranes are 0 at the beginning of a sample, not of each of its presentations.
    `hold`: the input is the same in every step of a sample, so it is accumulated once.
    """

    name: str
    shape: tuple[int, int, int]
    neuron: Neuron | None = None
    theta: np.ndarray | None = None
    amount: np.ndarray | None = None
    bias: np.ndarray | None = None
    leaks: np.ndarray | None = None
    window: Window | None = None
    input_size: tuple[int, int] | None = None
    hold: bool = False
    value_bits: int = 1
    signed: bool = field(default=False, metadata=LATER)
    constant: bool = field(default=False, metadata=LATER)
    fold: int = field(default=1, metadata=LATER)
    once: bool = field(default=False, metadata=LATER)
    kept: bool = field(default=False, metadata=LATER)

    @property
    def current_shape(self) -> tuple[int, int, int]:
        """Shape of the accumulators: `shape`, or (C, *input_size) in front of a window."""
        return self.shape if self.input_size is None else (self.shape[0], *self.input_size)

    def apart(self, planes: np.ndarray) -> np.ndarray:
        """What it sends, (N, T, C, H, W), as steps of the model: (N, T * fold, C / fold, H, W)."""
        count, steps, channels = planes.shape[:3]
        return planes.reshape(count, steps * self.fold, channels // self.fold, *planes.shape[3:])

    def bits(self, membrane_bits: int) -> int:
        """Bits of the values that it sends, and so its planes, on a chip of such membranes."""
        return self.value_bits if self.neuron is None else self.neuron.bits(membrane_bits)

    def values(self, membrane_bits: int) -> tuple[int, int]:
        """The smallest and the largest value that one of its neurons, or pixels, sends in a step."""
        if self.neuron is not None:
            return self.neuron.values(membrane_bits)
        if self.signed:
            top = 1 << (self.value_bits - 1)
            return -top, top - 1
        return 0, (1 << self.value_bits) - 1

    @property
    def sends_values(self) -> bool:
        """Its neurons send more than spikes."""
        return self.neuron is not None and not self.neuron.kind.spikes
