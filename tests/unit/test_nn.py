"""Quantisation-aware training: grids of weights, their gradients, and that what is trained is what is compiled."""

import copy
import logging
from typing import Any

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import functional, layer, neuron, surrogate
from torch import nn

import spikeplane
from spikeplane.config import PRESETS
from spikeplane.errors import SpikeplaneError
from spikeplane.nn import Grid, baked, differences, grids, plain, quantise, widths

SHAPE = (1, 8, 8)
DIRECT = spikeplane.Encoding(kind="direct", steps=3)


def lif(**options):
    return neuron.LIFNode(
        v_threshold=0.5, v_reset=None, surrogate_function=surrogate.ATan(), detach_reset=True, **options
    )


class Sew(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv, self.norm = layer.Conv2d(channels, channels, 3, padding=1), layer.BatchNorm2d(channels)
        self.lif = lif()

    def forward(self, x):
        return self.lif(self.norm(self.conv(x))) + x


def sew(*, between: bool) -> Any:
    """A stem, a SEW ADD block, a depthwise-separable convolution, with neurons between its two or without."""
    torch.manual_seed(3)
    middle = [layer.BatchNorm2d(8), lif()] if between else []
    model = nn.Sequential(
        layer.Conv2d(1, 8, 3, padding=1, bias=False),
        layer.BatchNorm2d(8),
        lif(),
        Sew(8),
        layer.Conv2d(8, 8, 3, stride=2, padding=1, groups=8, bias=False),
        *middle,
        layer.Conv2d(8, 12, 1, bias=False),
        layer.BatchNorm2d(12),
        lif(),
        layer.Flatten(),
        layer.Linear(192, 5),
    )
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, 0, 0.1)  # pyright: ignore[reportArgumentType]
            nn.init.uniform_(module.running_var, 0.5, 2)  # pyright: ignore[reportArgumentType]
            module.weight.data.uniform_(0.5, 2).mul_(
                torch.where(torch.arange(module.num_features) % 3 > 0, 1, -1)
            )
    return model


def trained(model, steps=3, classes=5):
    """Some steps of an ordinary loop; how far the weights and the steps of the grids moved."""
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    optimiser = torch.optim.SGD(model.parameters(), 0.05)
    model.train()
    for number in range(steps):
        torch.manual_seed(number)
        functional.reset_net(model)
        images, labels = torch.rand(16, *SHAPE), torch.randint(classes, (16,))
        loss = nn.functional.cross_entropy(model(images) + model(images), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    functional.reset_net(model)
    model.eval()
    return {
        name: float((value.detach() - before[name]).abs().max()) for name, value in model.named_parameters()
    }


def compiled(model, chip: Any = "small", **options):
    images = np.random.default_rng(0).integers(0, 256, (8, *SHAPE), dtype=np.uint8)
    return spikeplane.compile(
        model,
        chip=chip,
        input_shape=SHAPE,
        encoding=DIRECT,
        calibration=images,
        progress=False,
        proof=False,
        **options,
    )


def test_weights_are_whole_multiples_of_a_step():
    torch.manual_seed(0)
    conv = nn.Conv2d(3, 6, 3)
    for bits in (2, 3, 4, 8):
        grid = Grid(conv.weight, bits, layer=conv)
        whole = grid.whole(conv.weight)
        top = 2 ** (bits - 1) - 1
        assert whole.abs().max() == top
        assert (whole == whole.round()).all()
        steps = grid.step.detach().reshape(6, 1, 1, 1)
        assert torch.equal(grid(conv.weight), whole.float() * steps)
        with torch.no_grad():
            assert torch.equal(grid(conv.weight), whole.float() * steps)
        assert torch.equal(grid.double().whole(conv.weight.double()), whole)


def test_the_first_step_is_of_little_error():
    torch.manual_seed(0)
    linear = nn.Linear(300, 20)
    linear.weight.data.normal_()
    grid = Grid(linear.weight, 2, layer=linear)
    wrong = ((grid(linear.weight) - linear.weight) ** 2).mean(1)
    best = torch.stack([
        ((torch.clamp((linear.weight / step).round(), -1, 1) * step - linear.weight) ** 2).mean(1)
        for step in torch.linspace(0.5, 3, 200)
    ]).amin(0)  # fmt: skip
    assert (wrong <= best * 1.01).all()


def test_gradients_are_those_of_learned_step_sizes():
    torch.manual_seed(1)
    linear = nn.Linear(4, 2).double()
    linear.weight.data = torch.tensor([[0.9, -0.2, 0.31, 3.0], [0.1, 0.2, -5.0, 0.0]], dtype=torch.float64)
    grid = Grid(linear.weight, 3, layer=linear).double()
    grid.step.data = torch.tensor([0.5, 0.25], dtype=torch.float64)
    given = torch.tensor([[1.0, 2, 3, 4], [5, 6, 7, 8]], dtype=torch.float64)
    weight = linear.weight.detach().clone().requires_grad_()
    (grid(weight) * given).sum().backward()
    assert weight.grad is not None
    assert grid.step.grad is not None
    assert torch.equal(weight.grad, given * torch.tensor([[1.0, 1, 1, 0], [1, 1, 0, 1]], dtype=torch.float64))
    ratio = weight.detach() / grid.step.detach()[:, None]
    inside = ratio.abs() <= 3.5
    slope = torch.where(inside, ratio.round() - ratio, ratio.sign() * 3)
    assert torch.allclose(grid.step.grad, (slope * given).sum(1) / (4 * 3) ** 0.5)


def test_a_transposed_convolution_has_a_step_an_output_channel():
    torch.manual_seed(0)
    conv = nn.ConvTranspose2d(6, 4, 3, groups=2)  # weight (6, 2, 3, 3): outputs 0, 1 of inputs 0..2
    for number in range(4):
        conv.weight.data[number // 2 * 3 : number // 2 * 3 + 3, number % 2] *= 10.0**number
    grid = Grid(conv.weight, 4, layer=conv)
    for number in range(4):
        rows = grid(conv.weight)[number // 2 * 3 : number // 2 * 3 + 3, number % 2] / grid.step[number]
        assert torch.allclose(rows, rows.round(), atol=1e-4)
        assert rows.abs().max().round() == 7


@pytest.mark.parametrize(("bits", "between"), [(4, False), (2, True)])
def test_what_is_trained_is_what_is_compiled(bits, between):
    model = quantise(sew(between=between), chip="small", weight_bits=bits, input_shape=SHAPE)
    assert [row.bits for row in grids(model)] == [bits, bits, bits, bits, 8]
    stored = widths(model)
    # a depthwise layer in front of a pointwise one is folded into it: products of both, which need bits
    assert list(stored.values()) == [bits, bits, bits, 8 if bits == 4 and not between else bits, 8]
    moved = trained(model)
    assert all(moved[name] > 0 for name in moved if name.endswith(("original", "step")))
    program = compiled(model, weight_bits=bits if between else None)
    assert differences(model, program) == []
    assert all(row["error"] < 1e-6 for row in program.tables["quantisation"])
    agreed = [row["agreement"] for row in program.tables["quantisation"] if row["agreement"] is not None]
    assert len(agreed) == 3 + between
    assert min(agreed) > 99


def test_weights_of_a_program_are_found_out():
    model = quantise(sew(between=True), chip="small", weight_bits=4, input_shape=SHAPE)
    trained(model)
    program = compiled(model)
    assert differences(model, program) == []
    grid = model[4].parametrizations["weight"][0]
    before = grid.whole(model[4].parametrizations["weight"].original)[2, 0, 1, 1]
    with torch.no_grad():
        model[4].parametrizations["weight"].original[2, 0, 1, 1] += grid.step[2] * (-3 if before > 0 else 3)
    found = differences(model, program)
    assert found
    assert {(one.population, one.at[0]) for one in found} == {("6", 2)}
    assert any(one.at == (2, 1, 1) or one.at == (2, 0, 1, 1) for one in found)


def test_fewer_bits_are_no_grid_of_the_compilers():
    """Without training for it, the compiler's steps are others: what the differences show."""
    model = quantise(sew(between=True), chip="small", weight_bits=4, input_shape=SHAPE)
    program = compiled(model, weight_bits={"4": 2})
    assert {one.population for one in differences(model, program)} == {"6"}


def test_snntorch():
    import snntorch

    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(64, 20), snntorch.Leaky(beta=0.9, init_hidden=True), nn.Linear(20, 5),
        snntorch.Leaky(beta=0.8, init_hidden=True, output=True),
    )  # fmt: skip
    quantise(model, chip="tiny", weight_bits=4, input_shape=SHAPE)
    assert widths(model) == {"1": 4, "3": 8}
    assert differences(model, compiled(model, chip="tiny")) == []


class Residual(nn.Module):
    """Currents are added: a stream of values."""

    def __init__(self):
        super().__init__()
        self.stem, self.one, self.two = (layer.Conv2d(c, 6, 3, padding=1) for c in (1, 6, 6))
        self.first, self.second, self.third = lif(), lif(), lif()
        self.norms = nn.ModuleList(layer.BatchNorm2d(6) for _ in range(3))
        self.flatten, self.out = layer.Flatten(), layer.Linear(384, 5)

    def forward(self, x):
        x = self.norms[0](self.stem(x))
        x = x + self.norms[1](self.one(self.first(x)))
        x = x + self.norms[2](self.two(self.second(x)))
        return self.out(self.flatten(self.third(x)))


def test_branches_of_streams_are_left_and_told(caplog):
    torch.manual_seed(0)
    with caplog.at_level(logging.WARNING, logger="spikeplane"):
        model = quantise(Residual(), chip="large", weight_bits=4, input_shape=SHAPE)
    assert {row.layer: row.bits for row in grids(model)} == {"stem": None, "one": None, "two": None, "out": 8}
    assert "layer 'one' keeps the chip's 8 bits: its currents are added to a stream of values, which has a unit of its own" in [
        record.getMessage() for record in caplog.records
    ]  # fmt: skip
    assert differences(model, compiled(model, chip="large")) == []


@pytest.mark.parametrize("chip", ["small", "large"])
def test_layers_in_front_of_parallel_neurons_are_left_and_told(caplog, chip):
    """What is stored are products of two weights; behind an image one factor is a sum, which training moves to 0."""
    torch.manual_seed(0)
    parts = (layer.Linear(64, 8), neuron.PSN(3), layer.Linear(8, 6), neuron.PSN(3), layer.Linear(6, 5))
    model: Any = nn.Sequential(layer.Flatten(), *parts)
    functional.set_step_mode(model, "m")
    with caplog.at_level(logging.WARNING, logger="spikeplane"):
        quantise(model, chip=chip, weight_bits=4, input_shape=SHAPE)
    assert [(row.layer, row.bits) for row in grids(model)] == [("1", None), ("3", None), ("5", 8)]
    mixed = "its neurons mix the steps, and what is stored are products of its weights and theirs"
    assert [record.getMessage() for record in caplog.records] == [
        "layer '1' keeps the chip's 8 bits: its neurons' weights over the steps are a factor of its own, which training "
        "may bring near 0, where no membrane holds its steps beside a threshold",
        f"layer '3' keeps the chip's 8 bits: {mixed}",
    ]
    with torch.no_grad():  # as training may: one step's weights add up to little
        model[2].weight[1] -= model[2].weight[1].mean() - 1e-5
    assert differences(model, compiled(model, chip=chip)) == []


def test_parallel_neurons_of_one_step():
    """No step is mixed with another, and the one weight is a factor all the same."""
    torch.manual_seed(0)
    model = nn.Sequential(layer.Flatten(), layer.Linear(64, 8), neuron.PSN(1), layer.Linear(8, 5))
    functional.set_step_mode(model, "m")
    encoding = spikeplane.Encoding(kind="direct", steps=1)
    with pytest.raises(
        SpikeplaneError, match=r"^layer '1': no grid of 4 bits holds: its neurons' weights over the"
    ):
        quantise(model, weight_bits={"1": 4}, input_shape=SHAPE, encoding=encoding)


def test_a_layer_by_name_that_no_grid_holds_is_refused():
    torch.manual_seed(0)
    model = Residual()
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(SpikeplaneError) as caught:
        quantise(model, chip="large", weight_bits={"one": 4}, input_shape=SHAPE)
    assert str(caught.value) == (
        "layer 'one': no grid of 4 bits holds: its currents are added to a stream of values, which has a unit of its own"
    )
    assert not widths(model)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_steps_that_a_chip_has_no_room_for_are_told(caplog):
    model = sew(between=True)
    model[1].weight.data[2] = 1e-4
    with caplog.at_level(logging.WARNING, logger="spikeplane"):
        quantise(model, chip="small", weight_bits=4, input_shape=SHAPE)
    assert [record.getMessage() for record in caplog.records] == [
        "layer '2': steps of some channels are finer than its 16-bit membranes and 18-bit accumulators hold "
        "beside its threshold; chip 'large' holds finer ones"
    ]


def test_steps_that_training_made_too_fine_are_told(caplog):
    """Others than those that quantise saw: compile says which layer's weights are not the trained ones."""
    model = quantise(sew(between=True), chip="small", weight_bits=4, input_shape=SHAPE)
    kept, told = compiled(model), []
    with torch.no_grad():
        model[1].weight[2] = 0.1
    with caplog.at_level(logging.WARNING, logger="spikeplane"):
        program = compiled(model)
    assert {(one.population, one.at[0]) for one in differences(model, program)} == {("2", 2)}
    for each in (kept, program, compiled(model, weight_bits={"4": 2}), compiled(model, chip="large")):
        told.append([row["layer"] for row in each.assumptions if row["what"] == "trained grid"])
    assert told == [[], ["2"], ["2"], []]
    assert differences(model, each) == []
    with torch.no_grad():
        model[1].weight[2] = 1e-4  # nothing is left of the channel
    assert {one.at[0] for one in differences(model, compiled(model))} == {2}
    assert {record.getMessage() for record in caplog.records if record.name.endswith("trained")} == {
        "layer '2': its trained grid is not kept: steps of some channels are finer than 16-bit membranes and 18-bit "
        "accumulators hold beside its threshold, which moves currents by up to 2.1 % of it; a chip with wider ones keeps them "
        "(try 'large', 'auto')"
    }


def test_grids_come_off():
    model = quantise(sew(between=True), chip="small", weight_bits=2, input_shape=SHAPE)
    with torch.no_grad():
        weights = {row.layer: model.get_submodule(row.layer).weight.clone() for row in grids(model)}
    state = copy.deepcopy(model.state_dict())
    first = baked(copy.deepcopy(model))
    assert not widths(first)
    assert all(torch.equal(first.get_submodule(name).weight, value) for name, value in weights.items())
    original = sew(between=True).state_dict()
    second = plain(model)
    assert all(torch.equal(value, original[name]) for name, value in second.state_dict().items())
    again = quantise(second, chip="small", weight_bits=2, input_shape=SHAPE)
    again.load_state_dict(state)
    with torch.no_grad():
        assert all(torch.equal(again.get_submodule(name).weight, value) for name, value in weights.items())


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (3, {}, "a PyTorch module is quantised for training, not int; hand it the module"),
        (sew(between=True), {"chip": "smal"}, "a chip is a ChipConfig or one of"),
        (
            sew(between=True),
            {"weight_bits": {"conv9": 4}},
            "weight bits: there is no layer 'conv9'; there are",
        ),
        (sew(between=True), {"weight_bits": 5}, "weight bits must be 2, 4 or 8 and at most the chip's 8"),
        (nn.Sequential(nn.Linear(4, 4), nn.Softmax(1)), {"input_shape": (4, 1, 1)}, "layer '1'"),
    ],
)
def test_refusals(model, options, message):
    with pytest.raises(SpikeplaneError) as caught:
        quantise(model, **{"input_shape": SHAPE, **options})
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_grids_once():
    model = quantise(sew(between=True), chip=PRESETS["small"], input_shape=SHAPE)
    with pytest.raises(SpikeplaneError, match=r"^the model has grids already; take a fresh one, or"):
        quantise(model, chip="small", input_shape=SHAPE)
    with pytest.raises(
        SpikeplaneError, match=r"^the program is another model's: their layers differ; compile"
    ):
        differences(model, compiled(Residual(), chip="large"))
