"""The course of a training follows from its settings and from each sample's number alone."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from spikeplane import Encoding
from spikeplane.train.course import Settings, coded, epoch_code
from spikeplane.train.file import Figures
from spikeplane.train.loop import Labelled, train

CODE = Encoding(kind="rate", steps=3, seed=5)


def settings(**options: float) -> Settings:
    return Settings(**{"encoding": CODE, "samples": 50, "batch": 16, "epochs": 3, **options})  # pyright: ignore[reportArgumentType]


def test_every_epoch_has_every_sample_once_in_an_order_of_its_own() -> None:
    one = settings()
    assert (one.an_epoch, one.iterations) == (4, 12)
    epochs = [np.concatenate([one.members(4 * e + i) for i in range(4)]) for e in range(3)]
    for order in epochs:
        assert sorted(order) == list(range(50))
    assert len({tuple(order) for order in epochs}) == 3
    assert (one.members(5) == settings().members(5)).all()
    assert (one.members(5) != settings(seed=1).members(5)).any()


def test_with_momentum_every_batch_is_full() -> None:
    one = settings(momentum=0.5)
    assert (one.an_epoch, one.iterations) == (3, 9)
    assert all(len(one.members(i)) == 16 for i in range(9))


def test_how_many_samples_iterations_have() -> None:
    for one in (settings(), settings(momentum=0.5)):
        counts = [len(one.members(i)) for i in range(one.iterations)]
        for first in (0, 1, 3, 7):
            assert one.learned(first, one.iterations) == sum(counts[first:])
    assert settings().learned(2, 4) == 18


def test_the_rate_falls_evenly() -> None:
    one = settings(rate=0.4, last_rate=0.04)
    rates = [one.rate_of(i) for i in range(12)]
    assert (rates[0], round(rates[-1], 12)) == (0.4, 0.04)
    assert np.allclose(np.diff(rates), -0.36 / 11)
    assert settings(samples=1, epochs=1, batch=1).rate_of(0) == 0.4


def test_a_sample_has_its_code_in_any_batch_and_another_in_another_epoch() -> None:
    images = np.random.default_rng(0).integers(60, 200, (9, 1, 4, 4), dtype=np.uint8)
    first, second = (coded(epoch_code(CODE, e), images, (1, 4, 4), np.arange(9)) for e in (0, 1))
    picked = np.array([7, 2, 4])
    assert (coded(epoch_code(CODE, 0), images, (1, 4, 4), picked) == first[picked]).all()
    assert (first != second).any()
    assert (first[0] != coded(epoch_code(CODE, 0), images[[0, 0]], (1, 4, 4), np.array([1]))[0]).any()


def test_every_iteration_has_its_own_rate() -> None:
    """The loop hands it on: 0.4 falls to 0.1 over four iterations."""
    rates, images = [], np.zeros((4, 1, 2, 2), np.uint8)

    def iterate(planes: dict[str, np.ndarray], labels: np.ndarray, rate: float) -> SimpleNamespace:
        rates.append(round(rate, 9))
        return SimpleNamespace(samples=len(labels), right=0, loss=0.0, clipped=0)

    learner: Any = SimpleNamespace(iterate=iterate, restore=lambda *_: None, state=lambda: None)
    training: Any = SimpleNamespace(
        settings=settings(samples=4, batch=1, epochs=1, rate=0.4, last_rate=0.1),
        network=SimpleNamespace(inputs=[SimpleNamespace(name="in", shape=(1, 2, 2))]),
        figures=Figures(),
        learned=None,
        iterations=0,
    )
    train(training, learner, Labelled(images, np.zeros(4, int)))
    assert rates == [0.4, 0.3, 0.2, 0.1]
