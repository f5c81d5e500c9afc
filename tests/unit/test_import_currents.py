"""Neurons of PyTorch frameworks that have synaptic currents: proved against the frameworks themselves."""

# the frameworks annotate their layers and parameters loosely:
# pyright: reportArgumentType=false, reportCallIssue=false

from typing import Any

import numpy as np
import pytest
import snntorch as snn
import torch
from proved_models import seeded
from spikingjelly.activation_based import layer, neuron
from torch import nn

import spikeplane
from spikeplane import Encoding, Program, SpikeplaneError


class Pair(nn.Module):
    """Two layers whose states are handed in and returned; `swapped` returns two of them in each other's place."""

    def __init__(self, swapped: bool = False) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(10, 16), nn.Linear(16, 5)
        self.lif1, self.lif2 = snn.Synaptic(alpha=0.9, beta=0.8), snn.Synaptic(alpha=0.8, beta=0.7)
        self.swapped = swapped

    def forward(self, x: Any, syn1: Any, mem1: Any, syn2: Any, mem2: Any) -> Any:
        spk1, syn1, mem1 = self.lif1(self.fc1(x), syn1, mem1)
        spk2, syn2, mem2 = self.lif2(self.fc2(spk1), syn2, mem2)
        return (spk2, mem1, syn1, syn2, mem2) if self.swapped else (spk2, syn1, mem1, syn2, mem2)


class Read(nn.Module):
    """The synaptic current of the last layer is read out."""

    def __init__(self) -> None:
        super().__init__()
        self.spikes = snn.Leaky(beta=0.5, threshold=0.3, init_hidden=True)
        self.fc, self.lif = nn.Linear(10, 6), snn.Synaptic(alpha=0.9, beta=0.8)

    def forward(self, x: Any, syn: Any, mem: Any) -> Any:
        _, syn, mem = self.lif(self.fc(self.spikes(x)), syn, mem)
        return syn, syn, mem


def behind(cell: Any) -> nn.Module:
    return nn.Sequential(nn.Linear(10, 16), cell)


def synaptic(**options: Any) -> Any:
    return snn.Synaptic(**{"alpha": 0.9, "beta": 0.8, "init_hidden": True, **options})


def recurrent(**options: Any) -> Any:
    return snn.RSynaptic(alpha=0.9, beta=0.8, init_hidden=True, **options)


PROVED = {
    "states handed in": Pair,
    "states kept": lambda: nn.Sequential(behind(synaptic()), nn.Linear(16, 5), synaptic(output=True)),
    "a threshold a neuron": lambda: behind(synaptic(threshold=torch.linspace(0.5, 2, 16))),
    "no reset": lambda: behind(synaptic(reset_mechanism="none")),
    "learned": lambda: behind(synaptic(learn_alpha=True, learn_beta=True)),
    "a membrane that keeps nothing": lambda: behind(synaptic(beta=0.0)),
    "recurrent, linear": lambda: behind(recurrent(linear_features=16)),
    "recurrent, one to one": lambda: behind(recurrent(V=0.5, all_to_all=False)),
    "alpha function": lambda: behind(
        snn.Alpha(alpha=0.9, beta=0.8, init_hidden=True, reset_mechanism="none")
    ),
    "current-based": lambda: behind(neuron.CUBALIFNode()),
    "current-based, soft": lambda: behind(neuron.CUBALIFNode(v_reset=None)),
    "current-based, reset below": lambda: behind(neuron.CUBALIFNode(v_reset=-0.3)),
    "current-based, reset above": lambda: behind(neuron.CUBALIFNode(v_reset=0.2, v_decay=0.9)),
    "current-based, recurrent": lambda: nn.Sequential(
        nn.Linear(10, 16),
        neuron.IFNode(),
        layer.LinearRecurrentContainer(neuron.CUBALIFNode(), 16, 16),
    ),
}


def compiled(model: nn.Module) -> Program:
    encoding = Encoding(kind="planes", steps=16)
    return spikeplane.compile(seeded(model, 0.4), chip="small", input_shape=(10, 1, 1), encoding=encoding)


@pytest.mark.parametrize("name", PROVED)
def test_proved(name: str) -> None:
    rows = compiled(PROVED[name]()).tables["agreement"]
    currents = [row for row in rows if ".syn" in row["population"]]
    assert currents
    assert all(row["compared"] > 1000 and row["differences"] == 0 for row in rows)
    last = rows[-1]
    assert 0.005 < last["rate_float"] < 0.995
    assert last["free"] > 75


def test_a_current_is_read_out() -> None:
    program = compiled(Read())
    assert (program.network.output, program.readout) == ("lif.syn", "last")
    row = {row["population"]: row for row in program.tables["agreement"]}["lif.syn"]
    assert row["compared"] > 1000


REFUSED = [
    (lambda: Pair(swapped=True), "takes 'syn1' for layer 'lif1' and returns a state of layer 'lif1' in its place"),
    (lambda: behind(synaptic(reset_mechanism="zero")), "a Synaptic with reset_mechanism 'zero', which drops a step's input"),
    (lambda: behind(snn.Alpha(alpha=0.9, beta=0.8, init_hidden=True)), "an Alpha with reset_mechanism 'zero', which"),
    (lambda: behind(recurrent(linear_features=16, reset_delay=False)), "an RSynaptic with reset_delay=False"),
    (lambda: behind(neuron.QIFNode()), "layer '1' is a QIFNode, whose membranes move by a product"),
    (lambda: behind(neuron.TernaryIFNode()), "layer '1' is a TernaryIFNode, whose spikes are -1, 0 and 1"),
    (lambda: behind(snn.SLSTM(16, 16)), "layer '1' is a SLSTM, whose gates multiply values"),
    (lambda: behind(snn.LeakyParallel(16, 16)), "layer '1' is a LeakyParallel, which takes all steps at once"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "message"), REFUSED)
def test_refused(make: Any, message: str) -> None:
    with pytest.raises(SpikeplaneError) as error:
        compiled(make())
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_the_current_that_enters_the_membrane_is_the_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(self: Any, input_: Any) -> Any:
        return self.alpha * self.syn + input_, self.beta * self.mem + self.syn

    monkeypatch.setattr(snn.Synaptic, "_base_state_function", late)
    with pytest.raises(SpikeplaneError, match="is not what the model computes"):
        compiled(behind(synaptic()))


@pytest.mark.cosim
def test_on_the_chip() -> None:
    """Values, weights of two parts and spikes that come back, spike for spike."""
    model = nn.Sequential(
        nn.Linear(10, 16), recurrent(linear_features=16), nn.Linear(16, 5), neuron.CUBALIFNode()
    )
    program = compiled(model)
    assert {row["weight_bits"] for row in program.tables["quantisation"]} == {8, 15}
    planes = (np.random.default_rng(3).random((3, 16, 10, 1, 1)) < 0.4).astype(np.uint8)
    with spikeplane.open_board("sim", program) as board:
        result = spikeplane.execute(program, board, planes, lockstep=True).comparison
    assert result is not None
    assert result.mismatches == 0, str(result)
    assert result.spikes > 200
