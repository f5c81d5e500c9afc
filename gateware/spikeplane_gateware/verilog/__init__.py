"""The Verilog back end: the netlist that Amaranth elaborates (RTLIL), tidied and written as Verilog
that every tool runs."""
