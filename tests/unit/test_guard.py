"""Guard bits, weight bits by layer and leaks: what is compiled fires as what was trained."""

from fractions import Fraction
from math import ceil, floor
from typing import Any

import numpy as np
import pytest

import spikeplane
from spikeplane import ChipConfig, Encoding, SpikeplaneError
from spikeplane.compiler.graph import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.compiler.leaks import leak
from spikeplane.compiler.quantise import quantise
from spikeplane.network import ALIGNED, MEMBRANE
from spikeplane_sim.golden import FloatModel, GoldenModel

CHIP = ChipConfig()


def dense(weight: np.ndarray, source: str = "in", target: str = "out", **more: Any) -> FloatProjection:
    return FloatProjection(source=source, target=target, weight=weight.reshape(*weight.shape, 1, 1), **more)


def layer(weight: np.ndarray, bias: np.ndarray | None = None, **neuron: Any) -> FloatNetwork:
    out, into = weight.shape
    neuron = {"threshold": np.ones(out), **neuron}
    return FloatNetwork(
        populations=(
            FloatPopulation(name="in", shape=(into, 1, 1)),
            FloatPopulation(name="out", shape=(out, 1, 1), neuron=FloatNeuron(**neuron), bias=bias),
        ),
        projections=(dense(weight),),
        output="out",
    )


def spikes(
    net: FloatNetwork, steps: int, seed: int = 0, rate: float = 0.2, **options: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Of the integers and of the float network, on random planes."""
    network, _ = quantise(net, CHIP, Encoding(kind="planes", steps=steps), **options)
    planes = {
        "in": (np.random.default_rng(seed).random((8, steps, *net.inputs[0].shape)) < rate).astype(np.int64)
    }
    golden = GoldenModel(network, membrane_bits=CHIP.membrane_bits, acc_bits=CHIP.acc_bits)
    return golden.run(planes)["out"], FloatModel(net).run(planes)["out"]


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("reset", ["hard", "soft"])
@pytest.mark.parametrize("keeps", [0.5, 0.25, 1 / 64])
def test_halves_quarters_and_so_on_are_exact(keeps: float, reset: str, strict: bool) -> None:
    """Integer weights, and thresholds on the grid: not one spike differs. Ties are there, so that a
    wrong rounding shows."""
    rng = np.random.default_rng(3)
    net = layer(
        rng.integers(-9, 11, (64, 40)) * 0.5,
        threshold=rng.integers(2, 20, 64) * 0.5,
        decay=keeps,
        reset=reset,
        strict=strict,
    )
    ours, real = spikes(net, 100)
    np.testing.assert_array_equal(ours, real)
    assert 0.1 < real.mean() < 0.9
    wrong, _ = spikes(
        FloatNetwork(
            **{
                **net.__dict__,
                "populations": (
                    net.populations[0],
                    FloatPopulation(
                        name="out",
                        shape=(64, 1, 1),
                        neuron=FloatNeuron(**{**net.populations[1].neuron.__dict__, "strict": not strict}),  # type: ignore[union-attr]
                    ),
                ),
            }
        ),
        100,
    )
    assert (wrong != real).any()


@pytest.mark.parametrize("decay", [0.75, 0.9, 10 / 13, 31 / 32])
@pytest.mark.parametrize(("bits", "count"), [(4, 0.07), (8, 0.01)])
def test_other_leaks_fire_as_often(decay: float, bits: int, count: float) -> None:
    net = layer(
        np.random.default_rng(5).normal(0, 0.3, (64, 32)),
        threshold=np.full(64, 1.5),
        decay=decay,
        reset="soft",
    )
    ours, real = spikes(net, 100, weight_bits={"out": bits})
    assert real.mean() > 0.03
    assert abs(ours.sum() / real.sum() - 1) < count


@pytest.mark.parametrize("decay", [0.9, 0.7, 0.95, 0.99, 0.6, 0.87, 10 / 13])
def test_the_factor_lies_where_a_tie_of_the_threshold_is_decided_as_in_real_numbers(decay: float) -> None:
    """Above the decay for `>=`, below it for `>`: a membrane that keeps a hair too little would
    miss a threshold it meets."""
    exact = Fraction(decay) * 65536
    above, below = (leak(decay, strict=strict, layer="n", config=ChipConfig()) for strict in (False, True))
    assert (above.value, below.value) == (ceil(exact), floor(exact))
    assert above.value == below.value + 1
    assert (above.rounding, below.rounding) == ("odd", "odd")


def test_guard_bits_make_the_leak_finer() -> None:
    """Weights of two bits, exactly: what is wrong comes from the leak, and guard bits take nine
    tenths of it away."""
    rng = np.random.default_rng(6)
    net = layer(rng.integers(-1, 2, (64, 32)) * 0.5, threshold=np.full(64, 1.5), decay=0.9, reset="soft")
    wrong = []
    for guard in (0, None):
        ours, real = spikes(net, 100, weight_bits={"out": 2}, guard=guard)
        wrong.append((ours != real).mean())
        assert real.mean() > 0.03
    assert wrong[1] < wrong[0] / 10


def test_weights_on_a_grid_are_kept() -> None:
    """Each channel on a grid of its own, its largest level not in use: as a network trained for few bits."""
    rng = np.random.default_rng(1)
    grid = rng.uniform(0.01, 0.5, (20, 1))
    levels = rng.integers(-5, 6, (20, 30))
    levels[:, :2] = (2, 3)  # no common divisor
    net = layer((levels * grid).astype(np.float32))
    network, rows = quantise(net, CHIP, Encoding(kind="planes", steps=4), weight_bits={"out": 4})
    assert rows[0].error < 1e-6
    stored = network.projections[0].weight[:, :, 0, 0] << network.projections[0].pre_shift
    assert ((stored / levels.clip(1))[:, :2] == (stored[:, :1] / 2)).all()


def test_the_readout_keeps_eight_bits() -> None:
    rng = np.random.default_rng(0)
    populations = (
        FloatPopulation(name="in", shape=(12, 1, 1)),
        FloatPopulation(name="hidden", shape=(16, 1, 1), neuron=FloatNeuron(threshold=np.ones(16))),
        FloatPopulation(name="out", shape=(10, 1, 1), neuron=FloatNeuron(reset="none", kind=MEMBRANE)),
    )
    projections = (
        dense(rng.normal(0, 0.3, (16, 12)), target="hidden", layer="fc1"),
        dense(rng.normal(0, 0.3, (10, 16)), source="hidden", layer="fc2"),
    )
    net = FloatNetwork(populations=populations, projections=projections, output="out")
    plain = Encoding(kind="planes", steps=4)

    def bits(asked: Any, chip: ChipConfig = CHIP) -> list[int]:
        return [row.weight_bits for row in quantise(net, chip, plain, asked)[1]]

    assert bits(None) == [8, 8]
    assert bits(2) == [2, 8]
    assert bits(2, ChipConfig(weight_bits=4)) == [2, 4]
    assert bits({"fc2": 4}) == bits({"out": 4}) == [8, 4]
    assert bits({"fc1": 2, "out": 2}) == [2, 2]


@pytest.mark.parametrize(("options", "message"), [
    ({"weight_bits": 3}, "weight bits must be 2, 4 or 8 and at most the chip's 8, or 15 in two parts, not 3"),
    ({"weight_bits": {"out": 16}}, "layer 'out': weight bits must be 2, 4 or 8 and at most the chip's 8, or 15 in two parts, not 16"),
    ({"weight_bits": {"fc": 4}}, "weight bits: there is no layer 'fc'; there are out"),
    ({"guard": {"fc": 4}}, "guard bits: there is no layer 'fc'; there are out"),
    ({"guard": -1}, "layer 'out': guard bits must be from 0 to 31, not -1"),
    ({"guard": 2.5}, "layer 'out': guard bits must be from 0 to 31, not 2.5"),
    ({"guard": 9, "chip": ChipConfig(rows=1, cols=1, lanes=8, max_shift=7)},
     "layer 'out': the chip's shifter leaves room for 7 guard bits, not 9; ask for fewer"),
])  # fmt: skip
def test_widths_that_are_not_there(options: dict, message: str) -> None:
    with pytest.raises(SpikeplaneError) as refused:
        spikeplane.compile(
            layer(np.eye(3) * 127 + 0.5),
            encoding=Encoding(kind="planes", steps=2),
            **{"chip": "tiny", **options},
        )
    assert str(refused.value) == message


def test_more_guard_than_the_accumulator_or_the_membrane_holds() -> None:
    plain = Encoding(kind="planes", steps=2)
    for chip, what, room in (
        (ChipConfig(acc_bits=12, max_shift=20), "the 12-bit accumulator", 3),
        (ChipConfig(membrane_bits=12, max_shift=20), "the 12-bit membrane", 4),
    ):
        with pytest.raises(SpikeplaneError) as refused:
            quantise(
                layer(np.array([[127.0, -126.0, 125.0]]), threshold=np.array([100.0])), chip, plain, guard=9
            )
        assert (
            str(refused.value)
            == f"layer 'out': {what} leaves room for {room} guard bits, not 9; ask for fewer"
        )
        _, rows = quantise(
            layer(np.array([[127.0, -126.0, 125.0]]), threshold=np.array([100.0])), chip, plain, guard=room
        )
        assert rows[0].guard == room


@pytest.mark.parametrize("bits", [1, 2, 8])
def test_an_identity_beside_small_weights_has_a_shift_of_its_own(bits: int) -> None:
    rng = np.random.default_rng(2)
    step = rng.uniform(0.05, 0.07, (16, 1, 1, 1))
    signs = rng.choice([-1, 1], (16, 16, 3, 3))
    net = FloatNetwork(
        populations=(
            FloatPopulation(name="in", shape=(16, 6, 6)),
            FloatPopulation(
                name="out",
                shape=(16, 6, 6),
                neuron=FloatNeuron(decay=0.5, threshold=np.full(16, 0.75), reset="soft"),
            ),
        ),
        projections=(
            FloatProjection(source="in", target="out", weight=signs * step, padding=(1, 1)),
            FloatProjection(source="in", target="out", weight=np.ones((16, 1, 1)), kind=ALIGNED),
        ),
        output="out",
    )
    network, _ = quantise(net, ChipConfig(weight_bits=bits), Encoding(kind="planes", steps=30))
    planes = {"in": rng.integers(0, 4, (4, 30, 16, 6, 6)) == 0}
    planes = {"in": planes["in"].astype(np.int64)}
    ours = GoldenModel(network, membrane_bits=16, acc_bits=18).run(planes)["out"]
    real = FloatModel(net).run(planes)["out"]
    assert 0.1 < real.mean() < 0.5
    assert (ours == real).mean() > {1: 0.95, 2: 0.95, 8: 0.995}[bits]


def test_values_sent_on_keep_their_unit() -> None:
    """A population that sends its membrane has no guard bits: the next one reads it in weight steps."""
    rng = np.random.default_rng(4)
    populations = (
        FloatPopulation(name="in", shape=(6, 1, 1)),
        FloatPopulation(
            name="value", shape=(4, 1, 1), neuron=FloatNeuron(decay=0.0, reset="none", kind=MEMBRANE)
        ),
        FloatPopulation(name="out", shape=(5, 1, 1), neuron=FloatNeuron(threshold=np.full(5, 0.5))),
    )
    projections = (
        dense(rng.normal(0, 0.3, (4, 6)), target="value"),
        dense(rng.normal(0, 0.3, (5, 4)), source="value"),
    )
    net = FloatNetwork(populations=populations, projections=projections, output="out")
    chip = ChipConfig(max_shift=15, acc_bits=28, membrane_bits=16)
    network, rows = quantise(net, chip, Encoding(kind="planes", steps=20))
    assert rows[0].guard == 0
    planes = {"in": rng.integers(0, 2, (4, 20, 6, 1, 1))}
    ours = GoldenModel(network, membrane_bits=16, acc_bits=28).run(planes)["out"]
    assert (ours == FloatModel(net).run(planes)["out"]).mean() > 0.98


def test_a_constant_drive_fires_in_the_steps_of_the_recursion() -> None:
    """Nothing comes in, v_leak is 1.2 thresholds, tau 100 steps. The weight may be any integer; the
    bias is 1.2 of it, and of 127 it would be rounded, and every period a step too long."""
    net = layer(
        np.array([[0.01]]),
        bias=np.array([0.012]),
        threshold=np.ones(1),
        decay=0.99,
        reset="hard",
        strict=True,
    )
    ours, real = spikes(net, 2000, rate=0.0)
    np.testing.assert_array_equal(ours, real)
    v, fired = 0.0, []
    for t in range(2000):
        v += 0.01 * (1.2 - v)
        if v > 1:
            v = 0.0
            fired.append(t)
    assert fired == np.flatnonzero(real[0]).tolist()
    assert len(fired) == 11


@pytest.mark.parametrize("bias", [0.0, 0.3, 0.0781, -1.5, 40.0])
def test_units_suited_to_a_bias_keep_weights_exactly(bias: float) -> None:
    rng = np.random.default_rng(9)
    weight = rng.integers(-3, 4, (6, 20)) * 0.25
    weight[:, 0] = 0.25
    net = layer(weight, bias=np.full(6, bias), decay=0.9, reset="soft")
    network, rows = quantise(net, CHIP, Encoding(kind="planes", steps=10), guard=0)
    without, _ = quantise(
        layer(weight, decay=0.9, reset="soft"), CHIP, Encoding(kind="planes", steps=10), guard=0
    )
    assert rows[0].error < 1e-12
    whole, before = network.projections[0].weight, without.projections[0].weight
    assert (np.abs(whole).max((1, 2, 3)) >= 0.9 * np.abs(before).max((1, 2, 3))).all()
    for channel, populated in enumerate(np.asarray(network.populations[1].bias)):
        unit = 0.25 / whole[channel, 0, 0, 0]
        worst = 0.25 / before[channel, 0, 0, 0]
        assert abs(populated * unit - bias) <= abs(round(bias / worst) * worst - bias) + 1e-9
