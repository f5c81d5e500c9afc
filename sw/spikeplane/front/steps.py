"""What is streamed, as steps: planes (C, H, W) of every input, one after the other."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from spikeplane.data.events import Events, check_columns, check_inside
from spikeplane.data.recordings import recording
from spikeplane.encode import encode
from spikeplane.encoding import Encoding
from spikeplane.errors import SpikeplaneError
from spikeplane.samples import Inputs, Shape, as_array, as_integers
from spikeplane.shapes import order_of, remedy, same_order

_FORM = "a stream takes steps (C, H, W), planes (T, C, H, W) or (N, T, C, H, W), and event recordings"
Planes = dict[str, np.ndarray]


def of_images(encoding: Encoding) -> bool:
    """Whether it makes steps out of an image."""
    return encoding.kind in ("direct", "rate", "poisson", "latency")


def at_hand(samples: Any) -> bool:
    """Whether the steps are there already: not those of an iterator, which may wait for what a step gave."""
    if isinstance(samples, Mapping) and recording(samples) is None:
        return all(at_hand(one) for one in samples.values())
    if isinstance(samples, tuple | list):
        return not any(isinstance(one, Iterator) for one in samples)
    return not isinstance(samples, Iterator)


def steps_of(samples: Any, inputs: Inputs) -> Iterator[Planes]:
    """Integers (C, H, W) by input, step by step, each made when it is asked for.

    samples   of one input a recording, planes, a step, an image, or an iterable of these, or of (one of these,
              label); of several inputs a mapping by name or a tuple of these, or an iterable of mappings or tuples
    inputs    by name the encoding and (C, H, W) of each input

    Raises SpikeplaneError for values that the encoding cannot send, and for inputs of different lengths.
    """
    if len(inputs) == 1:
        ((name, form),) = inputs.items()
        if isinstance(samples, Mapping) and set(samples) == {name}:
            samples = samples[name]
        yield from ({name: plane} for plane in _one(samples, name, form))
        return
    named = dict(zip(inputs, samples, strict=True)) if _several(samples, inputs) else samples
    if not isinstance(named, Mapping):
        for item in _iterated(samples, ", ".join(inputs)):
            if not isinstance(item, Mapping) and not _several(item, inputs):
                raise SpikeplaneError(
                    f"the program has the inputs {', '.join(inputs)}; give a mapping by name, or an iterable of them"
                )
            yield from steps_of(item, inputs)
        return
    if set(named) != set(inputs):
        given = ", ".join(f"'{name}'" for name in named) or "nothing"
        raise SpikeplaneError(f"the inputs are {', '.join(inputs)}, there is a stream of {given}")
    yield from _together({name: _one(named[name], name, form) for name, form in inputs.items()})


def _several(samples: Any, inputs: Inputs) -> bool:
    return isinstance(samples, tuple) and len(samples) == len(inputs)


def _together(streams: dict[str, Iterator[np.ndarray]]) -> Iterator[Planes]:
    end = object()
    for number in range(1 << 62):
        planes: dict[str, Any] = {name: next(stream, end) for name, stream in streams.items()}
        ended = [name for name, plane in planes.items() if plane is end]
        if len(ended) == len(planes):
            return
        if ended:
            goes_on = next(name for name in planes if name not in ended)
            raise SpikeplaneError(
                f"input '{ended[0]}' ends after {number} steps, input '{goes_on}' goes on; give as many steps of each"
            )
        yield planes


def _one(samples: Any, name: str, form: tuple[Encoding, Shape]) -> Iterator[np.ndarray]:
    """The steps of one input, checked."""
    encoding, shape = form
    numbers = replace(encoding, kind="planes" if encoding.kind == "events" else encoding.kind)
    numbers = numbers if of_images(encoding) else replace(numbers, steps=1)
    for number, plane in enumerate(_planes(samples, name, encoding, shape)):
        try:
            given = as_integers(plane[None] if of_images(encoding) else plane[None, None], numbers, name)
            given = given.astype(np.uint8) if given.dtype == bool else given
            yield from encode(numbers, given, shape, number)[0]
        except SpikeplaneError as error:
            said = str(error).removeprefix("sample 0, step 0, ")
            what = "image" if of_images(encoding) else "step"
            raise SpikeplaneError(f"{what} {number} of the stream: {said}") from None


def _planes(samples: Any, name: str, encoding: Encoding, shape: Shape) -> Iterator[np.ndarray]:
    """Planes as they are given, step by step."""
    events = recording(samples)
    if events is not None:
        yield from _binned(events, name, encoding, shape)
    elif isinstance(samples, np.ndarray) or hasattr(samples, "detach"):
        yield from _cut(as_array(samples), shape)
    elif isinstance(samples, list) and samples and not isinstance(samples[0], list | tuple | Mapping):
        for item in samples:
            yield from _planes(item, name, encoding, shape)
    else:
        for item in _iterated(samples, name):
            pair = isinstance(item, tuple | list) and len(item) == 2
            yield from _planes(item[0] if pair else item, name, encoding, shape)


def _iterated(samples: Any, name: str) -> Iterable[Any]:
    if isinstance(samples, str | bytes | Mapping) or not hasattr(samples, "__iter__"):
        raise SpikeplaneError(f"{_FORM} for '{name}', or an iterable of them, not a {type(samples).__name__}")
    return samples


def _cut(array: np.ndarray, shape: Shape) -> Iterator[np.ndarray]:
    """Steps (C, H, W) of an array of one, of T, or of N times T; rows of as many values will do."""
    for fits in (lambda found: found == shape, lambda found: same_order(found, shape)):
        for axes in range(min(3, array.ndim)):
            if fits(array.shape[axes:]):
                return iter(array.reshape(-1, *shape))
    cure = "" if order_of(array.shape, shape) is None else f"; {remedy(array.shape, shape)}"
    raise SpikeplaneError(f"{_FORM} of {shape}, not {array.dtype} {array.shape}{cure}")


def _binned(events: Events, name: str, encoding: Encoding, shape: Shape) -> Iterator[np.ndarray]:
    """Of each step of `step_us` up to the last event's the number of its events; with the encoding `events` 0 and
    1."""
    if encoding.kind not in ("events", "frames"):
        takes = "images" if of_images(encoding) else "planes of 0 and 1"
        raise SpikeplaneError(
            f"input '{name}': the encoding '{encoding.kind}' takes {takes}, not event recordings; compile with the "
            "encoding events or frames"
        )
    check_columns(events)
    check_inside(events, shape, events.name)
    step = events.t_us // encoding.step_us
    order = np.argsort(step, kind="stable")
    count = int(step.max(initial=-1)) + 1
    for number in range(count):
        first, last = np.searchsorted(step, (number, number + 1), sorter=order)
        mine = order[first:last]
        plane = np.zeros(shape, np.int64)
        np.add.at(plane, (events.p[mine], events.y[mine], events.x[mine]), 1)
        yield (plane > 0).astype(np.uint8) if encoding.kind == "events" else plane
