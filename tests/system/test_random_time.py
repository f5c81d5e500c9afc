"""Random networks whose channels hold several steps, with blocks of 0 between them, and whose neurons fire once where that
can be proved: golden model, chip and a numpy reference agree."""

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from chips import Chip, probes
from networks import Planes, random_network
from reference import reference
from test_random import CHIPS, OPERATOR_CHIPS

from spikeplane.compiler.blocks import met_groups
from spikeplane.compiler.fit import try_fit
from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.network import DENSE, Network, Population, Projection
from spikeplane.program.bounds import prove
from spikeplane.program.once import check_once, lowest, prove_once
from spikeplane.run.lockstep import compare
from spikeplane_sim.golden import GoldenModel

FEW, MANY = 4, 60


def drawn(seed: int, config: ChipConfig) -> tuple[Network, Planes]:
    """A random network, changed: blocks of 0 between channel groups, and resets far down."""
    network, planes = random_network(seed, config)
    rng = np.random.default_rng([seed, 7])
    projections = tuple(_blocks(rng, p, config) for p in network.projections)
    populations = tuple(replace(p, fold=2) for p in network.populations)
    network = replace(network, populations=populations, projections=projections)
    for name in [p.name for p in populations if p.neuron is not None and p.neuron.kind.spikes]:
        if rng.random() < 0.5:
            network = _once(network, name, config)
    return network, planes


def _blocks(rng: np.random.Generator, p: Projection, config: ChipConfig) -> Projection:
    if p.kind is not DENSE or config.weight_bits == 1:
        return p
    out, into = p.weight.shape[:2]
    mask = rng.random((-(-out // config.lanes), -(-into // config.lanes))) < 0.5
    whole = np.kron(mask, np.ones((config.lanes, config.lanes), bool))[:out, :into]
    return replace(p, weight=np.where(whole[:, :, None, None], p.weight, 0))


def _once(network: Network, name: str, config: ChipConfig) -> Network:
    """The population with neurons that fire once; as it is where that cannot be proved."""
    own = network.population(name)
    assert own.neuron is not None
    plain: dict[str, Any] = {"reset": "hard", "v_reset": lowest(config), "floor": False}
    leak = {"leak": "none", "leak_value": 0} if own.neuron.leak == "memoryless" else {}
    made = replace(own, neuron=replace(own.neuron, **plain, **leak), amount=None, once=True)
    changed = replace(network, populations=tuple(made if p is own else p for p in network.populations))
    try:
        prove_once(changed, config)
    except SpikeplaneError:
        return network
    return changed


def _found(network: Network, config: ChipConfig, p: Projection) -> bool:
    target: Population = network.population(p.target)
    return met_groups(p, network, config, 0, -(-target.shape[0] // config.lanes)) is not None


def check(config: ChipConfig, count: int) -> Counter[str]:
    """Golden, chip and numpy on `count` networks that fit, in every population, step and neuron."""
    seen: Counter[str] = Counter()
    with Chip(config) as device:
        for seed in range(8 * count):
            network, inputs = drawn(seed, config)
            prove(network, config)
            blocks = sum(_found(network, config, p) for p in network.projections)
            once = [p.name for p in network.populations if p.once]
            try:
                try_fit(network, config, probes(network))
            except SpikeplaneError:
                continue
            if not blocks and not once:
                continue
            bits: dict[str, Any] = {"membrane_bits": config.membrane_bits, "acc_bits": config.acc_bits}
            made = reference(network, inputs, **bits)
            assert not made.exceeded, "the proof let an overflow pass"
            expected = {name: made.outputs[name] for name in probes(network)}
            check_once(network, expected)
            found = compare(network, GoldenModel(network, **bits).run(inputs), expected)
            assert found.mismatches == 0, f"seed {seed}: golden against numpy (here golden): {found}"
            found = compare(network, device.load(network).run(inputs), expected, names=probes(network))
            assert found.mismatches == 0, f"seed {seed}: chip against numpy (here golden): {found}"
            seen["spikes"] += found.spikes
            seen["networks"] += 1
            seen["blocks"] += blocks
            seen["once"] += len(once)
            seen["first"] += sum(int(np.count_nonzero(expected[name])) for name in once)
            seen["leaks"] += sum(network.population(n).neuron.leak == "multiply" for n in once)  # type: ignore[union-attr]
            if seen["networks"] == count:
                break
    print(dict(seen))
    assert seen["networks"] == count
    assert seen["spikes"] > 50 * count
    return seen


@pytest.mark.cosim
@pytest.mark.parametrize("name", ["core-8"])
def test_steps_and_first_spikes(name: str) -> None:
    seen = check(CHIPS[name], FEW)
    assert seen["blocks"] > FEW // 2


@pytest.mark.cosim
@pytest.mark.slow
@pytest.mark.parametrize("name", OPERATOR_CHIPS)
def test_many(name: str) -> None:
    seen = check(OPERATOR_CHIPS[name], MANY)
    kinds = {"blocks": OPERATOR_CHIPS[name].weight_bits > 1, "once": True, "first": True}
    assert {kind: seen[kind] for kind, wanted in kinds.items() if wanted and seen[kind] < 3} == {}
