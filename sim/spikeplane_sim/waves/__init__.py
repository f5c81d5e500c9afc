"""Waves of the simulated board: a window of cycles around what is looked for, as a VCD, with a save file for GTKWave."""

from spikeplane_sim.waves.record import Waves, has_fst, write_waves

__all__ = ["Waves", "has_fst", "write_waves"]
