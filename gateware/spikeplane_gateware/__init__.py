"""The hardware in Amaranth: core, network, link, and the generator that turns them into Verilog."""
