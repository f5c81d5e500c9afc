"""Weight for weight: what a model's grids give against what a program holds."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import nn

from spikeplane.compiler.compile import prepared
from spikeplane.compiler.factors import factors, weights
from spikeplane.compiler.model import imported
from spikeplane.encodings import asked_of_import, by_input
from spikeplane.errors import SpikeplaneError
from spikeplane.nn.grid import grid_of, layers
from spikeplane.program import Program

_SAME = 1e-3  #: of an integer: no more is a difference
_FLOAT = 1e-6  #: relative: what float32 leaves


@dataclass(frozen=True)
class Difference:
    """One weight that is another in the program: its population, its source, where it is in the weights (C, ...), and
    both in the integers of the program's channel."""

    population: str
    source: str
    at: tuple[int, ...]
    trained: float
    compiled: int


def differences(model: nn.Module, program: Program, **options: Any) -> list[Difference]:
    """Every weight of the layers with grids that is not the trained one in the program, up to the one factor of a
    channel that turns steps into the program's unit; [] where all are. The factor is that of most of the channel's
    weights, and of its threshold: a channel of which all weights are too large by one factor differs.

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
        real, whole = weights(net, program, target)
        if real.keys() != whole.keys():
            raise SpikeplaneError(
                f"the program is another model's: layer '{target}' has other synapses; compile this model"
            )
        unit = factors(net, program, target, real, whole)
        for key, weight in real.items():
            trained = weight / unit.reshape(-1, *[1] * (weight.ndim - 1))
            for place in np.argwhere(np.abs(trained - whole[key]) > _SAME + _FLOAT * np.abs(whole[key])):
                where = tuple(int(i) for i in place)
                found.append(Difference(target, key[0], where, float(trained[where]), int(whole[key][where])))
    return found
