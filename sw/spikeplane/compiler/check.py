"""What a float network must be before it is quantised: whole, in order, of shapes that meet, of finite numbers.

Importers build networks that are; this is for those written by hand, and says in one line what is wrong where.
"""

from typing import Any, get_args

import numpy as np

from spikeplane.compiler.graph import FloatNetwork, FloatPopulation, FloatProjection
from spikeplane.encode import Encoding, EncodingKind
from spikeplane.errors import SpikeplaneError

#: Magnitudes beyond are no trained numbers, and their squares no floats.
_LARGEST = 1e30
_NUMBERS = "fiub"  #: kinds of numpy arrays that are real numbers


def check_network(net: FloatNetwork) -> None:
    """Raise SpikeplaneError for the first thing that cannot run."""
    names = [p.name for p in net.populations]
    for name in names:
        if names.count(name) > 1:
            raise SpikeplaneError(f"two populations are named '{name}'; give each its own name")
    for population in net.populations:
        _check_population(population)
    if len({id(p) for p in net.projections}) < len(net.projections):
        raise SpikeplaneError("the same projection object stands twice in the network; add a copy of it, or double its weights")
    for projection in net.projections:
        _check_ends(projection, names, net)
        _check_shapes(projection, net)
    for population in net.populations:
        if population.neuron is not None and all(p.delay for p in net.incoming(population.name)):
            raise SpikeplaneError(
                f"population '{population.name}' gets nothing in the step itself, so it would never be told to run; give it a projection "
                "without delay"
            )
    if net.output not in names or net.population(net.output).neuron is None:
        neurons = [p.name for p in net.populations if p.neuron is not None]
        raise SpikeplaneError(
            f"the output '{net.output}' is no population of neurons; there are {', '.join(neurons) or 'none'}"
        )


def check_encoding(encoding: Encoding) -> None:
    """Raise SpikeplaneError for an encoding that is none, or out of range."""
    if encoding.kind not in get_args(EncodingKind):
        raise SpikeplaneError(f"encoding: kind must be one of {', '.join(get_args(EncodingKind))}, not '{encoding.kind}'")
    for name, low, high in (("steps", 1, 1 << 20), ("value_bits", 1, 8), ("step_us", 1, 1 << 23), ("seed", 0, 1 << 63)):
        value = getattr(encoding, name)
        if not isinstance(value, int | np.integer) or isinstance(value, bool) or not low <= value <= high:
            raise SpikeplaneError(f"encoding: {name} must be from {low} to {high}, not {value}")


def _check_population(population: FloatPopulation) -> None:
    name, shape = population.name, population.shape
    if len(shape) != 3 or not all(_whole(n, 1) for n in shape):
        raise SpikeplaneError(
            f"population '{name}': its shape must be (channels, height, width) of 1 or more, not {_text(shape)}"
        )
    _check_window(population)
    neuron = population.neuron
    if neuron is None:
        return
    if neuron.threshold is None and not neuron.membrane_out:
        raise SpikeplaneError(f"layer '{name}' has no threshold; give one, or membrane_out = True for a readout")
    for what, value in (("biases", population.bias), ("thresholds", neuron.threshold), ("reset amounts", neuron.amount)):
        _check_numbers(name, what, value, shape[0])
    _check_numbers(name, "reset potential", neuron.v_reset, 1)
    _check_numbers(name, "decay", neuron.decay, 1)
    subtracted = neuron.threshold if neuron.amount is None else neuron.amount
    if neuron.reset == "soft" and subtracted is not None and np.min(subtracted) < 0:
        raise SpikeplaneError(
            f"layer '{name}': a soft reset cannot subtract {np.min(subtracted):g}; use a hard reset, or give an amount"
        )
    if neuron.reset not in ("hard", "soft", "none"):
        raise SpikeplaneError(f"layer '{name}': its reset must be hard, soft or none, not '{neuron.reset}'")


def _check_numbers(layer: str, what: str, value: Any, count: int) -> None:
    """One number, or `count` of them, all finite."""
    array = np.zeros(1) if value is None else np.asarray(value)
    if array.shape not in ((), (1,), (count,)):
        numbers = "one number" if count == 1 else f"1 or {count} numbers"
        raise SpikeplaneError(f"layer '{layer}': its {what} must be {numbers}, not an array of shape {_text(array.shape)}")
    if array.dtype.kind not in _NUMBERS or not np.isfinite(array).all():
        wrong = "is no finite number" if count == 1 and array.size == 1 else "are not all finite numbers"
        raise SpikeplaneError(f"layer '{layer}': its {what} {wrong}; check the trained model")
    _check_largest(layer, what, array)


def _check_weights(layer: str, weight: np.ndarray) -> None:
    wrong = weight.size if weight.dtype.kind not in _NUMBERS else int((~np.isfinite(weight)).sum())
    if wrong:
        raise SpikeplaneError(
            f"layer '{layer}': {wrong} of its {weight.size} weights are not finite numbers; check the trained model"
        )
    _check_largest(layer, "weights", weight)


def _check_largest(layer: str, what: str, array: np.ndarray) -> None:
    if np.abs(array.astype(np.float64)).max() > _LARGEST:
        raise SpikeplaneError(f"layer '{layer}': its {what} go beyond {_LARGEST:g}; check the trained model")


def _check_window(population: FloatPopulation) -> None:
    window, size = population.window, population.input_size
    name = f"population '{population.name}'"
    if (window is None) != (size is None):
        raise SpikeplaneError(f"{name}: window and input_size go together; give both or neither")
    if window is None or size is None:
        return
    if not (_whole(window.size, 2) and _whole(window.stride, 1) and _whole(window.padding, 0)) or window.padding >= window.size:
        raise SpikeplaneError(
            f"{name}: a window of {window.size} pixels with stride {window.stride} and padding {window.padding} is none; use a size of 2 "
            "or more, a stride of 1 or more, and padding below the size"
        )
    expected = tuple((n + 2 * window.padding - window.size) // window.stride + 1 for n in size)
    if expected != tuple(population.shape[1:]):
        raise SpikeplaneError(f"{name}: its window makes {_text(expected)} pixels, its shape has {_text(population.shape[1:])}")


def _check_ends(p: FloatProjection, names: list[str], net: FloatNetwork) -> None:
    what = f"projection '{p.source}' to '{p.target}'"
    for end in (p.source, p.target):
        if end not in names:
            raise SpikeplaneError(f"{what}: there is no population '{end}'; there are {', '.join(names)}")
    source, target = net.population(p.source), net.population(p.target)
    later = names.index(p.source) >= names.index(p.target)
    if target.neuron is None:
        raise SpikeplaneError(f"{what}: '{p.target}' is an input and receives nothing; turn the projection round")
    if p.delay not in (0, 1):
        raise SpikeplaneError(f"{what}: a delay must be 0 or 1 steps, not {p.delay}")
    if p.delay and source.neuron is None:
        raise SpikeplaneError(f"{what}: an input arrives at once; use delay 0 and shift the planes")
    if later and not p.delay:
        raise SpikeplaneError(f"{what} goes backwards; list '{p.source}' before '{p.target}', or use delay 1")
    if later and source.neuron is not None and source.neuron.membrane_out:
        raise SpikeplaneError(f"{what}: membrane values cannot go back; send spikes")


def _check_shapes(p: FloatProjection, net: FloatNetwork) -> None:
    what = f"projection '{p.source}' to '{p.target}'"
    source, target = net.population(p.source).shape, net.population(p.target).current_shape
    for name, pair, low in (("stride", p.stride, 1), ("padding", p.padding, 0), ("pool", p.pool, 1)):
        if len(pair) != 2 or not all(_whole(n, low) for n in pair):
            raise SpikeplaneError(f"{what}: {name} must be two whole numbers of {low} or more, not {pair}")
    shape = np.shape(p.weight)
    channels = (target[0],) if p.aligned else (target[0], source[0])
    if (
        len(shape) != len(channels) + 2
        or shape[: len(channels)] != channels
        or 0 in shape
        or (p.aligned and source[0] != target[0])
    ):
        raise SpikeplaneError(
            f"{what}: weights of shape {_text(shape)} do not connect {_text(source)} to {_text(target)}"
            + (", channel by channel" if p.aligned else "")
        )
    grid = (-(-source[1] // p.pool[0]), -(-source[2] // p.pool[1]))
    made = tuple((n + 2 * q - k) // s + 1 for n, q, k, s in zip(grid, p.padding, shape[-2:], p.stride, strict=True))
    if made != tuple(target[1:]):
        raise SpikeplaneError(f"{what}: its kernel makes {_text(made)} pixels, the target has {_text(target[1:])}")
    _check_weights(p.target, np.asarray(p.weight))


def _whole(value: Any, low: int) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= low)


def _text(shape: Any) -> str:
    return "x".join(str(n) for n in shape) or "()"
