"""The chip after synthesis: the ECP5 netlist that yosys maps it to, simulated as cells in the same
board as the RTL."""

from spikeplane_sim.netlist.build import build_netlist
from spikeplane_sim.netlist.mapping import cached_netlist, cell_counts, flipped, luts

__all__ = ["build_netlist", "cached_netlist", "cell_counts", "flipped", "luts"]
