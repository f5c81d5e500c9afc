"""Waves of the simulated board: a window of cycles around what is looked for, as a VCD, with a save file for GTKWave."""

from spikeplane_sim.waves.record import Waves, write_waves

__all__ = ["Waves", "write_waves"]
