"""What a user may hand to the compiler by mistake, and what a chip cannot hold: one line each, or the same result as the model's."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import spikeplane
from spikeplane import ChipConfig, Encoding, SpikeplaneError
from spikeplane.compiler import build_image, place
from spikeplane.compiler.fit import fit
from spikeplane.compiler.graph import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.config import preset
from spikeplane.formats.tables import Memory, core_tables
from spikeplane.network import Network, Neuron, Population, Projection, Window
from spikeplane_sim.golden import FloatModel, GoldenModel


def layers(*channels: int, **neuron: Any) -> Network:
    """Fully connected integer layers of so many channels, weights +1 and -1."""
    rng = np.random.default_rng(0)
    names = ["in", *(f"p{i}" for i in range(1, len(channels)))]
    populations = [Population(name="in", shape=(channels[0], 1, 1))]
    projections = []
    for source, name, into, out in zip(names, names[1:], channels, channels[1:], strict=False):
        populations.append(Population(name=name, shape=(out, 1, 1), neuron=Neuron(**neuron), theta=np.full(out, 3)))
        projections.append(Projection(source=source, target=name, weight=rng.choice([-1, 1], (out, into, 1, 1))))
    return Network(populations=tuple(populations), projections=tuple(projections), output=names[-1])


def looped(network: Network) -> Network:
    """With every layer onto itself, a step later."""
    loops = []
    for p in network.populations[1:]:
        weight = np.ones((p.shape[0], p.shape[0], 1, 1), dtype=int)
        loops.append(Projection(source=p.name, target=p.name, weight=weight, delay=1))
    return replace(network, projections=(*network.projections, *loops))


def image_error(network: Network, chip: ChipConfig) -> str:
    with pytest.raises(SpikeplaneError) as refused:
        build_image(network, place(network, chip), chip, [])
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_lanes_without_channel_never_fire() -> None:
    """A 1-bit weight is never 0, so the lanes beyond the channels are driven to the membrane's limit."""
    chip = ChipConfig(lanes=8, weight_bits=1, membrane_bits=8, rows=1, cols=1)
    network = layers(9, 5, 3)
    image = build_image(network, place(network, chip), chip, [])
    parameters = {address: word for memory, address, word in image.words[0, 0] if memory == Memory.PARAMETER}
    thetas = [parameters[0] >> (lane * chip.lane_bits) & 0xFF for lane in range(8)]
    assert thetas == [0x100 - 3] * 5 + [0x80] * 3


def test_counts_do_not_wrap() -> None:
    """256 output groups are one more than a coordinate table's count: 0 without the check."""
    chip = ChipConfig(rows=1, cols=1, lanes=8, group_bits=9, parameter_depth=1024, group_depth=512)
    assert image_error(layers(1, 2048), chip) == (
        "projection 'in' to 'p1': count is 256, a coordinate word holds 0 to 255; use a smaller kernel, or a chip with more lanes or "
        "more cores"
    )
    network = layers(1, 2040)
    image = build_image(network, place(network, chip), chip, [])
    words = {(memory, address): word for memory, address, word in image.words[0, 0]}
    assert core_tables(chip).coordinate.unpack(words[Memory.GROUP, 0])["count"] == 255


def test_integers_do_not_wrap() -> None:
    chip, network = ChipConfig(membrane_bits=10, acc_bits=12), layers(2, 1)
    given, out = network.populations
    for change, message in (
        ({"theta": np.array([513])}, "minus its thresholds must be from -512 to 511 on this chip, not -513"),
        ({"theta": np.array([-512])}, "minus its thresholds must be from -512 to 511 on this chip, not 512"),
        ({"neuron": Neuron(v_reset=-513)}, "its resets must be from -512 to 511 on this chip, not -513"),
        ({"bias": np.array([2048])}, "its biases must be from -2048 to 2047 on this chip, not 2048"),
    ):
        changed = replace(network, populations=(given, replace(out, **change)))
        assert image_error(changed, chip) == f"population 'p1': {message}; use a chip with wider words"
    heavy = replace(network, projections=(replace(network.projections[0], weight=np.full((1, 2, 1, 1), 128)),))
    assert image_error(heavy, chip) == (
        "projection 'in' to 'p1': weights must be from -128 to 127 on this chip, not 128; use a chip with wider words"
    )
    light = replace(network, projections=(replace(network.projections[0], weight=np.zeros((1, 2, 1, 1), dtype=int)),))
    assert image_error(light, ChipConfig(weight_bits=1)) == (
        "projection 'in' to 'p1': weights must be +1 or -1 on a chip with 1-bit weights, not 0"
    )


@pytest.mark.parametrize(("window", "advice"), [
    (Window(size=17, stride=2), "pool over a smaller window"), (Window(size=2, stride=16), "pool with a smaller stride"),
    (Window(size=17, stride=2, padding=16), "pool over a smaller window"),
])  # fmt: skip
def test_windows_do_not_wrap(window: Window, advice: str) -> None:
    network = layers(2, 2)
    given, out = network.populations
    size = (20 + 2 * window.padding - window.size) // window.stride + 1
    out = replace(out, shape=(2, size, size), input_size=(20, 20), window=window)
    network = replace(network, populations=(replace(given, shape=(2, 20, 20)), out))
    assert image_error(network, ChipConfig()).endswith(f", a population word holds 0 to 15; {advice}")


def test_many_connections_take_fewer_cores() -> None:
    """Sixteen parts fed by sixteen and by themselves would be 32 credits to return, a core counts 31."""
    chip, network = preset("medium"), looped(layers(4, 256, 256))
    assert image_error(network, chip) == (
        "the network does not fit: population 'p2' on core (0, 0) has 32 credits to return, the core holds 31; use fewer projections "
        "or a chip with fewer cores"
    )
    placement, _ = fit(network, chip, ["p2"])
    assert len(placement.of("p2")) == 15


def test_full_memory_and_nothing_to_store() -> None:
    """A population without membranes behind one that fills them."""
    chip = ChipConfig(rows=1, cols=1, lanes=8, membrane_depth=16, coord_bits=2)
    network = layers(2, 2, 2, leak="memoryless")
    given, full, out = network.populations
    full = replace(full, shape=(2, 4, 4), neuron=Neuron())
    network = replace(network, populations=(replace(given, shape=(2, 4, 4)), full, replace(out, shape=(2, 4, 4))))
    build_image(network, place(network, chip), chip, [])


def test_slots_of_other_cores() -> None:
    """The least loaded core is full of small populations, the other has slots left."""
    chip = ChipConfig(rows=1, cols=2, lanes=8, populations=2, coord_bits=4)
    network = layers(8, 8, 8, 8, 8)
    given, large, *small = network.populations
    network = replace(network, populations=(given, replace(large, shape=(8, 9, 9)), *small))
    assert [part.core for part in place(network, chip).parts] == [(0, 0), (1, 0), (1, 0), (0, 0)]
    with pytest.raises(SpikeplaneError) as refused:
        place(network, replace(chip, populations=1))
    assert str(refused.value) == (
        "population 'p3' does not fit: every core already holds 1 populations; use a chip with more populations per core or more cores"
    )


def test_membranes_of_one_bit_chips() -> None:
    chip = ChipConfig(lanes=8, weight_bits=1, membrane_bits=8)
    network = layers(9, 5, 3)
    values = replace(network.populations[1], neuron=Neuron(membrane_out=True, reset="none"))
    network = replace(network, populations=(network.populations[0], values, network.populations[2]))
    with pytest.raises(SpikeplaneError) as refused:
        fit(network, chip, [])
    assert str(refused.value).startswith(
        "population 'p1' sends membrane values of 5 channels, a chip with 1-bit weights needs a multiple of its 8 lanes; "
        "use a chip with weight_bits = 2"
    )


PLANES = Encoding(kind="planes", steps=8)


def one_layer(weight: Any, bias: Any = None, **neuron: Any) -> FloatNetwork:
    """One fully connected layer of float weights (out, in)."""
    weight = np.asarray(weight, dtype=float)
    out, into = weight.shape
    neuron = {"threshold": np.full(out, 1.0), **neuron}
    return FloatNetwork(
        populations=(
            FloatPopulation(name="in", shape=(into, 1, 1)),
            FloatPopulation(name="out", shape=(out, 1, 1), neuron=FloatNeuron(**neuron), bias=bias),
        ),
        projections=(FloatProjection(source="in", target="out", weight=weight.reshape(out, into, 1, 1)),),
        output="out",
    )  # fmt: skip


def compile_error(net: Any, encoding: Encoding = PLANES, chip: ChipConfig | str = "tiny", **options: Any) -> str:
    with pytest.raises(SpikeplaneError) as refused:
        spikeplane.compile(net, chip=chip, encoding=encoding, **options)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def both(net: FloatNetwork, chip: ChipConfig, steps: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Spikes of the integers and of the floats for random planes."""
    program = spikeplane.compile(net, chip=chip, encoding=Encoding(kind="planes", steps=steps))
    planes = {"in": np.random.default_rng(1).integers(0, 2, (4, steps, *net.inputs[0].shape))}
    golden = GoldenModel(program.network, membrane_bits=chip.membrane_bits, acc_bits=chip.acc_bits).run(planes)
    return golden["out"], FloatModel(net).run(planes)["out"]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_no_finite_numbers(bad: float) -> None:
    ones = np.ones((2, 3))
    told = "are not all finite numbers; check the trained model"
    assert compile_error(one_layer(np.where(np.eye(2, 3) > 0, bad, 1))) == (
        "layer 'out': 2 of its 6 weights are not finite numbers; check the trained model"
    )
    assert compile_error(one_layer(ones, bias=np.array([0, bad]))) == f"layer 'out': its biases {told}"
    assert compile_error(one_layer(ones, threshold=np.array([1, bad]))) == f"layer 'out': its thresholds {told}"
    assert compile_error(one_layer(ones, reset="soft", amount=np.array([bad, 1]))) == f"layer 'out': its reset amounts {told}"
    assert compile_error(one_layer(ones, v_reset=bad)) == (
        "layer 'out': its reset potential is no finite number; check the trained model"
    )
    assert compile_error(one_layer(ones, decay=bad)) == "layer 'out': its decay is no finite number; check the trained model"


@pytest.mark.parametrize(("net", "message"), [
    (one_layer(np.full((2, 3), 1e300)), "layer 'out': its weights go beyond 1e+30; check the trained model"),
    (one_layer(np.ones((2, 3)), bias=np.ones(3)), "layer 'out': its biases must be 1 or 2 numbers, not an array of shape 3"),
    (one_layer(np.ones((2, 3)), threshold=None), "layer 'out' has no threshold; give one, or membrane_out = True for a readout"),
    (one_layer(np.ones((2, 3)), threshold=-1.0, reset="soft"),
     "layer 'out': a soft reset cannot subtract -1; use a hard reset, or give an amount"),
    (one_layer(np.ones((2, 3)), decay=1.5), "layer 'out': a membrane decay of 1.5 a step is not between 0 and 1; check tau and dt"),
    (one_layer(np.full((2, 3), 1e-6)),
     "layer 'out': its weights of up to 1e-06 vanish beside its threshold, reset, bias or the range of its inputs in "
     "16-bit membranes and 18-bit accumulators; use a chip with wider ones, or check the layer's scale and dt"),
    (one_layer(np.ones((2, 3)), bias=1e9),
     "layer 'out': its weights of up to 1 vanish beside its threshold, reset, bias or the range of its inputs in "
     "16-bit membranes and 18-bit accumulators; use a chip with wider ones, or check the layer's scale and dt"),
])  # fmt: skip
def test_layers_that_cannot_be(net: FloatNetwork, message: str) -> None:
    assert compile_error(net) == message


def test_one_bit_weights_far_below_the_threshold() -> None:
    chip = ChipConfig(rows=1, cols=1, lanes=8, weight_bits=1)
    assert compile_error(one_layer(np.full((2, 3), 1e-6)), chip=chip).startswith(
        "layer 'out': its weights of up to 1e-06 vanish"
    )


@pytest.mark.parametrize("bits", [2, 8])
@pytest.mark.parametrize("neuron", [{}, {"reset": "soft"}, {"v_reset": -0.5}, {"decay": 0.5, "bias": [1.5, 0.6]}])
def test_channels_without_weights_keep_their_bias(bits: int, neuron: dict) -> None:
    """A pruned channel fires by its bias alone."""
    neuron = dict(neuron)
    bias = np.array(neuron.pop("bias", [0.31, 0.0]))
    ours, real = both(one_layer(np.zeros((2, 3)), bias=bias, **neuron), ChipConfig(weight_bits=bits), steps=40)
    np.testing.assert_array_equal(ours, real)
    assert real.any()


def test_bias_and_one_bit_weights_fit_the_accumulator() -> None:
    """The bias alone would fill it, and 40 weights far below it become +1."""
    program = spikeplane.compile(
        one_layer(np.full((2, 40), 9e4), bias=1e6),
        chip=ChipConfig(weight_bits=1, acc_bits=12, membrane_bits=24),
        encoding=PLANES,
    )
    assert 1024 < program.tables["bounds"][0]["high"] <= 2047


def test_tiny_weights_are_none() -> None:
    ours, real = both(one_layer([[1e-310, 0.0], [0.5, 0.5]]), ChipConfig())
    np.testing.assert_array_equal(ours, real)
    assert real.any()


def test_soft_resets_never_round_to_nothing() -> None:
    """Weights three times the threshold and 2 bits: a step is 3, the threshold a third of it."""
    net = one_layer([[3.0], [3.0]], reset="soft")
    program = spikeplane.compile(net, chip=ChipConfig(weight_bits=2), encoding=PLANES)
    amount = program.network.population("out").amount
    assert amount is not None
    assert amount.tolist() == [43, 43]  # 1/3 of 2^7: the guard bits make it finer
    program = spikeplane.compile(net, chip=ChipConfig(weight_bits=2), encoding=PLANES, guard=0)
    amount = program.network.population("out").amount
    assert amount is not None
    assert amount.tolist() == [1, 1]
    assert [(a["what"], a["value"], a["why"]) for a in program.tables["assumptions"]] == [
        ("soft reset", "1 step", "2 of 2 channels; their weights are larger than their thresholds")
    ]


def test_one_bit_has_no_zeros() -> None:
    chip = ChipConfig(rows=1, cols=1, lanes=8, weight_bits=1)
    assert compile_error(one_layer([[1.0, 0.0, -1.0]]), chip=chip) == (
        "layer 'out': 1 of its 3 weights are 0, a weight of 1 bit is +1 or -1; use a chip with weight_bits = 2 or more, or train "
        "without zeros (groups and pruning make them)"
    )


@pytest.mark.parametrize(("decay", "bits", "told"), [
    (0.999, 20, ("leak", "none", "a decay of 0.999 in steps of 256/65536")),
    (0.001, 20, ("leak", "all", "a decay of 0.001 in steps of 256/65536")),
    (0.99, 20, ("time constant", "84.83 steps for 99.5", "a decay of 0.99 in steps of 256/65536")),
    (0.99998, 16, ("time constant", "6.554e+04 steps for 5e+04", "a decay of 0.99998 in steps of 1/65536")),
    (0.9, 20, ("time constant", "9.337 steps for 9.491", "a decay of 0.9 in steps of 256/65536")),
    (0.9, 16, None), (0.99, 16, None), (0.999, 18, None), (0.5, 20, None),
])  # fmt: skip
def test_time_constants_that_move_are_told(decay: float, bits: int, told: tuple[str, str, str] | None) -> None:
    chip = ChipConfig(membrane_bits=bits, rows=1, cols=1)
    program = spikeplane.compile(one_layer([[1.0, -1.0]], decay=decay), chip=chip, encoding=PLANES)
    assert [(a["what"], a["value"], a["why"]) for a in program.tables["assumptions"]] == ([told] if told else [])


def test_readouts_without_threshold_never_reset() -> None:
    """The default reset is hard; a membrane at its limit stays there."""
    net = one_layer([[1.0, 1.0]], threshold=None, membrane_out=True)
    program = spikeplane.compile(net, chip=ChipConfig(membrane_bits=8, max_shift=7), encoding=Encoding(kind="planes", steps=30))
    values = (
        GoldenModel(program.network, membrane_bits=8, acc_bits=18)
        .run({"in": np.ones((1, 30, 2, 1, 1), dtype=int)})["out"]
        .ravel()
    )
    assert values[-1] == 127
    assert (np.diff(values) >= 0).all()
