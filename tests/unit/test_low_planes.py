"""Values that are sent without their lowest planes: where the compiler does that, and what it leaves exact."""

from dataclasses import replace

import numpy as np

import spikeplane
from spikeplane import ChipConfig, Encoding
from spikeplane.compiler.graph import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.compiler.quantise import quantise
from spikeplane.network import ALIGNED, MEMBRANE, Network, Neuron
from spikeplane.program.bounds import prove
from spikeplane_sim.golden import GoldenModel

ALL = ChipConfig(rows=1, cols=1)
SOME = replace(ALL, low_planes=True)
IMAGE, PLANES = Encoding(steps=1), Encoding(kind="planes", steps=3)
CHANNELS = 8


def values(*, decay: float = 0.0) -> FloatNeuron:
    return FloatNeuron(decay=decay, reset="none", kind=MEMBRANE)


def fires(threshold: float) -> FloatNeuron:
    return FloatNeuron(threshold=np.full(CHANNELS, threshold), decay=0.5, reset="hard")


def ones(gain: float = 1.0) -> np.ndarray:
    return np.full((CHANNELS, 1, 1), gain)


def behind_an_image() -> FloatNetwork:
    """A 3x3 convolution of pixels, and one of its values, without neurons between."""
    rng = np.random.default_rng(3)
    return FloatNetwork(
        populations=(
            FloatPopulation(name="in", shape=(1, 8, 8)),
            FloatPopulation(
                name="v", shape=(CHANNELS, 8, 8), neuron=values(), bias=rng.normal(0, 0.1, CHANNELS)
            ),
            FloatPopulation(name="out", shape=(CHANNELS, 6, 6), neuron=fires(0.2)),
        ),
        projections=(
            FloatProjection(
                source="in", target="v", weight=rng.normal(0, 0.3, (CHANNELS, 1, 3, 3)), padding=(1, 1)
            ),
            FloatProjection(source="v", target="out", weight=rng.normal(0, 0.1, (CHANNELS, CHANNELS, 3, 3))),
        ),
        output="out",
    )


def summed(*, decay: float = 0.0, beside: float = 1.0) -> FloatNetwork:
    """v0 -> v1 by an identity, a branch into each; the mean of v1 over 8 x 8 pixels drives neurons."""
    rng = np.random.default_rng(5)
    branch = [rng.normal(0, 0.3, (CHANNELS, 96, 1, 1)) for _ in range(3)]
    return FloatNetwork(
        populations=(
            FloatPopulation(name="in", shape=(96, 8, 8)),
            FloatPopulation(name="v0", shape=(CHANNELS, 8, 8), neuron=values(decay=decay)),
            FloatPopulation(name="v1", shape=(CHANNELS, 8, 8), neuron=values(decay=decay)),
            FloatPopulation(name="out", shape=(CHANNELS, 1, 1), neuron=fires(0.2)),
        ),
        projections=(
            FloatProjection(source="in", target="v0", weight=branch[0]),
            FloatProjection(source="in", target="v1", weight=branch[1]),
            FloatProjection(source="v0", target="v1", weight=ones(), kind=ALIGNED),
            FloatProjection(source="v1", target="out", weight=ones(1 / 64), kind=ALIGNED, pool=(8, 8)),
            FloatProjection(source="in", target="out", weight=beside * branch[2] / 64, pool=(8, 8)),
        ),
        output="out",
    )


def neuron(network: Network, name: str) -> Neuron:
    found = network.population(name).neuron
    assert found is not None
    return found


def run(network: Network, chip: ChipConfig, planes: np.ndarray) -> dict[str, np.ndarray]:
    prove(network, chip)
    model = GoldenModel(network, membrane_bits=chip.membrane_bits, acc_bits=chip.acc_bits)
    return model.run({"in": planes})


def largest(network: Network, source: str, target: str) -> int:
    into = network.incoming(target)
    return max(int(np.abs(p.weight).max()) << p.pre_shift for p in into if p.source == source)


def test_values_behind_an_image_count_finely_and_are_sent_coarsely() -> None:
    """Both convolutions keep their weights; what is sent is the nearest value, not the one below."""
    net = behind_an_image()
    pixels = np.random.default_rng(1).integers(0, 256, (4, 1, 1, 8, 8))
    found = {}
    for chip in (ALL, SOME):
        network, rows = quantise(net, chip, IMAGE)
        found[chip] = network, rows[0].scale_high
    (plain, _), (network, unit) = found[ALL], found[SOME]
    low = neuron(network, "v").low
    assert (neuron(plain, "v").low, low > 2) == (0, True)
    assert largest(network, "v", "out") >= largest(plain, "v", "out")
    assert rows_error(net, network) < rows_error(net, plain) / 2
    sent = run(network, SOME, pixels)["v"]
    assert np.unique(sent).size > 60
    whole = replace(
        network,
        populations=tuple(
            replace(p, neuron=replace(p.neuron, low=0)) if p.name == "v" else p for p in network.populations
        ),
    )
    v = run(whole, replace(SOME, acc_bits=32), pixels)["v"] - (1 << low - 1)
    wrong = sent * 2.0**low - v
    assert np.abs(wrong).max() == 1 << low - 1
    assert abs(wrong.mean()) < 2.0**low / 50, "floors would be half of that too low"
    assert unit > 0


def rows_error(net: FloatNetwork, network: Network) -> float:
    """Of the image's weights, relative to them, at the scale that suits them best."""
    real, whole = (
        np.asarray(n.incoming("v")[0].weight, np.float64).reshape(CHANNELS, -1) for n in (net, network)
    )
    scale = (real * whole).sum(1) / (whole**2).sum(1)
    return float(np.sqrt(((whole * scale[:, None] - real) ** 2).sum() / (real**2).sum()))


def test_identities_count_what_a_sent_plane_does() -> None:
    """Inside a stream 2^low; and into a sum of 64 pixels, beside spikes, a whole number."""
    network, _ = quantise(summed(), SOME, PLANES)
    low = neuron(network, "v0").low
    assert low == neuron(network, "v1").low > 0
    inside = next(p for p in network.incoming("v1") if p.source == "v0")
    assert ((inside.weight << inside.pre_shift) == 1 << low).all()
    into = next(p for p in network.incoming("out") if p.source == "v1")
    assert (into.weight > 0).all(), "the mean is not lost beside the spikes"
    plain, _ = quantise(summed(), ALL, PLANES)
    assert largest(network, "in", "v0") > 4 * largest(plain, "in", "v0")
    planes = (np.random.default_rng(1).random((3, 3, 96, 8, 8)) < 0.4).astype(np.int64)
    sent = run(network, SOME, planes)
    added = np.einsum(
        "oi,ntiyx->ntoyx",
        network.incoming("v1")[0].weight[:, :, 0, 0] << network.incoming("v1")[0].pre_shift,
        planes,
    )
    bias = network.population("v1").bias
    assert bias is not None
    assert (bias == 1 << low - 1).all()
    assert np.array_equal(sent["v1"], (added + (sent["v0"] << low) + bias.reshape(-1, 1, 1)) >> low)


def test_a_mean_is_not_lost_beside_spikes_of_larger_worst_case() -> None:
    network, _ = quantise(summed(beside=3.0), SOME, PLANES)
    assert (next(p for p in network.incoming("out") if p.source == "v1").weight > 0).all()


def test_an_accumulator_has_room_for_what_is_left_out() -> None:
    """Of values that are usually small the worst case alone decides the unit: an identity's counts there in whole."""
    net, rng = behind_an_image(), np.random.default_rng(7)
    v = net.population("v")
    more = (
        FloatProjection(source="v", target="w", weight=ones(), kind=ALIGNED),
        FloatProjection(
            source="in", target="w", weight=rng.normal(0, 0.3, (CHANNELS, 1, 3, 3)), padding=(1, 1)
        ),
    )
    first, last = net.projections
    net = replace(
        net,
        populations=(*net.populations[:2], replace(v, name="w"), net.populations[2]),
        projections=(first, *more, replace(last, source="w")),
    )
    small = np.abs(more[1].weight).sum((1, 2, 3)) / 5
    network, _ = quantise(net, SOME, IMAGE, peaks={"v": small, "w": small})
    assert neuron(network, "w").low > 2
    assert [bound.bits for bound in prove(network, SOME) if bound.population == "w"] == [SOME.acc_bits]


def test_values_that_last_are_sent_whole() -> None:
    """A half in their bias would be added in every step. Signs have no lower planes to leave out either."""
    lasting, _ = quantise(summed(decay=0.5), SOME, PLANES)
    signs, _ = quantise(summed(), replace(SOME, weight_bits=1), PLANES)
    assert [neuron(n, name).low for n in (lasting, signs) for name in ("v0", "v1")] == [0, 0, 0, 0]


def test_a_chip_made_for_a_network_has_the_option_where_it_is_used() -> None:
    for net, encoding, has in ((behind_an_image(), IMAGE, True), (summed(decay=0.5), PLANES, False)):
        program = spikeplane.compile(net, chip="auto", encoding=encoding, progress=False)
        assert program.config.low_planes is has
        assert any(p.neuron is not None and p.neuron.low for p in program.network.populations) is has
