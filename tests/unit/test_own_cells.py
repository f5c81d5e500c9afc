"""Neurons that users write themselves, as they are measured: decays, resets, comparisons, how many channels they want."""

from typing import Any, cast

import pytest
import torch
from torch import Tensor, nn

from spikeplane.float_network import FloatNeuron
from spikeplane.importers.assemble import Assembler
from spikeplane.importers.registry import Call, handler_of
from spikeplane.importers.trace.own_cells import Cell, fire, measured, recognise


class Own(nn.Module):
    """Called once a step; resets to `to`, or takes `takes` away."""

    def __init__(
        self,
        *,
        theta: float = 0.4,
        decay: float = 0.5,
        to: float | None = None,
        takes: float = 0.0,
        strict: bool = False,
        channels: int = 0,
        dtype: torch.dtype = torch.float64,
    ) -> None:
        super().__init__()
        self.theta, self.decay, self.back, self.takes = theta, decay, to, takes
        self.strict, self.channels, self.dtype = strict, channels, dtype
        self.kept: Any = 0.0

    def reset(self) -> None:
        self.kept = 0.0

    def forward(self, x: Tensor) -> Tensor:
        if self.channels:
            assert x.shape[1] == self.channels
        v = self.decay * self.kept + x
        s = ((v > self.theta) if self.strict else (v >= self.theta)).to(x.dtype)
        back = v - self.takes if self.back is None else torch.tensor(self.back, dtype=self.dtype).to(x.dtype)
        self.kept = torch.where(s > 0, back, v)
        return s


class Squares(Own):
    """Forgets by the square."""

    def forward(self, x: Tensor) -> Tensor:
        s = super().forward(x)
        self.kept = self.kept * self.kept
        return s


CELLS = {
    "to the threshold": ({"to": 0.4}, Cell(0.4, False, 0.5, "hard", 0.4)),
    "to a number": ({"to": -0.15, "decay": 0.3}, Cell(0.4, False, 0.3, "hard", -0.15)),
    "by less than the threshold": ({"takes": 0.25}, Cell(0.4, False, 0.5, "soft", 0.25)),
    "never": ({"decay": 1.0}, Cell(0.4, False, 1.0, "none", 0.0)),
    "strict": ({"to": 0.0, "strict": True}, Cell(0.4, True, 0.5, "hard", 0.0)),
    "of seven channels": ({"to": 0.0, "channels": 7}, Cell(0.4, False, 0.5, "hard", 0.0)),
    "of single precision": ({"to": 0.2, "dtype": torch.float32}, Cell(0.4, False, 0.5, "hard", 0.2)),
}


@pytest.mark.parametrize("name", CELLS)
def test_what_is_measured(name: str) -> None:
    fields, wanted = CELLS[name]
    assert measured(Own(**fields)) == wanted


def test_what_is_no_such_neuron() -> None:
    assert measured(Squares(to=0.0)) is None
    assert measured(nn.ReLU()) is None
    assert measured(Own(decay=1.5, to=0.0)) is None


def fired(cell: Own, compare: str | None = None) -> FloatNeuron:
    made = Assembler()
    value, walk = made.input("x", (3, 1, 1)), cast(Any, None)
    call = Call(layer="cell", module=cell, value=value, made=made, compare=compare, walk=walk)
    fire(call)
    neuron = made.populations[-1].neuron
    assert neuron is not None
    return neuron


def test_neurons_are_as_they_were_measured() -> None:
    hard, soft = fired(Own(to=-0.15, strict=True)), fired(Own(takes=0.25))
    assert (hard.reset, hard.v_reset, hard.strict, hard.decay) == ("hard", -0.15, True, 0.5)
    assert (soft.reset, soft.strict) == ("soft", False)
    assert soft.amount is not None
    assert float(soft.amount[0]) == 0.25
    assert fired(Own(to=0.0, strict=True), ">=").strict is False
    assert fired(Own(to=0.0), ">").strict is True


class Half(Squares):
    """Squares what it keeps where it is told."""

    def __init__(self, squares: bool) -> None:
        super().__init__(to=0.0)
        self.squares = squares

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) if self.squares else Own.forward(self, x)


def test_a_class_is_a_layer_while_all_of_it_is() -> None:
    recognise(nn.ModuleList([Half(False), Half(False)]))
    assert handler_of(Half) == (fire, 0)
    recognise(nn.ModuleList([Half(False), Half(True)]))
    assert handler_of(Half) is None
