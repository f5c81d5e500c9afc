"""The same bits whatever the order of the samples and the parts of a batch; and what an iteration refuses."""

import numpy as np
import pytest
from learning_networks import drawn, samples

from spikeplane.errors import SpikeplaneError
from spikeplane.train import LearningNetwork, LearningPopulation, LearningProjection, Optimiser
from spikeplane_sim.golden.training import Gradients, Trainer

BATCH, STEPS = 24, 3


def trained(
    name: str, momentum: float, *, part: int, order: int | None, pieces: int = 1
) -> tuple[str, float]:
    """SHA-256 of the weights behind three iterations, and how far they moved."""
    network = drawn(name, seed=2)
    trainer = Trainer(network, Optimiser(rate=0.5, momentum=momentum), batch=BATCH, steps=STEPS, part=part)
    before = trainer.state()
    for turn in range(3):
        planes, labels = samples(network, BATCH, STEPS, seed=turn)
        places = (
            np.arange(BATCH) if order is None else np.random.default_rng([order, turn]).permutation(BATCH)
        )
        total = Gradients()
        for where in np.array_split(places, pieces):
            total.add(trainer.gradients({k: v[where] for k, v in planes.items()}, labels[where]))
        trainer.update(total)
    after = trainer.state().weights
    moved = max(float(np.abs(after[tag] - w).max()) for tag, w in before.weights.items())
    return trainer.digest(), moved


@pytest.mark.parametrize(
    ("name", "momentum"), [("mlp", 0.0), ("mlp", 0.9), ("conv", 0.0), ("diamond with biases", 0.5)]
)
def test_any_order_and_any_split_gives_the_same_weights(name: str, momentum: float) -> None:
    expected, moved = trained(name, momentum, part=BATCH, order=None)
    assert moved > 0.01
    for part, order, pieces in ((1, None, 1), (7, 1, 5)):
        assert trained(name, momentum, part=part, order=order, pieces=pieces)[0] == expected


def test_other_samples_give_other_weights() -> None:
    assert len({trained("mlp", m, part=8, order=None)[0] for m in (0.0, 0.5, 0.9)}) == 3


def test_sums_rounded_at_every_addition_would_depend_on_the_order() -> None:
    """What the exact sums are for: the same gradients of 24 samples, added up in binary16 from either end."""
    network = drawn("mlp", seed=2)
    trainer = Trainer(network, Optimiser(), batch=BATCH, steps=STEPS)
    planes, labels = samples(network, BATCH, STEPS)
    parts = [
        trainer.gradients({k: v[i : i + 1] for k, v in planes.items()}, labels[i : i + 1])
        for i in range(BATCH)
    ]
    singles = [(p.words[0].numpy() / 2**24).astype(np.float16) for p in parts]
    orders = [sum(singles[::way], np.zeros_like(singles[0])) for way in (1, -1)]
    assert (orders[0] != orders[1]).any()


def test_a_state_goes_on_with_equal_bits() -> None:
    network = drawn("mlp", seed=4)

    def fresh() -> Trainer:
        return Trainer(network, Optimiser(rate=0.3, momentum=0.9), batch=8, steps=STEPS)

    whole, first, second = fresh(), fresh(), fresh()
    for turn in range(4):
        batch = samples(network, 8, STEPS, seed=turn)
        whole.iterate(*batch)
        if turn == 2:
            second.restore(first.state(), first.iterations)
        (first if turn < 2 else second).iterate(*batch)
    assert second.digest() == whole.digest() != first.digest()
    assert second.iterations == 4


def overflowing(weight: float, limit: int = 13) -> LearningNetwork:
    """A layer of four inputs whose sum leaves binary16 with weights of 2^14 and more."""
    return LearningNetwork(
        populations=(
            LearningPopulation(name="in", shape=(8, 1, 1)),
            LearningPopulation(name="hid", shape=(2, 1, 1), theta=np.ones(2)),
            LearningPopulation(name="out", shape=(3, 1, 1)),
        ),
        projections=(
            LearningProjection(source="in", target="hid", weight=np.full((2, 8, 1, 1), weight, np.float16), limit=limit),
            LearningProjection(source="hid", target="out", weight=np.full((3, 2, 1, 1), 0.5, np.float16)),
        ),
        output="out",
    )  # fmt: skip


def test_an_overflow_is_refused_and_leaves_the_weights() -> None:
    trainer = Trainer(overflowing(2.0**13), Optimiser(), batch=4, steps=2)
    before = trainer.digest()
    planes = {"in": np.ones((4, 2, 8, 1, 1), np.uint8)}
    with pytest.raises(SpikeplaneError) as refused:
        trainer.iterate(planes, np.zeros(4, int))
    assert str(refused.value) == (
        "iteration 0, forward: 16 numbers left binary16 (65504); the weights are as before it; use a lower rate, or scale "
        "the layers"
    )
    assert (trainer.digest(), trainer.iterations) == (before, 0)
    trainer.iterate({"in": planes["in"] * 0}, np.zeros(4, int))  # and it goes on
    assert trainer.iterations == 1


def test_an_overflow_in_backward_is_refused_too() -> None:
    """Twenty deltas at their limit come back through weights of 1023 to one neuron inside its window."""
    sizes = {"in": 1, "a": 1, "b": 20, "out": 3}
    thetas = {"a": 1.0, "b": 1023.0}
    out = np.repeat([[-8.0], [8.0], [8.0]], 20, 1)
    weights = (
        ("in", "a", np.ones((1, 1)), 3),
        ("a", "b", np.full((20, 1), 1023.0), 10),
        ("b", "out", out, 3),
    )
    network = LearningNetwork(
        populations=tuple(
            LearningPopulation(name=n, shape=(c, 1, 1), theta=np.full(c, thetas[n]) if n in thetas else None)
            for n, c in sizes.items()
        ),
        projections=tuple(
            LearningProjection(source=a, target=b, weight=w.astype(np.float16)[..., None, None], limit=limit)
            for a, b, w, limit in weights
        ),
        output="out",
    )
    trainer = Trainer(network, Optimiser(), batch=1, steps=1)
    before = trainer.digest()
    with pytest.raises(SpikeplaneError, match="iteration 0, backward: 1 numbers left binary16"):
        trainer.iterate({"in": np.ones((1, 1, 1, 1, 1), np.uint8)}, np.zeros(1, int))
    assert (trainer.digest(), trainer.iterations) == (before, 0)


def test_weights_stop_at_their_limit_and_are_counted() -> None:
    network = drawn("readout", seed=1)
    trainer = Trainer(network, Optimiser(rate=4000.0), batch=4, steps=2)
    planes = {"in": np.ones((4, 2, 5, 1, 1), np.uint8)}
    found = trainer.iterate(planes, np.zeros(4, int))
    assert found.clipped == 15
    assert np.unique(np.abs(trainer.state().weights[0])).tolist() == [8.0]
    assert trainer.arithmetic.saturated == 0
