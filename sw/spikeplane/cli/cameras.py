"""Camera pipelines by name: where the command line reaches for the golden model or the simulated hardware."""

import difflib
import os
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from spikeplane.camera.config import MIN_WORDS, CameraConfig
from spikeplane.camera.reconstruct import Pipeline
from spikeplane.errors import SpikeplaneError

LONG = 10**9  #: pixels of all planes: more are worth a process a core


class GoldenCamera:
    """The golden model as a `Pipeline`."""

    cycles_per_plane: float | None = None

    def __init__(self, config: CameraConfig) -> None:
        import torch

        from spikeplane_sim.golden.camera import Reconstruction

        # vectors are short: several threads are hardly faster, and far slower on a busy machine
        torch.set_num_threads(1)
        self.config, self._model = config, Reconstruction(config)

    def take(self, planes: np.ndarray, wanted: Sequence[bool]) -> Iterator[np.ndarray]:
        """See `Pipeline.take`; an image that nobody wants is not computed."""
        for plane, yes in zip(planes, wanted, strict=True):
            self._model.push(plane)
            if yes:
                yield self._model.image().cpu().numpy()


class GoldenBands:
    """The golden model in bands of rows, on all processor cores: for long recordings, as its
    processes take seconds to start."""

    cycles_per_plane: float | None = None

    def __init__(self, config: CameraConfig) -> None:
        from spikeplane_sim.golden.camera.parallel import ParallelReconstruction

        self.config, self._model = config, ParallelReconstruction(config)

    def take(self, planes: np.ndarray, wanted: Sequence[bool]) -> Iterator[np.ndarray]:
        """See `Pipeline.take`."""
        return self._model.take(planes, wanted)


def _sim(config: CameraConfig) -> Pipeline:
    from spikeplane_sim.bench.camera_stream import SimulatedCamera

    return SimulatedCamera(config)


CAMERAS: dict[str, Callable[[CameraConfig], Pipeline]] = {"golden": GoldenCamera, "sim": _sim}


def widest_word(pixels: int) -> int:
    """The most pixels a word of planes of so many pixels can have: a divisor up to 64 that leaves
    MIN_WORDS words. 16 pixels at least."""
    return max(p for p in range(1, 65) if pixels % p == 0 and pixels // p >= MIN_WORDS)


def check_camera(name: str) -> None:
    """Raises SpikeplaneError for a name there is not."""
    if name not in CAMERAS:
        close = difflib.get_close_matches(name, CAMERAS, n=1)
        advice = f"did you mean '{close[0]}'?" if close else f"choose from {', '.join(CAMERAS)}"
        raise SpikeplaneError(f"unknown board '{name}'; {advice}")


def open_camera(name: str, config: CameraConfig, planes: int = 0) -> Pipeline:
    """A new pipeline of that name, for about so many planes."""
    check_camera(name)
    if name == "golden" and planes * config.width * config.height > LONG and (os.cpu_count() or 1) > 1:
        return GoldenBands(config)
    return CAMERAS[name](config)
