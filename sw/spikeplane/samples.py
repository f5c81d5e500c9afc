"""Samples as they are at hand in Python, as a program takes them: torch tensors, arrays, DataLoaders, datasets
and the project's own readers.

Models are trained on real numbers, chips take integers: a pixel of 128 is 128 / 255 to the model. Floats are what
the model gets, so each must be one of the values that the encoding can send; else it is refused, never rounded.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from spikeplane.data.events import Events
from spikeplane.data.labels import check_classes
from spikeplane.data.recordings import from_planes, recording
from spikeplane.encoding import Encoding
from spikeplane.errors import SpikeplaneError, number, reason
from spikeplane.shapes import order_of, remedy, same_order

FAR = 1e-3  #: of an encoding's step, that a float may be off: single precision, normalised and back
Shape = tuple[int, int, int]
Inputs = Mapping[str, tuple[Encoding, Shape]]


def labelled(
    samples: Any, labels: Any, inputs: Inputs, limit: int | None = None, classes: int | None = None
) -> tuple[Any, np.ndarray | None]:
    """Samples in the form that `encode` takes, and their labels (N,) or None.

    samples   of one input, or of several a mapping by name or a tuple: an array or tensor (N, ...), a list of
              recordings, a DataLoader or dataset of samples or (sample, label) pairs; recordings are `Events`,
              structured arrays with fields t, x, y, p, or mappings with arrays of these names
    labels    an array, tensor or list (N,); those of the pairs where None
    inputs    by name the encoding and (C, H, W) of each input
    limit     at most so many samples, the first
    classes   of the network, where it is known

    Raises SpikeplaneError for values that the encoding cannot send, for labels of another number, and for a label
    of no class.
    """
    if limit is not None and (not isinstance(limit, int | np.integer) or limit < 1):
        raise SpikeplaneError(f"the number of samples must be at least 1, not {limit}")
    cut = limit is not None and _loads(samples)  # nobody knows how many there are
    inputs = {name: encoding.apart(shape) for name, (encoding, shape) in inputs.items()}
    if _loads(samples):
        samples, found = _gathered(samples, limit)
        labels = found if labels is None else labels
    several = isinstance(samples, tuple | list) and len(samples) == len(inputs) > 1
    named = dict(zip(inputs, samples, strict=True)) if several else samples
    if isinstance(named, Mapping) and not _is_events(named):
        given = {name: _of(one, name, inputs.get(name), limit) for name, one in named.items()}
        count, first = len(next(iter(given.values()), ())), next(iter(named.values()), ())
    else:
        name, form = next(iter(inputs.items()))
        given, first = _of(named, name, form, limit), named
        count = len(given)
    total = None if cut else len(first) if hasattr(first, "__len__") and not _is_events(first) else count
    if labels is None:
        return given, None
    truth = _labels(labels, count, total)
    check_classes(truth, classes)
    return given, truth


def _loads(samples: Any) -> bool:
    """Whether it is a DataLoader, a dataset, or another source that gives one item after the other."""
    if isinstance(samples, list) and samples and all(_is_pair(one) for one in samples):
        return True
    if isinstance(samples, np.ndarray | list | tuple | Mapping | Events) or _is_tensor(samples):
        return False
    return hasattr(samples, "__iter__") or hasattr(samples, "__getitem__")


def _is_pair(item: Any) -> bool:
    """Whether it is a sample with its label, a number."""
    return isinstance(item, tuple) and len(item) == 2 and isinstance(item[1], int | np.integer)


def _gathered(source: Any, limit: int | None) -> tuple[Any, np.ndarray | None]:
    """All samples of a source, or the first `limit`, and their labels where its items are pairs."""
    parts: list[Any] = []
    truth: list[Any] = []
    count = 0
    for sample, label, whole in _items(source):
        if isinstance(sample, Mapping) and recording(sample) is None:
            raise SpikeplaneError(
                f"the {type(source).__name__} gives mappings of {', '.join(map(repr, sample))}; give samples, or "
                "pairs (sample, label)"
            )
        events = recording(sample)
        if events is None:
            array = as_array(sample) if whole else as_array(sample)[None]
            parts.append(array)
            count += len(array)
        else:
            parts.append(events)
            count += 1
        if label is not None:
            truth.append(np.atleast_1d(as_array(label)))
        if limit is not None and count >= limit:
            break
    if not parts:
        raise SpikeplaneError(f"the {type(source).__name__} has no samples; give one that has")
    found = parts if isinstance(parts[0], Events) else _joined(parts)
    return found, np.concatenate(truth) if truth else None


def _items(source: Any) -> Iterator[tuple[Any, Any, bool]]:
    """(sample, label or None, whether it is a whole batch) of a source's items. Recordings differ in length: a
    batch of them is a list of pairs, a pair of lists, or a list."""
    batched = getattr(source, "batch_size", None) is not None
    items: Iterator[Any] = (
        iter(source) if hasattr(source, "__iter__") else map(source.__getitem__, range(len(source)))
    )
    for item in map(_alone, items):
        pair = isinstance(item, tuple | list) and len(item) == 2
        if batched and _all(item, lambda one: _all(one, None) and len(one) == 2 and _is_events(one[0])):
            yield from ((sample, label, False) for sample, label in item)
        elif batched and pair and _all(item[0], _is_events):
            yield from ((sample, label, False) for sample, label in zip(*item, strict=True))
        elif batched and _all(item, _is_events):
            yield from ((sample, None, False) for sample in item)
        else:
            sample, label = item if pair else (item, None)
            yield sample, label, batched and not _is_events(sample)


def _alone(item: Any) -> Any:
    """The sample of an item of a TensorDataset of samples alone, which is a tuple of one."""
    return item[0] if isinstance(item, tuple | list) and len(item) == 1 and _is_tensor(item[0]) else item


def _all(item: Any, what: Callable[[Any], bool] | None) -> bool:
    """Whether it is a list or tuple, not empty, all of such things."""
    return isinstance(item, list | tuple) and bool(item) and (what is None or all(what(one) for one in item))


def _is_events(item: Any) -> bool:
    return recording(item) is not None


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    shapes = {part.shape[1:] for part in parts}
    if len(shapes) > 1:
        raise SpikeplaneError(
            f"samples have different shapes: {', '.join(str(s) for s in sorted(shapes))}; give them all one"
        )
    return np.concatenate(parts)


def _of(samples: Any, name: str, form: tuple[Encoding, Shape] | None, limit: int | None) -> Any:
    """The samples of one input; as they are where there is no input of that name, which `encode` refuses."""
    if _is_events(samples):
        samples = [samples]
    if isinstance(samples, tuple) and len(samples) == 2 and _dimensions(samples[0]) > _dimensions(samples[1]):
        raise SpikeplaneError(f"input '{name}' gets one array, not two; give the labels as labels=")
    if isinstance(samples, list | tuple) and any(_is_events(one) for one in samples):
        return [recording(one) or one for one in samples[:limit]]
    array = as_array(samples)
    if not array.ndim:
        kind = "None" if samples is None else f"the {type(samples).__name__} {str(samples)[:40]!r}"
        raise SpikeplaneError(f"samples are an array, a tensor, a DataLoader or recordings, not {kind}")
    if form is None:
        return array
    encoding, shape = form
    if encoding.kind == "events":
        return _recorded(array[:limit], encoding, shape, name)
    array = as_integers(_shaped(array, encoding, shape, name)[:limit], encoding, name)
    return array.astype(np.uint8) if array.dtype == bool else array


def _recorded(array: np.ndarray, encoding: Encoding, shape: Shape, name: str) -> Any:
    """Planes (N, T, C, H, W) of 0 and 1 as the recordings that become these planes; anything else as it is, which
    `encode` refuses."""
    if array.ndim != 5 or array.shape[2:] != shape:
        return array
    if array.shape[1] != encoding.steps:
        raise SpikeplaneError(
            f"input '{name}': planes of {array.shape[1]} steps for an encoding of {encoding.steps}; cut or fill them "
            f"to {encoding.steps} steps"
        )
    wrong = array[~((array == 0) | (array == 1))]
    if wrong.size:
        raise SpikeplaneError(
            f"input '{name}': an events encoding sends 0 and 1, the planes hold {number(wrong[0])}; clip them, or "
            "compile with the encoding frames, which sends counts"
        )
    return [from_planes(planes, encoding.step_us, f"sample {i}") for i, planes in enumerate(array)]


def _shaped(array: np.ndarray, encoding: Encoding, shape: Shape, name: str) -> np.ndarray:
    """(N, C, H, W), or (N, T, C, H, W) of planes and frames, where the values of a sample are as many, in the same
    order, and only their dimensions differ: rows (N, 784), images without channels (N, 28, 28). Raises
    SpikeplaneError where only their number fits: channels last, height and width swapped."""
    wanted = (encoding.steps, *shape) if encoding.kind in ("planes", "frames") else shape
    lead = wanted[: len(wanted) - 3]
    if lead and array.shape[1:2] == (1,) != lead:
        array = array[:, 0]  # an image's rows as steps
    found = array.shape[1:]
    if found[: len(lead)] != lead or math.prod(found) != math.prod(wanted):
        return array
    if not same_order(found[len(lead) :], shape):
        turned = order_of(array.shape, wanted) is not None
        raise SpikeplaneError(
            f"input '{name}' expects samples (N, {', '.join(map(str, wanted))}), not {array.shape}; "
            + (remedy(array.shape, wanted) if turned else "bring them into this order, channels first")
        )
    return array.reshape(len(array), *wanted)


def as_integers(array: np.ndarray, encoding: Encoding, name: str) -> np.ndarray:
    """What an encoding takes for the numbers that the model gets: pixels 0 to 255, planes of 0 and 1, frames."""
    if array.dtype.kind in "bu" and array.dtype.itemsize == 1:
        return array
    if array.dtype.kind in "iu":
        return array if encoding.kind == "frames" or not _fits(array) else array.astype(np.uint8)
    if array.dtype.kind != "f":
        raise SpikeplaneError(f"input '{name}': samples are numbers, not {array.dtype}")
    if encoding.kind == "frames" and not encoding.normalises:
        return array  # real numbers, which the encoding itself counts in its unit
    full, steps = (1.0, 1.0) if encoding.kind == "planes" else (255.0, 255.0)
    values = array.astype(np.float64)
    if encoding.normalises:
        values = _plain(values, encoding)
    values = values * full
    whole = np.rint(values)
    wrong = ~((np.abs(values - whole) <= FAR * steps) & (whole >= 0) & (whole <= full))
    if wrong.any():
        raise SpikeplaneError(
            f"input '{name}': {values[wrong][0] / full:.6g} is no value of a {encoding.kind} encoding, which sends "
            + ("0 and 1" if full == 1 else "n / 255 for n from 0 to 255")
            + "; give what the model gets, or uint8"
        )
    return whole.astype(np.uint8)


def _plain(values: np.ndarray, encoding: Encoding) -> np.ndarray:
    """Values before the normalisation that the encoding holds; (N, C, ...) or, of frames, (N, T, C, ...)."""
    axis = 2 if encoding.kind in ("frames", "planes") else 1
    gain, offset = encoding.normalisation(values.shape[axis] if values.ndim > axis else 1)
    shape = tuple(-1 if i == axis else 1 for i in range(values.ndim))
    return (values - offset.reshape(shape)) / gain.reshape(shape)


def _fits(array: np.ndarray) -> bool:
    return bool(array.size) and int(array.min()) >= 0 and int(array.max()) <= 255


def _labels(labels: Any, count: int, total: int | None) -> np.ndarray:
    """(N,) of numbers, of a column (N, 1), or of rows with a single 1; N is `count`, the samples that are run, or
    `total`, those that were given, None where nobody counted them."""
    array = as_array(labels)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    elif array.ndim == 2 and array.dtype.kind in "biuf" and _one_hot(array):
        array = array.argmax(1)
    if array.ndim != 1 or array.dtype.kind not in "iu" or len(array) < count:
        raise SpikeplaneError(
            f"labels are whole numbers, one for each of {count} samples, not {array.dtype} of shape {array.shape}"
        )
    if total is not None and len(array) not in (count, total):
        raise SpikeplaneError(
            f"there are {len(array)} labels for {total} samples; give one for each, or run the first ones with limit="
        )
    if count and int(array[:count].min()) < 0:
        raise SpikeplaneError(f"labels are numbers of classes, 0 or more, not {int(array[:count].min())}")
    return array[:count].astype(np.int64)


def _one_hot(array: np.ndarray) -> bool:
    """Whether every row holds a single 1, and else 0."""
    return bool(((array == 0) | (array == 1)).all() and (array.sum(1) == 1).all())


def _dimensions(value: Any) -> int:
    return int(getattr(value, "ndim", 0))


def as_array(value: Any) -> np.ndarray:
    """A tensor or array as numpy's. Raises SpikeplaneError for lists of unequal lengths."""
    if _is_tensor(value):
        value = value.detach()
        try:
            value = value.cpu()
            value = (value.float() if "bfloat16" in str(value.dtype) else value).numpy()
        except (TypeError, RuntimeError) as error:  # sparse, quantised, of the device "meta"
            raise SpikeplaneError(
                f"a tensor on the device {value.device} in the layout {value.layout} gives no values: {reason(error)}; "
                "give a dense one"
            ) from None
    try:
        return np.asarray(value)
    except ValueError:
        raise SpikeplaneError("samples have unequal shapes; give one array, or recordings") from None


def _is_tensor(value: Any) -> bool:
    return hasattr(value, "detach") and hasattr(value, "cpu")
