"""Bit layouts: packets and memory words. They generate both the gateware's structs and the
compiler's images."""
