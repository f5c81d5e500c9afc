"""A pooling that a forward uses more than once: a population of its own each time, and the import proved."""

# the frameworks annotate their layers loosely:
# pyright: reportArgumentType=false

from typing import Any

import pytest
import torch
from frameworks import spread
from spikingjelly.activation_based import functional, layer, neuron
from torch import Tensor, nn

from spikeplane import Encoding
from spikeplane.importers import import_model
from spikeplane_sim.proof import planes, table

STEPS = 4


class Shared(nn.Module):
    """Two levels, one pooling for both. looped: steps by a loop of the forward; last: the pooling is read out."""

    def __init__(self, pool: nn.Module, mode: str = "s", *, looped: bool = False, last: bool = False) -> None:
        super().__init__()
        self.pool, self.looped, self.last = pool, looped, last
        self.one, self.two = layer.Conv2d(2, 3, 3, padding=1), layer.Conv2d(3, 3, 3, padding=1)
        self.a, self.b = (neuron.LIFNode(tau=2.0, v_threshold=0.5) for _ in range(2))
        self.head = layer.Conv2d(3, 2, 1)
        functional.set_step_mode(self, mode)

    def _step(self, x: Tensor) -> Tensor:
        x = self.pool(self.b(self.two(self.pool(self.a(self.one(x))))))
        return x if self.last else self.head(x)

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([self._step(x[t]) for t in range(x.shape[0])]) if self.looped else self._step(x)


MODELS = {
    "single step": lambda: Shared(nn.MaxPool2d(2)),
    "all steps": lambda: Shared(layer.MaxPool2d(2, step_mode="m"), "m"),
    "looped": lambda: Shared(nn.MaxPool2d(2), looped=True),
    "read out": lambda: Shared(nn.MaxPool2d(2), last=True),
}


class Asked:
    """What the proof asks of a program."""

    encodings = {"input": Encoding(kind="planes", steps=STEPS)}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n == "looped" else n for n in MODELS]
)
def test_each_use_is_a_population(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planes, "BUDGET", 1 << 19)
    monkeypatch.setattr(table, "_compared", lambda *given: given[-1])
    torch.manual_seed(1)
    net = import_model(spread(MODELS[name]()), input_shape=(2, 8, 8), input_bits=1)
    pools = [p for p in net.populations if p.name.startswith("pool")]
    assert [(p.name, p.shape) for p in pools] == [("pool.1", (3, 4, 4)), ("pool.2", (3, 2, 2))]
    assert (net.output == "pool.2") == (name == "read out")
    found: Any = table.proof_tables(net, Asked(), None)["agreement"]  # type: ignore[arg-type]
    compared = {layer for layer, each in found.items() if each.values > 500}
    assert compared == {"a", "b", *([net.output] if name == "read out" else [])}


def test_one_use_keeps_the_layers_name() -> None:
    """Its own name, by which results are found and the proof watches it."""
    torch.manual_seed(1)
    model = nn.Sequential(
        nn.Conv2d(2, 3, 3), neuron.LIFNode(), nn.MaxPool2d(2), nn.Conv2d(3, 2, 1), neuron.LIFNode()
    )
    assert [p.name for p in import_model(model, input_shape=(2, 8, 8), input_bits=1).populations][2] == "2"
