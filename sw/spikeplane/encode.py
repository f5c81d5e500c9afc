"""Input encodings: from images or event recordings to the planes of an input population. Part of
the program, so that every backend sees the same planes."""

from typing import Any

import numpy as np

from spikeplane.data.events import Events, check_columns, check_inside
from spikeplane.encode_frames import form, found, frames
from spikeplane.encode_poisson import poisson
from spikeplane.encoding import Encoding
from spikeplane.errors import SpikeplaneError
from spikeplane.shapes import remedy

#: What is encoded: uint8 images (N, C, H, W), uint8 planes (N, T, C, H, W), frames (N, T, C, H, W), or
#: event recordings.
Samples = np.ndarray | list[Events]


def encode(encoding: Encoding, samples: Samples, shape: tuple[int, int, int], first: int = 0) -> np.ndarray:
    """The values of an input population of `shape` (C, H, W), uint8 or (signed frames) int8
    (N, T, C, H, W), for `samples` as `read_samples` gives them.

    direct    round(v * (2**value_bits - 1) / 255) of a pixel v, the same in every step: full scale
              is 2**value_bits - 1
    rate      1 where a uniform integer of 0..254, drawn by numpy's default_rng([seed, sample
              number]), is below v; `first` is the number of the first sample, so any split into
              batches gives the same planes
    poisson   1 where the 8-bit number that a hash makes of seed, step and pixel is below v: one image gives
              the same planes wherever it stands (`encode_poisson`)
    latency   1 at step floor((255 - v) * (T - 1) / 255) only: 255 fires at step 0, 1 near step T - 1, 0 never
    events    1 where at least one event falls into the step; events after step T - 1 are dropped
    planes    the samples themselves; they must have T steps, and hold 0 and 1 only
    frames    integers as they are, floats divided by the encoding's unit and rounded to the nearest
              integer, halves to even; of event recordings the number of events in each step

    Raises SpikeplaneError for samples of another type, shape or range.
    """
    if encoding.fold > 1:
        return _folded(encode(*_apart(encoding, samples, shape), first), encoding, shape)
    if encoding.kind == "events":
        recordings = _recordings(encoding, samples)
        return _stack(encoding, shape, [_events(encoding, recording, shape) > 0 for recording in recordings])
    if encoding.kind == "frames":
        return frames(encoding, _counted(encoding, samples, shape), shape, first)
    array = _array(encoding, samples, shape)
    if encoding.kind == "planes":
        return array
    if encoding.kind == "rate":
        return _stack(encoding, shape, [_rate(encoding, image, first + i) for i, image in enumerate(array)])
    if encoding.kind == "poisson":
        return poisson(encoding.seed, encoding.steps, array)
    if encoding.kind == "latency":
        return _latency(encoding, array)
    return _direct(encoding, array)


def check_planes(name: str, values: Any, encoding: Encoding, shape: tuple[int, int, int]) -> None:
    """Raise SpikeplaneError unless `values` are what `encode` gives: integers (N, T, C, H, W)
    within the encoding's bits."""
    low, top = encoding.span
    expected = (
        f"input '{name}' expects integers from {low} to {top} of shape (N, {form((encoding.steps, *shape))})"
    )
    if (
        not isinstance(values, np.ndarray)
        or values.dtype.kind not in "bui"
        or values.shape[1:] != (encoding.steps, *shape)
    ):
        raise SpikeplaneError(f"{expected}, not {found(values)}; use program.planes(samples)")
    if not len(values):
        raise SpikeplaneError(f"input '{name}' holds no samples; give at least one")
    if values.min() < low or values.max() > top:
        raise SpikeplaneError(f"{expected}, not {found(values)}; use program.planes(samples)")


def _apart(
    encoding: Encoding, samples: Samples, shape: tuple[int, int, int]
) -> tuple[Encoding, Samples, tuple[int, int, int]]:
    plain, form = encoding.apart(shape)
    return plain, samples, form


def _folded(planes: np.ndarray, encoding: Encoding, shape: tuple[int, int, int]) -> np.ndarray:
    """(N, steps * fold, C, H, W) -> (N, steps, fold * C, H, W); of images that are the same in each, the first."""
    if encoding.kind == "direct":
        return planes[:, :: encoding.fold]
    return planes.reshape(len(planes), encoding.steps, *shape)


def _array(encoding: Encoding, samples: Any, shape: tuple[int, int, int]) -> np.ndarray:
    """The samples, uint8 (N, ...) in the form that every encoding but `events` takes. Raises
    SpikeplaneError for any other."""
    planes = encoding.kind == "planes"
    expected = (encoding.steps, *shape) if planes else shape
    refusal = f"encoding '{encoding.kind}' expects uint8 samples (N, {form(expected)})"
    try:
        array = np.asarray(samples)
    except ValueError:  # a list of samples, or of rows, of unequal lengths
        raise SpikeplaneError(f"{refusal}, not samples of unequal shapes; give one array") from None
    if array.shape[1:] != expected:
        cure = (
            f"cut or fill them to {encoding.steps} steps"
            if planes and array.shape[2:] == shape
            else remedy(array.shape, expected)
        )
        raise SpikeplaneError(f"{refusal}, not {found(array)}; {cure}")
    if array.dtype != np.uint8:
        convert = "convert 0 and 1" if planes else "scale them to 0..255 and convert them"
        raise SpikeplaneError(f"{refusal}, not {found(array)}; {convert} with astype(np.uint8)")
    if planes and array.max(initial=0) > 1:
        raise SpikeplaneError(
            f"{refusal} of 0 and 1, not {found(array)}; threshold them, or compile with encoding 'direct'"
        )
    return array


def _stack(encoding: Encoding, shape: tuple[int, int, int], samples: list[np.ndarray]) -> np.ndarray:
    return np.stack(samples).astype(np.uint8) if samples else np.zeros((0, encoding.steps, *shape), np.uint8)


def _direct(encoding: Encoding, images: np.ndarray) -> np.ndarray:
    top = (1 << encoding.value_bits) - 1
    values = (images.astype(np.uint16) * top + 127) // 255
    return np.repeat(values.astype(np.uint8)[:, None], encoding.steps, 1)


def _latency(encoding: Encoding, images: np.ndarray) -> np.ndarray:
    steps = np.arange(encoding.steps).reshape(-1, 1, 1, 1)
    when = (255 - images[:, None].astype(np.int64)) * (encoding.steps - 1) // 255
    return ((when == steps) & (images[:, None] > 0)).astype(np.uint8)


def _rate(encoding: Encoding, image: np.ndarray, number: int) -> np.ndarray:
    draws = np.random.default_rng([encoding.seed, number]).integers(
        0, 255, (encoding.steps, *image.shape), np.uint8
    )
    return (draws < image).astype(np.uint8)


def _counted(encoding: Encoding, samples: Any, shape: tuple[int, int, int]) -> Any:
    """Frames as they are given; of event recordings the numbers of events."""
    if not isinstance(samples, list | tuple) or not any(isinstance(one, Events) for one in samples):
        return samples
    return np.stack([_events(encoding, recording, shape) for recording in _recordings(encoding, samples)])


def _recordings(encoding: Encoding, samples: Any) -> list[Events]:
    wanted = f"encoding '{encoding.kind}' expects"
    if isinstance(samples, np.ndarray):
        raise SpikeplaneError(f"{wanted} event recordings, not an array of shape {samples.shape}")
    if not isinstance(samples, list | tuple):
        raise SpikeplaneError(f"{wanted} a list of event recordings, not a {type(samples).__name__}")
    for recording in samples:
        if not isinstance(recording, Events):
            kind = type(recording).__name__
            raise SpikeplaneError(
                f"{wanted} event recordings, not a list with {kind} in it; use read_samples"
            )
        check_columns(recording)
    return list(samples)


def _events(encoding: Encoding, events: Events, shape: tuple[int, int, int]) -> np.ndarray:
    """How many events fall into each step, int64 (T, C, H, W)."""
    check_inside(events, shape, events.name)
    counts = np.zeros((encoding.steps, *shape), np.int64)
    step = events.t_us // encoding.step_us
    kept = step < encoding.steps
    np.add.at(counts, (step[kept], events.p[kept], events.y[kept], events.x[kept]), 1)
    return counts
