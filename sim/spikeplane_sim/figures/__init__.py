"""The project's figures: cycles against the bound, speed of the simulators, cells and clock on an
FPGA (`make bench`)."""
