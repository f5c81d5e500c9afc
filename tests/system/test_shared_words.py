"""A sum of populations through one layer: its weights and coordinate tables are stored once, and every source is
walked by them."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from chips import lockstep

from spikeplane.compiler.fit import try_fit
from spikeplane.config import ChipConfig, preset
from spikeplane.network import Network, Neuron, Population, Projection

SOURCES = 3
TINY = preset("tiny")


def summed(sources: int, *, other: bool = False) -> Network:
    """Populations of equal shape, and a convolution of their sum; `other`: the last one's weights differ in one."""
    rng = np.random.default_rng(5)
    shape, into = (9, 5, 4), rng.integers(-30, 31, (9, 2, 3, 3))
    kernel = rng.integers(-20, 21, (17, 9, 3, 3))
    last = kernel.copy()
    last[-1, 0, 1, 1] += 1
    fired = [
        Population(name=f"p{i}", shape=shape, neuron=Neuron(), theta=np.full(9, 40 + 9 * i))
        for i in range(sources)
    ]
    out = Population(name="out", shape=(17, 3, 2), neuron=Neuron(reset="soft"), theta=np.full(17, 60))
    geometry: dict[str, Any] = {"stride": (2, 2), "padding": (1, 1)}
    return Network(
        populations=(Population(name="in", shape=(2, 5, 4)), *fired, out),
        projections=(
            *(
                Projection(source="in", target=p.name, weight=into * (i + 1), padding=(1, 1))
                for i, p in enumerate(fired)
            ),
            *(
                Projection(
                    source=p.name,
                    target="out",
                    weight=last if other and p is fired[-1] else kernel.copy(),
                    **geometry,
                )
                for p in fired
            ),
        ),
        output="out",
        steps=5,
    )


def used(network: Network, config: ChipConfig = TINY) -> dict[str, int]:
    """Words of core (0, 0), by memory."""
    probes = [p.name for p in network.populations if p.neuron is not None]
    found = try_fit(network, replace(config, weight_depth=1 << 14), probes)[1].used[0, 0]
    return {name: words for name, (words, _) in found.items()}


def test_a_further_source_takes_no_weights() -> None:
    kernel = 3 * 9 * (8 + 1)  # groups of the target, pixels, channels of the source
    one, more, differs = used(summed(1)), used(summed(SOURCES)), used(summed(SOURCES, other=True))
    into = 2 * 9 * 2
    assert one["weight"] >= kernel
    assert more["weight"] - one["weight"] == (SOURCES - 1) * into
    assert differs["weight"] - more["weight"] == one["weight"] - into
    for name in ("row", "column"):
        assert more[name] == one[name] == differs[name]


@pytest.mark.parametrize("other", [False, True])
def test_every_source_is_walked(other: bool) -> None:
    network = summed(SOURCES, other=other)
    planes = {"in": (np.random.default_rng(1).random((2, 5, 2, 5, 4)) < 0.4).astype(np.int64)}
    found = lockstep(network, planes, replace(TINY, weight_depth=4096))
    assert found.mismatches == 0
    assert found.spikes > 300
