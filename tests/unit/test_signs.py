"""Chips of 1-bit weights: zeros, groups and shortcuts as sums of signs."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from networks_of_signs import calibrated, feed_forward, kept, residual
from torch import nn

import spikeplane
from spikeplane import Encoding
from spikeplane.compiler.losses import told_losses
from spikeplane.compiler.quantise import quantise
from spikeplane.compiler.signs import (  # fmt: skip
    SEVERAL,
    STREAM,
    alike,
    most_signs,
    power_apart,
    sign_bits,
    signs,
    step_of,
)
from spikeplane.compiler.steps import best_step, integers, top
from spikeplane.compiler.ties import is_identity
from spikeplane.config import preset
from spikeplane.float_network import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.importers import import_model
from spikeplane.network import ALIGNED
from spikeplane_sim.golden import GoldenModel
from spikeplane_sim.measured import agreement

ONE = replace(preset("small"), weight_bits=1)


@pytest.mark.parametrize("largest", [0, 1, 2, 3, 4, 5, 7, 8, 31, 32, 100, 127])
def test_any_whole_number_is_a_sum_of_signs(largest: int) -> None:
    rng = np.random.default_rng(largest)
    for shift in (0, 0, 2):
        whole = rng.integers(-largest, largest + 1, (5, 3)) << shift
        found = signs(whole)
        assert all(set(np.unique(sign)) <= {-1, 1} for sign, _ in found)
        assert np.array_equal(np.sum([sign << power for sign, power in found], axis=0), 2 * whole)
        assert all(power >= 0 for _, power in found)
        assert len(found) <= max(1, largest).bit_length() + 2


def test_one_size_is_one_projection() -> None:
    for size in (1, 2, 64):
        found = signs(np.array([size, -size, size]))
        assert [(sign.tolist(), power) for sign, power in found] == [([1, -1, 1], size.bit_length())]
    assert [power for _, power in signs(np.array([12, -4, 8]))] == [4, 3, 2, 2]  # 4 times (3, -1, 2)


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_odd_numbers_are_as_many_signs_as_they_have_bits(count: int) -> None:
    real = np.random.default_rng(count).uniform(-(1 << count), 1 << count, (20, 3))
    odd = integers(real, np.ones(20), -count)
    assert (odd & 1).all()
    assert abs(odd).max() <= (1 << count) - 1 == top(-count)
    inside = abs(real) < (1 << count) - 1
    assert (abs(odd - real)[inside] <= 1).all()
    found = signs(odd)
    assert [power for _, power in found] == list(range(count, 0, -1))
    assert np.array_equal(np.sum([sign << power for sign, power in found], axis=0), 2 * odd)


def test_blocks_of_0_stay_0_beside_odd_numbers() -> None:
    real = np.kron(np.eye(2), np.array([[2.4, -3.6], [5.0, -0.2]]))
    assert integers(real, np.ones(4), -3).tolist() == [
        [3, -3, 0, 0],
        [5, -1, 0, 0],
        [0, 0, 3, -3],
        [0, 0, 5, -1],
    ]


def test_what_is_not_stored_has_no_sign() -> None:
    rng = np.random.default_rng(0)
    stored = np.kron(np.eye(2, dtype=bool), np.ones((3, 3), dtype=bool))
    for largest in (1, 5):
        whole = rng.integers(-largest, largest + 1, (6, 6)) * stored
        found = signs(whole, stored)
        assert all(np.array_equal(sign != 0, stored) for sign, _ in found)
        assert np.array_equal(np.sum([sign << power for sign, power in found], axis=0), 2 * whole)
    assert len(signs(4 * stored.astype(int), stored)) == 1
    nothing = np.zeros((2, 2), dtype=int)
    assert [(sign.any(), power >= 1) for sign, power in signs(nothing, nothing > 0)] == [(False, True)]


def grouped(channels: int, width: int) -> FloatNetwork:
    """Of groups of `width` channels, whose weights are signs times a step a channel."""
    rng = np.random.default_rng(5)
    own = np.kron(np.eye(channels // width), np.ones((width, width)))
    weight = own * rng.choice([-1.0, 1.0], own.shape) * rng.uniform(0.3, 1, (channels, 1))
    neuron = FloatNeuron(decay=0.5, threshold=np.full(channels, 0.7))
    return FloatNetwork(
        populations=(
            FloatPopulation(name="in", shape=(channels, 1, 1)),
            FloatPopulation(name="out", shape=(channels, 1, 1), neuron=neuron),
        ),
        projections=(FloatProjection(source="in", target="out", weight=weight[..., None, None]),),
        output="out",
    )


@pytest.mark.parametrize(
    ("lanes", "width", "terms", "words"), [(8, 8, 1, 32), (8, 16, 1, 64), (8, 4, 2, 64), (16, 8, 2, 64)]
)
def test_groups_of_whole_lanes_are_one_projection(lanes: int, width: int, terms: int, words: int) -> None:
    """Without a word of zeros; groups that end within a channel group are two, which begin and end where those do."""
    net, chip = grouped(32, width), replace(ONE, lanes=lanes, rows=1, cols=1)
    program = spikeplane.compile(net, chip=chip, encoding=Encoding(kind="planes", steps=2), progress=False)
    made, real = program.network.projections, np.asarray(net.projections[0].weight)
    assert len(made) == terms
    assert sum(used["weight"][0] for used in program.image.used.values()) == words
    total = np.sum([p.weight << p.pre_shift for p in made], axis=0)
    assert np.array_equal(np.sign(total), np.sign(real))
    program.check()


def test_steps() -> None:
    weight = np.array([[0.5, -0.5, 0.0], [2.0, 2.0, -2.0]])
    assert step_of(weight).tolist() == [0.5, 2.0]
    assert best_step(weight, 1, uniform=False, exact=False)[0].tolist() == [0.5, 2.0]
    assert alike(weight)
    assert not alike(weight * [1, 1.1, 1])
    assert power_apart(np.array([1.0, 2, 0]), np.array([4.0, 8, 3]))
    assert not power_apart(np.array([1.0, 2]), np.array([4.0, 4]))
    assert not power_apart(np.array([1.0]), np.array([3.0]))


def test_bits() -> None:
    conv = (
        np.where(np.random.default_rng(0).random((4, 4, 3, 3)) < 0.5, -1, 1)
        * np.array([1, 2, 3, 5.0])[:, None, None, None]
    )
    shortcut, pruned = np.ones((4, 1, 1)), conv * (np.arange(3) > 0)
    rooms = [15, 15]
    no, one = [False, False], [False]
    assert sign_bits([conv], one, rooms[:1], None, 8, 31) == (1,)
    assert sign_bits([pruned], [True], rooms[:1], None, 1, 31) == (2,)
    assert sign_bits([pruned], one, rooms[:1], None, 1, 31) == (1,)  # where no core stores them
    assert sign_bits([shortcut, conv], no, rooms, None, 8, 31) == (-8, 1)
    assert sign_bits([shortcut, conv], no, [5, 15], None, 8, 31) == (-5, 1)
    assert sign_bits([shortcut, conv], [True, False], [5, 15], None, 8, 31) == (5, 1)
    assert sign_bits([shortcut, conv], no, rooms, None, 1, 31) == (1, 1)
    assert sign_bits([conv[:, 0] / 4, conv], no, rooms, None, 8, 31) == (1, 1)  # a power of two everywhere
    uneven = conv[:, 0] / 4 * np.array([0.5, 1.5] * 4 + [1]).reshape(3, 3)  # in the mean
    assert sign_bits([uneven, conv], no, rooms, None, 8, 31) == (-8, 1)
    assert sign_bits([conv], one, rooms[:1], np.array([1, 2, 3, 5.0]) / 32, 8, 31) == (1,)
    assert sign_bits([conv], one, rooms[:1], np.array([1, 2, 3, 4.0]) / 32, 8, 31) == (-8,)
    assert sign_bits([], [], [], None, 8, 31) == ()
    assert sign_bits([shortcut, conv], no, rooms, None, 8, 8) == (-7, 1)  # a core counts 8 connections
    assert sign_bits([shortcut, conv], [True, False], rooms, None, 8, 9) == (7, 1)  # zeros take one more
    assert sign_bits([conv, shortcut], no, rooms, np.ones(4), 10, 31) == (-STREAM, 1)  # beside values


def compiled(model: nn.Module, planes: np.ndarray, chip: Any = ONE) -> Any:
    return spikeplane.compile(
        model, chip=chip, input_shape=(2, 8, 8), encoding=Encoding(kind="planes", steps=planes.shape[1]),
        calibration=planes, progress=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("make", "least"),
    [
        (lambda: residual(shortcut=True, groups=2), 0.995),
        (feed_forward, 0.995),
        pytest.param(lambda: residual(shortcut=True), 0.995, marks=pytest.mark.slow),
        pytest.param(lambda: residual(groups=4), 0.999, marks=pytest.mark.slow),
        pytest.param(lambda: residual(shortcut=True, groups=16), 0.995, marks=pytest.mark.slow),
    ],
)
def test_spikes_agree(make: Any, least: float) -> None:
    """Given the float network's spikes every layer fires with it, and its golden model in 1 bit is the chip's."""
    torch.manual_seed(1)
    model, planes = calibrated(make())
    program = compiled(model, planes)
    rows, *_ = agreement(program, {"input": planes.astype(np.int64)})
    given = {row["layer"]: row["given"] for row in rows}
    assert min(given.values()) >= least, given
    assert min(row["rate_float"] for row in rows if row["layer"] != program.network.output) > 0.05
    stored = [np.abs(p.weight) for p in program.network.projections]
    assert all((weight == 1).all() for weight in stored)


@pytest.mark.parametrize(("shift", "least"), [(20, 0.99), pytest.param(15, 0.98, marks=pytest.mark.slow)])
def test_values_of_two_blocks_agree(shift: int, least: float) -> None:
    """Values and the signs of their weights share the packets' shifts: 17 of them keep 99 %, 22 more."""
    torch.manual_seed(1)
    model, planes = calibrated(kept(), 3)
    chip = replace(ONE, cols=4, rows=2, max_shift=shift, acc_bits=24, membrane_bits=20, acc_depth=4096)
    program = compiled(model, planes, replace(chip, membrane_depth=4096, weight_depth=8192))
    rows, *_ = agreement(program, {"input": planes.astype(np.int64)})
    given = {row["layer"]: row["given"] for row in rows if row["given"] is not None}
    assert min(given.values()) >= least, given


def test_how_many_signs_are_tried() -> None:
    spikes, values = (
        import_model(make(), input_shape=(2, 8, 8), input_bits=1)
        for make in (lambda: residual(shortcut=True, channels=8), lambda: kept(8))
    )
    assert most_signs(spikes, ONE) == most_signs(values, ONE) == SEVERAL
    assert most_signs(values, preset("small")) == (1,)
    beside = [p for p in values.projections if is_identity(values, p) and len(values.incoming(p.target)) > 1]
    gains = np.r_[0.0, np.ones(7)].reshape(8, 1, 1)  # no identity: its weights are sums of signs
    shared = replace(
        values, projections=tuple(replace(p, weight=gains) if p in beside else p for p in values.projections)
    )
    whole = [replace(p, weight=np.ones((8, 3, 3))) if p.weight is gains else p for p in shared.projections]
    windows = replace(shared, projections=tuple(whole))
    assert most_signs(windows, ONE) == most_signs(shared, ONE) == (6, 5, 4, 3, 2, 1)
    assert most_signs(shared, replace(ONE, max_shift=31)) == SEVERAL[-STREAM:]
    assert most_signs(shared, replace(ONE, max_shift=0)) == (2, 1)


def test_identities_of_values_have_one_sign_where_their_planes_leave_no_room() -> None:
    """Their branches have several then, in their unit; where shifts and accumulators have room, the other way round."""
    torch.manual_seed(1)
    model, _ = calibrated(kept(), 2)
    net = import_model(model, input_shape=(2, 8, 8), input_bits=1)
    (layer,) = (p.name for p in net.populations if len(net.incoming(p.name)) == 2 and not p.sends_values)
    counts = []
    for chip in (ONE, replace(ONE, max_shift=31), replace(ONE, max_shift=31, acc_bits=32, membrane_bits=12)):
        chip = replace(chip, projections=64, weight_depth=8192)
        network, _ = quantise(net, chip, Encoding(kind="planes", steps=2))
        into = [network.population(p.source).sends_values for p in network.incoming(layer)]
        counts.append((sum(into), len(into) - sum(into)))
    assert counts[0] == counts[1] == (1, STREAM)
    assert counts[2][0] > 2
    assert counts[2][1] == 1


@pytest.mark.slow
@pytest.mark.parametrize("cores", [1, 4])
@pytest.mark.parametrize("make", [feed_forward, lambda: residual(shortcut=True, groups=4)])
def test_on_the_chip(make: Any, cores: int) -> None:
    torch.manual_seed(1)
    model, planes = calibrated(make(), 3)
    chip = ONE if cores == 4 else replace(ONE, rows=1, cols=1, membrane_depth=8192, acc_depth=4096)
    program = compiled(model, planes, chip)
    with spikeplane.open_board("sim", program) as board:
        found = spikeplane.execute(program, board, planes, lockstep=True).comparison
    assert found is not None
    assert found.mismatches == 0
    assert found.spikes > 3000


def test_too_few_tags() -> None:
    """Where the chip has no tags for the terms there are fewer, down to one sign for each weight."""
    torch.manual_seed(1)
    model, _ = calibrated(residual(shortcut=True, channels=8), 2)
    net = import_model(model, input_shape=(2, 8, 8), input_bits=1)
    counts = []
    for tags in (32, 24, 19, 15):
        chip = replace(ONE, projections=tags)
        network, rows = quantise(net, chip, Encoding(kind="planes", steps=2))
        counts.append(len(network.projections))
        told = [a.value for a in told_losses(net, network, rows, chip) if a.what == "signs"]
        assert len(told) == 2
        assert (told == ["one for each weight"] * 2) == (counts[-1] == 8), (tags, told)
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == 8 - 2 + 2 * max(SEVERAL)
    assert counts[-1] == 8


def test_a_sum_of_signs_counts_as_the_weights_do() -> None:
    """Against plain numpy: pruned weights and a shortcut with a gain a channel, in integers."""
    rng = np.random.default_rng(3)
    weight = rng.choice([-1.0, 0.0, 1.0], (8, 8)) * rng.uniform(0.3, 1, (8, 1))
    gain = rng.uniform(0.5, 2, 8)
    net = FloatNetwork(
        populations=(
            FloatPopulation(name="in", shape=(8, 1, 1)),
            FloatPopulation(
                name="out", shape=(8, 1, 1), neuron=FloatNeuron(decay=0.0, threshold=np.full(8, 0.7))
            ),
        ),
        projections=(
            FloatProjection(source="in", target="out", weight=weight[..., None, None]),
            FloatProjection(source="in", target="out", weight=gain[:, None, None], kind=ALIGNED),
        ),
        output="out",
    )
    program = spikeplane.compile(net, chip=ONE, encoding=Encoding(kind="planes", steps=1), progress=False)
    planes = rng.integers(0, 2, (200, 1, 8, 1, 1))
    fired = (
        GoldenModel(program.network, membrane_bits=ONE.membrane_bits, acc_bits=ONE.acc_bits)
        .run({"in": planes})["out"]
        .reshape(200, 8)
    )
    current = planes.reshape(200, 8) @ (weight + np.diag(gain)).T
    sure = np.abs(current - 0.7) > 0.02
    assert sure.mean() > 0.9
    assert np.array_equal(fired[sure], (current > 0.7)[sure])
