"""The simulated board: the Verilated chip in a compiled loop, behind the byte link that a serial
port would carry."""

from spikeplane_sim.board.device import SimulatedBoard

__all__ = ["SimulatedBoard"]
