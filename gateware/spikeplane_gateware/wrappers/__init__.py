"""The chip on the buses of other designs: AXI4-Stream, AXI4-Lite, Wishbone, in plain Verilog around `spikeplane_chip`."""
