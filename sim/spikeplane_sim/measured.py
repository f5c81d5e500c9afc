"""A program's integers beside the float network that it was made from, on samples: agreement by layer, and what
each layer's integers alone cost in accuracy."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from spikeplane.float_network import FloatNetwork
from spikeplane.program import Program
from spikeplane.program.scores import scores
from spikeplane_sim.golden.float_model import FloatModel
from spikeplane_sim.proof.integers import run_alone, run_layers

_BATCH = 1 << 25  #: values of all populations at a time
Planes = dict[str, np.ndarray]


@dataclass(frozen=True)
class Both:
    """Outputs of every population on some samples, (N, T, C, H, W): of the float network, of the integers left
    alone, and of each layer's integers given the float network's spikes."""

    real: Planes
    alone: Planes
    given: Planes


def both(program: Program, planes: Planes) -> Both:
    """Runs float network and integers on integer planes (N, T, C, H, W) by input."""
    net = source_network(program)
    widths = {"membrane_bits": program.config.membrane_bits, "acc_bits": program.config.acc_bits}
    real = FloatModel(net).run(_real(program, planes))
    alone = run_alone(program.network, planes, widths)
    return Both(real, alone, run_layers(program.network, planes, real, alone, widths))


def source_network(program: Program) -> FloatNetwork:
    """The float network that the program was made from; there is one, or its caller has said so."""
    assert program.source is not None
    return program.source.network


def agreement(program: Program, planes: Planes) -> tuple[list[dict[str, Any]], np.ndarray, np.ndarray]:
    """By layer the share of outputs that are equal and the share that are spikes, and the scores (N, classes) of
    float network and integers.

    given   layer by layer, on the float network's spikes: what this layer's rounding does
    free    left alone: what all of them together do
    None for layers that send values, whose integers have another unit.
    """
    net, rows, scores = source_network(program), {}, ([], [])
    total = 0
    for part in batches(program, planes):
        found = both(program, part)
        size = len(next(iter(part.values())))
        total += size
        for kept, outputs in zip(scores, (found.real, found.alone), strict=True):
            kept.append(program_scores(program, outputs))
        for p in net.populations:
            if p.neuron is None:
                continue
            row = rows.setdefault(p.name, dict.fromkeys(("given", "free", "rate_float", "rate_integer"), 0.0))
            real = found.real[p.name]
            row["rate_float"] += size * float((real != 0).mean())
            row["rate_integer"] += size * float((found.alone[p.name] != 0).mean())
            for what, outputs in (("given", found.given), ("free", found.alone)):
                spikes = p.neuron.kind.spikes
                row[what] = row[what] + size * float((outputs[p.name] == real).mean()) if spikes else None
    table = [
        {"layer": name, **{k: None if v is None else v / total for k, v in row.items()}}
        for name, row in rows.items()
    ]
    return table, np.concatenate(scores[0]), np.concatenate(scores[1])


def alone_in_integers(program: Program, planes: Planes) -> dict[str, np.ndarray]:
    """By layer that spikes the scores (N, classes) of the float network in which this layer alone is the chip's:
    it takes the float network's spikes, and what its integers fire goes on."""
    import torch

    net, found = source_network(program), {}
    for part in batches(program, planes):
        sides = both(program, part)
        for p in net.populations:
            if p.neuron is None or not p.neuron.kind.spikes:
                continue
            driven = {p.name: torch.as_tensor(sides.given[p.name])}
            outputs = [o for o, _ in FloatModel(net).steps(_real(program, part), driven=driven)]
            last = np.stack([o[net.output].cpu().numpy() for o in outputs], 1)
            if p.name == net.output:  # what it fires itself, not what it would have fired
                last = sides.given[p.name]
            found.setdefault(p.name, []).append(program_scores(program, {net.output: last}))
    return {name: np.concatenate(parts) for name, parts in found.items()}


def program_scores(program: Program, outputs: Planes) -> np.ndarray:
    """(N, classes), float: the readout of real or integer outputs."""
    last = program.network.population(program.network.output)
    return scores(program.readout, np.asarray(outputs[last.name], np.float64), last.fold)


def batches(program: Program, planes: Planes) -> list[Planes]:
    """The planes in parts that fit the memory."""
    size = max(1, _BATCH // program.values)
    total = len(next(iter(planes.values())))
    return [
        {name: values[first : first + size] for name, values in planes.items()}
        for first in range(0, total, size)
    ]


def _real(program: Program, planes: Planes) -> Planes:
    """What the float network gets for planes."""
    return {name: values * program.encodings[name].value for name, values in planes.items()}
