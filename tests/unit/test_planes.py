"""Bit planes of values: what is sent of a membrane, how many planes the compiler gives, and what it refuses."""

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from spikeplane import ChipConfig, Encoding, SpikeplaneError
from spikeplane.compiler.graph import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.compiler.losses import told_losses
from spikeplane.compiler.quantise import quantise
from spikeplane.estimate.forward import outputs
from spikeplane.formats.tables import Memory, core_tables
from spikeplane.network import ALIGNED, MEMBRANE, Network, Neuron, Population, Projection
from spikeplane.program.bounds import prove
from spikeplane.program.values import check_planes
from spikeplane_sim.golden import GoldenModel

BITS = 6
PLANES = Encoding(kind="planes", steps=3)
CHIP = ChipConfig(rows=1, cols=1, acc_bits=24)


def chip6(*, low_planes: bool = True) -> Any:
    """Narrower than any chip, so that all can be tried."""
    return SimpleNamespace(membrane_bits=BITS, low_planes=low_planes)


def every(neuron: Neuron) -> tuple[list[int], list[int], list[int]]:
    """Currents from far below the membranes to far above, and what golden model and estimate send for them."""
    currents = list(range(-50, 51))
    populations = (
        Population(name="in", shape=(1, 1, 1)),
        Population(
            name="v", shape=(101, 1, 1), neuron=neuron, theta=np.full(101, 31), bias=np.array(currents)
        ),
    )
    weight = np.zeros((101, 1, 1, 1), dtype=np.int64)
    network = Network(
        populations=populations, projections=(Projection(source="in", target="v", weight=weight),), output="v"
    )
    planes = {"in": np.zeros((1, 1, 1, 1, 1), dtype=np.int64)}
    golden = GoldenModel(network, membrane_bits=BITS, acc_bits=12).run(planes)["v"]
    return currents, golden.ravel().tolist(), outputs(network, planes, BITS)["v"].ravel().tolist()


@pytest.mark.parametrize("planes", range(BITS + 1))
@pytest.mark.parametrize("relu", [False, True])
def test_every_current_on_every_number_of_planes(planes: int, relu: bool) -> None:
    """And with every number of the lowest ones left out."""
    if relu and planes in (0, BITS):
        return
    for low in range(planes or BITS):
        neuron = Neuron(leak="memoryless", reset="none", kind=MEMBRANE, planes=planes, relu=relu, low=low)
        currents, golden, estimated = every(neuron)
        top = 2 ** ((planes or BITS) - 1)
        held = range(2 * top) if relu else range(-top, top)
        limited = [sorted((held[0], min(max(i, -32), 31), held[-1]))[1] for i in currents]
        expected = [math.floor(i / 2**low) for i in limited]
        assert golden == estimated == expected
        sent = (min(expected), max(expected))
        assert (neuron.bits(BITS), neuron.values(BITS)) == ((planes or BITS) - low, sent)
        assert len({i & 2 ** neuron.bits(BITS) - 1 for i in expected}) == 2 ** neuron.bits(BITS), (
            "all planes are used"
        )


@pytest.mark.parametrize(("planes", "relu", "said"), [
    (7, False, "x: planes must be from 0 to 6 on a chip with 6-bit membranes, not 7"),
    (-1, False, "x: planes must be from 0 to 6 on a chip with 6-bit membranes, not -1"),
    (6, True, "x: planes must be from 1 to 5 on a chip with 6-bit membranes, not 6"),
    (0, True, "x: planes must be from 1 to 5 on a chip with 6-bit membranes, not 0"),
])  # fmt: skip
def test_planes_that_a_chip_lacks(planes: int, relu: bool, said: str) -> None:
    with pytest.raises(SpikeplaneError) as refused:
        check_planes(Neuron(kind=MEMBRANE, planes=planes, relu=relu), chip6(), "x")
    assert str(refused.value) == said
    with pytest.raises(SpikeplaneError, match="x: only membranes that are sent have planes"):
        check_planes(Neuron(planes=1), chip6(), "x")


@pytest.mark.parametrize(("neuron", "has", "said"), [
    (Neuron(low=1), True, "x: only membranes that are sent have planes"),
    (Neuron(kind=MEMBRANE, low=6), True, "x: low must be from 0 to 5, one less than its 6 planes, not 6"),
    (Neuron(kind=MEMBRANE, low=-1), True, "x: low must be from 0 to 5, one less than its 6 planes, not -1"),
    (Neuron(kind=MEMBRANE, planes=3, relu=True, low=3), True, "x: low must be from 0 to 2, one less than its 3 planes, not 3"),
    (Neuron(kind=MEMBRANE, low=5), False, "x: it leaves out its 5 lowest planes, which needs a chip with low_planes = true"),
])  # fmt: skip
def test_planes_that_cannot_be_left_out(neuron: Neuron, has: bool, said: str) -> None:
    with pytest.raises(SpikeplaneError) as refused:
        check_planes(neuron, chip6(low_planes=has), "x")
    assert str(refused.value) == said


def test_an_option_that_a_chip_lacks_stands_in_no_file() -> None:
    """So digests, and programs, of chips without it are what they were."""
    chip = ChipConfig()
    assert "low_planes" not in chip.to_dict()
    assert chip.digest == "0fe25c6fb68e6715"
    other = replace(chip, low_planes=True)
    assert other.to_dict()["low_planes"] is True
    assert ChipConfig.from_dict(other.to_dict()) == other
    assert other.digest != chip.digest
    widths = [core_tables(c).width(Memory.POPULATION) for c in (chip, other)]
    assert widths[1] == widths[0] + 4


def stream(weights: list[np.ndarray], *, decay: float = 0.0) -> FloatNetwork:
    """v0 -> v1 -> ... by identities, a branch of the input (C, inputs) into each; the last is read out."""
    channels, inputs = weights[0].shape
    value = FloatNeuron(decay=decay, reset="none", kind=MEMBRANE)
    populations = [FloatPopulation(name="in", shape=(inputs, 1, 1))]
    projections = []
    for i, weight in enumerate(weights):
        populations.append(FloatPopulation(name=f"v{i}", shape=(channels, 1, 1), neuron=value))
        projections.append(FloatProjection(source="in", target=f"v{i}", weight=weight[:, :, None, None]))
        if i:
            one = np.ones((channels, 1, 1))
            projections.append(FloatProjection(source=f"v{i - 1}", target=f"v{i}", weight=one, kind=ALIGNED))
    fire = FloatNeuron(threshold=np.full(channels, 1.0))
    populations.append(FloatPopulation(name="out", shape=(channels, 1, 1), neuron=fire))
    one = np.ones((channels, 1, 1))
    projections.append(FloatProjection(source=f"v{len(weights) - 1}", target="out", weight=one, kind=ALIGNED))
    return FloatNetwork(populations=tuple(populations), projections=tuple(projections), output="out")


def test_a_sum_of_spikes_takes_few_unsigned_planes() -> None:
    """Eleven inputs of weight 1: 0 to 11, four planes, no sign."""
    network, _ = quantise(stream([np.ones((3, 11))]), CHIP, PLANES)
    neuron = network.population("v0").neuron
    assert neuron is not None
    assert (neuron.planes, neuron.relu) == (4, True)
    assert (network.projections[0].weight == 1).all()


@pytest.mark.parametrize("seed", range(6))
def test_the_worst_case_is_sent_whole(seed: int) -> None:
    """No fewer planes than the worst case needs, and no more."""
    rng = np.random.default_rng(seed)
    network, _ = quantise(stream([rng.normal(0, 0.2, (5, 9)) for _ in range(3)]), CHIP, PLANES)
    bounds = {b.population: b for b in prove(network, CHIP)}
    for name in ("v0", "v1", "v2"):
        neuron = network.population(name).neuron
        assert neuron is not None
        assert neuron.bits(CHIP.membrane_bits) == bounds[name].bits


def test_fewer_planes_where_the_shifter_ends() -> None:
    """A chip that shifts by 7 sends 8 planes: coarser, and what saturates is told."""
    chip = replace(CHIP, max_shift=7)
    net = stream([np.random.default_rng(1).normal(0, 0.2, (5, 40)) for _ in range(4)])
    network, rows = quantise(net, chip, PLANES)
    last = network.population("v3")
    assert last.bits(chip.membrane_bits) == 8
    told = {a.layer: a.value for a in told_losses(net, network, rows, chip) if a.what == "values"}
    assert told["v3"] == "saturate at -128 and 127"


@pytest.mark.parametrize("seed", range(20))
def test_identities_inside_a_stream_are_exact(seed: int) -> None:
    """Random streams: an identity is the integer 1, and what it adds is what was sent, step for step."""
    rng = np.random.default_rng(seed)
    depth, channels = int(rng.integers(2, 7)), int(rng.integers(1, 6))
    scale = 10.0 ** rng.uniform(-2, 1, (depth, 1, 1))
    net = stream(list(rng.normal(0, 1, (depth, channels, 12)) * scale))
    network, _ = quantise(net, CHIP, PLANES)
    sent = GoldenModel(network, membrane_bits=16, acc_bits=24).run(
        {"in": rng.integers(0, 2, (8, 3, 12, 1, 1))}
    )
    for p in network.projections:
        if p.kind is ALIGNED and p.target != "out":
            assert (p.weight == 1).all()
            assert p.pre_shift == 0
    for i in range(1, depth):
        into = network.incoming(f"v{i}")
        branch = next(p for p in into if p.source == "in")
        added = np.einsum("oi,ntiyx->ntoyx", branch.weight[:, :, 0, 0] << branch.pre_shift, sent["in"])
        low, high = network.population(f"v{i}").values(16)
        assert np.array_equal(sent[f"v{i}"], np.clip(sent[f"v{i - 1}"] + added, low, high))
        assert np.abs(sent[f"v{i}"]).max() > 30
