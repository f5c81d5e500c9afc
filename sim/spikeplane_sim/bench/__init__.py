"""The simulated chip: Verilator builds, the cocotb benches, and the simulated board behind its byte link."""
