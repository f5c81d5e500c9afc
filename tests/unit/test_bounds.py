"""The proof against overflow beside every input there is: what a population can be given at least
and at most is reached."""

import itertools
from typing import Any

import numpy as np
import pytest

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.network import MEMBRANE, Network, Neuron, Population, Projection
from spikeplane.program.bounds import prove

CHIP = ChipConfig(rows=1, cols=1, membrane_bits=8, acc_bits=14)


def network(
    weight: list[int], *, values: int = 1, membrane: bool = False, pool: int = 1, pre: int = 0, bias: int = 0
) -> Network:
    """in -> out of one channel; or in -> a readout of so many channels -> out, whose membranes are sent."""
    channels = len(weight)
    populations = [Population(name="in", shape=(channels, pool, pool), value_bits=values)]
    projections: list[Projection] = []
    source = "in"
    if membrane:
        sends = Neuron(reset="none", kind=MEMBRANE)
        populations.append(
            Population(
                name="m", shape=(channels, pool, pool), neuron=sends, theta=np.zeros(channels, dtype=int)
            )
        )
        projections.append(
            Projection(source="in", target="m", weight=np.eye(channels, dtype=int)[:, :, None, None])
        )
        source = "m"
    populations.append(
        Population(
            name="out",
            shape=(1, 1, 1),
            neuron=Neuron(),
            theta=np.array([1]),
            bias=np.array([bias]) if bias else None,
        )
    )
    kernel = np.array(weight).reshape(1, -1, 1, 1)
    projections.append(
        Projection(source=source, target="out", weight=kernel, pool=(pool, pool), pre_shift=pre)
    )
    return Network(populations=tuple(populations), projections=tuple(projections), output="out")


def reached(weight: list[int], low: int, high: int, pool: int, pre: int, bias: int) -> tuple[int, int]:
    """The least and the most, over every pixel's every extreme value (sums are linear: extremes are
    at extremes)."""
    sums = [
        bias
        + sum(w * (sum(values[i * pool * pool : (i + 1) * pool * pool]) << pre) for i, w in enumerate(weight))
        for values in itertools.product((low, high), repeat=len(weight) * pool * pool)
    ]
    return min(sums), max(sums)


@pytest.mark.parametrize(("weight", "options"), [
    ([3, -2, 5], {}),
    ([3, -2, -5], {"bias": -4}),
    ([-3, -2, -5], {"pre": 2}),
    ([3, -2], {"values": 3}),
    ([7, -6], {"values": 8}),
    ([2, -3], {"pool": 2}),
    ([2, -3], {"pool": 2, "values": 2, "pre": 1, "bias": 9}),
    ([4, -3], {"membrane": True}),
    ([-4, -3], {"membrane": True, "pool": 2}),
    ([4, 3], {"membrane": True, "bias": 5}),
])  # fmt: skip
def test_the_worst_case_is_what_inputs_reach(weight: list[int], options: dict[str, Any]) -> None:
    bound = prove(network(weight, **options), CHIP)[-1]
    low, high = (-128, 127) if options.get("membrane") else (0, (1 << options.get("values", 1)) - 1)
    expected = reached(
        weight, low, high, options.get("pool", 1), options.get("pre", 0), options.get("bias", 0)
    )
    assert (bound.low, bound.high) == expected
    assert bound.bits == next(
        n for n in range(1, 64) if -(1 << (n - 1)) <= expected[0] and expected[1] < 1 << (n - 1)
    )


@pytest.mark.parametrize(
    ("bias", "worst"), [(8191 - 255, None), (8192 - 255, 8192), (-8192 + 255, None), (-8193 + 255, -8193)]
)
def test_the_accumulator_s_last_value_is_allowed_and_the_next_refused(bias: int, worst: int | None) -> None:
    sign = 1 if bias > 0 else -1
    net = network([sign], values=8, bias=bias)
    if worst is None:
        bound = prove(net, CHIP)[-1]
        assert bound.high == 8191 if sign > 0 else bound.low == -8192
        assert bound.bits == 14
        return
    with pytest.raises(SpikeplaneError) as refused:
        prove(net, CHIP)
    assert str(refused.value) == (
        f"population 'out': its worst case {worst} exceeds the 14-bit accumulator (8191); use "
        "acc_bits = 15 or smaller weights"
    )


def test_what_is_sent_has_as_many_planes_as_it_needs() -> None:
    sent = {
        "input": Population(name="p", shape=(1, 1, 1), value_bits=5),
        "spikes": Population(name="p", shape=(1, 1, 1), neuron=Neuron()),
        "membranes": Population(name="p", shape=(1, 1, 1), neuron=Neuron(kind=MEMBRANE)),
    }
    assert {name: (p.bits(12), p.values(12), p.sends_values) for name, p in sent.items()} == {
        "input": (5, (0, 31), False),
        "spikes": (1, (0, 1), False),
        "membranes": (12, (-2048, 2047), True),
    }
