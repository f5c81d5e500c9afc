"""The golden model against numbers worked out by hand, and against a plain loop."""

import numpy as np
import pytest
import torch

from spikeplane.network import KINDS, MEMBRANE, Network, Neuron, Population, Projection, Window
from spikeplane_sim.golden import GoldenModel
from spikeplane_sim.golden.float_model import block_sums
from spikeplane_sim.golden.projections import RULES
from spikeplane_sim.golden.synapses import pooled


def one_neuron(neuron, theta=10, weight=1, amount=None, bits=12):
    network = Network(
        populations=(
            Population(name="in", shape=(1, 1, 1), value_bits=8),
            Population(
                name="n",
                shape=(1, 1, 1),
                neuron=neuron,
                theta=np.array([theta]),
                bias=np.array([0]),
                amount=amount,
            ),
        ),
        projections=(Projection(source="in", target="n", weight=np.full((1, 1, 1, 1), weight)),),
        output="n",
    )
    return lambda values: (
        GoldenModel(network, membrane_bits=bits, acc_bits=18)
        .run({"in": np.array(values).reshape(1, -1, 1, 1, 1)})["n"]
        .ravel()
        .tolist()
    )


@pytest.mark.parametrize("tag", sorted(RULES))
def test_the_explicit_sums_are_those_of_the_convolution(tag):
    """What a GPU adds by products is what the CPU adds directly."""
    generator = torch.Generator().manual_seed(3)
    x = torch.randint(-9, 10, (2, 6, 5, 7), generator=generator).double()
    channels = (6,) if KINDS[tag].rank == 3 else (4, 6)
    weight = torch.randint(-9, 10, (*channels, 3, 2), generator=generator).double()
    direct = RULES[tag].direct(x, weight, (2, 1), (1, 0))
    columns = torch.nn.functional.unfold(x, (3, 2), padding=(1, 0), stride=(2, 1))
    assert torch.equal(RULES[tag].explicit(columns, weight), direct.flatten(2))
    assert direct.unique().numel() > 50


@pytest.mark.parametrize(
    ("neuron", "expected"),
    [
        (Neuron(reset="hard"), [0, 1, 0, 1, 0]),
        (Neuron(reset="soft"), [0, 1, 0, 1, 1]),
        (Neuron(reset="none"), [0, 1, 1, 1, 1]),
        (Neuron(leak="memoryless"), [0, 0, 0, 0, 0]),
        (Neuron(leak="multiply", leak_value=32768, leak_round="up", reset="hard"), [0, 0, 1, 0, 0]),
    ],
)
def test_six_a_step(neuron, expected):
    # 6, 12 | 6, 12 ...; shift 1: 6, 3 + 6 = 9, (9 - 4) + 6 = 11 fires
    assert one_neuron(neuron)([6] * 5) == expected


def test_strict_needs_more_than_theta():
    assert one_neuron(Neuron(reset="none", strict=True))([5, 5, 1]) == [0, 0, 1]
    assert one_neuron(Neuron(reset="none"))([5, 5, 1]) == [0, 1, 1]


def test_membrane_output_and_saturation():
    run = one_neuron(Neuron(reset="none", kind=MEMBRANE), theta=127, weight=-100, bits=8)
    assert run([1, 1, 0]) == [-100, -128, -128]


def test_floor_of_negative_leaks():
    run = one_neuron(
        Neuron(leak="multiply", leak_value=32768, leak_round="up", reset="none", kind=MEMBRANE), weight=-1
    )
    assert run([5, 0, 0]) == [-5, -2, -1]  # -5 - (-3) = -2, -2 - (-1) = -1
    run = one_neuron(Neuron(leak="multiply", leak_value=32768, reset="none", kind=MEMBRANE), weight=-1)
    assert run([5, 0, 0]) == [-5, -3, -2]


def test_soft_reset_by_another_amount():
    assert one_neuron(Neuron(reset="soft", kind=MEMBRANE), amount=np.array([3]))([12, 0, 0]) == [12, 9, 9]


def test_delay_pool_and_window_against_loops():
    rng = np.random.default_rng(1)
    x = rng.integers(0, 2, (2, 3, 2, 6, 6))
    w = rng.integers(-5, 6, (4, 2, 3, 3))
    back = rng.integers(-5, 6, (4, 4, 1, 1))
    network = Network(
        populations=(
            Population(name="in", shape=(2, 6, 6)),
            Population(
                name="n",
                shape=(4, 2, 2),
                input_size=(3, 3),
                window=Window(size=2, stride=2, padding=1),
                neuron=Neuron(reset="soft"),
                theta=np.array([3, 4, 5, 6]),
                bias=np.array([0, 1, -1, 2]),
            ),
            Population(
                name="m", shape=(4, 2, 2), neuron=Neuron(), theta=np.array([5] * 4), bias=np.array([1] * 4)
            ),
        ),
        projections=(
            Projection(source="in", target="n", weight=w, padding=(1, 1), pool=(2, 2)),
            Projection(source="n", target="m", weight=back),
            Projection(source="m", target="m", weight=back, delay=1),
        ),
        output="m",
    )
    got = GoldenModel(network, membrane_bits=18, acc_bits=18).run({"in": x})
    u, um, sm = np.zeros((2, 4, 2, 2), int), np.zeros((2, 4, 2, 2), int), np.zeros((2, 4, 2, 2), int)
    theta, bias = np.array([3, 4, 5, 6]), np.array([0, 1, -1, 2])
    for t in range(3):
        pooled = x[:, t].reshape(2, 2, 3, 2, 3, 2).sum((3, 5))
        padded = np.pad(pooled, ((0, 0), (0, 0), (1, 1), (1, 1)))
        current = np.zeros((2, 4, 3, 3), int) + bias[None, :, None, None]
        for i in range(3):
            for j in range(3):
                current += np.einsum("oc,nchw->nohw", w[:, :, i, j], padded[:, :, i : i + 3, j : j + 3])
        wide = np.pad(current, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=-(10**9))
        u = u + wide[:, :, :4, :4].reshape(2, 4, 2, 2, 2, 2).max((3, 5))
        s = u >= theta[None, :, None, None]
        u = u - s * theta[None, :, None, None]
        np.testing.assert_array_equal(got["n"][:, t], s)
        um = um + 1 + np.einsum("oc,nchw->nohw", back[:, :, 0, 0], s + sm)
        sm = (um >= 5).astype(int)
        um = np.where(sm, 0, um)
        np.testing.assert_array_equal(got["m"][:, t], sm)
    assert got["m"].any()
    assert got["n"].any()


@pytest.mark.parametrize("sums", [pooled, block_sums], ids=["golden", "float"])
def test_blocks_that_the_far_edges_cut_count_too(sums):
    rng = np.random.default_rng(7)
    for height, width, py, px in [
        (4, 4, 2, 2),
        (5, 5, 2, 2),
        (1, 7, 1, 3),
        (7, 1, 4, 1),
        (3, 2, 5, 5),
        (6, 5, 4, 3),
        (1, 1, 2, 1),
    ]:
        x = rng.integers(-9, 10, (2, 3, height, width))
        expected = np.zeros((2, 3, -(-height // py), -(-width // px)), dtype=np.int64)
        for row in range(height):
            for column in range(width):
                expected[:, :, row // py, column // px] += x[:, :, row, column]
        np.testing.assert_array_equal(sums(torch.as_tensor(x), (py, px)).numpy(), expected)


def test_what_comes_back_arrives_a_step_later():
    """a -> b in the same step; b -> a and a -> a with a delay: by hand, over steps of one spike into a."""
    ones = {name: Neuron(leak="memoryless") for name in "ab"}

    def weight(value):
        return np.full((1, 1, 1, 1), value)

    network = Network(
        populations=(
            Population(name="in", shape=(1, 1, 1)),
            *[
                Population(name=name, shape=(1, 1, 1), neuron=neuron, theta=np.array([2]))
                for name, neuron in ones.items()
            ],
        ),
        projections=(
            Projection(source="in", target="a", weight=weight(2)),
            Projection(source="a", target="a", weight=weight(-1), delay=1),
            Projection(source="b", target="a", weight=weight(3), delay=1),
            Projection(source="a", target="b", weight=weight(1)),
            Projection(source="in", target="b", weight=weight(1)),
        ),
        output="b",
    )
    planes = np.array([0, 1, 0, 0, 1, 1, 1]).reshape(1, -1, 1, 1, 1)
    found = GoldenModel(network, membrane_bits=8, acc_bits=12).run({"in": planes})
    # a: 0, 2, -1 + 3 = 2, -1, 2, 2 - 1 + 3 = 4, 4;  b: 0, 1 + 1 = 2, 1, 0, 2, 2, 2
    assert found["a"].ravel().tolist() == [0, 1, 1, 0, 1, 1, 1]
    assert found["b"].ravel().tolist() == [0, 1, 0, 0, 1, 1, 1]
