"""The server's arithmetic is the golden model's, which shares no code with it; a mean is what fractions say."""

from fractions import Fraction

import numpy as np
import torch
from learning_networks import drawn, samples

from spikeplane.train import Optimiser
from spikeplane.train.federate.aggregate import mean, stepped, summed
from spikeplane.train.federate.integers import clamp16, decode, mul16, round16
from spikeplane_sim.golden.training import Trainer, binary16

RNG = np.random.default_rng(5)
ALL = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
FINITE = ALL[np.isfinite(ALL)]


def bits(h: np.ndarray) -> np.ndarray:
    return h.view(np.uint16)


def golden(units: np.ndarray) -> np.ndarray:
    return binary16.round16(torch.as_tensor(units))[0].numpy()


def test_every_number_comes_back() -> None:
    assert (decode(FINITE) == binary16.decode(torch.as_tensor(FINITE)).numpy()).all()
    assert (bits(round16(decode(FINITE))) == bits(FINITE + np.float16(0))).all()
    assert (bits(clamp16(FINITE, 3)) == bits(binary16.clamp16(torch.as_tensor(FINITE), 3)[0].numpy())).all()


def test_sums_are_rounded_as_the_golden_model_rounds() -> None:
    units = np.abs(decode(FINITE))
    ordered = np.unique(units)
    middles = (ordered[1:] + ordered[:-1]) // 2
    near = np.concatenate([middles + k for k in (-1, 0, 1)] + [ordered + k for k in (-1, 1)])
    drawn_ = RNG.integers(-(2**47), 2**47, 200_000) >> RNG.integers(0, 47, 200_000)
    for some in (near, -near, drawn_):
        assert (bits(round16(some)) == bits(golden(some))).all()
    assert bits(round16(np.array([2**47, -(2**47), 0]))).tolist() == [0x7BFF, 0xFBFF, 0]


def test_products_are_rounded_as_the_golden_model_rounds() -> None:
    a, b = RNG.choice(FINITE, 300_000), RNG.choice(FINITE, 300_000)
    expected = binary16.mul16(torch.as_tensor(a), torch.as_tensor(b))[0].numpy()
    assert (bits(mul16(a, b)) == bits(expected)).all()
    small = FINITE[(np.abs(FINITE) < 2.0**-10)]  # products around the least number
    a, b = RNG.choice(small, 100_000), RNG.choice(FINITE[np.abs(FINITE) < 1], 100_000)
    expected = binary16.mul16(torch.as_tensor(a), torch.as_tensor(b))[0].numpy()
    assert (np.abs(expected) <= 2.0**-23).sum() > 1000
    assert (bits(mul16(a, b)) == bits(expected)).all()


def test_a_mean_is_the_nearest_number_to_the_fraction() -> None:
    counts = [3, 5, 1, 7]
    parts = [(n, {0: RNG.normal(0, 1, 400).astype(np.float16)}) for n in counts]
    edge = np.array([1, 1 + 2.0**-10], np.float16)  # in halves a tie, to even
    found = mean(parts)[0]
    for i in range(400):
        exact = sum(Fraction(float(w[0][i])) * n for n, w in parts) / sum(counts)
        here = abs(Fraction(float(found[i])) - exact)
        beside = [np.nextafter(found[i], np.float16(side)) for side in (-9, 9)]
        assert all(here <= abs(Fraction(float(other)) - exact) for other in beside)
    assert mean([(1, {0: edge[:1]}), (1, {0: edge[1:]})])[0] == 1
    assert mean([(1, {0: edge[1:]}), (1, {0: edge[1:] + np.float16(2.0**-10)})])[0] == edge[1] + 2.0**-10
    assert (mean([(9, {0: FINITE})])[0] == FINITE).all()


def test_a_step_is_the_golden_models_with_momentum_and_at_limits() -> None:
    network = drawn("mlp")
    for momentum in (0.0, 0.9):
        optimiser = Optimiser(rate=400.0 if not momentum else 2.0, momentum=momentum)
        trainer = Trainer(network, optimiser, batch=16, steps=3)
        learned, limited = trainer.state(), 0
        for seed in range(5):
            planes, labels = samples(network, 16, 3, seed)
            parts = [slice(0, 5), slice(5, 16)]
            found = [trainer.gradients({k: v[s] for k, v in planes.items()}, labels[s]) for s in parts]
            words = summed([{t: w.numpy() for t, w in one.words.items()} for one in found])
            learned, clipped = stepped(network, learned, words, optimiser.step(16, 3), momentum)
            limited += clipped
            found[0].add(found[1])
            assert trainer.update(found[0]) == clipped
            for kept, expected in (
                (learned.weights, trainer.state().weights),
                (learned.momenta, trainer.state().momenta),
            ):
                assert kept.keys() == expected.keys()
                assert all((bits(kept[tag]) == bits(expected[tag])).all() for tag in kept)
        assert (limited > 0) == (momentum == 0)
