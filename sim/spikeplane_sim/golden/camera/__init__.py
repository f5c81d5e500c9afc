"""The reconstruction of images from spike planes in exact integers: what every pipeline is held
against (docs/design.md, "Spike camera").

    value = (scale * N + S // 2) // S         N intervals (or spikes) in S planes, to the nearest
    level; 0 where N = 0

`scale` is 255, or 255 * 16 with four binary places. All are integers below 2^20, so that float32,
which divides many times as fast, gives the exact floor: a quotient that is no integer lies farther
from the next one than float32 can err (a test tries every pair). After plane t has come in, the
image of plane t - A can be had.
"""

from collections.abc import Iterator

import numpy as np
import torch

from spikeplane.camera.config import CameraConfig
from spikeplane_sim.golden.camera.segments import Segments
from spikeplane_sim.golden.camera.window import Window

Tensor = torch.Tensor


class Reconstruction:
    """Planes in, images out, one after the other; all state is in the object. CPU or CUDA.

    `config`: its `pixels` (the words of the hardware) does not matter here. `device`: "cpu" or "cuda".
    """

    def __init__(self, config: CameraConfig, device: str = "cpu") -> None:
        self.config, self.device = config, torch.device(device)
        method = Window if config.method == "tfp" else Segments
        self.method = method(config, self.device)
        self.planes = 0  #: taken so far

    @property
    def plane(self) -> int:
        """The plane, from 0, whose image `image` gives; negative until enough planes have come in."""
        return self.planes - 1 - self.config.lookahead

    def push(self, plane: np.ndarray | Tensor) -> None:
        """Take the next plane, (H, W) of 0 and 1."""
        self.method.push(torch.as_tensor(plane, device=self.device).reshape(-1).to(torch.bool))
        self.planes += 1

    def image(self) -> Tensor:
        """int32 (H, W), 0..scale: the image of plane `plane`."""
        return quotient(self.config.scale, *self.method.ratio()).reshape(
            self.config.height, self.config.width
        )

    def images(self, planes: np.ndarray) -> Iterator[Tensor]:
        """Push (n, H, W) planes; yield the image of every plane that can be had by then."""
        for plane in planes:
            self.push(plane)
            if self.plane >= 0:
                yield self.image()


def quotient(scale: int, count: Tensor, total: Tensor) -> Tensor:
    """(scale * count + total // 2) // total, int32, of float32 integers: count up to 127 and not
    above total, total up to 1024."""
    return (scale * count + (total / 2).floor_()).div_(total, rounding_mode="trunc").to(torch.int32)
