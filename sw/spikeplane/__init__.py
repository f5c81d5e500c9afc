"""Spikeplane: from a trained spiking network to a verified chip. What a user imports; neither amaranth nor torch here."""

from spikeplane.config import PRESETS, ChipConfig
from spikeplane.errors import SpikeplaneError

__version__ = "0.1.0"
__all__ = ["PRESETS", "ChipConfig", "SpikeplaneError", "__version__"]
