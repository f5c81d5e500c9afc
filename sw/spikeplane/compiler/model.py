"""A model as a float network; the shape of its input by the calibration, where it does not say it."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from spikeplane.compiler.check import check_network
from spikeplane.encodings import Encodings
from spikeplane.errors import NoShape, SpikeplaneError
from spikeplane.float_network import FloatNetwork
from spikeplane.log import logger
from spikeplane.samples import as_array

_log = logger(__name__)
Shape = tuple[int, int, int]


def imported(model: Any, options: dict[str, Any], calibration: Any, encodings: Encodings) -> FloatNetwork:
    """The network of a model, checked. `options`: those of `import_model`. Raises SpikeplaneError."""
    if not isinstance(model, FloatNetwork):
        from spikeplane.importers import import_model

        try:
            model = import_model(model, **options)
        except NoShape:
            if (shape := shape_of(calibration, encodings)) is None:
                raise
            model = import_model(model, **{**options, "input_shape": shape})
    if not model.inputs:
        raise SpikeplaneError("the model has no input, which drives its steps; give it one")
    count = len(model.populations), len(model.projections)
    _log.info("compiling a network of %d populations and %d projections", *count)
    check_network(model)
    return model


def shape_of(calibration: Any, encodings: Encodings) -> Shape | None:
    """(C, H, W) of one input's samples: arrays and tensors (N, ...), a DataLoader, a dataset, of images, or of
    planes or frames (N, T, C, H, W). None where these do not say: recordings, several inputs, and what can be
    read only once."""
    if isinstance(encodings, Mapping) or isinstance(calibration, Mapping):
        return None
    dimensions = _sample(calibration)
    if dimensions is None:
        return None
    if encodings.kind in ("events", "planes", "frames"):
        dimensions = dimensions[1:] if len(dimensions) in (2, 4) else ()
    form = {1: (*dimensions, 1, 1), 2: (1, *dimensions), 3: dimensions}.get(len(dimensions))
    return None if form is None else (form[0], form[1], form[2])


def _sample(given: Any) -> tuple[int, ...] | None:
    """The dimensions of one sample; None where it cannot be looked at."""
    if isinstance(given, np.ndarray) or hasattr(given, "detach"):
        return _dimensions(given)[1:]
    if given is None or isinstance(given, Iterator | str):
        return None
    try:
        item = next(iter(given)) if hasattr(given, "__iter__") else given[0]
        item = item[0] if isinstance(item, tuple | list) and len(item) in (1, 2) else item
        dimensions = _dimensions(item)
    except (SpikeplaneError, LookupError, TypeError, StopIteration):
        return None
    return dimensions[1:] if getattr(given, "batch_size", None) is not None else dimensions


def _dimensions(given: Any) -> tuple[int, ...]:
    array = as_array(given)
    return tuple(array.shape) if array.dtype.kind in "fiub" else ()
