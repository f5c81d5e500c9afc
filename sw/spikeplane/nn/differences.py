"""Weight for weight: what a model's grids give against what a program holds."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import nn

from spikeplane.compiler.compile import prepared
from spikeplane.compiler.model import imported
from spikeplane.encodings import asked_of_import, by_input
from spikeplane.errors import SpikeplaneError
from spikeplane.nn.grid import grid_of, layers
from spikeplane.program import Program

_SAME = 1e-3  #: of a step: what float32 leaves


@dataclass(frozen=True)
class Difference:
    """One weight that is another in the program: its population, its source, where it is in the weights (C, ...),
    and both in steps of the channel."""

    population: str
    source: str
    at: tuple[int, ...]
    trained: float
    compiled: int


def differences(model: nn.Module, program: Program, **options: Any) -> list[Difference]:
    """Every weight of the layers with grids that is not the trained one in the program, up to the one factor of a
    channel that turns steps into the program's unit; [] where all are.

    options: as `compile` was given them (reset, compare, ...). Raises SpikeplaneError, also for another model's
    program.
    """
    inputs = [p for p in program.network.populations if p.neuron is None and not p.constant]
    forms = {p.name: program.encodings[p.name].apart(p.shape) for p in inputs}
    shapes = {name: shape for name, (_, shape) in forms.items()}
    encodings = by_input({name: encoding for name, (encoding, _) in forms.items()}, list(shapes))
    given = {
        **asked_of_import(encodings),
        "input_shape": shapes if len(inputs) > 1 else shapes[inputs[0].name],
        **options,
    }
    net, _ = prepared(imported(model, given, None, encodings), encodings, program.config)
    if [p.name for p in net.populations] != [p.name for p in program.network.populations]:
        raise SpikeplaneError("the program is another model's: their layers differ; compile this model")
    gridded = {name for name, module in layers(model).items() if grid_of(module) is not None}
    found: list[Difference] = []
    for target in {p.target: None for p in net.projections if p.layer in gridded}:
        real = _summed((p, np.asarray(p.weight, np.float64)) for p in net.incoming(target))
        whole = _summed(
            (p, np.asarray(p.weight, np.int64) << p.pre_shift) for p in program.network.incoming(target)
        )
        found += _of(target, real, whole)
    return found


def _summed(parts: Iterable[tuple[Any, np.ndarray]]) -> dict[tuple[Any, ...], np.ndarray]:
    """Weights by where they come from and how: those of two parts, and of two projections alike, added up."""
    total: dict[tuple[Any, ...], np.ndarray] = defaultdict(lambda: np.zeros(1))
    for p, weight in parts:
        key = (p.source, p.delay, repr(p.kind), p.stride, p.padding, p.pool, np.shape(weight))
        total[key] = total[key] + weight
    return total


def _of(
    target: str, real: dict[tuple[Any, ...], np.ndarray], whole: dict[tuple[Any, ...], np.ndarray]
) -> list[Difference]:
    if real.keys() != whole.keys():
        raise SpikeplaneError(
            f"the program is another model's: layer '{target}' has other synapses; compile this model"
        )
    most = {key: np.abs(w).reshape(len(w), -1).max(1) for key, w in real.items()}
    # a channel's factor, from its largest weight
    main = max(most, key=lambda key: float(most[key].sum()))
    rows, ints = (each[main].reshape(len(most[main]), -1) for each in (real, whole))
    at = np.abs(rows).argmax(1)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        unit = (np.take_along_axis(rows, at, 1) / np.take_along_axis(ints, at, 1))[:, 0]
    largest = np.abs(np.take_along_axis(rows, at, 1))[:, 0]  # a channel of which nothing is left differs by 1
    unit = np.where(np.isfinite(unit) & (unit > 0), unit, np.where(largest > 0, largest, 1.0))
    found = []
    for key, weight in real.items():
        trained = weight / unit.reshape(-1, *[1] * (weight.ndim - 1))
        for place in np.argwhere(np.abs(trained - whole[key]) > _SAME):
            where = tuple(int(i) for i in place)
            found.append(Difference(target, key[0], where, float(trained[where]), int(whole[key][where])))
    return found
