"""Spikeplane: from a trained spiking network to a verified chip. What a user imports; neither amaranth nor torch here."""

from spikeplane.compiler.compile import compile
from spikeplane.config import PRESETS, ChipConfig
from spikeplane.encode import Encoding
from spikeplane.errors import SpikeplaneError
from spikeplane.program import Program

__version__ = "0.1.0"
__all__ = ["PRESETS", "ChipConfig", "Encoding", "Program", "SpikeplaneError", "__version__", "compile"]
