"""Integer spikes: the golden rule, the estimate's and the gateware's against fractions, every membrane, threshold and top."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest
import torch

from spikeplane import SpikeplaneError
from spikeplane.config import ChipConfig
from spikeplane.float_network import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.network import LEVELS, NEURONS, Network, Neuron, Population, Projection, ResetMode
from spikeplane.network.neurons import Levels, NeuronKind
from spikeplane.program.values import check_levels
from spikeplane_sim.golden import FloatModel, GoldenModel
from spikeplane_sim.golden.neurons import NEURON_RULES

BITS = 8
CHIP = ChipConfig(levels=True)


def nearest(v: int, theta: int, top: int) -> int:
    """Of exact fractions: to the nearest, half to even."""
    part = min(max(Fraction(v, theta), Fraction(0)), Fraction(top))
    low = floor(part)
    over = part - low
    return low + (over > Fraction(1, 2) or (over == Fraction(1, 2) and low % 2 == 1))


@pytest.mark.parametrize("top", [1, 2, 3, 4, 7, 8])
def test_every_membrane_and_threshold(top: int) -> None:
    """Also odd thresholds, which no chip has: the rule is that of any."""
    v = np.arange(-40, 128)
    halves = 0
    for theta in range(1, 127 // top + 1):
        expected = [nearest(int(one), theta, top) for one in v]
        halves += sum(bool(2 * one % theta == 0 and (2 * one // theta) % 2) for one in v.tolist())
        membrane, threshold = torch.as_tensor(v, dtype=torch.int32), torch.tensor(theta)
        sent = NEURON_RULES[f"levels-{top}"].sent(membrane, threshold, membrane >= theta)
        assert sent.tolist() == expected
        real = NEURON_RULES[f"levels-{top}"].real(membrane.double(), threshold.double(), None)
        assert real.tolist() == expected
        rough = LEVELS[top].sent(v.reshape(1, -1, 1, 1), np.full((1, 1, 1), theta), v >= theta)
        assert rough.reshape(-1).tolist() == expected
    assert halves > 50


def run(neuron: Neuron, theta: int, currents: list[int]) -> tuple[list[int], list[int]]:
    """What one neuron sends, and v, in each step of currents 0..255."""
    network = Network(
        populations=(
            Population(name="in", shape=(1, 1, 1), value_bits=8, signed=True),
            Population(name="out", shape=(1, 1, 1), neuron=neuron, theta=np.array([theta])),
        ),
        projections=(Projection(source="in", target="out", weight=np.ones((1, 1, 1, 1), np.int64)),),
        output="out",
    )
    model = GoldenModel(network, membrane_bits=BITS, acc_bits=16)
    planes = np.array(currents).reshape(1, -1, 1, 1, 1)
    potentials: dict[str, torch.Tensor] = {}
    seen = [(int(o["out"]), int(potentials["out"])) for o in model.steps({"in": planes}, potentials)]
    return [sent for sent, _ in seen], [v for _, v in seen]


@pytest.mark.parametrize("top", [1, 3, 4, 7])
@pytest.mark.parametrize("reset", ["soft", "none"])
def test_the_reset_takes_the_level(top: int, reset: ResetMode) -> None:
    rng = np.random.default_rng(top)
    counts = np.zeros(top + 1, dtype=int)
    for theta in range(2, 127 // top + 1, 2):
        currents = rng.integers(-theta * top, theta * top + theta, 90).tolist()
        sent, membranes = run(Neuron(kind=LEVELS[top], reset=reset), theta, currents)
        u = 0
        for current, level, v in zip(currents, sent, membranes, strict=True):
            expected = min(max(u + current, -128), 127)
            assert (v, level) == (expected, nearest(expected, theta, top))
            u = expected - level * theta if reset == "soft" else expected
            counts[level] += 1
    assert counts.min() > 10


def test_real_numbers_are_reset_by_the_level() -> None:
    """Halves of a threshold are exact in floats."""
    neuron = FloatNeuron(decay=0.5, threshold=np.array([2.0]), reset="soft", kind=LEVELS[4])
    net = FloatNetwork(
        populations=(FloatPopulation(name="in", shape=(1, 1, 1)), FloatPopulation(name="out", shape=(1, 1, 1), neuron=neuron)),
        projections=(FloatProjection(source="in", target="out", weight=np.ones((1, 1, 1, 1))),),
        output="out",
    )  # fmt: skip
    currents = [7.0, -1.0, 11.0, 5.0, 5.0]
    sent = FloatModel(net).run({"in": np.array(currents).reshape(1, -1, 1, 1, 1)})["out"].reshape(-1)
    # v: 7, -1.5, 10.25 (a top of 4 leaves 2.25), 6.125, 5.0625
    assert sent.tolist() == [4, 0, 4, 3, 3]


def test_the_largest_current_of_levels_is_found() -> None:
    """Where the worst case exceeds the accumulator, the golden model looks at the currents."""
    layers = (
        Population(name="in", shape=(1, 1, 1), value_bits=7),
        Population(name="whole", shape=(4, 1, 1), neuron=Neuron(kind=LEVELS[127]), theta=np.full(4, 2)),
        Population(name="out", shape=(1, 1, 1), neuron=Neuron(reset="none"), theta=np.array([1])),
    )
    network = Network(
        populations=layers,
        projections=(
            Projection(source="in", target="whole", weight=np.full((4, 1, 1, 1), 2)),
            Projection(source="whole", target="out", weight=np.full((1, 4, 1, 1), 127)),
        ),
        output="out",
    )
    model = GoldenModel(network, membrane_bits=16, acc_bits=16)
    assert model.run({"in": np.full((1, 1, 1, 1, 1), 60)})["out"].any()
    with pytest.raises(SpikeplaneError, match="a current of 64516 exceeds the 16-bit"):
        model.run({"in": np.full((1, 1, 1, 1, 1), 127)})


def test_what_a_core_compares_and_takes() -> None:
    """A half of the threshold, and its multiple in the highest bit: the registers of test_level_neurons."""
    compared, taken = LEVELS[4].words(np.array([6, 2]), np.array([0, 0]))
    assert (compared.tolist(), taken.tolist()) == ([3, 1], [-24, -8])
    assert LEVELS[7].words(np.array([6]), np.array([0]))[1].tolist() == [-24]


def test_what_a_top_may_be() -> None:
    assert sorted(LEVELS) == [1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127]
    kind: NeuronKind = LEVELS[4]
    assert (kind.bits(16), kind.values(16), kind.title) == (3, (0, 4), "levels 0..4")
    assert NEURONS["levels-4"] is kind
    assert kind.fields == {"membrane_out": 1, "relu": 1, "levels": 3, "capped": 1}
    assert LEVELS[7].fields["capped"] == 0
    with pytest.raises(SpikeplaneError, match="go from 0 to one of 1, 2, 3, 4, 7, 8, .* not to 5"):
        Levels(5)


@pytest.mark.parametrize(
    ("neuron", "theta", "amount", "chip", "refusal"),
    [
        (Neuron(kind=LEVELS[4], reset="soft"), 8, None, ChipConfig(), "x: it sends integer spikes, which needs a chip with levels"),
        (Neuron(kind=LEVELS[4], reset="hard"), 8, None, CHIP, "x: integer spikes are rounded, and a reset"),
        (Neuron(kind=LEVELS[4], reset="none", strict=True), 8, None, CHIP, "x: integer spikes are rounded"),
        (Neuron(kind=LEVELS[4], reset="soft"), 8, 6, CHIP, "x: integer spikes are rounded"),
        (Neuron(kind=LEVELS[4], reset="soft"), 7, None, CHIP, "must be even, from 2 to 8191 .* 16-bit membranes, not 7"),
        (Neuron(kind=LEVELS[4], reset="soft"), 0, None, CHIP, "must be even, from 2 to 8191 .* not 0"),
        (Neuron(kind=LEVELS[4], reset="soft"), 8192, None, CHIP, "must be even, from 2 to 8191 .* not 8192"),
        (Neuron(kind=LEVELS[4], reset="soft"), None, None, CHIP, "must be even, from 2 to 8191 .* not 0"),
    ],
)  # fmt: skip
def test_refused(
    neuron: Neuron, theta: int | None, amount: int | None, chip: ChipConfig, refusal: str
) -> None:
    def each(value: int | None) -> np.ndarray | None:
        return None if value is None else np.array([value])

    layer = Population(name="x", shape=(1, 1, 1), neuron=neuron, theta=each(theta), amount=each(amount))
    with pytest.raises(SpikeplaneError, match=refusal):
        check_levels(layer, chip, "x")


def test_what_a_chip_takes() -> None:
    for theta in (2, 8190):
        layer = Population(
            name="x", shape=(1, 1, 1), neuron=Neuron(kind=LEVELS[4], reset="soft"), theta=np.array([theta])
        )
        check_levels(layer, CHIP, "x")
