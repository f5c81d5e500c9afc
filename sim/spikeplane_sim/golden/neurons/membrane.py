"""The membrane in front of the reset."""

from torch import Tensor

from spikeplane_sim.golden.neurons.rule import Rule


class Membrane(Rule):
    """Values."""

    def largest(self, membrane_bits: int) -> int:
        """The lowest membrane's."""
        return 1 << (membrane_bits - 1)

    def sent(self, v: Tensor, theta: Tensor, fired: Tensor) -> Tensor:
        """The membrane."""
        return v

    def real(self, v: Tensor, theta: Tensor | None, fired: Tensor | None) -> Tensor:
        """The membrane."""
        return v

    def decided(self, sent: Tensor, fired: Tensor) -> Tensor:
        """Where its own threshold is reached."""
        return fired
