"""Numbers that differ from step to step, added in front of parallel neurons; images whose rows or columns are steps."""

from typing import Any

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import layer, neuron
from torch import Tensor, nn

import spikeplane
from spikeplane import Encoding, SpikeplaneError
from spikeplane.compiler.time_channels import in_channels
from spikeplane.importers import import_model

STEPS = 3
SHAPES: dict[str, Any] = {"one": (STEPS, 1, 1, 1, 1), "channels": (STEPS, 1, 2, 1, 1)}


def parallel() -> nn.Module:
    made: Any = neuron.PSN(STEPS)
    made.weight.data = torch.randn(STEPS, STEPS)
    made.bias.data = -0.3 * torch.rand(STEPS, 1)
    return made


class Positions(nn.Module):
    """An image in every step, with numbers of each; padding in front of the neurons sees them."""

    def __init__(self, shape: tuple[int, ...], fire: Any = parallel, less: bool = False) -> None:
        super().__init__()
        self.less = less
        torch.manual_seed(0)
        self.pe = nn.Parameter(torch.randn(shape))
        self.conv, self.fire = layer.Conv2d(2, 3, 3, padding=1, step_mode="m"), fire()
        self.fc = layer.Linear(3 * 16, 4, step_mode="m")

    def forward(self, x: Tensor) -> Tensor:
        x = x.unsqueeze(0).repeat(STEPS, 1, 1, 1, 1)
        x = x - self.pe if self.less else x + self.pe
        return self.fc(self.fire(self.conv(x)).flatten(2))


class Two(Positions):
    """Two layers' currents, added in front of the neurons."""

    def __init__(self) -> None:
        super().__init__(SHAPES["one"])
        self.conv = layer.Conv2d(2, 3, 1, step_mode="m")
        self.other = layer.Conv2d(2, 3, 1, step_mode="m")

    def forward(self, x: Tensor) -> Tensor:
        x = x.unsqueeze(0).repeat(STEPS, 1, 1, 1, 1)
        return self.fc(self.fire(self.conv(x + self.pe) + self.other(x)).flatten(2))


def test_numbers_of_each_step_are_no_bias() -> None:
    made = import_model(Two(), input_shape=(2, 4, 4))
    assert "steps of add" in {p.source for p in made.projections}


@pytest.mark.parametrize("name", SHAPES)
def test_numbers_of_each_step_are_proved(name: str) -> None:
    net = Positions(SHAPES[name])
    program = spikeplane.compile(net, chip="auto", input_shape=(2, 4, 4), progress=False)
    assert (program.encoding.steps, program.encoding.fold) == (1, STEPS)
    assert sum(each["compared"] for each in program.tables["agreement"]) > 10_000
    constants = [p for p in program.network.populations if p.constant]
    assert len(constants) == (1 if name == "one" else STEPS)


def test_what_a_constant_sends_in_each_step_is_weighed_by_the_neurons() -> None:
    net = Positions(SHAPES["one"])
    made = import_model(net, input_shape=(2, 4, 4))
    constant = next(p for p in made.populations if p.constant)
    levels = net.pe.detach().double().numpy().ravel()
    np.testing.assert_array_equal(constant.levels, levels)
    mix = made.population("fire").neuron.mix  # type: ignore[union-attr]
    folded, _ = in_channels(made, {"input": Encoding(steps=STEPS)})
    assert folded.population(constant.name).levels is None
    tag = {(p.source, p.target): p.weight for p in folded.projections}
    kernel = net.conv.weight.detach().double().numpy().sum(1)  # the same in both channels
    wanted = np.einsum("ut,t,ohw->uohw", mix.weight, levels, kernel)  # type: ignore[union-attr]
    found = np.asarray(tag[constant.name, "fire"]).reshape(wanted.shape)
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_what_is_taken_off_in_each_step() -> None:
    net = Positions(SHAPES["one"], less=True)
    constant = next(p for p in import_model(net, input_shape=(2, 4, 4)).populations if p.constant)
    np.testing.assert_array_equal(constant.levels, -net.pe.detach().double().numpy().ravel())


@pytest.mark.parametrize("shape", SHAPES)
def test_in_front_of_membranes_they_are_weights_by_step(shape: str) -> None:
    """The proof runs the model beside it."""
    net = Positions(SHAPES[shape], lambda: neuron.LIFNode(step_mode="m"))
    program = spikeplane.compile(net, chip="auto", input_shape=(2, 4, 4), progress=False)
    assert sum(each["compared"] for each in program.tables["agreement"]) > 10_000
    assert program.config.step_bits == (STEPS - 1).bit_length()
    assert any(p.weight.ndim > p.kind.rank for p in program.network.projections)


def test_the_same_in_every_step_is_a_bias() -> None:
    net = Positions(SHAPES["one"], lambda: neuron.LIFNode(step_mode="m"))
    net.pe.data[:] = 0.25
    made = import_model(net, input_shape=(2, 4, 4))
    assert not any(p.levels is not None for p in made.populations)


@pytest.mark.parametrize("shape", [(STEPS, 1, 2, 4, 4), (STEPS, 11, 1, 1, 1)])
def test_of_pixels_and_samples_it_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(SpikeplaneError, match="differs between samples or steps"):
        import_model(Positions(shape), input_shape=(2, 4, 4))


def test_other_steps_than_the_neurons_have() -> None:
    made = import_model(Positions(SHAPES["one"]), input_shape=(2, 4, 4))
    constant = next(p for p in made.populations if p.constant)
    object.__setattr__(constant, "levels", np.ones(STEPS + 1))
    with pytest.raises(
        SpikeplaneError, match=rf"layer 'fire' mixes {STEPS} steps and layer 'steps of add' {STEPS + 1}"
    ):
        spikeplane.compile(made, chip="auto", progress=False)


class Lines(nn.Module):
    """Rows or columns of an image (N, C, H, W) as steps."""

    def __init__(self, order: tuple[int, ...]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.order = order
        self.conv, self.fire = layer.Conv1d(2, 4, 3, padding=1, step_mode="m"), neuron.LIFNode(step_mode="m")
        self.fc = layer.Linear(4 * 5, 3, step_mode="m")

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.fire(self.conv(x.permute(*self.order))).flatten(2)).mean(0)


@pytest.mark.parametrize(
    ("order", "image", "what"), [((3, 0, 1, 2), (2, 5, 7), "columns"), ((2, 0, 1, 3), (2, 7, 5), "rows")]
)
def test_rows_or_columns_of_several_channels(order: Any, image: Any, what: str) -> None:
    net = Lines(order)
    with pytest.raises(
        SpikeplaneError,
        match=rf"forward takes the {what} of an image for steps; give them so: input_shape=\(2, 1, 5\), "
        r"encoding='frames' with steps=7 and unit=1/255",
    ):
        import_model(net, input_shape=image)
    frames = Encoding(kind="frames", steps=7, unit=1 / 255)
    program = spikeplane.compile(net, chip="auto", input_shape=(2, 1, 5), encoding=frames, progress=False)
    assert sum(each["compared"] for each in program.tables["agreement"]) > 10_000


class Weighted(nn.Module):
    """A weight for each of 5 steps, in front of neurons with membranes."""

    def __init__(self, same: bool) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.p = nn.Parameter(torch.ones(5, 1, 1) if same else 1 + 0.1 * torch.rand(5, 1, 1))
        self.fc, self.fire = layer.Linear(4, 6, step_mode="m"), neuron.LIFNode(step_mode="m")

    def forward(self, x: Tensor) -> Tensor:
        return self.fire(self.fc(x) * self.p)


def test_weights_of_each_step_are_proved() -> None:
    assert import_model(Weighted(True), input_shape=(4, 1, 1)).population("fire")
    encoding = Encoding(kind="planes", steps=5)
    program = spikeplane.compile(
        Weighted(False), chip="auto", input_shape=(4, 1, 1), encoding=encoding, progress=False
    )
    assert sum(each["compared"] for each in program.tables["agreement"]) > 1_000
    assert [p.weight.shape for p in program.network.projections] == [(5, 6, 4, 1, 1)]
