"""`Program.run` and what it gives, on the golden model and on a board whose every answer is known."""

import html

import numpy as np
import pytest
import torch

import spikeplane
from spikeplane import Encoding, SpikeplaneError
from spikeplane.front.result import Time
from spikeplane.run.board import Board
from spikeplane_sim.golden.board import GoldenBoard


class Two(torch.nn.Module):
    """Two layers, the first in a container."""

    def __init__(self) -> None:
        from spikingjelly.activation_based import layer, neuron

        super().__init__()
        self.first = torch.nn.Sequential(layer.Linear(16, 12), neuron.IFNode())
        self.fc = layer.Linear(12, 3)
        self.out = neuron.IFNode()

    def forward(self, x):
        return self.out(self.fc(self.first(x.flatten(1))))


@pytest.fixture(scope="module")
def program() -> spikeplane.Program:
    torch.manual_seed(0)
    encoding = Encoding(kind="direct", steps=4)
    return spikeplane.compile(
        Two(), chip="tiny", encoding=encoding, input_shape=(1, 4, 4), calibration=images()
    )


def images(count: int = 6) -> np.ndarray:
    return np.random.default_rng(2).integers(0, 256, (count, 1, 4, 4), dtype=np.uint8)


class Wrong(Board):
    """The golden model, but for one spike of sample 4."""

    name = "wrong"

    def __init__(self, program: spikeplane.Program) -> None:
        self.golden = GoldenBoard(program)

    def run(self, inputs, progress=None):
        found = self.golden.run(inputs, progress)
        found["first.1"][4, 2, 5, 0, 0] ^= 1
        return found


def test_everything_about_a_run(program) -> None:
    labels = torch.tensor([0, 1, 2, 0, 1, 2])
    result = program.run(torch.from_numpy(images()) / 255, labels=labels, lockstep=True)
    planes = program.planes(images())
    outputs = GoldenBoard(program).run(planes)
    assert np.array_equal(result.spikes["out"], outputs["out"])
    assert np.array_equal(result.guesses, program.scores(outputs).argmax(1))
    assert result.accuracy == (result.guesses == labels.numpy()).mean()
    assert np.trace(result.confusion) == round(result.accuracy * 6)
    assert result.confusion.sum(1).tolist() == [2, 2, 2]
    assert result.rates["out"] == np.count_nonzero(outputs["out"]) / 6
    assert (result.samples, result.kept, result.mismatches, result.first_difference) == (6, 6, 0, None)
    assert (result.cycles, result.time) == (None, None)
    assert result.rates["first.1"] > 1


def test_layers_by_the_models_names(program) -> None:
    result = program.run(images())
    assert np.array_equal(result.spikes["first"], result.spikes["first.1"])
    assert np.array_equal(result.spikes["fc"], result.spikes["out"])
    assert list(result.spikes) == ["first.1", "out"]
    assert "fc" in result.spikes
    assert result.spikes.get("input") is None
    there = "there are input, first.1, out, and the layers first.0, fc in front of them"
    for name, message in {
        "conv": f"no population 'conv'; {there}",
        "fcc": f"no population 'fcc'; did you mean 'fc'? There are {there[10:]}",
        0: f"no population '0'; {there}",
        "input": "population 'input' is an input; there are first.1, out",
    }.items():
        with pytest.raises(SpikeplaneError) as error:
            result.spikes[name]
        assert str(error.value) == message
        assert isinstance(error.value, KeyError)


def test_the_index_in_a_sequential() -> None:
    from spikingjelly.activation_based import layer, neuron

    model = torch.nn.Sequential(layer.Flatten(), layer.Linear(16, 12), neuron.IFNode(), layer.Linear(12, 3))
    model = torch.nn.Sequential(*model, neuron.IFNode())
    program = spikeplane.compile(model, chip="tiny", proof=False, input_shape=(1, 4, 4))
    result = program.run(images())
    for name in (1, "1", 2, "2"):
        assert result.spikes[name].shape == (6, 4, 12, 1, 1)
    with pytest.raises(KeyError) as error:
        result.spikes[5]
    assert str(error.value) == (
        "no population '5'; there are input, 2, 4, and the layers 1, 3 in front of them"
    )


def test_a_difference(program) -> None:
    result = program.run(images(), board=Wrong(program), lockstep=True)
    assert result.mismatches == 1
    assert result.first_difference.startswith(
        "first difference: sample 4, step 2, population 'first.1', neuron (c=5, y=0, x=0): chip "
    )
    assert "1 mismatches" in repr(result)


def test_what_is_kept(program) -> None:
    result = program.run(images(), keep=2)
    assert (result.samples, result.kept, len(result.spikes["out"]), len(result.guesses)) == (6, 2, 2, 6)
    with pytest.raises(SpikeplaneError) as error:
        result.raster("out", 2)
    assert str(error.value) == "sample 2 was not kept: there are 0 to 1; run with keep=3"


def test_time_is_that_of_the_largest_part() -> None:
    time = Time(link=0.2, core=0.05, host=0.1, samples=10, clock_mhz=100, baud=3_000_000)
    assert (time.bound, time.seconds, time.samples_per_second) == ("link", 0.2, 50)


def test_a_card(program) -> None:
    text = repr(program)
    assert len(text) < 1500
    assert text.splitlines()[0] == f"Program 'network' for chip {program.config.digest}"
    assert "layers   first.1 12x1x1, out 3x1x1" in text
    page = program._repr_html_()
    assert all(html.escape(row["value"]) in page for row in program.assumptions)
    assert "<script" not in page


def test_a_card_of_a_wide_network_with_long_names() -> None:
    from spikingjelly.activation_based import layer, neuron

    model = torch.nn.Sequential(layer.Flatten())
    for number in range(24):
        name = f"encoder_stage_with_a_long_name_of_its_own_{number}_" * 4
        model.add_module(name, layer.Linear(16, 16))
        model.add_module(f"{name}lif", neuron.IFNode())
    encoding = Encoding(kind="direct", steps=2)
    program = spikeplane.compile(model, chip="auto", encoding=encoding, input_shape=(1, 4, 4), proof=False)
    assert len(program.network.populations) == 25
    assert len(repr(program)) < 1500
    assert max(map(len, repr(program).splitlines())) < 160


def test_report(program, tmp_path) -> None:
    path = program.run(images(), labels=[0] * 6).report(tmp_path / "run.html")
    assert path.read_text().startswith("<!doctype html>")


def test_an_estimate(program) -> None:
    found = program.estimate("ulx3s-85f", images())
    assert found.fits
    assert found.made is None
    assert found.values["activity"] == "counted on 6 samples"
    assert found.resources["DSP"][1] == 156
    assert "fits" in repr(found)


def test_a_chip_that_does_not_fit_and_one_that_does(program) -> None:
    """The preset `large` is more than an ECP5 85F; what the network needs of it is not."""
    large = spikeplane.compile(
        Two(), chip="large", encoding=program.encoding, input_shape=(1, 4, 4), proof=False
    )
    found = large.estimate("ulx3s-85f", activity=0.2)
    assert not found.fits
    assert found.made is not None
    assert found.made.fits
    assert found.made.values["cores"] == "1x1 cores of 16 lanes"
    assert "made for it       1x1 cores" in repr(found)


def test_boards_for_a_program(program) -> None:
    found = spikeplane.boards_for(program)
    names = [one.board for one in found]
    assert "ulx3s-85f" in names
    assert "icebreaker" not in names
    rates = [(one.made or one).samples_per_second for one in found]
    assert rates == sorted(rates, reverse=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"keep": 0}, "keep must be 1 or more samples, not 0"),
        ({"clock": 0}, "clock must be more than 0 MHz, not 0"),
        ({"board": "goldne"}, "unknown board 'goldne'; did you mean 'golden'?"),
        ({"limit": 0}, "the number of samples must be at least 1, not 0"),
    ],
)
def test_refused(program, options, message) -> None:
    with pytest.raises(SpikeplaneError) as error:
        program.run(images(), **options)
    assert str(error.value) == message


def test_no_confusion_without_labels(program) -> None:
    with pytest.raises(SpikeplaneError) as error:
        program.run(images()).confusion  # noqa: B018
    assert str(error.value) == "there is no confusion matrix without labels; run with labels=y"


@pytest.mark.parametrize(
    ("board", "options", "message"),
    [
        ("ulx3s", {}, "unknown board 'ulx3s'; did you mean 'ulx3s-85f'?"),
        ("ulx3s-85f", {"activity": 2}, "activity must be from 0 to 1 spikes a neuron and step, not 2"),
        ("ulx3s-85f", {"count": 0}, "count must be 1 or more, not 0"),
        ("ulx3s-85f", {"activity": 0.1, "samples": images()}, "give samples or activity, not both"),
    ],
)
def test_no_estimate(program, board, options, message) -> None:
    with pytest.raises(SpikeplaneError) as error:
        program.estimate(board, **options)
    assert str(error.value) == message
