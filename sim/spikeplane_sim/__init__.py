"""The executions of a program off the board: the golden model (PyTorch) and the simulated chip
(Verilator)."""
