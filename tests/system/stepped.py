"""Random networks whose weights, thresholds, amounts, biases and leaks differ from step to step."""

from dataclasses import replace

import numpy as np
from networks import Planes, random_network
from reference import reference

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.network import Network, Population, Projection
from spikeplane.program.bounds import prove


def stepped(seed: int, config: ChipConfig) -> tuple[Network, Planes]:
    """A random network of 2 to 6 steps in which most of what may differ does; deterministic in the seed."""
    for attempt in range(200):
        network, planes = random_network(1000 * seed + attempt, config)
        if network.steps < 2:
            continue
        network = by_step(np.random.default_rng([seed, attempt]), network)
        made = reference(network, planes, membrane_bits=config.membrane_bits, acc_bits=config.acc_bits)
        lively = all(np.any(made.outputs[p.name]) for p in network.populations if p.neuron is not None)
        try:
            prove(network, config)
        except SpikeplaneError:
            continue
        if lively:
            return network, planes
    raise AssertionError(f"seed {seed} gives no network by step for {config}")


def by_step(rng: np.random.Generator, network: Network) -> Network:
    """The network with other numbers in each step, of most of what may have them."""
    held = {p.name for p in network.populations if p.hold}
    return replace(
        network,
        projections=tuple(
            p if p.target in held or p.dynamic else _weights(rng, p, network.steps)
            for p in network.projections
        ),
        populations=tuple(_numbers(rng, p, network.steps) for p in network.populations),
    )


def _weights(rng: np.random.Generator, p: Projection, steps: int) -> Projection:
    """The same weights elsewhere in a channel, and in some steps none."""
    if rng.random() < 0.25:
        return p
    made, signs = [], (np.abs(p.weight) == 1).all()  # 1-bit weights have no 0
    for _ in range(steps):
        rows = p.weight.reshape(len(p.weight), -1)
        some = rng.random() < 0.85 or p.weight.size < 9 or signs
        made.append(rng.permuted(rows, axis=1).reshape(p.weight.shape) * some)
    return replace(p, weight=np.stack(made))


def _numbers(rng: np.random.Generator, p: Population, steps: int) -> Population:
    """Those of other channels; thresholds and amounts go together."""
    if p.neuron is None or rng.random() < 0.25:
        return p
    order = np.stack([rng.permutation(p.shape[0]) for _ in range(steps)])
    pick = {name: getattr(p, name) for name in ("theta", "amount", "bias", "leaks")}
    also = {"theta", *(name for name in pick if rng.random() < 0.7)}
    if "amount" in also or p.neuron.reset == "soft":
        also |= {"amount", "theta"}
    found = {
        name: np.broadcast_to(np.asarray(v), p.shape[:1])[order]
        for name, v in pick.items()
        if v is not None and name in also
    }
    if found.get("bias") is not None:
        found["bias"] = found["bias"] // rng.integers(1, 4, (steps, 1))
    return replace(p, **found)
