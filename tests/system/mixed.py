"""Random networks of several options together: attention, integer spikes, values that leave planes out, gates, pixels apart,
and numbers by step. A kind of layer is a draw of its own in `KINDS`.

```
    kinds and options --> network --> numbers by step, at times --> what it holds and does is counted --> enough? else again
```
"""

from collections import Counter
from dataclasses import replace

import numpy as np
from attention_drawn import attention
from gating_drawn import gating
from networks import Planes, random_network
from reference import Reference, dynamic, gated, reference
from sketch import Kinds
from stepped import by_step

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.network import Gate, Network, Neuron, Pair, Population, Projection, is_stepped
from spikeplane.program.bounds import prove
from spikeplane.program.structure import check_structure

#: Kinds of layers beside those that every chip has, and how likely each is.
KINDS: Kinds = ((0.5, attention), (0.7, gating))
#: A network has at least two of them, and they take turns in who is one.
OPTIONS = ("attention", "levels", "steps", "low planes", "gates")


def mixed(seed: int, config: ChipConfig) -> tuple[Network, Planes]:
    """The first random network, from the seed on, of the option whose turn it is and another one or two: everything fires,
    and what is counted is read. Deterministic in the seed."""
    for again in range(200):
        rng = np.random.default_rng([seed, again, 14])
        apart, gates = rng.choice([0.0, 0.4], 2)
        network, planes = random_network(
            1000 * seed + again,
            config,
            int(rng.integers(2, 4)),
            apart=apart,
            gates=gates,
            levels=0.5,
            kinds=KINDS,
        )
        if network.steps > 1 and rng.random() < 0.7:
            network = by_step(rng, network)
        if config.presentations > 1 and rng.random() < 0.35:
            network = presented(rng, network, config)
        try:
            check_structure(network)
            prove(network, config)
        except SpikeplaneError:
            continue
        found = held(network, config.lanes)
        several = sum(found[name] > 0 for name in OPTIONS) >= 2 + (rng.random() < 0.5)
        if found[OPTIONS[seed % len(OPTIONS)]] and several and _lively(network, planes, config):
            return network, planes
    raise AssertionError(f"seed {seed} gives no mixed network for {config}")


def presented(rng: np.random.Generator, network: Network, config: ChipConfig) -> Network:
    """The network given each sample a few times, of which most membranes that last keep something. Of values on a chip with
    weights of one bit none: lanes beyond their channels would."""
    made = [
        p
        if p.neuron is None or (p.sends_values and config.weight_bits == 1)
        else replace(p, kept=rng.random() < 0.6)
        for p in network.populations
    ]
    number = int(rng.integers(2, config.presentations + 1))
    return replace(network, populations=tuple(made), presentations=number)


def _lively(network: Network, planes: Planes, config: ChipConfig) -> bool:
    made = reference(network, planes, membrane_bits=config.membrane_bits, acc_bits=config.acc_bits)
    neurons = [p.name for p in network.populations if p.neuron is not None]
    return all(made.outputs[name].any() for name in neurons) and all(read(network, made))


def read(network: Network, made: Reference) -> list[bool]:
    """By dynamic projection whether what it counts, or what its gate sends, is read, and is more than one number."""
    found = []
    for p in network.projections:
        if p.dynamic is not None:
            rule = gated if isinstance(p.dynamic, Gate) else dynamic
            names = (p.source, *p.dynamic.names)
            currents = [rule(p, *(made.outputs[name][:, t] for name in names)) for t in range(network.steps)]
            found.append(len(np.unique(currents)) > 2)
    return found


def held(network: Network, lanes: int) -> Counter[str]:
    """How much of a network is of each option, and of what meets it."""
    found: Counter[str] = Counter()
    for p in network.populations:
        if p.neuron is not None:
            found.update(name for name, is_so in _options(p, p.neuron, network).items() if is_so)
    for p in network.projections:
        found["steps"] += is_stepped(p)
        if isinstance(p.dynamic, Pair):
            found.update(name for name, is_so in _around(p, p.dynamic, network, lanes).items() if is_so)
        if isinstance(p.dynamic, Gate):
            found.update(name for name, is_so in _gates(p, p.dynamic, network).items() if is_so)
    return found


def _options(p: Population, neuron: Neuron, network: Network) -> dict[str, bool]:
    """Of a population; of one that reads what is counted also what else it has."""
    numbers = (p.theta, p.amount, p.bias, p.leaks)
    stepped = any(values is not None and np.ndim(values) == 2 for values in numbers)
    into = network.incoming(p.name)
    own = {
        "levels": neuron.kind.whole,
        "values": not neuron.kind.spikes,
        "low planes": neuron.low > 0,
        "a table": neuron.table is not None,
        "kept": p.kept and not neuron.stateless,
        "a window": p.window is not None,
        "leaks": p.leaks is not None,
        "numbers by step": stepped,
        "recurrence": any(q.source == p.name for q in into),
    }
    counted = sum(isinstance(q.dynamic, Pair) for q in into)
    met = {f"attention into {name}": counted > 0 and is_so for name, is_so in own.items()}
    sources = {
        f"weights by step of {name}": any(q.source == p.name and is_stepped(q) for q in network.projections)
        and own[name]
        for name in ("levels", "values")
    }
    return own | met | sources | {"attention": counted > 0, "two pairs": counted > 1, "steps": stepped}


def _around(p: Projection, pair: Pair, network: Network, lanes: int) -> dict[str, bool]:
    """Of a dynamic projection, its keys, values and queries."""
    makers = {name: network.population(name) for name in (*pair.names, p.source)}
    into = [q for name in makers for q in network.incoming(name)]
    sources = [network.population(q.source) for q in into]
    size = p.weight.shape[0] // pair.heads
    return {
        "attention shifted": p.pre_shift > 0,
        "one head of any size": pair.heads == 1 and size & (size - 1) > 0,
        "heads of parts": pair.heads > 1 and size < lanes,
        "heads of words": size > lanes,
        "several heads of words": pair.heads > 1 and size > lanes,
        "keys are values": pair.k == pair.v,
        "keys are an input": network.population(pair.k).neuron is None,
        "held before attention": any(m.hold for m in makers.values()),
        "windows before attention": any(m.window for m in makers.values()),
        "numbers by step before attention": any(
            m.theta is not None and m.theta.ndim == 2 for m in makers.values()
        ),
        "weights by step before attention": any(is_stepped(q) for q in into),
        "levels before attention": any(s.neuron is not None and s.neuron.kind.whole for s in sources),
        "values before attention": any(s.sends_values for s in sources),
        "a step late before attention": any(q.delay for q in into),
    }


def _gates(p: Projection, gate: Gate, network: Network) -> dict[str, bool]:
    """Of a gated projection."""
    x, g = network.population(p.source), network.population(gate.g)
    assert g.neuron is not None
    return {
        "gates": True,
        "gated values": x.sends_values,
        "a gate from a table": g.neuron.table is not None,
        "a gate of a channel": g.shape[1:] == (1, 1) != x.shape[1:],
        "a gate of a pixel": g.shape[0] == 1 < x.shape[0],
        "gated attention": any(isinstance(q.dynamic, Pair) for q in network.incoming(x.name)),
    }
