"""The golden model at its limits, against Python's integers, which have none: every width of
accumulators and membranes, sums at 2^24 +- 1, where float32 ends, and at the ends of 32 bits."""

import itertools
import random
from fractions import Fraction
from math import ceil, floor
from typing import Any, cast

import numpy as np
import pytest

from spikeplane.errors import SpikeplaneError
from spikeplane.network import MEMBRANE, LeakRound, Network, Neuron, Population, Projection
from spikeplane_sim.golden import GoldenModel

ROUNDS = {"down": floor, "up": ceil, "odd": lambda x: floor(x) | (x != floor(x))}


def pair(
    total: int, acc_bits: int, membrane_bits: int, neuron: Neuron, theta: int, amount: int | None = None
) -> GoldenModel:
    """One neuron that gets `total` from a spike: a weight of at most 8 bits shifted, and a bias
    that makes up the rest."""
    shift = max(total.bit_length() - 7, 0)
    weight = total >> shift
    population = Population(
        name="n",
        shape=(1, 1, 1),
        neuron=neuron,
        theta=np.array([theta]),
        bias=np.array([total - (weight << shift)]),
        amount=None if amount is None else np.array([amount]),
    )
    network = Network(
        populations=(Population(name="in", shape=(1, 1, 1)), population),
        output="n",
        projections=(
            Projection(source="in", target="n", weight=np.full((1, 1, 1, 1), weight), pre_shift=shift),
        ),
    )
    return GoldenModel(network, membrane_bits=membrane_bits, acc_bits=acc_bits)


def by_hand(total: int, bits: int, neuron: Neuron, theta: int, amount: int, steps: int) -> list[int]:
    """The membranes of each step in Python's integers."""
    low, high, u, out = -(1 << (bits - 1)), (1 << (bits - 1)) - 1, 0, []
    for _ in range(steps):
        kept = {"none": u, "memoryless": 0}.get(neuron.leak)
        if kept is None:
            kept = ROUNDS[neuron.leak_round](Fraction(u * neuron.leak_value, 65536))
        v = min(max(kept + total, low), high)
        out.append(v)
        fires = v > theta if neuron.strict else v >= theta
        u = (
            v
            if not fires or neuron.reset == "none"
            else neuron.v_reset
            if neuron.reset == "hard"
            else v - amount
        )
    return out


def neurons(bits: int) -> list[tuple[Neuron, int, int]]:
    """Neuron, threshold and amount: nothing that leaves the membrane."""
    top = (1 << (bits - 1)) - 1
    leak: dict[str, Any] = {"leak": "multiply", "kind": MEMBRANE}
    return [
        (Neuron(reset="none", kind=MEMBRANE), top, 0),
        (Neuron(reset="hard", v_reset=-top - 1, kind=MEMBRANE), top // 2, 0),
        (Neuron(reset="soft", kind=MEMBRANE, strict=True), top // 3, top),
        *[
            (Neuron(reset="none", leak_value=value, leak_round=cast(LeakRound, way), **leak), top, 0)
            for value in (1, 32768, 65535)
            for way in ROUNDS
        ],
        (Neuron(reset="hard", leak="memoryless", v_reset=top, kind=MEMBRANE), -top, 0),
    ]


def sums(acc_bits: int) -> list[int]:
    """What the accumulator holds of: its ends, the ends of float32's integers, small ones."""
    top = 1 << (acc_bits - 1)
    near = [1 << 24, 1 << 23, 1 << 30]
    every = {
        top - 1,
        -top,
        top // 2,
        -top // 2 - 1,
        1,
        -1,
        *(s * n + d for n in near for s in (1, -1) for d in (-1, 0, 1)),
    }
    return sorted(n for n in every if -top <= n < top)


@pytest.mark.parametrize("acc_bits", range(12, 33))
def test_every_width_of_accumulator_and_membrane(acc_bits: int) -> None:
    for membrane_bits in random.Random(acc_bits).sample(range(9, 32), 3) + [8, 32]:
        for total in (
            sums(acc_bits)[0],
            sums(acc_bits)[-1],
            *random.Random(acc_bits).sample(sums(acc_bits), 1),
        ):
            for neuron, theta, amount in random.Random(total).sample(neurons(membrane_bits), 3):
                model = pair(total, acc_bits, membrane_bits, neuron, theta, amount)
                got = model.run({"in": np.ones((1, 4, 1, 1, 1), dtype=np.uint8)})["n"].ravel().tolist()
                assert got == by_hand(total, membrane_bits, neuron, theta, amount, 4), (
                    total,
                    membrane_bits,
                    neuron,
                )


@pytest.mark.parametrize("membrane_bits", [8, 16, 18, 24, 25, 32])
def test_every_sum_at_the_ends_of_float32_and_of_32_bits(membrane_bits: int) -> None:
    for total, (neuron, theta, amount) in itertools.product(sums(32), neurons(membrane_bits)[::2]):
        model = pair(total, 32, membrane_bits, neuron, theta, amount)
        got = model.run({"in": np.ones((1, 4, 1, 1, 1), dtype=np.uint8)})["n"].ravel().tolist()
        assert got == by_hand(total, membrane_bits, neuron, theta, amount, 4), (total, neuron)


@pytest.mark.parametrize(
    "total", [(1 << 24) - 1, 1 << 24, (1 << 24) + 1, -(1 << 24) - 1, (1 << 31) - 1, -(1 << 31)]
)
def test_sums_of_many_weights_are_exact(total: int) -> None:
    """The whole sum comes over the synapses of 8-bit values: no partial sum may be rounded."""
    whole, rest = divmod(total, 255)
    weights = [127 if whole > 0 else -127] * (abs(whole) // 127) + [
        abs(whole) % 127 * (1 if whole > 0 else -1),
        1,
    ]
    values = np.full((1, 1, len(weights), 1, 1), 255)
    values[0, 0, -1] = rest
    population = Population(
        name="n", shape=(1, 1, 1), neuron=Neuron(kind=MEMBRANE, reset="none"), theta=np.array([0])
    )
    network = Network(
        populations=(Population(name="in", shape=(len(weights), 1, 1), value_bits=8), population),
        output="n",
        projections=(Projection(source="in", target="n", weight=np.array(weights).reshape(1, -1, 1, 1)),),
    )
    assert sum(w * int(v) for w, v in zip(weights, values[0, 0, :, 0, 0], strict=True)) == total
    got = GoldenModel(network, membrane_bits=32, acc_bits=32).run({"in": values})["n"].item()
    assert got == total


@pytest.mark.parametrize("total", [2048, -2049, 1 << 20])
def test_a_current_that_the_accumulator_does_not_hold_is_refused(total: int) -> None:
    model = pair(total, 12, 32, Neuron(), 5)
    with pytest.raises(SpikeplaneError) as error:
        model.run({"in": np.ones((1, 1, 1, 1, 1), dtype=np.uint8)})
    assert str(error.value) == (
        f"population 'n': a current of {total} exceeds the 12-bit accumulator; compile the network "
        "for this chip, which proves "
        "that none does"
    )
