"""What a user may hand to the compiler by mistake, and what is lost on the way to integers: one
line each, or the model's result."""

from typing import Any

import numpy as np
import pytest

import spikeplane
from spikeplane import ChipConfig, Encoding, SpikeplaneError
from spikeplane.compiler.graph import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.network import MEMBRANE
from spikeplane_sim.golden import FloatModel, GoldenModel

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
    )


def compile_error(
    net: Any, encoding: Encoding = PLANES, chip: ChipConfig | str = "tiny", **options: Any
) -> str:
    with pytest.raises(SpikeplaneError) as refused:
        spikeplane.compile(net, chip=chip, encoding=encoding, **options)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def both(net: FloatNetwork, chip: ChipConfig, steps: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Spikes of the integers and of the floats for random planes."""
    program = spikeplane.compile(net, chip=chip, encoding=Encoding(kind="planes", steps=steps))
    planes = {"in": np.random.default_rng(1).integers(0, 2, (4, steps, *net.inputs[0].shape))}
    golden = GoldenModel(program.network, membrane_bits=chip.membrane_bits, acc_bits=chip.acc_bits).run(
        planes
    )
    return golden["out"], FloatModel(net).run(planes)["out"]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_no_finite_numbers(bad: float) -> None:
    ones = np.ones((2, 3))
    told = "are not all finite numbers; check the trained model"
    assert compile_error(one_layer(np.where(np.eye(2, 3) > 0, bad, 1))) == (
        "layer 'out': 2 of its 6 weights are not finite numbers; check the trained model"
    )
    assert compile_error(one_layer(ones, bias=np.array([0, bad]))) == f"layer 'out': its biases {told}"
    assert (
        compile_error(one_layer(ones, threshold=np.array([1, bad]))) == f"layer 'out': its thresholds {told}"
    )
    assert (
        compile_error(one_layer(ones, reset="soft", amount=np.array([bad, 1])))
        == f"layer 'out': its reset amounts {told}"
    )
    assert compile_error(one_layer(ones, v_reset=bad)) == (
        "layer 'out': its reset potential is no finite number; check the trained model"
    )
    assert (
        compile_error(one_layer(ones, decay=bad))
        == "layer 'out': its decay is no finite number; check the trained model"
    )


@pytest.mark.parametrize(("net", "message"), [
    (one_layer(np.full((2, 3), 1e300)), "layer 'out': its weights go beyond 1e+30; check the trained model"),
    (one_layer(np.ones((2, 3)), bias=np.ones(3)), "layer 'out': its biases must be 1 or 2 numbers, not an array of shape 3"),
    (one_layer(np.ones((2, 3)), threshold=None), ("layer 'out' has no threshold; give one, or " "kind = MEMBRANE "
                                                                                                "for a readout")),
    (one_layer(np.ones((2, 3)), threshold=-1.0, reset="soft"),
     "layer 'out': a soft reset cannot subtract -1; use a hard reset, or give an amount"),
    (one_layer(np.ones((2, 3)), decay=1.5), ("layer 'out': a membrane decay of 1.5 a step is not " "between 0 and 1; "
                                                                                                   "check tau and dt")),
    (one_layer(np.full((2, 3), 5e-6)),
     "layer 'out': its weights of up to 5e-06 vanish beside its threshold, reset, bias or the "
     "range of its inputs in "
     "16-bit membranes and 18-bit accumulators; use chip = 'large', or check the layer's scale and dt"),
    (one_layer(np.full((2, 3), 1e-12)),
     "layer 'out': its weights of up to 1e-12 vanish beside its threshold, reset, bias or the "
     "range of its inputs in "
     "16-bit membranes and 18-bit accumulators; no chip is wide enough: check its scale and dt"),
    (one_layer(np.full((2, 3), 1e-7)),
     "layer 'out': its weights of up to 1e-07 vanish beside its threshold, reset, bias or the "
     "range of its inputs in "
     "16-bit membranes and 18-bit accumulators; use acc_bits = 24 and membrane_bits = 24, or check the layer's scale and dt"),
    (one_layer(np.ones((2, 3)), bias=1e9),
     "layer 'out': its weights of up to 1 vanish beside its threshold, reset, bias or the range of "
     "its inputs in "
     "16-bit membranes and 18-bit accumulators; use acc_bits = 32, or check the layer's scale and dt"),
])  # fmt: skip
def test_layers_that_cannot_be(net: FloatNetwork, message: str) -> None:
    assert compile_error(net) == message


def test_one_bit_weights_far_below_the_threshold() -> None:
    chip = ChipConfig(rows=1, cols=1, lanes=8, weight_bits=1)
    assert compile_error(one_layer(np.full((2, 3), 1e-6)), chip=chip).startswith(
        "layer 'out': its weights of up to 1e-06 vanish"
    )


@pytest.mark.parametrize("bits", [2, 8])
@pytest.mark.parametrize(
    "neuron", [{}, {"reset": "soft"}, {"v_reset": -0.5}, {"decay": 0.5, "bias": [1.5, 0.6]}]
)
def test_channels_without_weights_keep_their_bias(bits: int, neuron: dict) -> None:
    """A pruned channel fires by its bias alone."""
    neuron = dict(neuron)
    bias = np.array(neuron.pop("bias", [0.31, 0.0]))
    ours, real = both(
        one_layer(np.zeros((2, 3)), bias=bias, **neuron), ChipConfig(weight_bits=bits), steps=40
    )
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
    assert amount.tolist() == [683, 683]  # 1/3 of 2^11: the guard bits make it finer
    program = spikeplane.compile(net, chip=ChipConfig(weight_bits=2), encoding=PLANES, guard=0)
    amount = program.network.population("out").amount
    assert amount is not None
    assert amount.tolist() == [1, 1]
    assert [(a["what"], a["value"], a["why"]) for a in program.tables["assumptions"]] == [
        ("soft reset", "1 step", "2 of 2 channels; their weights are larger than their thresholds")
    ]


@pytest.mark.parametrize(("decay", "bits", "told"), [
    (0.999, 20, ("leak", "none", "a decay of 0.999 in steps of 256/65536")),
    (0.001, 20, ("leak", "all", "a decay of 0.001 in steps of 256/65536")),
    (0.99, 20, ("time constant", "84.83 steps for 99.5", "a decay of 0.99 in steps of 256/65536")),
    (0.99998, 16, ("time constant", "6.554e+04 steps for 5e+04", "a decay of 0.99998 in steps of 1/65536")),
    (0.9, 20, ("time constant", "9.337 steps for 9.491", "a decay of 0.9 in steps of 256/65536")),
    (0.9, 16, None), (0.99, 16, None), (0.999, 18, None), (0.5, 20, None),
])  # fmt: skip
def test_time_constants_that_move_are_told(
    decay: float, bits: int, told: tuple[str, str, str] | None
) -> None:
    chip = ChipConfig(membrane_bits=bits, rows=1, cols=1)
    program = spikeplane.compile(one_layer([[1.0, -1.0]], decay=decay), chip=chip, encoding=PLANES)
    assert [(a["what"], a["value"], a["why"]) for a in program.tables["assumptions"]] == (
        [told] if told else []
    )


def test_readouts_without_threshold_never_reset() -> None:
    """The default reset is hard; a membrane at its limit stays there."""
    net = one_layer([[1.0, 1.0]], threshold=None, kind=MEMBRANE)
    program = spikeplane.compile(
        net, chip=ChipConfig(membrane_bits=8, max_shift=7), encoding=Encoding(kind="planes", steps=30)
    )
    values = (
        GoldenModel(program.network, membrane_bits=8, acc_bits=18)
        .run({"in": np.ones((1, 30, 2, 1, 1), dtype=int)})["out"]
        .ravel()
    )
    assert values[-1] == 127
    assert (np.diff(values) >= 0).all()


def test_weights_lose_levels() -> None:
    """784 pixels of 8 bits leave an 18-bit accumulator few steps of a weight: told, with a cure that works."""
    weight = np.random.default_rng(3).uniform(-0.04, 0.04, (8, 784))
    net, pixels = one_layer(weight), Encoding(kind="direct", steps=2)

    def told(**options: Any) -> list[dict[str, Any]]:
        program = spikeplane.compile(net, proof=False, **{"encoding": pixels, "chip": "small", **options})
        return [row for row in program.tables["assumptions"] if row["what"] == "weights"]

    (row,) = told()
    assert row == {
        "layer": "out",
        "what": "weights",
        "value": "-3 to 3 of 127",
        "why": "the worst case of its inputs in 18-bit accumulators, or its threshold in 16-bit membranes; "
        "a chip with wider ones keeps more (chip 'auto' has them), and so do inputs of fewer --value-bits",
    }
    assert told(chip="auto") == []
    assert told(encoding=Encoding(kind="direct", steps=2, value_bits=2)) == []
    assert told(encoding=Encoding(kind="direct", steps=2, value_bits=2), weight_bits=2) == []
