"""The names of a board's modules."""

TOP_MODULE = "spikeplane_top"
#: The outermost module: the board's pins around the top, see `spikeplane_hw.families`.
BOARD_MODULE = "spikeplane_board"
