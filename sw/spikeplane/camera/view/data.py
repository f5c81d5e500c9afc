"""One pass over a recording: the planes of a page as bits, and the images that each method makes of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from spikeplane.camera.config import METHODS, CameraConfig
from spikeplane.camera.recording import Recording
from spikeplane.camera.view.plan import Plan

CHUNK, CHUNK_PIXELS = 16, 1 << 26  #: planes read at a time, and pixels of them
BRIGHT = 99.5  #: percentile of the middle image of the last method that is shown as white


class Model(Protocol):
    """What makes images: the golden model's `Reconstruction`."""

    plane: Any  # of the image that `image` gives

    def push(self, plane: np.ndarray) -> None:
        """Take a plane (H, W) of 0 and 1."""
        ...

    def image(self) -> Any:
        """int (H, W), 0..255."""
        ...


@dataclass(frozen=True, kw_only=True)
class Clip:
    """What a page shows.

    name    the recording's
    shape   of the recording: (planes, height, width)
    planes  uint8 (stop - start, bytes): pixel i of the region is bit i % 8, from the lowest on, of
            byte i // 8
    images  {method: uint8 (images, H, W)} of the golden model, 255 where a pixel fires in every plane
    """

    name: str
    shape: tuple[int, int, int]
    plan: Plan
    planes: np.ndarray
    images: dict[str, np.ndarray]

    @property
    def white(self) -> float:
        """Spikes a plane of a pixel shown as white, from the images: a few pixels are brighter."""
        stack = self.images[METHODS[-1]]
        return max(1.0, float(np.percentile(stack[len(stack) // 2], BRIGHT))) / 255

    def rarer(self) -> "Clip":
        """The same with images of half as many planes."""
        thinned = {method: stack[::2] for method, stack in self.images.items()}
        return Clip(
            name=self.name, shape=self.shape, plan=self.plan.rarer(), planes=self.planes, images=thinned
        )


def collect(
    recording: Recording,
    chosen: Plan,
    model: Callable[[CameraConfig], Model],
    advance: Callable[[int], None] = lambda _: None,
) -> Clip:
    """Read and reconstruct. `model` makes the golden model of a configuration, `advance` hears of
    every plane."""
    height, width = chosen.roi.shape
    models = {method: model(chosen.config(method)) for method in METHODS}
    images = {method: np.empty((len(chosen.images), height, width), np.uint8) for method in METHODS}
    bits = []
    for plane in _planes(recording, chosen):
        region = np.ascontiguousarray(chosen.roi.of(plane))
        bits.append(np.packbits(region.reshape(-1), bitorder="little"))
        for method, running in models.items():
            running.push(region)
            shown = running.plane + chosen.start
            if shown in chosen.images:
                images[method][chosen.images.index(shown)] = np.asarray(running.image())
        advance(1)
    shape = (len(recording), recording.height, recording.width)
    return Clip(name=recording.name, shape=shape, plan=chosen, planes=np.stack(bits), images=images)


def _planes(recording: Recording, chosen: Plan) -> Iterator[np.ndarray]:
    step = max(1, min(CHUNK, CHUNK_PIXELS // (recording.width * recording.height)))
    for chunk in recording.chunks(chosen.start, chosen.stop, step):
        yield from chunk
