"""Raw planes whose size was given with width and height exchanged: it fits their bytes as well as the right one."""

import numpy as np

from spikeplane.camera.recording import Recording

PLANES, PIXELS = 128, 1 << 23  #: looked at, from the middle, at most
ROUGHER = 2.0  #: times that rows differ more from row to row than those of the other size
LEAST = 0.02  #: spikes a plane: what rows of a picture differ by at least where it is read askew


def looks_transposed(recording: Recording, *, flip: bool) -> bool:
    """Whether neighbouring rows of the planes, read as they are, differ far more than those of planes as high as
    these are wide. `flip`: as the raw file was opened."""
    if recording.width == recording.height:
        return False
    planes = min(PLANES, max(1, PIXELS // (recording.width * recording.height)), len(recording))
    first = (len(recording) - planes) // 2
    rates = recording.read(first, first + planes).mean(axis=0, dtype=np.float32)
    in_file = rates[::-1] if flip else rates
    given, other = _roughness(in_file), _roughness(in_file.reshape(recording.width, recording.height))
    return given > LEAST and given > ROUGHER * other


def _roughness(rates: np.ndarray) -> float:
    """Mean difference from row to row, in spikes a plane."""
    return float(np.abs(np.diff(rates, axis=0)).mean()) if len(rates) > 1 else 0.0
