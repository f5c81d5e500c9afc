"""Gates and functions of values in integers: near their floats, in one unit, and refused where they have no room."""

from dataclasses import replace

import numpy as np
import pytest

from spikeplane import ChipConfig, Encoding, SpikeplaneError
from spikeplane.compiler.peaks import measured_peaks
from spikeplane.compiler.quantise import quantise
from spikeplane.float_network import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.network import ALIGNED, MEMBRANE, Gate, Network
from spikeplane_sim.golden import FloatModel, GoldenModel

CHANNELS, SIZE, STEPS = 16, 8, 4
CHIP = ChipConfig(membrane_bits=18, acc_bits=26, dynamic_depth=256, dynamic_bits=8, max_shift=20)
ENCODING = {"in": Encoding(kind="planes", steps=STEPS)}


def values(**more: object) -> FloatNeuron:
    return FloatNeuron(**{"decay": 0.0, "reset": "none", "kind": MEMBRANE, **more})  # pyright: ignore[reportArgumentType]


def gated(source: str, target: str, gate: str, channels: int = CHANNELS) -> FloatProjection:
    one = np.ones((channels, 1, 1))
    return FloatProjection(source=source, target=target, weight=one, kind=ALIGNED, dynamic=Gate(gate))


def squeezed(function: str = "sigmoid") -> FloatNetwork:
    """x, times a gate a channel of its own mean, times a gate a pixel of that; then neurons."""
    rng = np.random.default_rng(5)

    def weight(*shape: int) -> np.ndarray:
        return rng.normal(size=shape) * np.sqrt(2 / np.prod(shape[1:]))

    channels, mean = (CHANNELS, 1, 1), np.full((CHANNELS, 1, 1), 1 / SIZE**2)
    large = (CHANNELS, SIZE, SIZE)
    populations = (
        FloatPopulation(name="in", shape=(2, SIZE, SIZE)),
        FloatPopulation(name="x", shape=large, neuron=values(), bias=rng.normal(size=CHANNELS) / 10),
        FloatPopulation(name="mean", shape=channels, neuron=values()),
        FloatPopulation(name="g", shape=channels, neuron=values(function=function)),
        FloatPopulation(name="y", shape=large, neuron=values()),
        FloatPopulation(name="p", shape=(1, SIZE, SIZE), neuron=values(function="hard_sigmoid")),
        FloatPopulation(
            name="z", shape=large, neuron=FloatNeuron(decay=0.5, threshold=np.full(CHANNELS, 0.2))
        ),
    )
    projections = (
        FloatProjection(source="in", target="x", weight=weight(CHANNELS, 2, 3, 3) * 2, padding=(1, 1)),
        FloatProjection(source="x", target="mean", weight=mean, pool=(SIZE, SIZE), kind=ALIGNED),
        FloatProjection(source="mean", target="g", weight=weight(CHANNELS, CHANNELS, 1, 1) * 4),
        gated("x", "y", "g"),
        FloatProjection(source="y", target="p", weight=weight(1, CHANNELS, 3, 3), padding=(1, 1)),
        gated("y", "z", "p"),
    )
    return FloatNetwork(populations=populations, projections=projections, output="z")


def planes() -> dict[str, np.ndarray]:
    drawn = np.random.default_rng(1).random((8, STEPS, 2, SIZE, SIZE)) < 0.3
    return {"in": drawn.astype(np.uint8)}


def whole(net: FloatNetwork, chip: ChipConfig = CHIP) -> Network:
    return quantise(net, chip, ENCODING, peaks=measured_peaks(net, planes(), ENCODING))[0]


@pytest.mark.parametrize(("membrane", "bits", "least"), [(16, 6, 0.97), (20, 8, 0.98)])
def test_spikes_behind_two_gates(membrane: int, bits: int, least: float) -> None:
    net, chip = squeezed(), replace(CHIP, membrane_bits=membrane, acc_bits=membrane + 8)
    found = whole(net, chip)
    real = FloatModel(net).run(planes())
    ours = GoldenModel(found, membrane_bits=chip.membrane_bits, acc_bits=chip.acc_bits).run(planes())
    agree = (real["z"] == ours["z"]).mean()
    print(f"{agree:.4f} at a rate of {real['z'].mean():.3f}")
    assert real["z"].mean() > 0.05
    assert agree > least
    gate = ours["g"]
    assert gate.min() >= 0
    assert gate.max() < 1 << bits
    assert gate.std() > 1 << (bits - 4)
    assert np.abs(gate / 2.0**bits - real["g"]).max() < 0.2
    assert [p.dynamic.top for p in found.projections if isinstance(p.dynamic, Gate)] == [(1 << bits) - 1] * 2


def test_a_table_is_its_function() -> None:
    """Every entry is the function in the middle of the membranes that find it, to half of what is sent."""
    net = squeezed()
    found = whole(net).population("g")
    assert found.neuron is not None
    assert found.neuron.table is not None
    table = np.array(found.neuron.table.values)
    assert (len(table), table[0], table[-1], found.neuron.planes, found.neuron.relu) == (256, 0, 127, 7, True)
    assert (np.diff(table) >= 0).all()
    index = np.arange(256) - 127.5
    middle = slice(96, 160)
    logit = np.log((table + 0.5) / (127.5 - table))[middle]
    slope = (logit * index[middle]).sum() / (index[middle] ** 2).sum()
    real = np.clip(np.round(128 / (1 + np.exp(-slope * index))), 0, 127)
    assert np.abs(table - real).max() <= 1
    assert (table != real).mean() < 0.2


def test_a_kept_latch_has_leaks_by_step() -> None:
    """Channel t takes its value in step t, keeps it otherwise, and the gate of later presentations knows all of them."""
    keeps = 1 - np.eye(STEPS)
    one = np.zeros((STEPS, STEPS, CHANNELS, SIZE, SIZE))
    one[np.arange(STEPS), np.arange(STEPS)] = 1 / (CHANNELS * SIZE**2)
    net = squeezed()
    kept = FloatPopulation(name="kept", shape=(STEPS, 1, 1), neuron=values(decay=keeps), kept=True)
    net = replace(
        net,
        populations=(*net.populations, kept),
        projections=(*net.projections, FloatProjection(source="z", target="kept", weight=one)),
        output="kept",
        presentations=2,
    )
    found = whole(net)
    latch = found.population("kept")
    assert latch.kept
    assert found.presentations == 2
    assert latch.leaks is not None
    assert (latch.leaks == keeps * 65536).all()
    ours = GoldenModel(found, membrane_bits=CHIP.membrane_bits, acc_bits=CHIP.acc_bits).run(planes())
    counts = ours["z"].sum((2, 3, 4))
    assert (np.ptp(counts, 1) > 0).all()
    unit = ours["kept"][:, -1, :, 0, 0] / counts
    assert np.ptp(unit) == 0
    assert (ours["kept"] == ours["kept"][:, :1]).all()  # in the second presentation from the first step on


def refused(net: FloatNetwork, chip: ChipConfig = CHIP) -> str:
    with pytest.raises(SpikeplaneError) as error:
        whole(net, chip)
    return str(error.value)


def test_what_is_refused() -> None:
    assert refused(squeezed("tanh")) == (
        "layer 'y' is multiplied by 'g', which sends values below 0; a gate sends 0 or more: use a sigmoid, or spikes"
    )
    net = squeezed()
    plain = [replace(p, neuron=values()) if p.name == "g" else p for p in net.populations]
    assert refused(replace(net, populations=tuple(plain))) == (
        "layer 'y' is multiplied by the values of 'g', whose range is not known; a gate sends spikes or a function of its "
        "values: sigmoid, hard_sigmoid, tanh"
    )
    other = replace(gated("x", "z", "g"), weight=np.full((CHANNELS, 1, 1), 0.3))
    assert refused(replace(net, projections=(*net.projections, other))) == (
        "layer 'z': its values times those of 'g', up to 127, have no room beside its threshold, bias and other inputs in 18-bit "
        "membranes and 26-bit accumulators, or its gates have factors of several sizes; use a chip with wider ones, or one factor"
    )
