"""Neurons that send 1 where they fire, 0 elsewhere."""

import numpy as np

from spikeplane.network.neurons.kind import NeuronKind


class Spiking(NeuronKind):
    """IF, LIF, and gates without memory."""

    tag = "spiking"
    stored = "membrane_out", False
    spikes = True

    def bits(self, membrane_bits: int) -> int:
        """One."""
        return 1

    def values(self, membrane_bits: int) -> tuple[int, int]:
        """Spikes."""
        return 0, 1

    def sent(self, v: np.ndarray, theta: np.ndarray, fired: np.ndarray) -> np.ndarray:
        """The spikes."""
        return fired.astype(np.int64)


SPIKING = Spiking()
