"""Models whose layers meet in gates: products, maxima and comparisons of spikes, every neuron held against the
framework."""

# the frameworks annotate their layers and parameters loosely:
# pyright: reportArgumentType=false, reportCallIssue=false

from collections.abc import Callable
from typing import Any

import pytest
import torch
from frameworks import compared
from spikingjelly.activation_based.neuron import LIFNode
from torch import nn
from torch.nn import functional as F  # noqa: N812

from spikeplane import SpikeplaneError
from spikeplane.importers import import_model

Tensor = torch.Tensor
SHAPE = (2, 6, 6)


class Meeting(nn.Module):
    """Three layers of spikes, and a layer behind what `meet` makes of them."""

    def __init__(self, meet: Callable[..., Any]) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.meet = meet
        self.conv1, self.conv2, self.conv3 = (nn.Conv2d(2, 4, 3, padding=1) for _ in range(3))
        self.a, self.b, self.c = (LIFNode(v_threshold=0.4) for _ in range(3))
        self.last, self.out = nn.Conv2d(4, 3, 3, padding=1), LIFNode(v_threshold=0.3)
        for conv in (self.conv1, self.conv2, self.conv3, self.last):
            nn.init.normal_(conv.weight, 0.1, 0.45)

    def forward(self, x: Tensor) -> Tensor:
        a, b, c = self.a(self.conv1(x)), self.b(self.conv2(x)), self.c(self.conv3(x))
        return self.out(self.last(self.meet(a, b, c)))


#: What layers meet in, and the gates that it becomes.
MEETINGS: dict[str, tuple[Callable[..., Any], list[str]]] = {
    "product": (lambda a, b, c: a * b, ["a AND b"]),
    "inhibited": (lambda a, b, c: a * (1.0 - b), ["a AND NOT b"]),
    "union": (lambda a, b, c: a + b - a * b, ["a OR b"]),
    "a channel for all": (lambda a, b, c: a * b[:, 1:2], ["a AND b"]),
    "a pixel for all": (lambda a, b, c: a * F.max_pool2d(b, 6), ["a AND max_pool2d"]),
}
MORE: dict[str, tuple[Callable[..., Any], list[str]]] = {
    "inhibited, the other": (lambda a, b, c: (1 - a) * b, ["b AND NOT a"]),
    "inhibited, a difference": (lambda a, b, c: a - a * b, ["a AND NOT b"]),
    "neither": (lambda a, b, c: (1 - a) * (1 - b), ["a NOR b"]),
    "not both": (lambda a, b, c: 1 - a * b, ["a AND b"]),
    "three": (lambda a, b, c: a * b * c, ["AND of a, b, c"]),
    "any of a sum": (lambda a, b, c: ((a + b) > 0).to(a), ["a OR b"]),
    "most of a sum": (lambda a, b, c: ((a + b + c) >= 2).to(a), ["threshold of a, b, c"]),
    "maximum": (lambda a, b, c: torch.maximum(a, b), ["a OR b"]),
    "minimum": (lambda a, b, c: torch.minimum(a, b), ["a AND b"]),
    "logical": (lambda a, b, c: torch.logical_and(a, torch.logical_or(b, c)).to(a), ["threshold of a, b, c"]),
    "bits": (lambda a, b, c: ((a > 0) & ~b.bool() | (c == 1)).to(a), ["threshold of a, b, c"]),
    "a function of three": (lambda a, b, c: torch.logical_not(torch.logical_or(a, b)).to(a) * c, ["threshold of a, b, c"]),
    "exclusive": (lambda a, b, c: torch.logical_xor(a, b).to(a), ["a AND b", "a XOR b"]),
    "exclusive, a sum": (lambda a, b, c: a + b - 2 * a * b, ["a AND b", "a XOR b"]),
    "exclusive, then a maximum": (lambda a, b, c: F.max_pool2d(torch.logical_xor(a, b).to(a), 3, 1, 1), ["a AND b", "a XOR b"]),
    "a choice": (lambda a, b, c: torch.where(a > 0, b, c), ["a AND b", "a AND c", "gate of a, b, c"]),
    "one of three": (lambda a, b, c: ((a + b + c) == 1).to(a), [*["threshold of a, b, c"] * 3, "gate of a, b, c"]),
    "a comparison beside": (lambda a, b, c: (a > b).to(a) + c, ["a AND NOT b"]),
    "sums": (lambda a, b, c: (a + b) * c, ["a AND c", "b AND c"]),
    "factors": (lambda a, b, c: (0.5 * a) * (b + 1), ["a AND b"]),
    "nothing": (lambda a, b, c: a * (1 - a) + c, []),
    "channels and a pixel": (lambda a, b, c: F.max_pool2d(b, 6) * c[:, 1:2] + a, ["max_pool2d AND c"]),
    "added to all pixels": (lambda a, b, c: a + F.max_pool2d(b, 6), []),
}  # fmt: skip


def gates(net: Any) -> list[str]:
    return [note.value for note in net.assumptions if note.what == "gate"]


@pytest.mark.parametrize("name", [*MEETINGS, *(pytest.param(n, marks=pytest.mark.slow) for n in MORE)])
def test_meetings(name: str) -> None:
    meet, made = (MEETINGS | MORE)[name]
    assert gates(compared(Meeting(meet), SHAPE, input_bits=1)) == made


@pytest.mark.parametrize(
    ("meet", "message"),
    [
        (lambda a, b, c: a * F.avg_pool2d(b, 6),
         "layer 'mul' is a product of spikes of 0 and 1 and sums of spikes over pixels or channels (mul), which Spikeplane "
         "cannot represent: put neurons in front of both, of which a gate is made, or multiply by numbers that no input changes; a "
         "membrane that forward resets so itself belongs into a neuron of SpikingJelly or snnTorch, or register your own"),
        (lambda a, b, c: a / (b + 1),
         "layer 'div' is a division by values (div), which Spikeplane cannot represent: divide by numbers that no input changes"),
        (lambda a, b, c: a * b.transpose(2, 3),
         "layer 'mul' is a product of values whose dimensions are others, which Spikeplane cannot represent: give values of one shape"),
    ],
)  # fmt: skip
def test_refusals(meet: Callable[..., Any], message: str) -> None:
    with pytest.raises(SpikeplaneError) as error:
        import_model(Meeting(meet), input_shape=SHAPE, input_bits=1)
    where, _, said = str(error.value).partition(": ")
    assert where.startswith("test_import_gates.py:")
    assert said == message
