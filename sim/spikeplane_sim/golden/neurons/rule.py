"""What a kind of neuron sends: the specification, which shares no code with what it checks."""

from abc import ABC, abstractmethod

from torch import Tensor


class Rule(ABC):
    """Of membranes `v` before the reset and of where they reached the threshold, both (N, C, H, W); `theta` is the threshold
    (1, C, 1, 1)."""

    @abstractmethod
    def largest(self, membrane_bits: int) -> int:
        """The largest magnitude that is sent."""

    @abstractmethod
    def sent(self, v: Tensor, theta: Tensor, fired: Tensor) -> Tensor:
        """What is sent, of any integer type, or bool."""

    @abstractmethod
    def real(self, v: Tensor, theta: Tensor | None, fired: Tensor | None) -> Tensor:
        """What the float model sends, of v's type; both are None without a threshold."""

    @abstractmethod
    def decided(self, sent: Tensor, fired: Tensor) -> Tensor:
        """Where the float model resets, bool, if `sent` is what goes on, whatever it decided itself."""

    def times(self, sent: Tensor, fired: Tensor) -> Tensor:
        """How many times a soft reset subtracts its amount, bool or of v's type, where `sent` goes on."""
        return fired
