"""1 where a neuron fires, 0 elsewhere."""

from torch import Tensor

from spikeplane_sim.golden.neurons.rule import Rule


class Spiking(Rule):
    """Spikes."""

    def largest(self, membrane_bits: int) -> int:
        """A spike."""
        return 1

    def sent(self, v: Tensor, theta: Tensor, fired: Tensor) -> Tensor:
        """Where it fires."""
        return fired

    def real(self, v: Tensor, theta: Tensor | None, fired: Tensor | None) -> Tensor:
        """Where it fires; without a threshold the membrane."""
        return v if fired is None else fired.to(v.dtype)

    def decided(self, sent: Tensor, fired: Tensor) -> Tensor:
        """Where spikes go on."""
        return sent > 0
