"""The spike camera as a unit of a chip: its pins, and what manifest, header and README say of it."""

from enum import IntEnum
from typing import Any

from amaranth.lib import wiring

from spikeplane.camera.config import CameraConfig
from spikeplane.config import ChipConfig
from spikeplane.formats.c_camera import camera_macros
from spikeplane.formats.camera import ARGUMENT, RECT, ROUTE, SELECT, Command, Item, Register, Stream
from spikeplane.formats.packet import Control, Counter
from spikeplane_gateware.units.camera.generate import lane_verilog
from spikeplane_gateware.units.camera.unit import CameraUnit, camera_pins
from spikeplane_gateware.units.unit import Pin, Unit

_LAYOUTS = (ARGUMENT, SELECT, ROUTE, RECT)
_NUMBERS: tuple[type[IntEnum] | type[Command], ...] = (Register, Command, Stream, Item)


class Camera(Unit):
    """See `Unit`."""

    name = "camera"

    def component(self, config: ChipConfig) -> wiring.Component:
        """The pipeline and what stands around it."""
        return CameraUnit(config)

    def pins(self, config: ChipConfig) -> dict[str, Pin]:
        """See `camera_pins`."""
        return camera_pins(_camera(config))

    def words(self, config: ChipConfig) -> tuple[str, str]:
        """A word of a plane."""
        return "camera_valid", "camera_plane"

    def modules(self, config: ChipConfig) -> list[str]:
        """The lane."""
        return [lane_verilog(_camera(config))]

    def manifest(self, config: ChipConfig) -> dict[str, Any]:
        """Sizes, registers, streams and layouts."""
        camera = _camera(config)
        return {
            "words": camera.words,
            "pixels": camera.pixels,
            "image_bits": camera.pixels * camera.output_bits,
            "control": int(Control.CAMERA),
            "counter": int(Counter.CAMERA),
            "layouts": {layout.name: layout.fields for layout in _LAYOUTS},
            **{
                f"{kind.__name__.lower()}s": {str(one.name).lower(): int(one) for one in kind}
                for kind in _NUMBERS
            },
        }

    def macros(self, config: ChipConfig) -> dict[str, int]:
        """See `camera_macros`."""
        return camera_macros(config)

    def readme(self, config: ChipConfig) -> str:
        """Sizes and pins."""
        c = _camera(config)
        return (
            f"Camera: {c.width} x {c.height} pixels, {c.pixels} a word, {c.words} words a plane, "
            f"method {c.method}, look-ahead {c.lookahead}. "
            "`camera_valid`, `camera_plane`: a word in any cycle; `image_open` (room for a whole "
            "image), `image_*`: images at full rate."
        )

    def too_few(self, config: ChipConfig, count: int) -> str:
        """Words may be narrower."""
        return f"words of {_camera(config).pixels} pixels take {count}; take fewer pixels a word"


def _camera(config: ChipConfig) -> CameraConfig:
    assert config.camera is not None
    return config.camera
