"""What `nn.differences` finds: single weights, whole channels, channels in which most sources have nothing; and when a grid
that a chip does not keep is worth a warning."""

import logging
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import layer, neuron, surrogate
from test_nn import DIRECT, SHAPE, compiled, sew
from torch import nn

from spikeplane import Program
from spikeplane.compiler.quantise import quantise as rounded
from spikeplane.nn import differences, grids, quantise
from spikeplane.program.corrections import Correction


def changed(program: Program, target: str, change: Any) -> Program:
    """The program with other integers in the projections into a population: `change` gets copies of them (C, ...)."""
    projections = []
    for p in program.network.projections:
        if p.target == target:
            weight = p.weight.astype(np.int64)
            change(p.source, weight)
            p = replace(p, weight=weight)
        projections.append(p)
    return replace(program, network=replace(program.network, projections=tuple(projections)))


@pytest.fixture(scope="module")
def made() -> tuple[Any, Program]:
    model = quantise(sew(between=True), chip="small", weight_bits=4, input_shape=SHAPE)
    program = compiled(model)
    assert differences(model, program) == []
    return model, program


@pytest.mark.parametrize("factor", [2, -1, 3])
@pytest.mark.parametrize("target", ["2", "6", "3.lif"])
def test_a_channel_that_is_too_large_as_a_whole(made: tuple[Any, Program], target: str, factor: int):
    """All of its weights have one factor, and it is not the one of its threshold."""
    model, program = made

    def larger(_: str, weight: np.ndarray) -> None:
        weight[3] *= factor

    counts = [np.count_nonzero(p.weight[3]) for p in program.network.incoming(target)]
    found = differences(model, changed(program, target, larger))
    assert {(one.population, one.at[0]) for one in found} == {(target, 3)}
    assert len(found) == sum(counts) > 0
    assert all(abs(one.compiled - factor * one.trained) <= abs(one.trained) * 0.01 + 0.01 for one in found)


def test_a_channel_of_a_readout_that_is_too_large(made: tuple[Any, Program]):
    model, program = made
    output = program.network.output

    def larger(_: str, weight: np.ndarray) -> None:
        weight[1] *= 2

    assert {one.at[0] for one in differences(model, changed(program, output, larger))} == {1}


def test_one_weight_is_one_difference(made: tuple[Any, Program]):
    """Also the largest of its channel, which says nothing of the others."""
    model, program = made
    (weight,) = (p.weight for p in program.network.incoming("9"))
    at = np.unravel_index(int(np.abs(weight[4]).argmax()), weight[4].shape)

    def other(_: str, whole: np.ndarray) -> None:
        whole[(4, *at)] -= 1

    (found,) = differences(model, changed(program, "9", other))
    assert (found.population, found.at) == ("9", (4, *(int(i) for i in at)))
    assert round(found.trained) == found.compiled + (1 << program.network.incoming("9")[0].pre_shift)


def test_weights_where_nothing_was_trained(made: tuple[Any, Program]):
    model, program = made
    with torch.no_grad():
        before = model[4].parametrizations["weight"].original[5].clone()
        model[4].parametrizations["weight"].original[5] = 0
    found = differences(model, program)
    with torch.no_grad():
        model[4].parametrizations["weight"].original[5] = before
    assert {(one.population, one.at[0], one.trained) for one in found} == {("6", 5, 0.0)}


class Recurrent(nn.Module):
    """Spikes that come back go through the same layer as those that come in."""

    def __init__(self) -> None:
        super().__init__()
        self.flatten, self.first, self.last = layer.Flatten(), layer.Linear(64, 12), layer.Linear(12, 4)
        self.lif = self.neurons()
        self.back = layer.LinearRecurrentContainer(self.neurons(), 12, 12, bias=False)

    @staticmethod
    def neurons() -> neuron.LIFNode:
        return neuron.LIFNode(
            v_threshold=0.2, v_reset=None, surrogate_function=surrogate.ATan(), detach_reset=True
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.back(self.lif(self.first(self.flatten(x)))))


def test_channels_that_one_source_alone_drives():
    torch.manual_seed(1)
    model = Recurrent()
    weight = model.back.rc.weight
    with torch.no_grad():
        weight[1, :12] = weight[2, 12:] = (
            0  # of one neuron those that come in are silent, of one those that come back
        )
    quantise(model, chip="small", weight_bits=4, input_shape=SHAPE, encoding=DIRECT)
    assert {row.layer: row.bits for row in grids(model)} == {"first": 4, "back.rc": 4, "last": 8}
    program = compiled(model)
    assert differences(model, program) == []

    target = next(p.target for p in program.network.projections if p.delay)
    for channel in (1, 2):
        (driver,) = (p.source for p in program.network.incoming(target) if p.weight[channel].any())

        def more(source: str, whole: np.ndarray, of: str = driver, at: int = channel) -> None:
            whole[at, :1] += source == of

        (found,) = differences(model, changed(program, target, more))
        assert (found.source, found.at[:2]) == (driver, (channel, 0))


@pytest.mark.parametrize(("gain", "warned"), [(0.1, True), (0.001, False)])
def test_a_grid_that_is_not_kept_is_a_warning_where_it_matters(caplog: Any, gain: float, warned: bool):
    """Steps far below the threshold: the table has what they may change, and only more than 1 % of it is a warning."""
    model = quantise(sew(between=True), chip="small", weight_bits=4, input_shape=SHAPE)
    with torch.no_grad():
        model[1].weight[2] = gain
    with caplog.at_level(logging.WARNING, logger="spikeplane"):
        program = compiled(model)
    assert {one.at[0] for one in differences(model, program)} == {2}
    (row,) = [row for row in program.assumptions if row["what"] == "trained grid"]
    assert row["layer"] == "2"
    assert "which moves currents by up to " in row["why"]
    share = float(row["why"].split("by up to ")[1].split(" %")[0])
    assert (share > 1) == warned
    told = [record for record in caplog.records if record.name.endswith("trained")]
    assert len(told) == warned


def test_corrected_thresholds_are_no_differences(made: tuple[Any, Program]):
    """A correction moves thresholds: the factor is that of the weights all the same."""
    model, program = made
    source, moved = program.source, {}
    assert source is not None

    def more(one: Any) -> Correction | None:
        none = Correction.none(one.population.shape[0])
        if one.neuron.threshold is None:
            return None
        return moved.setdefault(one.population.name, replace(none, threshold=none.threshold + 0.04))

    network, _ = rounded(
        source.network, source.chip, program.encodings, source.weight_bits, source.guard, source.peaks, more
    )
    other = replace(program, network=network, source=replace(source, corrections=moved))
    assert (network.population("2").theta != program.network.population("2").theta).all()  # pyright: ignore[reportAttributeAccessIssue, reportOptionalMemberAccess]
    assert differences(model, other) == []
    assert differences(model, replace(other, source=source)) != []
