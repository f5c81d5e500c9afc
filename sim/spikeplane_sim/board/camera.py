"""What a camera puts on its pins: planes as words of P pixels."""

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError


def camera_words(config: ChipConfig | None, planes: np.ndarray) -> np.ndarray:
    """Planes (n, H, W) of 0 and 1 as words (n * H * W / P,) uint64, pixel 0 in the lowest bit.

    Raises SpikeplaneError for a chip without a camera (or none), or planes of another size."""
    if config is None or config.camera is None:
        raise SpikeplaneError(
            "this chip has no camera; generate one with --camera vidar, or a table [camera] in its TOML file"
        )
    camera = config.camera
    if planes.shape[1:] != (camera.height, camera.width):
        raise SpikeplaneError(
            f"the camera takes planes (n, {camera.height}, {camera.width}), not {tuple(planes.shape)}"
        )
    bits = np.zeros((planes.size // camera.pixels, 64), dtype=np.uint8)
    bits[:, : camera.pixels] = planes.reshape(-1, camera.pixels)
    return np.packbits(bits, axis=1, bitorder="little").view("<u8").ravel()
