"""Camera pipelines by name: where the command line reaches for the golden model or the simulated hardware."""

import difflib
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from spikeplane.camera.config import MIN_WORDS, CameraConfig
from spikeplane.camera.reconstruct import Pipeline
from spikeplane.errors import SpikeplaneError


class GoldenCamera:
    """The golden model as a `Pipeline`."""

    cycles_per_plane: float | None = None

    def __init__(self, config: CameraConfig) -> None:
        from spikeplane_sim.golden.camera import Reconstruction

        self.config, self._model = config, Reconstruction(config)

    def take(self, planes: np.ndarray, wanted: Sequence[bool]) -> Iterator[np.ndarray]:
        """See `Pipeline.take`; an image that nobody wants is not computed."""
        for plane, yes in zip(planes, wanted, strict=True):
            self._model.push(plane)
            if yes:
                yield self._model.image().cpu().numpy()


def _sim(config: CameraConfig) -> Pipeline:
    from spikeplane_sim.bench.camera_stream import SimulatedCamera

    return SimulatedCamera(config)


CAMERAS: dict[str, Callable[[CameraConfig], Pipeline]] = {"golden": GoldenCamera, "sim": _sim}


def widest_word(pixels: int) -> int:
    """The most pixels a word of planes of so many pixels can have: a divisor up to 64 that leaves MIN_WORDS words. 16 pixels at least."""
    return max(p for p in range(1, 65) if pixels % p == 0 and pixels // p >= MIN_WORDS)


def check_camera(name: str) -> None:
    """Raises SpikeplaneError for a name there is not."""
    if name not in CAMERAS:
        close = difflib.get_close_matches(name, CAMERAS, n=1)
        advice = f"did you mean '{close[0]}'?" if close else f"choose from {', '.join(CAMERAS)}"
        raise SpikeplaneError(f"unknown board '{name}'; {advice}")


def open_camera(name: str, config: CameraConfig) -> Pipeline:
    """A new pipeline of that name."""
    check_camera(name)
    return CAMERAS[name](config)
