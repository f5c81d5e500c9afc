"""Models whose steps are not alike: what a forward changes in the model it is in, methods that are
replaced, states that change places."""

# the frameworks annotate their layers and parameters loosely:
# pyright: reportArgumentType=false, reportCallIssue=false

import re
from typing import Any

import pytest
import torch
from frameworks import compared, spread
from snntorch import Leaky
from spikingjelly.activation_based.neuron import IFNode, LIFNode
from torch import nn
from torch.nn.utils import parametrize

from spikeplane.errors import SpikeplaneError
from spikeplane.importers import import_model

ROWS = (12, 1, 1)


class Made(nn.Module):
    """A layer of neurons with this forward."""

    def __init__(self, forward: Any, **attributes: Any) -> None:
        super().__init__()
        self.a, self.n, self.b, self.drop = (
            nn.Linear(12, 10),
            LIFNode(v_threshold=0.5),
            nn.Linear(10, 6),
            nn.Dropout(0.5),
        )
        self.register_buffer("total", torch.zeros(1))
        self.how, self.kept = forward, None
        for name, value in attributes.items():
            setattr(self, name, value)

    def forward(self, x: torch.Tensor) -> Any:
        return self.how(self, x)


def plain(s: Any, x: torch.Tensor) -> Any:
    return s.b(s.drop(s.n(s.a(x))))


def adapts(s: Any, x: torch.Tensor) -> Any:
    spikes = s.n(s.a(x))
    s.n.v_threshold = s.n.v_threshold * 1.02
    return s.b(spikes)


def counts(s: Any, x: torch.Tensor) -> Any:
    s.step = getattr(s, "step", 0) + 1
    return s.b(s.n(s.a(x))) if s.step < 10 else s.b(s.n(s.a(x) + s.a(x)))


def counts_in_a_buffer(s: Any, x: torch.Tensor) -> Any:
    s.total += 1
    return plain(s, x)


def remembers(s: Any, x: torch.Tensor) -> Any:
    before, s.kept = s.kept, s.n(s.a(x))
    return s.b(s.kept if before is None else s.kept + before)


def watches(s: Any, x: torch.Tensor) -> Any:
    s.kept = s.n(s.a(x))
    return s.b(s.kept)


class Noisy(nn.Module):
    """Other weights each time."""

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        return weight + torch.rand_like(weight)


class Stubborn(Made):
    """Its dropout stays on."""

    def train(self, mode: bool = True) -> "Stubborn":
        super().train(mode)
        self.drop.train(True)
        return self


def noisy() -> nn.Module:
    model = Made(plain)
    parametrize.register_parametrization(model.b, "weight", Noisy())
    return model


CHANGES = "so a step may not be what the step before was"
REFUSED: dict[str, tuple[Any, str]] = {
    "threshold": (lambda: Made(adapts), ("the model's forward changes 'v_threshold' of layer 'n', " f"{CHANGES}; set it "
                                                                                                    "before, in __init__")),
    "counter": (lambda: Made(counts), ("the model's forward changes 'step' of the model, " f"{CHANGES}; set it "
                                                                                           "before, in __init__")),
    "buffer": (
        lambda: Made(counts_in_a_buffer), ("the model's forward changes 'total' of the model, " f"{CHANGES}; set it "
                                                                                                "before, in __init__"),
    ),
    "memory": (
        lambda: Made(remembers),
        "the model's forward keeps 'kept' from call to call; take it as an argument and return it, or let the layer "
        "keep it (init_hidden=True)",
    ),
    "noise": (
        noisy,
        "layer 'b' has a parametrization that gives another weight each time, which Spikeplane "
        "cannot represent; let it draw nothing in "
        "evaluation mode",
    ),
    "training": (
        lambda: Stubborn(plain),
        ("layer 'drop' stays in training mode after model.eval(), which Spikeplane cannot " "represent; let its "
                                                                                            "train(mode) pass "
                                                                                            "the mode on"),
    ),
    "step of a neuron": (
        lambda: Made(plain, n=with_method(IFNode(), "single_step_forward")),
        "layer 'n' has a single_step_forward set on the object, which Spikeplane cannot follow; write it into its class",
    ),
    "fire": (
        lambda: nn.Sequential(nn.Linear(12, 3), with_method(Leaky(0.9, init_hidden=True), "fire")),
        "layer '1' has a fire set on the object, which Spikeplane cannot follow; write it into its class",
    ),
}  # fmt: skip


def with_method(module: nn.Module, name: str) -> nn.Module:
    setattr(module, name, lambda x: 0 * x)
    return module


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    make, message = REFUSED[name]
    with pytest.raises(SpikeplaneError) as refused:
        import_model(make(), input_shape=ROWS)
    assert re.sub(r"^test_import_steps\.py:\d+: ", "", str(refused.value)) == message


@pytest.mark.parametrize("forward", [plain, watches])
def test_right(forward: Any) -> None:
    """What a forward only looks at, and a weight that is no number, are no reason."""
    compared(spread(Made(forward)), ROWS, rows=True)


def test_parametrized_weights_that_are_no_numbers() -> None:
    model = Made(plain)
    with torch.no_grad():
        model.b.weight[0, 0] = torch.nan
    parametrize.register_parametrization(model.b, "weight", nn.Identity())
    with pytest.raises(SpikeplaneError) as refused:
        import_model(model, input_shape=ROWS)
    found = re.sub(r"^test_import_steps.py:\d+: ", "", str(refused.value))
    assert found == "layer 'b': 1 of its 60 weights are not finite numbers; check the trained model"


class Stated(nn.Module):
    """Two layers that are handed their membranes."""

    def __init__(self, swapped: str = "") -> None:
        super().__init__()
        self.a, self.first, self.b, self.second = nn.Linear(12, 10), Leaky(0.9), nn.Linear(10, 10), Leaky(0.5)
        self.swapped, self.threads = swapped, True

    def forward(self, x: torch.Tensor, one: Any = None, two: Any = None) -> Any:
        if self.swapped in ("in", "both"):
            one, two = two, one
        spikes, one = self.first(self.a(x), one)
        spikes, two = self.second(self.b(spikes), two)
        return (spikes, two, one) if self.swapped in ("out", "both") else (spikes, one, two)


@pytest.mark.parametrize(
    ("swapped", "taken", "given"), [("in", "second", "first"), ("out", "first", "second")]
)
def test_states_that_change_places(swapped: str, taken: str, given: str) -> None:
    with pytest.raises(SpikeplaneError) as refused:
        import_model(Stated(swapped), input_shape=ROWS)
    assert re.sub(r"^test_import_steps.py:\d+: ", "", str(refused.value)) == (
        f"the model's forward takes 'one' for layer '{taken}' and returns a state of layer "
        f"'{given}' in its place; return the states in "
        "the order in which forward takes them"
    )


@pytest.mark.parametrize("swapped", ["", "both"])
def test_states_that_keep_their_places(swapped: str) -> None:
    compared(spread(Stated(swapped), 0.05), ROWS, rows=True)
