"""Pictures of a run: what is on their axes."""

import sys

import matplotlib
import matplotlib.pyplot
import numpy as np
import pytest
import torch
from test_front import Two, images

import spikeplane
from spikeplane import Encoding, SpikeplaneError
from spikeplane.run.board import Board
from spikeplane_sim.golden import GoldenModel
from spikeplane_sim.golden.board import GoldenBoard

matplotlib.use("Agg")


@pytest.fixture(scope="module")
def program() -> spikeplane.Program:
    torch.manual_seed(0)
    encoding = Encoding(kind="direct", steps=4)
    model = Two()
    with torch.no_grad():
        for weight in model.parameters():
            weight *= 2
    return spikeplane.compile(model, chip="tiny", encoding=encoding, input_shape=(1, 4, 4))


@pytest.fixture(autouse=True)
def closed():
    yield
    matplotlib.pyplot.close("all")


def by_hand(program, planes, name: str) -> np.ndarray:
    """v of an IF neuron that is reset to 0, from the spikes that come in."""
    outputs = GoldenBoard(program).run({"input": planes[None]})
    population = program.network.population(name)
    (projection,) = program.network.incoming(name)
    source = planes if projection.source == "input" else outputs[projection.source][0]
    weight = projection.weight.reshape(len(projection.weight), -1).astype(int) << projection.pre_shift
    bias = 0 if population.bias is None else population.bias
    top = (1 << (program.config.membrane_bits - 1)) - 1
    u, found = np.zeros(len(weight), int), []
    for t in range(len(source)):
        v = np.clip(u + weight @ source[t].reshape(-1).astype(int) + bias, -top - 1, top)
        found.append(v)
        u = np.where(outputs[name][0, t].reshape(-1) > 0, 0, v)
    return np.stack(found)


def test_membranes_are_the_golden_models(program) -> None:
    result = program.run(images())
    planes = program.planes(images())["input"]
    for name in ("first.1", "out"):
        found = result.potentials(name, 3).reshape(4, -1)
        assert np.array_equal(found, by_hand(program, planes[3], name))
        assert len(np.unique(found)) > 4


def test_potentials_change_nothing(program) -> None:
    planes = program.planes(images())
    model = GoldenModel(
        program.network, membrane_bits=program.config.membrane_bits, acc_bits=program.config.acc_bits
    )
    seen: dict[str, torch.Tensor] = {}
    both = zip(model.steps(planes), model.steps(planes, seen), strict=True)
    for alone, watched in both:
        assert all(torch.equal(alone[name], watched[name]) for name in alone)
        theta = torch.as_tensor(program.network.population("out").theta).view(1, -1, 1, 1)
        assert torch.equal((seen["out"] >= theta).to(torch.int32), watched["out"])
    assert list(seen) == ["first.1", "out"]


def test_a_plot_of_membranes(program) -> None:
    result = program.run(images())
    axes = result.membranes("first", sample=1, neurons=5)
    v, sent = result.potentials("first.1", 1).reshape(4, 12), result.spikes["first.1"][1].reshape(4, 12)
    fired = np.count_nonzero(sent, 0)
    lines = [line for line in axes.lines if line.get_label().startswith("(")]
    assert len(lines) == 5
    numbers = [int(line.get_label()[1:].split(",")[0]) for line in lines]
    assert min(fired[numbers]) >= max(np.delete(fired, numbers))
    for line, number in zip(lines, numbers, strict=True):
        assert np.array_equal(line.get_ydata(), v[:, number])
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    assert sum(len(line.get_xdata()) for line in dots) == sent[:, numbers].sum() > 4
    dashed = {line.get_ydata()[0] for line in axes.lines if line.get_linestyle() == "--"}
    theta = np.broadcast_to(program.network.population("first.1").theta, 12)
    assert dashed == set(theta[numbers].tolist())
    assert axes.get_title() == "first, sample 1"
    named = result.membranes("first.1", neurons=[11, 0], axes=matplotlib.pyplot.figure().subplots())
    assert [line.get_label() for line in named.lines if line.get_label().startswith("(")] == [
        "(11, 0, 0)",
        "(0, 0, 0)",
    ]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("input", {}, "population 'input' has no neurons, and no membranes; there are first.1, out"),
        ("out", {"neurons": 0}, "neurons must be 1 or more, or their numbers, not 0"),
        ("out", {"neurons": [3]}, "neuron 3 is not there; the population has 0 to 2"),
        ("out", {"neurons": []}, "no neuron is named; the population has 0 to 2"),
        ("out", {"sample": 6}, "sample 6 was not kept: there are 0 to 5; run with keep=7"),
        (
            "conv",
            {},
            "no population 'conv'; there are input, first.1, out, and the layers first.0, fc in front of them",
        ),
    ],
)
def test_no_membranes(program, name, options, message) -> None:
    with pytest.raises(SpikeplaneError) as error:
        program.run(images()).membranes(name, **options)
    assert str(error.value) == message


class Counted(Board):
    """The golden model with counters."""

    name = "counted"

    def __init__(self, program: spikeplane.Program) -> None:
        self.program, self.golden = program, GoldenBoard(program)

    def run(self, inputs, progress=None):
        return self.golden.run(inputs, progress)

    def figures(self):
        row = {"core": [0, 0], "operations": 250, "spikes": 1, "sweeps": 1, "packets": 1}
        return {"samples": 6, "cycles": 1000, "operations": 250, "cores": [row]}


def test_the_load_of_cores(program) -> None:
    axes = program.run(images(), board=Counted(program)).core_load()
    (image,) = axes.images
    assert image.get_array().shape == (program.config.rows, program.config.cols)
    assert image.get_array()[0, 0] == 25
    assert [text.get_text() for text in axes.texts] == ["25.0"]
    with pytest.raises(SpikeplaneError) as error:
        program.run(images()).core_load()
    assert str(error.value) == "the golden board has no cores; run with board='sim', or on a chip"


@pytest.mark.parametrize(
    ("given", "grid", "titles"),
    [
        (np.zeros((7, 5, 4), np.uint8), (3, 3), [""] * 7),
        (torch.zeros(4, 1, 5, 4), (2, 2), [""] * 4),
        (np.zeros((5, 4)), (1, 1), [""]),
        (np.zeros((2, 3, 5, 4)), (1, 2), [""] * 2),
        (
            [(1200, np.zeros((5, 4), np.uint16)), (1210, np.zeros((5, 4), np.uint16))],
            (1, 2),
            ["1,200", "1,210"],
        ),
    ],
)
def test_images_side_by_side(given, grid, titles) -> None:
    figure = spikeplane.show_images(given)
    assert figure.axes[0].get_subplotspec().get_gridspec().get_geometry() == grid
    shown = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title() for axes in shown] == titles
    assert not any(axes.axison for axes in figure.axes)


def test_images_share_a_scale() -> None:
    given = np.arange(2 * 9 * 8).reshape(2, 9, 8).astype(np.uint16) * 20
    figure = spikeplane.show_images(given, labels=[3, 8], columns=1)
    for i, axes in enumerate(figure.axes):
        (image,) = axes.images
        assert image.get_clim() == (0, given.max())
        assert np.array_equal(image.get_array(), given[i])
    assert [axes.get_title() for axes in figure.axes] == ["3", "8"]
    figure = spikeplane.show_images(np.full((1, 4, 4), 7, np.uint8))
    assert figure.axes[0].images[0].get_clim() == (0, 255)


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        ([], {}, "there are no images; give an array (N, H, W) with one at least, or a list of images"),
        (np.zeros(4), {}, "there are no images; give an array (N, H, W) with one at least, or a list of images"),
        ([np.zeros((2, 3, 4, 5))], {}, "an image is numbers (H, W), or 3 colours, not float64 (2, 3, 4, 5)"),
        (np.zeros((2, 4, 4)), {"labels": [1]}, "there are 1 labels for 2 images; give one for each"),
        (np.zeros((2, 4, 4)), {"columns": 0}, "columns must be 1 or more, not 0"),
    ],
)  # fmt: skip
def test_no_images(given, options, message) -> None:
    with pytest.raises(SpikeplaneError) as error:
        spikeplane.show_images(given, **options)
    assert str(error.value) == message


def test_without_matplotlib(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(SpikeplaneError) as error:
        spikeplane.show_images(np.zeros((2, 4, 4)))
    assert str(error.value) == "plots need matplotlib, not found: pip install 'spikeplane[plot]'"
