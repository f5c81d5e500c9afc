"""What a kind of projection means: the specification, which shares no code with what it checks."""

from abc import ABC, abstractmethod

from torch import Tensor

Pair = tuple[int, int]


class Rule(ABC):
    """Sums over a source's (pooled) pixels x (N, Cin, H, W) -> (N, Cout, H', W'), by a weight as the kind's
    projections have it. `direct` and `explicit` are exact sums of the golden model, on the CPU and
    elsewhere; `real` is the float model's."""

    @abstractmethod
    def direct(self, x: Tensor, weight: Tensor, stride: Pair, padding: Pair) -> Tensor:
        """As a convolution, which is direct on the CPU."""

    @abstractmethod
    def explicit(self, columns: Tensor, weight: Tensor) -> Tensor:
        """As products of unfolded pixels, (N, Cin * KH * KW, places) -> (N, Cout, places)."""

    @abstractmethod
    def real(self, x: Tensor, weight: Tensor, stride: Pair, padding: Pair) -> Tensor:
        """In real numbers."""

    @abstractmethod
    def real_spread(self, x: Tensor, weight: Tensor, up: Pair) -> Tensor:
        """In real numbers, pixels `up` apart with zeros between: of every place of the kernel that meets a
        pixel, (N, Cout, (H - 1) * uy + KH, (W - 1) * ux + KW)."""
