"""Neurons that send their membranes, as planes in two's complement: readouts, and streams of values."""

import numpy as np

from spikeplane.network.neurons.kind import NeuronKind


class Membrane(NeuronKind):
    """Its threshold, if it has one, only resets."""

    tag = "membrane"
    stored = "membrane_out", True
    spikes = False
    title = "readout"
    fields = {"membrane_out": 1}

    def bits(self, membrane_bits: int) -> int:
        """All of them."""
        return membrane_bits

    def values(self, membrane_bits: int) -> tuple[int, int]:
        """Two's complement."""
        return -(1 << (membrane_bits - 1)), (1 << (membrane_bits - 1)) - 1

    def sent(self, v: np.ndarray, theta: np.ndarray, fired: np.ndarray) -> np.ndarray:
        """The membranes."""
        return v


MEMBRANE = Membrane()
