"""The rules of training: exact fractions neuron by neuron to the bit, and automatic differentiation in real numbers."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from learning_networks import SHAPES, drawn, samples
from training_by_hand import Hand, backward, forward, fraction, nearest16, update

from spikeplane.train import LearningNetwork, LearningPopulation, LearningProjection, Optimiser
from spikeplane.train.losses import squared_error, targets16
from spikeplane.train.softmax import softmax16
from spikeplane_sim.golden.training import Trainer
from spikeplane_sim.golden.training.arithmetic import Exact, Real
from spikeplane_sim.golden.training.rules import Rules

UNIT = 2**24


def by_golden(network: LearningNetwork, planes: dict, labels: np.ndarray, arithmetic=None):
    """Tape, readout, error, gradients and deltas."""
    arithmetic = arithmetic or Exact()
    rules = Rules(network, arithmetic)
    weights = rules.weights()
    steps = next(iter(planes.values())).shape[1]
    readout, tape = rules.forward(weights, {k: torch.as_tensor(v) for k, v in planes.items()})
    error = torch.as_tensor(softmax16(readout.flatten(1).to(torch.float64).numpy(), labels, steps)).view(
        readout.shape
    )
    return tape, readout, error, *rules.backward(weights, tape, error.to(arithmetic.numbers))


def placed(values: dict, shape: tuple[int, ...]) -> np.ndarray:
    array = np.empty(shape, dtype=object)
    for place, value in values.items():
        array[place] = value
    return array


@pytest.mark.parametrize(("name", "steps"), [*((name, 3) for name in SHAPES), ("mlp", 1), ("conv", 5)])
def test_every_bit_is_that_of_exact_fractions(name: str, steps: int) -> None:
    network = drawn(name, seed=steps)
    planes, labels = samples(network, 2, steps, seed=7)
    tape, readout, error, gradients, deltas = by_golden(network, planes, labels)
    hand = Hand()
    forward(network, planes, hand)
    backward(network, steps, error.numpy(), hand)
    for (pop, n, t), fired in hand.spikes.items():
        shape = network.population(pop).shape
        assert (tape.spikes[pop][n, t].numpy() == placed(fired, shape)).all(), (pop, n, t)
    for (pop, n, t), opened in hand.windows.items():
        assert (tape.windows[pop][n, t].numpy() == placed(opened, network.population(pop).shape)).all(), (
            pop,
            n,
            t,
        )
    for n, out in hand.readout.items():
        assert [fraction(v) for v in readout[n].flatten()] == list(out.values())
    for pop, found in deltas.items():
        for n, t in np.ndindex(2, steps):
            expected = hand.deltas[pop, n, t].values()
            assert [fraction(d) for d in found[n, t].flatten()] == list(expected), (pop, n, t)
    assert (
        gradients.keys()
        == hand.gradients.keys()
        == {t for t, p in enumerate(network.projections) if p.trained}
    )
    for tag, found in gradients.items():
        assert [Fraction(int(d), UNIT) for d in found.flatten()] == list(hand.gradients[tag].values()), tag
    hidden = [p.name for p in network.populations if p.theta is not None]
    assert all(0 < tape.spikes[h].double().mean() < 1 and tape.windows[h].any() for h in hidden)
    assert set(deltas) == {"out", *network.with_delta}


def test_a_membrane_at_its_threshold_fires_and_the_edges_of_the_window_are_outside() -> None:
    """One spike into neurons of threshold 1, with weights at its edges and one bit beside them."""
    edges = np.array([0.5, 1.0, 1.5], np.float16)
    weights = np.concatenate([np.nextafter(edges, np.float16(-4)), edges, np.nextafter(edges, np.float16(4))])
    network = LearningNetwork(
        populations=(
            LearningPopulation(name="in", shape=(1, 1, 1)),
            LearningPopulation(name="hid", shape=(9, 1, 1), theta=np.ones(9)),
            LearningPopulation(name="out", shape=(3, 1, 1)),
        ),
        projections=(
            LearningProjection(source="in", target="hid", weight=weights.reshape(9, 1, 1, 1)),
            LearningProjection(source="hid", target="out", weight=np.ones((3, 9, 1, 1), np.float16)),
        ),
        output="out",
    )
    tape, *_ = by_golden(network, {"in": np.ones((1, 1, 1, 1, 1), np.uint8)}, np.zeros(1, int))
    assert tape.spikes["hid"].flatten().int().tolist() == [0, 0, 1, 0, 1, 1, 0, 1, 1]
    assert tape.windows["hid"].flatten().int().tolist() == [0, 1, 1, 0, 1, 0, 1, 1, 0]


def test_deltas_stop_at_their_limit() -> None:
    network = replace(drawn("mlp", seed=1, scale=6), delta_limit=0)
    planes, labels = samples(network, 3, 3, seed=1)
    *_, error, _, deltas = by_golden(network, planes, labels)
    hand = Hand()
    forward(network, planes, hand)
    backward(network, 3, error.numpy(), hand)
    for n, t in np.ndindex(3, 3):
        assert [fraction(d) for d in deltas["hid"][n, t].flatten()] == list(hand.deltas["hid", n, t].values())
    assert (deltas["hid"].abs() == 1).sum() > 2


@pytest.mark.parametrize("steps", [1, 3, 7])
def test_squared_errors_are_those_of_exact_fractions(steps: int) -> None:
    """Readouts of all sizes: near their targets, beyond the limit, and the largest."""
    network = drawn("mlp", seed=1)
    rng = np.random.default_rng(steps)
    readout = (rng.normal(size=(40, 3)) * 2.0 ** rng.integers(-24, 14, (40, 3))).astype(np.float16)
    readout[0] = [65504, -65504, steps]
    labels = rng.integers(0, 3, 40)
    arithmetic = Exact()
    found = Rules(network, arithmetic).error(torch.as_tensor(readout), labels, steps, squared=True)
    share, limit = fraction(np.float16(1 / steps)), 2**network.delta_limit
    limited = 0
    for place in np.ndindex(40, 3):
        mean = nearest16(share * fraction(readout[place]))
        error = nearest16(mean - (labels[place[0]] == place[1]))
        limited += abs(error) > limit
        assert fraction(found[place].item()) == max(-limit, min(limit, error)), place
    assert arithmetic.clipped == limited > 10
    assert not np.signbit(found.numpy()[found.numpy() == 0]).any()
    away = readout.astype(float) / steps - np.eye(3)[labels]
    assert squared_error(readout, labels, steps) == pytest.approx((away**2).sum() / 80, rel=1e-12)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_updates_are_those_of_exact_fractions(momentum: float) -> None:
    network, steps = drawn("mlp", seed=3), 3
    trainer = Trainer(network, Optimiser(rate=0.7, momentum=momentum), batch=4, steps=steps)
    before = {tag: w.clone() for tag, w in trainer.weights.items()}
    q = {tag: torch.zeros_like(w) for tag, w in before.items()}
    rate, mu = fraction(np.float16(0.7 / 12)), fraction(np.float16(momentum))
    for turn in range(3):
        found = trainer.gradients(*samples(network, 4, steps, seed=turn))
        trainer.update(found)
        for tag, words in found.words.items():
            for place in np.ndindex(*words.shape):
                expected, after = update(
                    fraction(before[tag][place]), Fraction(int(words[place]), UNIT), rate, 3,
                    fraction(q[tag][place]) if momentum else None, mu,
                )  # fmt: skip
                assert fraction(trainer.weights[tag][place]) == expected
                if momentum:
                    assert fraction(trainer.momenta[tag][place]) == after
        before = {tag: w.clone() for tag, w in trainer.weights.items()}
        q = {tag: trainer.momenta.get(tag, w) for tag, w in before.items()}
    assert trainer.iterations == 3


class Fires(torch.autograd.Function):
    """A spike, with a window of width 1 for its derivative."""

    @staticmethod
    def forward(ctx, v, theta):
        ctx.save_for_backward((v - theta).abs() < 0.5)
        return (v >= theta).to(v.dtype)

    @staticmethod
    def backward(ctx, *grads):
        return grads[0] * ctx.saved_tensors[0], None


def by_autograd(
    network: LearningNetwork, planes: dict, labels: np.ndarray, squared: bool = False
) -> list[torch.Tensor]:
    """T times the gradient of the loss, summed over the samples, for every trained weight."""
    weights = [torch.tensor(p.weight.astype(np.float64), requires_grad=True) for p in network.projections]
    count, steps = next(iter(planes.values())).shape[:2]
    membranes: dict[str, torch.Tensor] = {}
    total = torch.zeros(())
    for t in range(steps):
        sent: dict[str, torch.Tensor] = {}
        for pop in network.populations:
            if pop.constant or pop.name in planes:
                ones = torch.ones(count, *pop.shape, dtype=torch.float64)
                sent[pop.name] = ones if pop.constant else torch.tensor(planes[pop.name][:, t]).double()
                continue
            current = torch.zeros(())
            for tag in network.tags_into(pop.name):
                p = network.projections[tag]
                x = F.avg_pool2d(
                    sent[p.source], p.pool, ceil_mode=True, count_include_pad=False, divisor_override=1
                )
                current = current + F.conv2d(x, weights[tag], stride=p.stride, padding=p.padding)
            if pop.name == network.output:
                total = total + current
                continue
            theta = torch.tensor(np.asarray(pop.theta)).view(-1, 1, 1)
            v = pop.leak * membranes.get(pop.name, torch.zeros(())) + current
            fired = Fires.apply(v, theta)
            assert isinstance(fired, torch.Tensor)
            membranes[pop.name] = v * (1 - fired.detach())
            sent[pop.name] = fired
    scores = total.flatten(1) / steps
    loss = F.cross_entropy(scores, torch.as_tensor(labels), reduction="sum")
    if squared:
        loss = (scores - F.one_hot(torch.as_tensor(labels), scores.shape[1])).square().sum() / 2
    trained = [w for w, p in zip(weights, network.projections, strict=True) if p.trained]
    return [g * steps for g in torch.autograd.grad(loss, trained)]


def far(found: torch.Tensor, expected: torch.Tensor) -> float:
    return float((found - expected).norm() / expected.norm())


@pytest.mark.parametrize(("steps", "squared"), [(1, False), (4, False), (3, True)])
@pytest.mark.parametrize("name", SHAPES)
def test_in_real_numbers_the_rules_are_the_gradient(name: str, steps: int, squared: bool) -> None:
    network = drawn(name, seed=1)
    planes, labels = samples(network, 8, steps, seed=2)
    rules = Rules(network, Real(torch.float64))
    weights = rules.weights()
    readout, tape = rules.forward(weights, {k: torch.as_tensor(v) for k, v in planes.items()})
    error = torch.softmax(readout.flatten(1) / steps, 1)
    error[torch.arange(8), torch.as_tensor(labels)] -= 1
    if squared:
        targets = torch.as_tensor(targets16(labels, error.shape[1])).double()
        error = rules.squared(readout.flatten(1), targets, torch.tensor(1 / steps, dtype=torch.float64))
    gradients, _ = rules.backward(weights, tape, error.view(readout.shape))
    expected = by_autograd(network, planes, labels, squared)
    for found, exact in zip(gradients.values(), expected, strict=True):
        assert exact.norm() > 1e-3
        assert far(found, exact) < 1e-12


@pytest.mark.parametrize("name", SHAPES)
def test_on_one_tape_binary16_is_near_the_real_gradient(name: str) -> None:
    network = drawn(name, seed=5)
    planes, labels = samples(network, 32, 4, seed=6)
    tape, _, error, gradients, _ = by_golden(network, planes, labels)
    real = Rules(network, Real(torch.float64))
    expected, _ = real.backward(real.weights(), tape, error.double())
    for tag, found in gradients.items():
        assert far(found.double() / UNIT, expected[tag]) < 2e-3
