"""Random networks in which many sources' pixels have zeros between (transposed convolutions, upsampling), with
strides, pools, windows, values, delays and recurrences: golden model, chip and a numpy reference agree."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from chips import Chip, probes
from networks import random_network
from reference import reference
from test_random import CHIPS, OPERATOR_CHIPS

from spikeplane.compiler.fit import try_fit
from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.program.bounds import prove
from spikeplane.run.lockstep import compare
from spikeplane_sim.golden import GoldenModel

FEW, MANY = 4, 60


def check(config: ChipConfig, count: int) -> Counter[str]:
    """Golden, chip and numpy on `count` networks that fit, in every population, step and neuron."""
    seen: Counter[str] = Counter()
    with Chip(config) as device:
        for seed in range(8 * count):
            network, inputs = random_network(seed, config, apart=0.6)
            prove(network, config)
            apart = [p for p in network.projections if p.up != (1, 1)]
            try:
                try_fit(network, config, probes(network))
            except SpikeplaneError:
                continue
            if not apart:
                continue
            bits: dict[str, Any] = {"membrane_bits": config.membrane_bits, "acc_bits": config.acc_bits}
            made = reference(network, inputs, **bits)
            assert not made.exceeded, "the proof let an overflow pass"
            expected = {name: made.outputs[name] for name in probes(network)}
            found = compare(network, GoldenModel(network, **bits).run(inputs), expected)
            assert found.mismatches == 0, f"seed {seed}: golden against numpy (here golden): {found}"
            found = compare(network, device.load(network).run(inputs), expected, names=probes(network))
            assert found.mismatches == 0, f"seed {seed}: chip against numpy (here golden): {found}"
            seen["spikes"] += found.spikes
            seen["networks"] += 1
            for p in apart:
                source, weight = network.population(p.source), np.asarray(p.weight)
                alike = bool((weight == weight[..., :1, :1]).all())
                seen["nearest"] += alike and weight.shape[-2:] == p.up
                seen["broadcast"] += source.shape[1:] == (1, 1) and weight.shape[-2:] != (1, 1)
                seen["values"] += source.sends_values
                seen["planes"] += source.value_bits > 1
                seen["late"] += p.delay
                seen["strides"] += max(p.stride) > 1
                seen["pools"] += max(p.pool) > 1
                seen["aligned"] += p.kind.by_packet
                seen["windows"] += network.population(p.target).window is not None
            if seen["networks"] == count:
                break
    print(dict(seen))
    assert seen["networks"] == count
    assert seen["spikes"] > 100 * count
    return seen


@pytest.mark.cosim
@pytest.mark.parametrize("name", ["core-8"])
def test_pixels_apart(name: str) -> None:
    check(CHIPS[name], FEW)


@pytest.mark.cosim
@pytest.mark.slow
@pytest.mark.parametrize("name", OPERATOR_CHIPS)
def test_many_with_pixels_apart(name: str) -> None:
    seen = check(OPERATOR_CHIPS[name], MANY)
    kinds = ("late", "strides", "pools", "aligned", "windows", "planes", "nearest", "broadcast")
    assert {kind: seen[kind] for kind in kinds if seen[kind] < 3} == {}
