"""TFP: the spikes of the last planes (texture from playback)."""

from collections import deque

import torch

from spikeplane.camera.config import CameraConfig

Tensor = torch.Tensor


class Window:
    """Counts the spikes of `window` planes, which lie around plane t - A as far as the look-ahead A
    lets them.

    Planes before the first count as empty.
    """

    def __init__(self, config: CameraConfig, device: torch.device) -> None:
        self.window, self.lag = config.window, config.lag
        empty = torch.zeros(config.width * config.height, dtype=torch.uint8, device=device)
        self.recent = deque([empty] * (self.window + self.lag), maxlen=self.window + self.lag)
        self.count = empty.clone()
        self.total = torch.full_like(empty, self.window, dtype=torch.float32)

    def push(self, plane: Tensor) -> None:
        """Take the next plane, a boolean vector."""
        gone = self.recent[0]
        self.recent.append(plane.to(torch.uint8))
        self.count += self.recent[-1 - self.lag] - gone

    def ratio(self) -> tuple[Tensor, Tensor]:
        """(spikes, planes) of every pixel, float32 of integers."""
        return self.count.to(torch.float32), self.total
