"""Neurons of an integer network as NIR's nodes, and what of them NIR cannot say."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.network import LEAK_ONE, Neuron, Population

DT = 1e-4  #: seconds of a step
#: A threshold that is also what is subtracted lies so little beside the integer that 16,384 resets do not
#: add up to one.
_BESIDE = 2.0**-20


@dataclass
class Told:
    """resets: of layers that fire; said: what NIR cannot say, with the layers that it is true of."""

    resets: dict[str, str] = field(default_factory=dict[str, str])
    said: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def say(self, what: str, layer: str) -> None:
        """Note it for a layer."""
        self.said.setdefault(what, []).append(layer)

    def metadata(self) -> dict[str, str]:
        """For the graph: the reset of all layers, or of each; and the rest in words."""
        kinds = set(self.resets.values()) or {"hard"}
        found = {"compare": ">", "reset": kinds.pop()} if len(kinds) == 1 else {"compare": ">"}
        if "reset" not in found:
            found["reset"] = ", ".join(f"{layer}: {reset}" for layer, reset in self.resets.items())
        if self.said:
            found["approximate"] = "; ".join(f"{what}: {', '.join(of)}" for what, of in self.said.items())
        return found


def _refuse_levels(name: str, neuron: Neuron) -> None:
    if neuron.table is not None:
        raise SpikeplaneError(f"layer '{name}' sends a function of its membrane, which NIR has no node for")
    if neuron.kind.whole:
        raise SpikeplaneError(f"layer '{name}' sends integer spikes, which NIR has no node for")


def neurons(nir: Any, population: Population, told: Told) -> Any:
    """The node. Raises SpikeplaneError, with the layer, for neurons that NIR has no node for."""
    neuron = population.neuron
    assert neuron is not None
    if population.window is not None:
        raise SpikeplaneError(
            f"layer '{population.name}' takes a maximum over pixels, which NIR has no node for"
        )
    shape = population.shape[:1] if tuple(population.shape[1:]) == (1, 1) else population.shape
    ones = np.ones(shape)
    _refuse_levels(population.name, neuron)
    if neuron.floor:
        raise SpikeplaneError(
            f"layer '{population.name}' keeps membranes from 0 on, which NIR has no node for"
        )
    r, tau = _current(population, neuron, told)
    deep = (-1, *[1] * (len(shape) - 1))
    r, tau = r.reshape(deep), None if tau is None else tau.reshape(deep)
    if not neuron.kind.spikes:
        if neuron.reset != "none":
            raise SpikeplaneError(
                f"layer '{population.name}' sends membranes that reset, which NIR has no node for"
            )
        told.say("membranes do not saturate", population.name)
        if neuron.planes:
            told.say("values are not limited to what their planes hold", population.name)
        if neuron.low:
            told.say("values are not rounded to the planes that are sent", population.name)
            r = r * 2.0**-neuron.low
        return nir.I(ones * r) if tau is None else nir.LI(ones * tau, ones * r, ones * 0)
    threshold = _threshold(population, neuron, told).reshape(-1, *[1] * (len(shape) - 1)) * ones
    if neuron.stateless:
        return nir.Threshold(threshold)
    v_reset = ones * (neuron.v_reset if neuron.reset == "hard" else 0.0)
    if neuron.v_reset and neuron.reset == "hard":
        told.say("membranes start at 0, not at v_reset", population.name)
    told.say("membranes do not saturate", population.name)
    if tau is None:
        return nir.IF(ones * r, threshold, v_reset)
    return nir.LIF(ones * tau, ones * r, ones * 0, threshold, v_reset)


def _current(population: Population, neuron: Neuron, told: Told) -> tuple[np.ndarray, np.ndarray | None]:
    """NIR's r and tau, of all or of each channel, so that a step adds the current once; no tau without a
    leak, which some channels may not lack."""
    once = np.array([1.0 / DT])
    if neuron.leak == "none":
        return once, None
    kept = np.atleast_1d(neuron.leak_value if population.leaks is None else population.leaks) / LEAK_ONE
    lost = np.ones(1) if neuron.stateless else 1.0 - kept
    if not lost.any():
        return once, None
    if not lost.all():
        raise SpikeplaneError(
            f"layer '{population.name}' has channels that leak and others that do not, which NIR has no node for"
        )
    if (lost < 1.0).any():
        told.say(f"leaks are not rounded ({neuron.leak_round})", population.name)
    return 1.0 / lost, DT / lost


def _threshold(population: Population, neuron: Neuron, told: Told) -> np.ndarray:
    """Between the largest integer that does not fire and the least that does; of a subtraction, as close to
    what is subtracted as makes no difference."""
    assert population.theta is not None
    least = neuron.least(np.asarray(population.theta, np.float64))
    if neuron.stateless:
        return least - 0.5
    if neuron.reset == "none":
        raise SpikeplaneError(f"layer '{population.name}' fires without a reset, which NIR has no node for")
    told.resets[population.name] = neuron.reset
    if neuron.reset == "hard":
        return least - 0.5
    amount = np.asarray(population.theta if population.amount is None else population.amount, np.float64)
    off = least - amount
    if ((off != 0) & (off != 1)).any():
        c = int(np.flatnonzero((off != 0) & (off != 1))[0])
        raise SpikeplaneError(
            f"layer '{population.name}', channel {c} fires at {least[c]:g} and subtracts {amount[c]:g}; NIR subtracts "
            "the threshold"
        )
    return amount + np.where(off == 0, -_BESIDE, _BESIDE)
