"""Maxima over windows of sums of spikes, as networks have them that add spikes before they pool: every value of the
framework is the float network's."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from frameworks import compared
from spikingjelly.activation_based.neuron import LIFNode
from torch import Tensor, nn
from torch.nn import functional as F

from spikeplane import SpikeplaneError, compile
from spikeplane.encoding import Encoding
from spikeplane.importers import import_model

SHAPE = (2, 6, 7)


class Pooled(nn.Module):
    """Two layers of spikes, what they meet in, and neurons behind a convolution."""

    def __init__(self, meet: Callable[..., Any]) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.meet = meet
        self.conv1, self.conv2, self.conv3 = (nn.Conv2d(2, 4, 3, padding=1) for _ in range(3))
        self.a, self.b, self.c = (LIFNode(v_threshold=0.5) for _ in range(3))
        self.last, self.out = nn.Conv2d(4, 3, 3, padding=1), LIFNode(v_threshold=0.5)
        for conv in (self.conv1, self.conv2, self.conv3, self.last):
            nn.init.normal_(conv.weight, 0.05, 0.45)

    def forward(self, x: Tensor) -> Tensor:
        a, b, c = self.a(self.conv1(x)), self.b(self.conv2(x)), self.c(self.conv3(x))
        return self.out(self.last(self.meet(a, b, c)))


#: What is pooled, how many ORs that takes, and how many gates.
SUMS: dict[str, tuple[Callable[..., Any], int, int]] = {
    "two": (lambda a, b, c: F.max_pool2d(a + b, 2, 2), 2, 1),
    "two, padded": (lambda a, b, c: F.max_pool2d(a + b, 3, 2, 1), 2, 1),
    "three": (lambda a, b, c: F.max_pool2d(a + b + c, 2, 1), 3, 2),
    "other factors": (lambda a, b, c: F.max_pool2d(0.5 * a + 0.5 * b - c, 2, 2), 4, 4),
    "a gate and spikes": (lambda a, b, c: F.max_pool2d(a * b + a, 2, 2), 2, 1),
    "of a maximum": (lambda a, b, c: F.max_pool2d(F.max_pool2d(a + b, 3, 1, 1) + c, 2, 2), 5, 3),
}


@pytest.mark.parametrize("name", SUMS)
def test_sums(name: str) -> None:
    meet, ors, gates = SUMS[name]
    net = compared(Pooled(meet), SHAPE, input_bits=1)
    assert sum("_max_" in p.name for p in net.populations) == ors
    assert sum(note.what == "gate" for note in net.assumptions) == gates
    told = [note for note in net.assumptions if note.what == "max-pooling of a sum of spikes"]
    assert told
    assert told[0].value == "a sum of ORs"


@pytest.mark.parametrize(
    "meet",
    [
        lambda a, b, c: F.max_pool2d(F.avg_pool2d(a, 2), 2),
        lambda a, b, c: F.max_pool2d(a + 2 * b + 4 * c, 2),
    ],
)
def test_refusals(meet: Callable[..., Any]) -> None:
    with pytest.raises(SpikeplaneError) as error:
        import_model(Pooled(meet), input_shape=SHAPE, input_bits=1)
    assert str(error.value).endswith(
        "is a maximum of pooled spikes, or of a sum that takes more than 7 values, which Spikeplane cannot represent: "
        "it is no OR of a few spikes; pool before adding or averaging"
    )


@pytest.mark.parametrize(("pixels", "parts"), [(16, 0), (20, 1), (32, 1)])
def test_windows_larger_than_a_word_says(pixels: int, parts: int) -> None:
    """A maximum over all pixels of currents: of maxima over up to 16 pixels a side. It compiles, and every window fits."""
    torch.manual_seed(0)
    pool, last = nn.AdaptiveMaxPool2d(1), nn.Conv2d(4, 3, 1)
    nn.init.normal_(last.weight, 0.5, 0.4)
    assert last.bias is not None
    nn.init.constant_(last.bias, 0.2)
    net = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1), pool, LIFNode(v_threshold=0.6), last, LIFNode(v_threshold=0.3)
    )
    found = compared(net, (2, pixels, pixels), input_bits=1)
    assert sum(p.name == "1_input_maximum" for p in found.populations) == parts
    planes = Encoding(kind="planes", steps=3)
    program = compile(net, chip="large", input_shape=(2, pixels, pixels), encoding=planes, progress=False)
    windows = [p.window.size for p in program.network.populations if p.window is not None]
    assert len(windows) == 1 + parts
    assert max(windows) <= 16
