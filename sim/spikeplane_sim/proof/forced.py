"""The float network given the source's spikes: every decision is its own, and is made on what the
source fired before.

So a difference is always one of its own layer and step, whatever came before. Where rounding may decide, |v - theta| < 1e-5 |theta|, a
difference is counted, the membrane is reset as the source's was, and nothing follows from it. No
difference at all in this run means, step by step and layer by layer, that the float network left
alone fires the same.
"""

from dataclasses import dataclass

import numpy as np
import torch

from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatNetwork, FloatPopulation
from spikeplane_sim.golden import FloatModel

Tensor = torch.Tensor
TIE = 1e-5  #: of the threshold
VALUE = 1e-9  #: of the largest value of a readout, or of its largest weight


@dataclass
class Layer:
    """values: neurons x steps x samples compared with the source; ties: those that differ within
    rounding of the threshold."""

    values: int = 0
    ties: int = 0

    def __add__(self, other: "Layer") -> "Layer":
        return Layer(self.values + other.values, self.ties + other.ties)


def run_forced(
    net: FloatNetwork,
    planes: dict[str, np.ndarray],
    given: dict[str, Tensor],
    driven: dict[str, Tensor] | None = None,
) -> tuple[dict[str, np.ndarray], dict[str, Layer]]:
    """The float network's own outputs, (N, T, C, H, W) a population, and what was compared.

    planes: real values of the input; given: the source's outputs, (N, T, C, H, W); where it gives
    none, the float network's own are sent on; driven: what populations send on in place of either,
    in the source too. Raises SpikeplaneError, one line, at the first step, there at the first
    layer, that differs.
    """
    collected: dict[str, list[Tensor]] = {p.name: [] for p in net.populations}
    layers = {p.name: Layer() for p in net.populations if p.neuron is not None}
    for t, (outputs, potentials) in enumerate(FloatModel(net).steps(planes, given, driven)):
        for population in net.populations:
            name = population.name
            collected[name].append(outputs[name] if _values(population) else outputs[name].to(torch.uint8))
            if name in given and population.neuron is not None and not _silent(given[name][:, t]):
                _compare(net, population, t, given[name][:, t], outputs[name], potentials[name], layers[name])
    return {name: torch.stack(parts, 1).numpy() for name, parts in collected.items()}, layers


def _silent(theirs: Tensor) -> bool:
    """A step of which the source tells nothing."""
    return bool(theirs.isnan().all())


def _values(population: FloatPopulation) -> bool:
    return population.neuron is None or population.sends_values or population.neuron.threshold is None


def _compare(
    net: FloatNetwork,
    population: FloatPopulation,
    t: int,
    theirs: Tensor,
    ours: Tensor,
    v: Tensor,
    layer: Layer,
) -> None:
    neuron = population.neuron
    assert neuron is not None
    layer.values += ours.numel()
    if _values(population):
        largest = max(float(np.abs(p.weight).max(initial=0)) for p in net.incoming(population.name))
        size = max(float(theirs.abs().max()), float(ours.abs().max()), largest)
        wrong = ~((theirs - ours).abs() <= VALUE * size)
        if wrong.any():
            raise _differs(population, t, wrong, theirs, ours, "")
        return
    differ = theirs != ours
    if not differ.any():
        return
    assert neuron.threshold is not None
    theta = (
        torch.as_tensor(np.broadcast_to(neuron.threshold, (v.shape[1],)).copy())
        .view(1, -1, 1, 1)
        .expand_as(v)
    )
    wrong = differ & ~_ties(neuron.kind.top, v / theta, theirs, ours)
    if wrong.any():
        place = tuple(int(i) for i in wrong.nonzero()[0])
        raise _differs(
            population,
            t,
            wrong,
            theirs,
            ours,
            f" (v = {float(v[place]):.9g}, threshold {float(theta[place]):.9g})",
        )
    layer.ties += int(differ.sum())


def _ties(top: int, v: Tensor, theirs: Tensor, ours: Tensor) -> Tensor:
    """Where both are spikes, one level apart, on both sides of a membrane `v`, in thresholds, that is nearly where the levels
    meet: at 1, or half way between."""
    spikes = (theirs >= 0) & (theirs <= top) & (theirs == theirs.round()) & ((theirs - ours).abs() == 1)
    middle = (theirs + ours) / 2 if top > 1 else torch.ones_like(v)
    return spikes & ((v - middle).abs() < TIE * middle)


def _differs(
    population: FloatPopulation, t: int, wrong: Tensor, theirs: Tensor, ours: Tensor, why: str
) -> SpikeplaneError:
    sample, c, y, x = place = tuple(int(i) for i in wrong.nonzero()[0])
    return SpikeplaneError(
        f"layer '{population.name}' is not what the model computes: sample {sample}, step {t}, "
        f"neuron (c={c}, y={y}, x={x}): "
        f"model {float(theirs[place]):.9g}, import {float(ours[place]):.9g}{why}; please report it "
        "with the model, "
        "or compile with --no-proof (proof=False)"
    )
