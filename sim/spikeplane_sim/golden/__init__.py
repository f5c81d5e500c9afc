"""The golden model: what every chip is held against, and the float model that it is held against in turn."""

from spikeplane_sim.golden.float_model import FloatModel
from spikeplane_sim.golden.model import GoldenModel

__all__ = ["FloatModel", "GoldenModel"]
