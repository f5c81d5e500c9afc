"""Masks of the largest values: every neuron held against the framework; equal values against plain numpy, in floats and in
integers; what is no such mask is refused by name."""

# the frameworks annotate their layers and parameters loosely:
# pyright: reportArgumentType=false, reportCallIssue=false

from collections.abc import Callable

import numpy as np
import pytest
import torch
from frameworks import compared
from spikingjelly.activation_based.neuron import LIFNode
from torch import Tensor, nn

import spikeplane
from spikeplane import Encoding, SpikeplaneError
from spikeplane.compiler.quantise import quantise
from spikeplane.config import PRESETS
from spikeplane.importers import import_model
from spikeplane.importers.assemble import Assembler
from spikeplane.importers.ranked import of_the_largest
from spikeplane_sim.golden import FloatModel, GoldenModel

SHAPE = (2, 5, 4)


class Winners(nn.Module):
    """Values of which `mask` says which go on."""

    def __init__(self, mask: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(5)
        self.mask, self.conv, self.behind = mask, nn.Conv2d(2, 6, 3, padding=1), nn.Conv2d(6, 4, 3, padding=1)
        self.fire, self.last = LIFNode(v_threshold=0.3), LIFNode(v_threshold=0.3)
        nn.init.normal_(self.conv.weight, 0.1, 0.5)
        nn.init.normal_(self.behind.weight, 0.2, 0.5)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x)
        return self.last(self.behind(self.fire(self.mask(y) * y)))


def winners(scores: Tensor, count: int, dim: int = 1, *, largest: bool = True) -> Tensor:
    places = torch.topk(scores, count, dim, largest).indices
    return torch.zeros_like(scores).scatter(dim, places, 1.0)


#: How a mask is made of values (N, 6, 5, 4).
MASKS: dict[str, Callable[[Tensor], Tensor]] = {
    "of each pixel": lambda y: winners(y, 2),
    "the smallest": lambda y: winners(y, 2, largest=False),
    "in place": lambda y: torch.zeros_like(y).scatter_(-3, y.topk(3, 1)[1], 1),
    "the others": lambda y: 1 - winners(y, 4),
    "of groups": lambda y: winners(y.unflatten(1, (2, 3)), 1, 1).flatten(1, 2),
    "of means": lambda y: winners(y.mean((2, 3)), 3)[..., None, None],
    "of one group and not of the other": lambda y: torch.where((winners(y, 3) + winners(y, 2, largest=False)) / 2 == 0.5, 1.0, 0.0),
    "more and less": lambda y: (torch.full_like(y, 0.5).scatter(1, y.topk(2, 1).indices, 2.0) - 0.5) / 1.5,
}  # fmt: skip


#: The others are tried with the slow ones.
FAST = ("of groups", "of one group and not of the other", "more and less")


@pytest.mark.parametrize(
    "name", [name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in MASKS]
)
def test_masks(name: str) -> None:
    net = compared(Winners(MASKS[name]), SHAPE, input_bits=1)
    assert [note for note in net.assumptions if note.what == "mask"]


@pytest.mark.parametrize(("size", "count"), [(2, 1), (5, 0), (5, 2), (5, 5), (7, 3)])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_of_equal_values_the_first_goes_first(size: int, count: int, sign: float) -> None:
    """Values of few different numbers, in two groups whose channels lie apart; exactly so many fire."""
    made, rng = Assembler(), np.random.default_rng(size)
    groups = np.stack((np.arange(size) * 2, np.arange(size)[::-1] * 2 + 1))
    value = made.input("in", (2 * size, 2, 3))
    net = made.finish(of_the_largest(made, "mask", value, groups, count, sign))
    planes = {"in": rng.integers(0, 3, (3, 4, 2 * size, 2, 3))}
    wanted = np.zeros(planes["in"].shape, np.int64)
    for group in groups:
        order = np.argsort(-sign * planes["in"][:, :, group], axis=2, kind="stable")[:, :, :count]
        np.put_along_axis(wanted, group[order], 1, axis=2)
    real = FloatModel(net).run({name: each.astype(float) for name, each in planes.items()})
    np.testing.assert_array_equal(real["mask"], wanted)
    chip = PRESETS["medium"]
    network, _ = quantise(net, chip, Encoding(kind="planes", steps=4, value_bits=2, unit=1.0))
    golden = GoldenModel(network, membrane_bits=chip.membrane_bits, acc_bits=chip.acc_bits).run(planes)
    np.testing.assert_array_equal(golden["mask"], wanted)


class Presented(nn.Module):
    """A mask of steps, and one of channels of the scores of all steps, of values (N, T, C, H, W)."""

    def __init__(self, mask: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.conv, self.layer, self.fire = (
            nn.Conv2d(2, 4, 3),
            nn.Linear(3, 3),
            LIFNode(v_threshold=0.1, step_mode="m"),
        )
        self.mask = mask
        nn.init.normal_(self.conv.weight, 0.1, 0.5)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x.flatten(0, 1)).unflatten(0, x.shape[:2])
        scores = self.layer(y.mean((3, 4)).transpose(1, 2)).transpose(1, 2)
        return self.fire((self.mask(scores)[..., None, None] * y).transpose(0, 1)).transpose(0, 1)


@pytest.mark.parametrize("dim", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_masks_of_all_steps(dim: int) -> None:
    """Of scores that are known of all steps; the proof holds every neuron against the model."""
    program = spikeplane.compile(
        Presented(lambda scores: winners(scores, 1, dim)), chip="auto", input_shape=(2, 5, 5),
        encoding=Encoding(kind="planes", steps=3), progress=False,
    )  # fmt: skip
    assert program.network.presentations == 2
    assert program.tables["agreement"][-1]["compared"] > 500
    masked = next(p for p in program.network.projections if p.dynamic is not None)
    assert program.network.population(masked.dynamic.g).neuron.kind.spikes  # type: ignore[union-attr]


def joined(y: Tensor) -> Tensor:
    """Each sample is given the places of all."""
    mask, places = torch.zeros_like(y), torch.topk(y, 2, 1).indices
    mask[:, places[:, 0, 0, 0]] = 1
    return mask


PLACES = (
    "called with the places of the largest ({}), which Spikeplane cannot represent: torch.zeros_like(x).scatter(dim, places, 1.0) is "
    "their mask; mask[:, i, places[:, i]] = 1 marks in each sample those of all samples of the batch"
)  # fmt: skip
SCATTER = (
    "a scatter of something else than one number to the places of the largest, which Spikeplane cannot represent: scatter 1 to "
    "what topk chose, into zeros like what it chose from, along the same dimension"
)


@pytest.mark.parametrize(
    ("mask", "layer", "said"),
    [
        (joined, "select", PLACES.format("select")),
        (lambda y: torch.topk(y, 2, 1).values.sum(1, keepdim=True), None,
         "the model's forward calls 'topk', which Spikeplane cannot represent; leave it out: apply it to what the program puts out, of "
         "which the largest stays the largest"),
        (lambda y: winners(y, 2, 2), "topk",
         "a topk along something else than channels, or steps, which Spikeplane cannot represent: take it along one dimension of values "
         "that are 2 or more"),
        (lambda y: winners(torch.cat([y] * 6, 1), 2)[:, :6], "topk",
         "a topk of 36 values, which Spikeplane cannot represent: 32 at most: each pair of them is a neuron"),
        (lambda y: torch.zeros_like(y).scatter(1, y.topk(2, 1).indices, y.topk(2, 1).indices * 1.0), "mul", PLACES.format("mul")),
        (lambda y: torch.zeros_like(y).scatter(2, y.topk(4, 1).indices, 1.0), "scatter",
         "a scatter along another dimension than topk's, which Spikeplane cannot represent: scatter along the same one"),
        (lambda y: y.scatter(1, y.topk(2, 1).indices, 1.0), "scatter", SCATTER),
        (lambda y: (torch.zeros_like(y) + torch.arange(6.0).view(6, 1, 1)).scatter(1, y.topk(2, 1).indices, 1.0), "scatter", SCATTER),
    ],
)  # fmt: skip
def test_refusals(mask: Callable[[Tensor], Tensor], layer: str | None, said: str) -> None:
    with pytest.raises(SpikeplaneError) as error:
        import_model(Winners(mask), input_shape=SHAPE, input_bits=1)
    assert str(error.value).partition(": ")[2] == (said if layer is None else f"layer '{layer}' is {said}")
