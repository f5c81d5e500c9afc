"""The unit that accumulators leave: weights of both signs do not add up, because sources at their highest meet weights of
one sign only. What fits exactly stays as it is; what rounding adds makes the unit coarser by that alone."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from spikeplane.compiler.graph import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.compiler.quantise import quantise
from spikeplane.compiler.rows import Quantised
from spikeplane.compiler.sides import reached
from spikeplane.config import ChipConfig
from spikeplane.encoding import Encoding
from spikeplane.network import MEMBRANE, Network
from spikeplane.program.bounds import Bound, prove
from spikeplane_sim.golden import GoldenModel

CHIP = ChipConfig(rows=1, cols=1, acc_bits=12, membrane_bits=12)
LIMIT = 2047
SPIKES = Encoding(kind="planes", steps=2)
PIXELS = Encoding(kind="direct", steps=2, value_bits=4)
SIGNED = Encoding(kind="frames", steps=2, value_bits=4, signed=True, unit=1.0)


def layer(weight: np.ndarray, **options: Any) -> FloatNetwork:
    """in -> out, weights (C, inputs) or a kernel (C, inputs, KH, KW)."""
    kernel = weight[:, :, None, None] if weight.ndim == 2 else weight
    at = {name: options.pop(name) for name in ("pool", "up", "padding", "stride") if name in options}
    height, width = options.pop("pixels", (1, 1))
    shape = options.pop("shape", (len(weight), 1, 1))
    neuron = {"threshold": np.full(len(weight), 1e-3), "decay": 0.0, **options.pop("neuron", {})}
    return FloatNetwork(
        populations=(
            FloatPopulation(name="in", shape=(kernel.shape[1], height, width)),
            FloatPopulation(name="out", shape=shape, neuron=FloatNeuron(**neuron), **options),
        ),
        projections=(FloatProjection(source="in", target="out", weight=kernel, **at),),
        output="out",
    )


def made(net: FloatNetwork, encoding: Encoding, chip: ChipConfig = CHIP) -> tuple[Network, Quantised, Bound]:
    network, (row,) = quantise(net, chip, encoding, guard=0)
    (bound,) = prove(network, chip)
    return network, row, bound


def integers(network: Network) -> np.ndarray:
    (projection,) = network.projections
    return projection.weight.astype(np.int64) << projection.pre_shift


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    ("encoding", "options"),
    [
        (SPIKES, {}),
        (PIXELS, {}),
        (SIGNED, {}),
        (SPIKES, {"pool": (2, 2), "pixels": (2, 2)}),
        (PIXELS, {"neuron": {"kind": MEMBRANE, "threshold": None, "reset": "none"}}),
        (PIXELS, {"neuron": {"v_reset": -1e-3, "reset": "hard"}}),
    ],
)
def test_the_accumulator_is_used_to_its_end(seed: int, encoding: Encoding, options: dict[str, Any]) -> None:
    """Fine weights of both signs: the larger side of the worst channel ends within a few hundredths of the limit."""
    rng = np.random.default_rng(seed)
    inputs = {1: 400, 2: 100}[options.get("pool", (1, 1))[0]] // (1 if encoding is SPIKES else 12)
    weight, bias = rng.normal(rng.normal(0, 0.1), 1, (3, inputs)), rng.normal(0, 3, 3)
    _, row, bound = made(layer(weight, bias=bias, **options), encoding)
    assert row.error > 0
    low, high = encoding.span
    pixels = options.get("pool", (1, 1))[0] ** 2
    up, down = np.maximum(weight, 0).sum(1), np.maximum(-weight, 0).sum(1)
    value = encoding.value * pixels
    needed = (
        np.maximum((up * high - down * low) * value + bias, (down * high - up * low) * value - bias) / LIMIT
    )
    largest = np.abs(weight).max(1) * encoding.value / 127
    assert (needed > largest).all(), "the accumulator, not the weights' bits, is what binds"
    assert LIMIT * 0.94 < max(bound.high, -bound.low) <= LIMIT


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("bias", "kept"), [(2, True), (3, False), (-7, True)])
def test_integers_that_fit_to_the_last_one_are_kept(sign: int, bias: int, kept: bool) -> None:
    """101 + 20 + 15 + ... times 15 and the bias are 2047; as much on the other side does not add to it."""
    weight = np.array([[101, 20, 15, -101, -19, -16]]) * sign
    net = layer(weight / 8, bias=np.array([sign * (bias + 5)]) / 8 / 15)
    network, _, bound = made(net, PIXELS)
    total = 15 * 136 + bias + 5
    assert kept == (total <= LIMIT)
    if kept:
        assert np.array_equal(integers(network).reshape(1, -1), weight)
        assert max(sign * bound.high, sign * bound.low) == total
    else:
        assert not np.array_equal(integers(network).reshape(1, -1), weight)
        assert np.abs(integers(network)).max() < 101


def test_what_rounding_adds_is_taken_back_by_a_coarser_unit() -> None:
    """Two hundred weights that all round up by nearly a half: what fits in real numbers would not in integers."""
    weight = np.concatenate([np.full(200, 8.49), [127.0]])[None] / 127
    chip = ChipConfig(rows=1, cols=1, acc_bits=12, membrane_bits=12)
    found = set()
    for above in np.linspace(0.8, 1.3, 40):
        weight[0, :200] = 8.49 / 127 * above
        network, _, bound = made(layer(weight), SPIKES, chip)
        assert bound.high <= LIMIT
        found.add(int(integers(network).reshape(-1)[0]))
        real = float(Fraction(weight.sum()))
        assert bound.high >= 0.75 * min(LIMIT, real * 127)
    assert len(found) > 1


def test_pixels_that_are_apart_meet_a_part_of_the_kernel() -> None:
    weight = np.random.default_rng(0).normal(0, 1, (2, 60, 4, 4))
    net = layer(weight, up=(2, 2), padding=(2, 2), pixels=(3, 3), shape=(2, 6, 6), stride=(1, 1))
    _, _, bound = made(net, PIXELS, ChipConfig(rows=1, cols=1, acc_bits=14, membrane_bits=12))
    assert 8191 * 0.9 < max(bound.high, -bound.low) <= 8191


def test_sides_by_hand() -> None:
    weight = np.array([[3.0, -2.0], [-1.0, -4.0]])[:, :, None, None]
    assert reached([(weight, (1, 1), 0, 1)], np.array([0.0, 0.0])).tolist() == [3, 5]
    assert reached([(weight, (1, 1), -2, 1)], np.array([0.0, 0.0])).tolist() == [8, 10]
    assert reached([(weight, (1, 1), 0, 1)], np.array([-10.0, 1.0])).tolist() == [12, 4]
    assert reached([(weight, (1, 1), 0, 1), (-weight, (1, 1), 0, 3)], np.zeros(2)).tolist() == [11, 15]
    assert reached([], np.array([-4.0])).tolist() == [4]


@pytest.mark.parametrize("sign", [1, -1])
def test_the_golden_model_gets_to_the_end(sign: int) -> None:
    weight = np.array([[101, 20, 15, -101, -19, -16]]) * sign
    options = {"neuron": {"kind": MEMBRANE, "threshold": None, "reset": "none"}}
    net = layer(weight / 8, bias=np.array([sign * 7]) / 8 / 15, **options)
    network, _, bound = made(net, PIXELS)
    assert sign * (bound.high if sign > 0 else bound.low) == LIMIT
    pixels = np.zeros((1, 2, 6, 1, 1), np.int64)
    pixels[:, :, weight.reshape(-1) * sign > 0] = 15
    sent = GoldenModel(network, membrane_bits=12, acc_bits=12).run({"in": pixels})["out"]
    assert sent[:, 0].reshape(-1).tolist() == [sign * LIMIT]
