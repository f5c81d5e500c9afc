"""What is proved of a network before it learns, and refused by name; the error that every host computes alike."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from learning_networks import drawn

from spikeplane.errors import SpikeplaneError
from spikeplane.train import LearningNetwork, LearningPopulation, LearningProjection, Optimiser
from spikeplane.train.plan import bounds, exact_bits
from spikeplane.train.softmax import cross_entropy, exponential, softmax16


def layers(inputs: int, hidden: int, limit: int = 3, **options: object) -> LearningNetwork:
    """inputs-hidden-10; `options` are the hidden population's."""
    chosen = {"theta": np.ones(hidden), "leak": 0.5, **options}
    return LearningNetwork(
        populations=(
            LearningPopulation(name="in", shape=(inputs, 1, 1)),
            LearningPopulation(name="hid", shape=(hidden, 1, 1), **chosen),  # pyright: ignore[reportArgumentType]
            LearningPopulation(name="out", shape=(10, 1, 1)),
        ),
        projections=(
            LearningProjection(source="in", target="hid", weight=np.zeros((hidden, inputs, 1, 1), np.float16), limit=limit),
            LearningProjection(source="hid", target="out", weight=np.zeros((10, hidden, 1, 1), np.float16), limit=limit),
        ),
        output="out",
    )  # fmt: skip


def test_the_rows_of_the_proof() -> None:
    found = {row.what: row.worst for row in bounds(layers(784, 128, limit=1), 64, 4)}
    first = 784 * 2.0
    second = first + float(np.float16(first)) / 2
    third = first + float(np.float16(second)) / 2
    fourth = first + float(np.float16(third)) / 2
    assert found == {
        "layer 'hid'": fourth,
        "readout 'out'": 4 * 128 * 2.0,
        "the delta of layer 'hid'": 10 * 2 * 4 + 4.0,
        "the gradient of in->hid": 64 * 4 * 4.0,
        "the gradient of hid->out": 64 * 4 * 4.0,
        "a weight of in->hid and its step": 4.0,
        "a weight of hid->out and its step": 4.0,
    }


@pytest.mark.parametrize(
    ("inputs", "limit", "samples", "bits"),
    [
        (784, 0, 64, 36),
        (784, 1, 64, 48),
        (1090, 0, 64, 36),
        (1095, 0, 64, 48),
        (100, 0, 127, 36),
        (100, 0, 128, 48),
    ],
)
def test_the_narrowest_word(inputs: int, limit: int, samples: int, bits: int) -> None:
    """A word of 36 bits holds what is below 2048: 2048 itself reads as -2048."""
    assert exact_bits(layers(inputs, 8, limit=limit), samples, 4) == bits


def with_weight(value: float) -> LearningNetwork:
    network = layers(4, 4)
    weight = np.zeros((4, 4, 1, 1), np.float16)
    weight[1, 2] = value
    return network.with_weights({0: weight})


CASES = {
    "fan-in": (
        lambda: layers(2**18, 2, limit=5),
        "layer 'hid' may reach 262144 x 2^5, leaking 0.5 = 8421360, which takes a word of 49 bits, and chips have 48 at most; "
        "use a smaller fan-in or a lower limit",
    ),
    "samples": (
        lambda: drawn("conv"),
        "the gradient of in->a may reach 100000 samples x 4 steps x 12 x 2^2 = 19200000, which takes a word of 50 bits, and chips "
        "have 48 at most; use smaller batches, fewer steps or a lower limit",
    ),
    "product": (
        lambda: replace(layers(4, 4, limit=12), delta_limit=4),
        "projection in->hid: weights below 2^12 times deltas below 2^4 leave binary16; lower the limits to a sum of 15",
    ),
    "limit": (
        lambda: replace(layers(4, 4), delta_limit=-1),
        "projection in->hid: weights within 2^3 and deltas within 2^-1; limits are powers of 0 and more",
    ),
    "theta": (
        lambda: layers(4, 4, theta=np.array([1.0, 1025.0, 1.0, 1.0])),
        "layer 'hid': the threshold 1025 has no exact window in binary16 (it and it -+ 1/2 must be binary16 numbers); use a "
        "multiple of 1/1024 below 1, or scale the layer",
    ),
    "nan": (
        lambda: with_weight(np.nan),
        "projection in->hid: 1 of its weights are NaN or infinite; give finite ones, below 65520",
    ),
    "infinite": (
        lambda: with_weight(np.inf),
        "projection in->hid: 1 of its weights are NaN or infinite; give finite ones, below 65520",
    ),
    "weight": (
        lambda: with_weight(-8.01),
        "projection in->hid: a weight of 8.0078125 is beyond its limit 2^3; raise the limit, or scale the layer",
    ),
    "leak": (
        lambda: layers(4, 4, leak=0.9),
        "layer 'hid': a leak of 0.9 is no binary16 number from 0 to 1; use 0.89990234375",
    ),
    "frozen": (
        lambda: replace(layers(4, 4), projections=tuple(replace(p, trained=False) for p in layers(4, 4).projections)),
        "no projection of the network is trained; leave one that is not frozen",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_refused(case: str) -> None:
    make, message = CASES[case]
    with pytest.raises(SpikeplaneError) as refused:
        exact_bits(make(), 100_000 if case == "samples" else 64, 4)
    assert str(refused.value) == message


@pytest.mark.parametrize("theta", [0.5, 1.0, 511.5, 1023.5])
def test_thresholds_with_an_exact_window(theta: float) -> None:
    """Above 512 a half is the last bit; beyond 1023.5 the upper edge loses it."""
    assert exact_bits(layers(4, 4, theta=np.full(4, theta)), 64, 4) == 36


def test_a_rate_that_keeps_its_bits() -> None:
    assert float(Optimiser(rate=0.4).step(64, 4)) == float(np.float16(0.4 / 256))
    assert float(Optimiser(rate=2.0**-12).step(64, 4)) == 2.0**-20
    with pytest.raises(SpikeplaneError) as refused:
        Optimiser(rate=0.0001).step(64, 4)
    assert str(refused.value) == (
        "a rate of 0.0001 over 64 samples of 4 steps is 3.91e-07 a step, and binary16 needs 9.54e-07 to 65504; use a larger "
        "rate or smaller batches"
    )


def test_deltas_are_needed_behind_what_is_trained() -> None:
    assert drawn("mlp").with_delta == {"hid", "out"}
    assert drawn("frozen first").with_delta == {"b", "out"}
    assert drawn("frozen middle").with_delta == {"a", "b", "out"}


def exact_exponential(x: Fraction) -> Fraction:
    """By its series, of a small part, squared as often: far beyond float64."""
    parts = 64
    small, term, total = x / parts, Fraction(1), Fraction(0)
    for n in range(1, 40):
        total += term
        term = term * small / n
    return Fraction(round(total * 2**200), 2**200) ** parts


def test_the_exponential_is_near_and_fixed() -> None:
    x = -np.abs(np.random.default_rng(0).normal(0, 6, 40))
    for one, found in zip(x, exponential(x), strict=True):
        exact = exact_exponential(Fraction(float(one)))
        assert abs(Fraction(float(found)) / exact - 1) < Fraction(1, 2**50)
    assert exponential(np.array([0.0, -1e9])).tolist() == [1.0, float(exponential(np.array([-700.0]))[0])]


def test_the_error_is_that_of_softmax() -> None:
    rng = np.random.default_rng(1)
    readout, labels = rng.normal(0, 20, (64, 10)).astype(np.float16), rng.integers(0, 10, 64)
    found = softmax16(readout, labels, 4)
    scores = np.exp(readout.astype(np.float64) / 4)
    expected = scores / scores.sum(1, keepdims=True) - np.eye(10)[labels]
    assert found.dtype == np.float16
    assert np.abs(found - expected).max() < 2**-11
    assert not (np.signbit(found) & (found == 0)).any()
    sure = softmax16(np.array([[100.0, 0.0]], np.float16), np.array([0]), 1)
    assert sure.view(np.uint16).tolist() == [[0, 0]]  # -0 is +0
    nearly = softmax16(
        np.array([[20.0, 0.0]], np.float16), np.array([0]), 1
    )  # -2e-9, which is less than half a unit
    assert nearly.view(np.uint16)[0, 0] == 0
    large = softmax16(np.array([[60000.0, 59996.0]], np.float16), np.array([1]), 4)
    assert np.isfinite(large).all()
    loss = -np.log(scores[np.arange(64), labels] / scores.sum(1)).mean()
    assert abs(cross_entropy(readout, labels, 4) - loss) < 1e-9


def test_the_error_has_these_bits() -> None:
    """On every host: what a federated server, a driver and the golden model have to agree in."""
    readout = np.array([[3.5, -1.25, 0.0], [0.1, 0.2, 0.3]], np.float16)
    found = softmax16(readout, np.array([1, 2]), 4).view(np.uint16)
    assert [f"{v:04x}" for v in found.flatten()] == ["38a5", "ba95", "33bf", "3533", "3555", "b944"]
