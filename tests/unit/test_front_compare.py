"""`Program.compare`, `Program.sensitivity`, `ChipModule`."""

import numpy as np
import pytest
import torch
from test_front import Two, images

import spikeplane
from spikeplane import Encoding, SpikeplaneError
from spikeplane.float_network import FloatNetwork
from spikeplane_sim.golden.board import GoldenBoard
from spikeplane_sim.golden.float_model import FloatModel

ENCODING = Encoding(kind="direct", steps=6)


@pytest.fixture(scope="module")
def model() -> torch.nn.Module:
    torch.manual_seed(3)
    found = Two()
    with torch.no_grad():
        for name, weight in found.named_parameters():
            weight *= 3 if name == "fc.weight" else 2
    return found


def made(model: torch.nn.Module, **options) -> spikeplane.Program:
    return spikeplane.compile(model, chip="tiny", encoding=ENCODING, input_shape=(1, 4, 4), **options)


def float_network(program: spikeplane.Program) -> FloatNetwork:
    assert program.source is not None
    return program.source.network


def test_agreement_counts_what_both_fire(model) -> None:
    program, x = made(model, weight_bits=2), images(40)
    found = program.compare(model, torch.from_numpy(x) / 255, labels=[1] * 40)
    planes = program.planes(x)
    real = FloatModel(float_network(program)).run({"input": planes["input"] / 255})
    integer = GoldenBoard(program).run(planes)
    rows = {row["layer"]: row for row in found.layers}
    for name in ("first.1", "out"):
        assert rows[name]["free"] == pytest.approx((real[name] == integer[name]).mean())
        assert rows[name]["rate_float"] == pytest.approx((real[name] != 0).mean())
    assert rows["first.1"]["given"] == rows["first.1"]["free"] < 1  # its only source is the input
    assert rows["out"]["given"] > rows["out"]["free"]
    assert found.accuracy_float == (real["out"].sum((1, 3, 4)).argmax(1) == 1).mean()
    assert found.accuracy_integer == (program.scores(integer).argmax(1) == 1).mean()
    assert "left alone" not in repr(found)
    assert "first.1" in found._repr_html_()


def test_another_model_is_refused(model) -> None:
    program = made(model)
    torch.manual_seed(4)
    with pytest.raises(SpikeplaneError, match="the model is not the one that the program was made from: "):
        program.compare(Two(), images())
    assert program.compare(None, images()).samples == 6


def test_what_two_bits_cost_and_what_cures_it(model) -> None:
    x = images(60)
    program = made(model, weight_bits={"first.1": 2, "out": 8})
    values = {"input": program.planes(x)["input"] / 255}
    truth = FloatModel(float_network(program)).run(values)["out"].sum((1, 3, 4)).argmax(1)
    found = program.sensitivity(x, truth)
    assert found.accuracy_float == 1
    worst = found.layers[0]
    assert worst["layer"] == "first.1"
    assert worst["lost"] > 0.05
    assert list(worst["cure"]["weight_bits"]) == ["first.1"]
    assert worst["cured"] > found.accuracy_integer
    assert found.layers[1]["lost"] < worst["lost"]


def test_sensitivity_needs_labels(model) -> None:
    with pytest.raises(SpikeplaneError) as error:
        made(model).sensitivity(images())
    assert str(error.value) == "sensitivity is of accuracy, which needs labels; give labels=y"


def test_a_chip_in_an_evaluation_loop(model) -> None:
    program, x = made(model), torch.from_numpy(images(8)) / 255
    scores = program.scores(GoldenBoard(program).run(program.planes(images(8))))
    with spikeplane.ChipModule(program) as chip:
        parts = [chip(batch) for batch in x.split(3)]
    assert np.array_equal(torch.cat(parts).numpy(), scores)
    assert not parts[0].requires_grad
    assert program.config.digest in repr(chip)


def test_rate_coding_goes_on_from_batch_to_batch(model) -> None:
    encoding = Encoding(kind="rate", steps=5)
    program = spikeplane.compile(model, chip="tiny", encoding=encoding, input_shape=(1, 4, 4), proof=False)
    x = images(6)
    whole = program.scores(GoldenBoard(program).run(program.planes(x)))
    chip = spikeplane.ChipModule(program)
    assert np.array_equal(np.concatenate([chip(x[:4]), chip(x[4:])]), whole)
