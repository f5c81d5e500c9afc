"""The golden model: the specification of what a chip computes, in PyTorch. It never imports gateware."""

from spikeplane_sim.golden.model import GoldenModel

__all__ = ["GoldenModel"]
