"""What a float network must be before it is quantised: of a structure that can run (`structure`),
of finite numbers.

Importers build networks that are; this is for those written by hand, and says in one line what is
wrong where.
"""

from typing import Any

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatNetwork, FloatNeuron, FloatPopulation
from spikeplane.network import FUNCTIONS
from spikeplane.program.structure import check_structure
from spikeplane.shapes import shape_text

#: Magnitudes beyond are no trained numbers, and their squares no floats.
_LARGEST = 1e30
_NUMBERS = "fiub"  #: kinds of numpy arrays that are real numbers


def check_network(net: FloatNetwork) -> None:
    """Raise SpikeplaneError for the first thing that cannot run."""
    check_structure(net)
    for population in net.populations:
        _check_population(population)
    for projection in net.projections:
        _check_weights(projection.target, np.asarray(projection.weight))


def _check_population(population: FloatPopulation) -> None:
    name, shape = population.name, population.shape
    neuron = population.neuron
    if neuron is None:
        return
    if neuron.threshold is None and neuron.kind.spikes:
        raise SpikeplaneError(f"layer '{name}' has no threshold; give one, or kind = MEMBRANE for a readout")
    for what, value in (
        ("biases", population.bias),
        ("thresholds", neuron.threshold),
        ("reset amounts", neuron.amount),
    ):
        _check_numbers(name, what, value, shape[0], by_step=True)
    _check_numbers(name, "reset potential", neuron.v_reset, 1)
    _check_numbers(name, "decay", neuron.decay, 1 if np.ndim(neuron.decay) == 0 else shape[0], by_step=True)
    if neuron.function and (neuron.function not in FUNCTIONS or neuron.kind.spikes or np.any(neuron.decay)):
        raise SpikeplaneError(
            f"layer '{name}' sends a function '{neuron.function}' of its values; it must be one of {', '.join(FUNCTIONS)}, its kind "
            "MEMBRANE and its decay 0"
        )
    subtracted = neuron.threshold if neuron.amount is None else neuron.amount
    if neuron.reset == "soft" and subtracted is not None and np.min(subtracted) < 0:
        raise SpikeplaneError(
            f"layer '{name}': a soft reset cannot subtract {np.min(subtracted):g}; use a hard "
            "reset, or give an amount"
        )
    if neuron.reset not in ("hard", "soft", "none", "once"):
        raise SpikeplaneError(
            f"layer '{name}': its reset must be hard, soft, none or once, not '{neuron.reset}'"
        )
    if neuron.reset == "once" and (neuron.floor or not neuron.kind.spikes or not np.all(neuron.decay)):
        raise SpikeplaneError(
            f"layer '{name}' fires once, so it must keep its membranes, send spikes and have no floor; give it a decay above 0"
        )
    if neuron.kind.whole:
        _check_levels(name, neuron)


def _check_levels(name: str, neuron: FloatNeuron) -> None:
    """Integer spikes are rounded, so they have no comparison, and a reset takes as many thresholds."""
    positive = np.min(np.asarray(neuron.threshold, np.float64)) > 0
    if not positive or neuron.strict or neuron.amount is not None or neuron.reset not in ("soft", "none"):
        raise SpikeplaneError(
            f"layer '{name}' sends integer spikes, so its thresholds must be above 0, its reset 'soft' or 'none' without an "
            "amount, and strict False"
        )


def _check_numbers(layer: str, what: str, value: Any, count: int, *, by_step: bool = False) -> None:
    """One number, or `count` of them, all finite; `by_step`: or so many for each step."""
    array = np.zeros(1) if value is None else np.asarray(value)
    shape = array.shape[1:] if by_step and array.ndim == 2 and array.size else array.shape
    if shape not in ((), (1,), (count,)):
        numbers = "one number" if count == 1 else f"1 or {count} numbers"
        raise SpikeplaneError(
            f"layer '{layer}': its {what} must be {numbers}, not an array of shape {shape_text(array.shape)}"
        )
    if array.dtype.kind not in _NUMBERS or not np.isfinite(array).all():
        wrong = "is no finite number" if array.ndim == 0 or count == 1 else "are not all finite numbers"
        raise SpikeplaneError(f"layer '{layer}': its {what} {wrong}; check the trained model")
    _check_largest(layer, what, array)


def _check_weights(layer: str, weight: np.ndarray) -> None:
    wrong = weight.size if weight.dtype.kind not in _NUMBERS else int((~np.isfinite(weight)).sum())
    if wrong:
        raise SpikeplaneError(
            f"layer '{layer}': {wrong} of its {weight.size} weights are not finite numbers; check "
            "the trained model"
        )
    _check_largest(layer, "weights", weight)


def _check_largest(layer: str, what: str, array: np.ndarray) -> None:
    if np.abs(array.astype(np.float64)).max() > _LARGEST:
        raise SpikeplaneError(f"layer '{layer}': its {what} go beyond {_LARGEST:g}; check the trained model")
