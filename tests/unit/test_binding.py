"""Chips of 1 bit on which currents are far from the real ones: what is told, and that what is told would do."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from networks_of_signs import calibrated, kept, residual

import spikeplane
from spikeplane import ChipConfig, Encoding, SpikeplaneError
from spikeplane.compiler.binding import FAR
from spikeplane.config import preset
from spikeplane.float_network import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane_sim.measured import agreement

ONE = replace(preset("small"), weight_bits=1)
PLANES = Encoding(kind="planes", steps=4)


def told(program: spikeplane.Program) -> list[dict[str, Any]]:
    return [row for row in program.assumptions if row["what"] == FAR]


def blocks() -> Any:
    torch.manual_seed(1)
    model, planes = calibrated(residual(shortcut=True, channels=8), 4)
    return model, {
        "input_shape": (2, 8, 8),
        "encoding": PLANES,
        "calibration": planes,
        "progress": False,
        "proof": False,
    }


def test_tags_that_bind_are_told_with_what_would_do() -> None:
    model, options = blocks()
    chip = replace(ONE, projections=16)
    (row,) = told(spikeplane.compile(model, chip=chip, **options))
    assert "a chip with projections = 32 where it has 16 keeps more" in row["why"]
    assert "the probes of 6 populations are among them" in row["why"]
    assert not told(spikeplane.compile(model, chip=replace(chip, projections=32), **options))


def test_populations_that_nobody_asks_for_leave_their_tags() -> None:
    model, options = blocks()
    chip = replace(ONE, projections=21)
    counts = [
        len(spikeplane.compile(model, chip=chip, probes=probes, **options).network.projections)
        for probes in (None, [])
    ]
    assert counts == [13, 20]


def test_shifts_that_bind_are_told() -> None:
    model, options = blocks()
    (row,) = told(spikeplane.compile(model, chip=replace(ONE, max_shift=1), **options))
    assert "max_shift = " in row["why"]
    assert "projections" not in row["why"]


def sizes(weight: np.ndarray) -> FloatNetwork:
    neuron = FloatNeuron(decay=0.5, threshold=np.full(8, 0.7))
    return FloatNetwork(
        populations=(
            FloatPopulation(name="in", shape=(8, 1, 1)),
            FloatPopulation(name="out", shape=(8, 1, 1), neuron=neuron),
        ),
        projections=(FloatProjection(source="in", target="out", weight=weight[..., None, None]),),
        output="out",
    )


def test_weights_that_one_step_a_channel_does_not_hold_are_told() -> None:
    rng = np.random.default_rng(0)
    sign, out, into = rng.choice([-1.0, 1.0], (8, 8)), rng.uniform(0.3, 1, (8, 1)), rng.uniform(0.5, 2, 8)
    for weight, words in (
        (
            sign * out * into,
            "a scale of their own for each input channel, as a batch-norm in front gives them",
        ),
        (sign * rng.uniform(0.1, 1, (8, 8)), "of several sizes in an output channel"),
    ):
        (row,) = told(spikeplane.compile(sizes(weight), chip=ONE, encoding=PLANES, progress=False))
        assert words in row["why"]
        assert "take a chip with weight_bits = 2 or more" in row["why"]
    assert not told(spikeplane.compile(sizes(sign * out), chip=ONE, encoding=PLANES, progress=False))


def test_a_chip_made_for_signs_has_what_they_need() -> None:
    model, options = blocks()
    program = spikeplane.compile(model, chip="auto", weight_bits=1, **options)
    chip = program.config
    assert (chip.weight_bits, chip.projections) == (1, len(program.network.projections) + 6)
    assert not told(program)
    rows, *_ = agreement(program, {"input": options["calibration"].astype(np.int64)})
    assert min(row["given"] for row in rows) > 0.99
    with pytest.raises(SpikeplaneError, match="weights of 1 bit are for all layers of a chip"):
        spikeplane.compile(model, chip=ChipConfig(), weight_bits=1, **options)
    with pytest.raises(SpikeplaneError, match="at most the chip's 8"):
        spikeplane.compile(model, chip="auto", weight_bits=True, **options)


def test_values_of_few_channels_have_narrow_cores() -> None:
    torch.manual_seed(1)
    model, planes = calibrated(kept(8), 2)
    options: dict[str, Any] = {"encoding": PLANES, "calibration": planes, "progress": False, "proof": False}
    program = spikeplane.compile(model, chip="auto", weight_bits=1, input_shape=(2, 8, 8), **options)
    assert (program.config.lanes, program.config.weight_bits) == (8, 1)
    with pytest.raises(SpikeplaneError, match="a multiple of its 16 lanes"):
        spikeplane.compile(model, chip=ONE, input_shape=(2, 8, 8), **options)
