"""The Verilated camera pipeline for a whole recording: planes in, wanted images out, and the cycles
that images took."""

import weakref
from collections.abc import Iterator, Sequence

import numpy as np

from spikeplane.camera.config import CameraConfig
from spikeplane_sim.bench.camera import SimulatedPipeline

STEP_WORDS = 1 << 17  #: words simulated in one go, whole planes: memory for so many


class SimulatedCamera:
    """A `spikeplane.camera.reconstruct.Pipeline` of simulated hardware; its state stays from one
    `take` to the next.

    Raises SpikeplaneError where the tools that build it are missing or fail.
    """

    def __init__(self, config: CameraConfig) -> None:
        self.config = config
        self._chip = SimulatedPipeline(config)
        weakref.finalize(self, self._chip.__exit__, None, None, None)
        self._images, self._cycles = 0, 0

    @property
    def cycles_per_plane(self) -> float | None:
        """Measured: cycles from the first word of an image to the last of another, by the images in
        between; None before any image.

        Planes go in without a gap, so that a pipeline with bubbles between planes would show more
        than `config.words`.
        """
        return self._cycles / self._images if self._images else None

    def take(self, planes: np.ndarray, wanted: Sequence[bool]) -> Iterator[np.ndarray]:
        """See `Pipeline.take`: every image is made, as hardware does, and the wanted ones are given."""
        step = max(1, STEP_WORDS // self.config.words)
        for start in range(0, len(planes), step):
            part = planes[start : start + step]
            yield from self._run(part, wanted[start : start + len(part)])

    def _run(self, planes: np.ndarray, wanted: Sequence[bool]) -> Iterator[np.ndarray]:
        words = self._chip.run(planes)
        made = words.values.reshape(-1, self.config.height, self.config.width)
        if len(made):
            self._images += len(made)
            self._cycles += int(words.cycle[-1] - words.cycle[0]) + 1
        silent = len(planes) - len(made)  # the first planes of all, whose images would lie before plane 0
        for place in np.flatnonzero(wanted):
            yield made[place - silent]
