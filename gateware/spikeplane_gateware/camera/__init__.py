"""The spike camera's half of the gateware: planes in, images out, a word of pixels every cycle (docs/camera-pipeline.md)."""

from spikeplane_gateware.camera.generate import camera_verilog
from spikeplane_gateware.camera.lane import Lane
from spikeplane_gateware.camera.pipeline import Pipeline

__all__ = ["Lane", "Pipeline", "camera_verilog"]
