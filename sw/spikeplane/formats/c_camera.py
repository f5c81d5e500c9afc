"""The numbers of a chip's camera as C macros: sizes, registers, commands, streams, and the layouts that they take."""

from enum import IntEnum, IntFlag

from spikeplane.config import ChipConfig
from spikeplane.formats.c_header import layout_macros
from spikeplane.formats.camera import (
    ARGUMENT,
    EVERY_BITS,
    RECT,
    ROUTE,
    ROUTES,
    SELECT,
    Command,
    Item,
    Register,
    Stream,
)
from spikeplane.formats.packet import Control, Counter

_NUMBERS: tuple[type[IntEnum] | type[IntFlag], ...] = (Register, Command, Stream, Item)


def camera_macros(config: ChipConfig) -> dict[str, int]:
    """By name behind `SPIKEPLANE_CAMERA_`; empty for a chip without a camera.

    WORDS are those of a plane, DEPTH those of an image's region that the chip holds (0: a whole image),
    ROUTES the projections that the feed reaches. X_AT and X_BITS of ARGUMENT, SELECT, ROUTE and RECT: where the
    field X begins in the value, and its width.
    """
    camera = config.camera
    if camera is None:
        return {}
    sizes = {
        "WIDTH": camera.width,
        "HEIGHT": camera.height,
        "PIXELS": camera.pixels,
        "WORDS": camera.words,
        "OUTPUT_BITS": camera.output_bits,
        "DEPTH": config.grabber_depth,
        "ROUTES": ROUTES,
        "EVERY_BITS": EVERY_BITS,
        "CONTROL": int(Control.CAMERA),
        "COUNTER": int(Counter.CAMERA),
    }
    numbers = {f"{kind.__name__.upper()}_{one.name}": int(one) for kind in _NUMBERS for one in kind}
    layouts = {"ARGUMENT": ARGUMENT, "SELECT": SELECT, "ROUTE": ROUTE, "RECT": RECT}
    fields = {
        name: at for title, layout in layouts.items() for name, at in layout_macros(title, layout).items()
    }
    return {**sizes, **numbers, **fields}
