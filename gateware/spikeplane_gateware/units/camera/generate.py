"""Verilog of a camera pipeline, or of a component that contains one: the memory, the lane once, the
component."""

from typing import Any

from spikeplane.camera.config import CameraConfig
from spikeplane_gateware.ram import RAM_VERILOG
from spikeplane_gateware.units.camera.lane import Lane
from spikeplane_gateware.units.camera.pipeline import Pipeline
from spikeplane_gateware.units.camera.pipeline_lanes import LANE_MODULE
from spikeplane_gateware.verilog.convert import convert

CAMERA_MODULE = "spikeplane_camera"


def lane_verilog(config: CameraConfig) -> str:
    """The module that every `Pipeline` of this configuration instantiates P times."""
    return convert(Lane(config), LANE_MODULE)


def camera_verilog(config: CameraConfig, component: Any = None, name: str = CAMERA_MODULE) -> str:
    """One Verilog file whose top is `name`: the pipeline, or `component`, which holds one pipeline
    of this configuration."""
    top = convert(component or Pipeline(config), name)
    return "\n".join([RAM_VERILOG.read_text(), lane_verilog(config), top])
