"""The quantiser against formulas of its own, in exact fractions, on numbers off every grid: weights
and biases to the nearest integer, thresholds to the integer that decides as the real one does, and
a worst case that holds for negative membranes too.

A layer of one channel has one unit, which the table tells (`scale_low`, and 2^-guard of it for all
but the weights).
"""

import itertools
from fractions import Fraction
from math import ceil, floor

import numpy as np
import pytest

from spikeplane.compiler.graph import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.compiler.quantise import quantise
from spikeplane.compiler.rows import Quantised
from spikeplane.config import ChipConfig
from spikeplane.encoding import Encoding
from spikeplane.errors import SpikeplaneError
from spikeplane.network import MEMBRANE, Network, Neuron, Population, Projection
from spikeplane.program.bounds import prove, reach

CHIP = ChipConfig(rows=1, cols=1, acc_bits=24, membrane_bits=20, max_shift=12)
SEEDS = range(12)


def layer(
    weight: np.ndarray,
    bias: float = 0.0,
    threshold: float = 1.0,
    *,
    chip: ChipConfig = CHIP,
    guard: int | None = None,
    bits: int | None = None,
    **neuron: object,
) -> tuple[Population, Projection, Quantised]:
    """One channel behind spikes, quantised."""
    fires = FloatNeuron(**{"decay": 0.9, "threshold": np.array([threshold]), **neuron})  # type: ignore[arg-type]
    net = FloatNetwork(
        populations=(
            FloatPopulation(name="in", shape=(weight.size, 1, 1)),
            FloatPopulation(name="n", shape=(1, 1, 1), neuron=fires, bias=np.array([bias])),
        ),
        projections=(FloatProjection(source="in", target="n", weight=weight.reshape(1, -1, 1, 1)),),
        output="n",
    )
    network, (row,) = quantise(
        net, chip, Encoding(kind="planes", steps=4), {"n": bits} if bits else None, guard
    )
    return network.populations[1], network.projections[0], row


def units(row: Quantised) -> tuple[Fraction, Fraction]:
    """Real values of one step of a weight, and of one step of currents and membranes."""
    assert row.scale_low == row.scale_high
    return Fraction(row.scale_low), Fraction(row.scale_low) / 2**row.guard


def nearest(value: Fraction) -> set[int]:
    """The nearest integer; both where they are equally near."""
    down, up = floor(value), ceil(value)
    return {n for n in (down, up) if abs(value - n) <= min(abs(value - down), abs(value - up))}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("bits", [2, 4, 8])
def test_weights_are_the_nearest_integers(bits: int, seed: int) -> None:
    weight = np.random.default_rng(seed).normal(0, 0.31, 23)
    _, projection, row = layer(weight, bits=bits)
    step, _ = units(row)
    top, moved = 2 ** (bits - 1) - 1, 0
    counted = projection.weight.ravel().astype(int) << projection.pre_shift
    assert not (counted % 2**row.guard).any(), "guard bits are of the weights' step"
    for real, whole in zip(weight.tolist(), (counted >> row.guard).tolist(), strict=True):
        ratio = Fraction(real) / step
        allowed = {min(max(n, -top), top) for n in nearest(ratio)}
        assert whole in allowed, f"{float(ratio)} became {whole}"
        moved += whole != int(ratio)
    assert moved > (bits > 2) * 3, "truncation would have passed"


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("bits", [2, 4, 8])
def test_the_step_is_near_the_best_there_is(bits: int, seed: int) -> None:
    weight = np.random.default_rng(seed).normal(0, 0.31, 23)
    _, _, row = layer(weight, bits=bits)
    top = 2 ** (bits - 1) - 1

    def error(step: float) -> float:
        return float(((np.clip(np.rint(weight / step), -top, top) * step - weight) ** 2).sum())

    best = min(error(abs(weight).max() / top * part) for part in np.linspace(0.3, 1.2, 181))
    # Of 127 levels some step happens to suit 23 weights; there the error of evenly spread ones is
    # the measure.
    assert error(row.scale_low) <= max(1.35 * best, 1.6 * weight.size * (abs(weight).max() / 127) ** 2 / 12)
    assert abs(row.error - np.sqrt(error(row.scale_low) / (weight**2).sum())) < 1e-9


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_threshold_decides_every_integer_as_the_real_one_does(seed: int, strict: bool) -> None:
    rng = np.random.default_rng(seed)
    threshold = float(rng.uniform(0.4, 3) * rng.choice([-1, 1]))
    population, _, row = layer(
        rng.normal(0, 0.3, 9), threshold=threshold, strict=strict, reset="none", guard=int(rng.integers(0, 5))
    )
    _, unit = units(row)
    theta = int(np.asarray(population.theta)[0])
    for v in range(theta - 3, theta + 4):
        real = v * unit > Fraction(threshold) if strict else v * unit >= Fraction(threshold)
        whole = v > theta if strict else v >= theta
        assert real == whole, f"v = {v} of theta {theta}, really {float(Fraction(threshold) / unit)}"


@pytest.mark.parametrize("strict", [False, True])
def test_a_threshold_on_the_grid_is_itself_however_float32_wrote_it(strict: bool) -> None:
    """Weights of 0.1 at 7 bits and a threshold of 0.3, each rounded to float32: 21 of the weights'
    steps, not 20 or 22."""
    weight = np.array([0.1, 0.7 / 70, -0.1], dtype=np.float32).astype(np.float64)
    for threshold in (0.3, float(np.float32(0.3)), 0.3 * (1 + 2e-7), 0.3 * (1 - 2e-7)):
        population, _, row = layer(weight, threshold=threshold, strict=strict, guard=0, bits=8)
        step, _ = units(row)
        assert int(np.asarray(population.theta)[0]) == round(Fraction(3, 10) / step)


@pytest.mark.parametrize("seed", SEEDS)
def test_biases_amounts_and_resets_are_the_nearest_integers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weight, bias, amount = rng.normal(0, 0.3, 9), float(rng.normal(0, 0.4)), float(rng.uniform(0.2, 2))
    population, _, row = layer(
        weight, bias, reset="soft", amount=np.array([amount]), guard=int(rng.integers(0, 4))
    )
    _, unit = units(row)
    assert int(np.asarray(population.bias)[0]) in nearest(Fraction(bias) / unit)
    assert int(np.asarray(population.amount)[0]) in nearest(Fraction(amount) / unit)
    population, _, row = layer(weight, bias, reset="hard", v_reset=-amount, guard=int(rng.integers(0, 4)))
    assert population.neuron is not None
    assert population.neuron.v_reset in nearest(Fraction(-amount) / units(row)[1])


@pytest.mark.parametrize("seed", SEEDS)
def test_a_reset_potential_is_one_number_for_channels_far_apart(seed: int) -> None:
    """A population's word holds one: every channel has to count in the same unit."""
    rng = np.random.default_rng(seed)
    weight, potential = (
        rng.normal(0, 1, (4, 9)) * 10.0 ** np.arange(-1, 3)[:, None],
        float(rng.uniform(-2, -0.3)),
    )
    neuron = FloatNeuron(decay=0.9, threshold=np.full(4, 1.0), reset="hard", v_reset=potential)
    net = FloatNetwork(
        populations=(
            FloatPopulation(name="in", shape=(9, 1, 1)),
            FloatPopulation(name="n", shape=(4, 1, 1), neuron=neuron),
        ),
        projections=(FloatProjection(source="in", target="n", weight=weight[:, :, None, None]),),
        output="n",
    )
    network, (row,) = quantise(net, CHIP, Encoding(kind="planes", steps=4))
    population = network.population("n")
    assert population.neuron is not None
    assert population.neuron.v_reset in nearest(Fraction(potential) / units(row)[1])
    assert len(set(np.asarray(population.theta).tolist())) == 1, "one threshold in one unit"


def test_a_soft_reset_never_rounds_to_nothing() -> None:
    population, _, row = layer(np.array([50.0, -41.3, 7.7]), threshold=0.07, reset="soft", guard=0)
    assert Fraction(7, 100) / units(row)[1] < Fraction(1, 2)
    assert int(np.asarray(population.amount)[0]) == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_channels_do_not_know_of_one_another(seed: int) -> None:
    """Several channels give what each gives alone: weights, threshold and bias in the channel's own unit."""
    rng = np.random.default_rng(seed)
    weight = rng.normal(0, 1, (5, 9)) * 10.0 ** rng.integers(-2, 2, (5, 1))
    theta, bias = abs(weight).sum(1) * rng.uniform(0.2, 0.8, 5), weight.std(1) * rng.normal(0, 1, 5)
    net = FloatNetwork(
        populations=(
            FloatPopulation(name="in", shape=(9, 1, 1)),
            FloatPopulation(
                name="n", shape=(5, 1, 1), neuron=FloatNeuron(decay=0.9, threshold=theta), bias=bias
            ),
        ),
        projections=(FloatProjection(source="in", target="n", weight=weight[:, :, None, None]),),
        output="n",
    )
    network, _ = quantise(net, CHIP, Encoding(kind="planes", steps=4), {"n": 8}, 2)
    together, projection = network.populations[1], network.projections[0]
    for c in range(5):
        alone, synapses, _ = layer(weight[c], float(bias[c]), float(theta[c]), bits=8, guard=2)
        assert np.array_equal(
            projection.weight[c] << projection.pre_shift, synapses.weight[0] << synapses.pre_shift
        ), c
        assert (np.asarray(together.theta)[c], np.asarray(together.bias)[c]) == (
            np.asarray(alone.theta)[0],
            np.asarray(alone.bias)[0],
        )


def corners(weight: np.ndarray, bias: int, low: int, high: int) -> tuple[int, int]:
    """Least and largest current over every combination of sources at an end of their range."""
    ends = np.array(list(itertools.product((low, high), repeat=len(weight))), dtype=object)
    totals = bias + ends @ np.array([int(w) for w in weight], dtype=object)
    return int(min(totals)), int(max(totals))


def values_into(weight: np.ndarray, bias: int, pre_shift: int = 0, pool: tuple[int, int] = (1, 1)) -> Network:
    """A population that sends its membranes, and one channel behind it."""
    shape = (weight.size, *pool)
    populations = (
        Population(name="in", shape=(1, *pool)),
        Population(
            name="m",
            shape=shape,
            neuron=Neuron(reset="none", kind=MEMBRANE),
            theta=np.full(weight.size, 100),
        ),
        Population(name="n", shape=(1, 1, 1), neuron=Neuron(), theta=np.array([5]), bias=np.array([bias])),
    )
    projections = (
        Projection(source="in", target="m", weight=np.ones((weight.size, 1, 1, 1), dtype=np.int64)),
        Projection(
            source="m", target="n", weight=weight.reshape(1, -1, 1, 1), pre_shift=pre_shift, pool=pool
        ),
    )
    return Network(populations=populations, projections=projections, output="n")


@pytest.mark.parametrize("seed", SEEDS)
def test_the_worst_case_is_that_of_every_corner(seed: int) -> None:
    rng = np.random.default_rng(seed)
    chip = ChipConfig(rows=1, cols=1, acc_bits=32, membrane_bits=int(rng.integers(8, 12)), max_shift=20)
    weight, bias, pre = rng.integers(-9, 10, 7), int(rng.integers(-500, 500)), int(rng.integers(0, 4))
    top = 1 << (chip.membrane_bits - 1)
    network = values_into(weight, bias, pre, (2, 1))
    bound = {b.population: b for b in prove(network, chip)}["n"]
    assert (bound.low, bound.high) == corners(weight * 2 ** (pre + 1), bias, -top, top - 1)
    least, most = reach(network.projections[1], network.populations[1], chip)
    assert (int(least[0]) + bias, int(most[0]) + bias) == (bound.low, bound.high)
    needed = next(n for n in range(1, 40) if -(1 << (n - 1)) <= bound.low and bound.high < 1 << (n - 1))
    assert bound.bits == needed


@pytest.mark.parametrize("weight", [[3, 4, 9], [-3, -4, -9], [8, 0, 0], [-8, 0, 0], [8, -8, 0]])
@pytest.mark.parametrize("bias", [-1, 0, 1])
def test_the_proof_ends_at_the_accumulators_end(weight: list[int], bias: int) -> None:
    """Positive weights reach down by negative membranes only, one further than up: 16 times -128 is
    the end of 12 bits."""
    chip = ChipConfig(rows=1, cols=1, acc_bits=12, membrane_bits=8, max_shift=20)
    low, high = corners(np.array(weight), bias, -128, 127)
    network = values_into(np.array(weight), bias)
    if low >= -2048 and high <= 2047:
        prove(network, chip)
        return
    worst = high if high > 2047 else low
    with pytest.raises(
        SpikeplaneError, match=f"population 'n': its worst case {worst} exceeds the 12-bit accumulator"
    ):
        prove(network, chip)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_quantised_fits_behind_negative_membranes(seed: int) -> None:
    """Value populations into narrow accumulators: the chosen unit keeps every corner inside, and
    uses most of the room."""
    rng = np.random.default_rng(seed)
    chip = ChipConfig(rows=1, cols=1, acc_bits=16, membrane_bits=10, max_shift=12)
    first, second = rng.normal(0, 0.3, (6, 4)), rng.normal(0.2, 0.3, 6)
    net = FloatNetwork(
        populations=(
            FloatPopulation(name="in", shape=(4, 1, 1)),
            FloatPopulation(
                name="m", shape=(6, 1, 1), neuron=FloatNeuron(decay=0.9, reset="none", kind=MEMBRANE)
            ),
            FloatPopulation(
                name="n",
                shape=(1, 1, 1),
                neuron=FloatNeuron(threshold=np.array([0.02])),
                bias=np.array([-0.01]),
            ),
        ),
        projections=(
            FloatProjection(source="in", target="m", weight=first[:, :, None, None]),
            FloatProjection(source="m", target="n", weight=second.reshape(1, -1, 1, 1)),
        ),
        output="n",
    )
    network, _ = quantise(net, chip, Encoding(kind="planes", steps=4))
    prove(network, chip)
    projection, bias = network.projections[1], int(np.asarray(network.population("n").bias)[0])
    sent = network.population("m").values(chip.membrane_bits)
    low, high = corners(projection.weight.ravel() << projection.pre_shift, bias, *sent)
    assert low >= -(1 << 15)
    assert high < 1 << 15
    assert max(high, -low) > 1 << 13, "far coarser than it has to be"
