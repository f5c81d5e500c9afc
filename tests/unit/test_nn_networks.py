"""Quantisation-aware training of networks of many kinds: the trained grid is the compiled one, every parameter learns, copies
and states are the same, grids come off with PyTorch's own removal."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import snntorch
import torch
from spikingjelly.activation_based import functional, layer, neuron, surrogate
from torch import Tensor, nn
from torch.nn.utils import parametrize

import spikeplane
from spikeplane import ChipConfig
from spikeplane.nn import differences, grids, quantise

SHAPE, STEPS, CLASSES = (1, 8, 8), 4, 5
DIRECT = spikeplane.Encoding(kind="direct", steps=STEPS)
FOUR = ChipConfig(rows=2, cols=2, weight_bits=4, lanes=8)
TWO = ChipConfig(rows=2, cols=2, weight_bits=2)


def lif(**options: Any) -> neuron.LIFNode:
    given = {"tau": 2.0, "v_threshold": 0.5, "v_reset": None, "detach_reset": True, **options}
    return neuron.LIFNode(surrogate_function=surrogate.ATan(), **given)


def normed(
    source: int, target: int, kernel: int = 3, stride: int = 1, groups: int = 1, **options: Any
) -> Any:
    conv = layer.Conv2d(source, target, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(conv, layer.BatchNorm2d(target), lif(**options))


class Sew(nn.Module):
    def __init__(self, width: int, **options: Any) -> None:
        super().__init__()
        self.first, self.second = normed(width, width, **options), normed(width, width, **options)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.first(x)) + x


def sew(width: int = 6, **options: Any) -> nn.Module:
    """A SEW ADD block and a depthwise-separable convolution."""
    return nn.Sequential(
        normed(1, width, **options),
        Sew(width, **options),
        normed(width, width, 3, 2, width, **options),
        normed(width, 2 * width, 1, **options),
        layer.Flatten(),
        layer.Linear(2 * width * 16, CLASSES),
    )


def grouped() -> nn.Module:
    return nn.Sequential(
        normed(1, 8),
        normed(8, 16, 3, 2, 4),
        normed(16, 16, 3, 1, 2),
        layer.Flatten(),
        layer.Linear(256, CLASSES),
    )


def transposed() -> nn.Module:
    up = layer.ConvTranspose2d(6, 8, 4, 2, 1, bias=False), layer.BatchNorm2d(8), lif()
    more = layer.ConvTranspose2d(8, 8, 3, 2, 1, 1, groups=2), layer.BatchNorm2d(8), lif()
    flat = layer.Flatten(), layer.Linear(512, CLASSES)
    return nn.Sequential(normed(1, 6, 3, 2), *up, normed(8, 8, 3, 2), *more, *flat)


def recurrent() -> nn.Module:
    back = layer.LinearRecurrentContainer(lif(v_threshold=0.1), 16, 16)
    first = layer.Flatten(), layer.Linear(64, 16), lif(v_threshold=0.1)
    return nn.Sequential(*first, back, layer.Linear(16, CLASSES))


class Leaky(nn.Module):
    """snnTorch's, one of them recurrent, their states kept."""

    def __init__(self) -> None:
        super().__init__()
        self.flatten, self.one, self.two = nn.Flatten(), nn.Linear(64, 12), nn.Linear(12, CLASSES)
        self.back = snntorch.RLeaky(beta=0.9, threshold=0.2, init_hidden=True, linear_features=12)

    def forward(self, x: Tensor) -> Tensor:
        return self.two(self.back(self.one(self.flatten(x))))


def ran(model: nn.Module, images: Tensor) -> Tensor:
    """The sum of the outputs of all steps; states start fresh."""
    functional.reset_net(model)
    for module in model.modules():
        if isinstance(module, snntorch.RLeaky):
            module.spk, module.mem = (torch.zeros(len(images), 12) for _ in range(2))
    total = model(images)
    for _ in range(STEPS - 1):
        total = total + model(images)
    return total


def trained(model: nn.Module) -> Tensor:
    """An ordinary loop, batch-norms in training; every parameter has a gradient. Returns images."""
    optimiser, learned = torch.optim.SGD(model.parameters(), 0.05), dict[str, float]()
    images = torch.zeros(0)
    for number in range(4):
        torch.manual_seed(number)
        images, labels = torch.rand(16, *SHAPE), torch.randint(CLASSES, (16,))
        optimiser.zero_grad()
        nn.functional.cross_entropy(ran(model, images), labels).backward()
        for name, value in model.named_parameters():
            largest = 0.0 if value.grad is None else float(value.grad.abs().max())
            learned[name] = max(learned.get(name, 0.0), largest)
        optimiser.step()
    assert all(learned.values()), [name for name, largest in learned.items() if not largest]
    return images


SLOW = pytest.mark.slow
CASES = [
    pytest.param(recurrent, "small", 4, id="recurrent"),
    pytest.param(Leaky, "tiny", 2, id="snntorch-recurrent"),
    pytest.param(lambda: sew(10), "large", 2, id="sew-2", marks=SLOW),
    pytest.param(lambda: sew(8, v_reset=-0.1), FOUR, 4, id="sew-hard-reset", marks=SLOW),
    pytest.param(lambda: sew(6, decay_input=False), TWO, 2, id="sew-chip-of-2", marks=SLOW),
    pytest.param(grouped, FOUR, 2, id="grouped", marks=SLOW),
    pytest.param(transposed, "small", 4, id="transposed", marks=SLOW),
]


@pytest.mark.parametrize(("made", "chip", "bits"), CASES)
def test_what_is_trained_is_what_is_compiled(made: Callable[[], Any], chip: Any, bits: int) -> None:
    torch.manual_seed(0)
    options = {"chip": chip, "weight_bits": bits, "input_shape": SHAPE, "encoding": DIRECT}
    model = made().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    quantise(model, **options)
    assert all(module.training for module in model.modules())
    after = model.state_dict()
    for name, value in before.items():
        kept = after.get(name, after.get(f"{name[:-6]}parametrizations.weight.original"))
        assert torch.equal(kept, value), name
    assert all(row.bits == row.stored for row in grids(model))
    # what comes in and what comes back drive the same neurons, each in steps of its own
    apart = {"one", "back.recurrent"} if made is Leaky else set[str]()
    assert {row.layer for row in grids(model) if row.bits is None} == apart
    images = trained(model)
    with torch.no_grad():
        model.eval()
        expected = ran(model, images)
        copied = copy.deepcopy(model)
        assert torch.equal(ran(copied, images), expected)
        other = quantise(made(), **options)
        functional.reset_net(model)
        other.load_state_dict(model.state_dict())
        assert torch.equal(ran(other.eval(), images), expected)
    with pytest.raises(spikeplane.SpikeplaneError, match="the model has grids already"):
        quantise(model, **options)
    functional.reset_net(model)
    program = spikeplane.compile(model, chip=chip, input_shape=SHAPE, encoding=DIRECT, progress=False)
    assert differences(model, program) == []
    assert not [row for row in program.assumptions if row["what"] == "trained grid"]
    asked = {row["population"]: row["weight_bits"] for row in program.tables["quantisation"]}
    assert set(asked.values()) == {row.bits or 8 for row in grids(model)}
    for row in (row for row in grids(copied) if row.bits):
        parametrize.remove_parametrizations(copied.get_submodule(row.layer), "weight")
    with torch.no_grad():
        assert torch.equal(ran(copied, images), expected)
