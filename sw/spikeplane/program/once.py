"""Neurons that fire at most once a sample: their hard reset goes so far down that nothing they may get in the steps
that are left brings them back, and that is proved.

    v_reset * kept^(T-1)  +  the most that currents add in T - 1 steps  <  theta
"""

from collections.abc import Iterable

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.network import LEAK_ONE, Network, Population, Projection
from spikeplane.program.bounds import reach


def lowest(config: ChipConfig) -> int:
    """Where the hard reset goes: the lowest membrane whose negative is one too."""
    return 1 - (1 << (config.membrane_bits - 1))


def gathered(
    incoming: Iterable[tuple[Projection, Population]],
    bias: np.ndarray | None,
    window: int,
    steps: int,
    config: ChipConfig,
) -> np.ndarray:
    """The most (C,) that the currents behind a spike can add up to in the steps that are left, inhibition left out.
    Sources that fire once add once what they reach; `window`: accumulators of a maximum (1: none), each of which may be
    the largest when its sources fire."""
    left = steps - 1
    total: np.ndarray | float = (
        0.0 if bias is None else left * np.maximum(bias, 0)
    )  # by step: of the largest, below
    if np.ndim(total) > 1:
        total = np.max(total, axis=0)
    for projection, source in incoming:
        _, most = reach(projection, source, config)
        total = total + np.maximum(most, 0) * (min(window, left) if source.once else left)
    return np.asarray(total, dtype=np.float64)


def kept(population: Population, steps: int) -> np.ndarray:
    """The share of a membrane that is left after the steps behind a spike, (1,) or (C,)."""
    neuron = population.neuron
    assert neuron is not None
    if neuron.leak != "multiply":
        return np.array([float(neuron.leak == "none")])
    share = np.atleast_1d(neuron.leak_value if population.leaks is None else population.leaks) / LEAK_ONE
    share = share.min(0) if share.ndim > 1 else share
    return share ** (steps - 1)


def prove_once(network: Network, config: ChipConfig) -> None:
    """Raise SpikeplaneError for the first population that shall fire once a sample, and might fire again."""
    for p in network.populations:
        if not p.once or p.neuron is None:
            continue
        if p.kept and network.presentations > 1:
            raise SpikeplaneError(
                f"population '{p.name}' shall fire once in a sample, and keeps its membranes through "
                f"{network.presentations} presentations of it; leave out once or kept"
            )
        incoming = [(i, network.population(i.source)) for i in network.incoming(p.name)]
        window = 1 if p.window is None else p.window.size**2
        added = gathered(incoming, p.bias, window, network.steps, config)
        rounded = network.steps - 1 if p.neuron.leak == "multiply" else 0  # up by less than 1 in each step
        highest = p.neuron.v_reset * kept(p, network.steps) + added + rounded
        theta = np.broadcast_to(0 if p.theta is None else np.atleast_2d(p.theta).min(0), p.shape[:1])
        never = p.neuron.reset == "hard" and not p.neuron.floor and p.neuron.kind.spikes
        wrong = np.flatnonzero(np.broadcast_to(highest >= theta, p.shape[:1]))
        if wrong.size or not never:
            c = int(wrong[0]) if wrong.size else 0
            raise SpikeplaneError(
                f"population '{p.name}' shall fire once in {network.steps} steps, and might fire again: from its reset to "
                f"{p.neuron.v_reset} a membrane may come to {int(np.broadcast_to(highest, p.shape[:1])[c])}, the threshold "
                f"is {int(theta[c])}; use wider membranes (membrane_bits), fewer steps, a weaker leak, or sources that fire "
                "once"
            )


def check_once(network: Network, outputs: dict[str, np.ndarray]) -> None:
    """Raise SpikeplaneError if a neuron that fires once has fired again in outputs (N, T, C, H, W)."""
    for p in network.populations:
        if p.once and p.name in outputs and (most := int((outputs[p.name] != 0).sum(1).max(initial=0))) > 1:
            raise SpikeplaneError(
                f"a neuron of population '{p.name}', which fires once a sample, fired {most} times; check that the chip "
                "has been loaded with this program"
            )
