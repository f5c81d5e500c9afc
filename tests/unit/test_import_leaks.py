"""Leaks that differ from channel to channel, and membranes that are clipped at 0: proved against the frameworks
themselves, and on the chip."""

# the frameworks annotate their layers and parameters loosely:
# pyright: reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false

from typing import Any

import nir
import numpy as np
import pytest
import snntorch as snn
import torch
from proved_models import seeded
from spikingjelly.activation_based import layer, neuron
from torch import nn

import spikeplane
from spikeplane import ChipConfig, Encoding, Program, SpikeplaneError
from spikeplane.importers import import_model
from spikeplane_sim.golden import FloatModel

BETAS = torch.linspace(0.1, 1, 16)
TAUS = torch.linspace(1.5, 8, 16)
DT = 1e-4


def behind(cell: Any) -> nn.Module:
    return nn.Sequential(nn.Linear(10, 16), cell)


def maps(cell: Any) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        cell,
        nn.Flatten(),
        nn.Linear(160, 5),
        snn.Leaky(0.9, init_hidden=True),
    )


def leaky(betas: Any = BETAS, **options: Any) -> Any:
    return snn.Leaky(betas.clone(), init_hidden=True, **options)


def of(cell: Any, **values: Any) -> Any:
    for name, value in values.items():
        setattr(cell, name, value)
    return cell


def klif(k: float = 1.0, **options: Any) -> Any:
    cell = neuron.KLIFNode(**options)
    cell.k.data.fill_(k)
    return cell


#: the model, how many leaks its first neurons have, whether they have a floor
PROVED: dict[str, tuple[Any, int, bool]] = {
    "betas": (lambda: behind(leaky()), 16, False),
    "betas, learned and clamped": (lambda: behind(leaky(learn_beta=True)), 7, False),
    "betas, one of them 0": (lambda: behind(leaky(torch.linspace(0, 1, 16))), 16, False),
    "betas, to zero": (lambda: behind(leaky(reset_mechanism="zero")), 16, False),
    "betas, equal": (lambda: behind(leaky(torch.full((16,), 0.5))), 1, False),
    "betas of maps": (lambda: maps(leaky(BETAS.view(16, 1, 1))), 16, False),
    "recurrent": (lambda: behind(snn.RLeaky(BETAS, linear_features=16, init_hidden=True)), 16, False),
    "currents and membranes": (lambda: behind(snn.Synaptic(BETAS, BETAS.flip(0), init_hidden=True)), 16, False),
    "alpha function": (
        lambda: behind(snn.Alpha(BETAS / 2 + 0.49, BETAS / 2 + 0.1, init_hidden=True, reset_mechanism="none")),
        16, False,
    ),
    "taus": (lambda: behind(of(neuron.LIFNode(v_reset=None), tau=TAUS)), 16, False),
    "taus, rest": (lambda: behind(of(neuron.LIFNode(v_reset=-0.2, decay_input=False), tau=TAUS)), 16, False),
    "decays": (lambda: behind(of(neuron.CUBALIFNode(), c_decay=BETAS / 2, v_decay=BETAS)), 16, False),
    "clipped": (lambda: behind(klif()), 1, True),
    "clipped, steeper": (lambda: behind(klif(1.3, v_reset=None, tau=3.0, decay_input=False)), 1, True),
    "clipped, scaled": (lambda: behind(klif(1.7, scale_reset=True, tau=4.0)), 1, True),
    "clipped, scaled, soft": (lambda: behind(klif(0.6, scale_reset=True, v_reset=None, tau=3.0)), 1, True),
    "clipped, taus": (lambda: behind(of(klif(1.1), tau=TAUS)), 16, True),
}  # fmt: skip


def compiled(model: Any, **options: Any) -> Program:
    shape = (10, 1, 1) if isinstance(model[0], nn.Linear) else (1, 2, 5)
    encoding = Encoding(kind="planes", steps=16)
    return spikeplane.compile(
        seeded(model, 0.4), **{"chip": "small", "input_shape": shape, "encoding": encoding, **options}
    )


@pytest.mark.parametrize("name", PROVED)
def test_proved(name: str) -> None:
    make, count, floor = PROVED[name]
    program = compiled(make())
    assert all(row["compared"] > 1000 and row["differences"] == 0 for row in program.tables["agreement"])
    first = next(p for p in program.network.populations if p.neuron is not None)
    assert first.neuron is not None
    assert (1 if first.leaks is None else len(np.unique(first.leaks)), first.neuron.floor) == (count, floor)


def test_a_floor_matters() -> None:
    """What a LIF of the same numbers does is refused, so the proof sees the clipping."""
    model = seeded(behind(klif()), 0.4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "relu", lambda x: x)
        with pytest.raises(SpikeplaneError, match="is not what the model computes"):
            compiled(model)


REFUSED: list[tuple[Any, str]] = [
    (lambda: behind(klif(3.0)),
     "layer '1' is a KLIFNode that keeps 1.5 of its membranes, k (1 - 1 / tau), which Spikeplane cannot represent: use scale_reset=True"),
    (lambda: behind(klif(-1.0)),
     "layer '1' is a KLIFNode with a k of -1, which Spikeplane cannot represent: train it with a k of more than 0"),
    (lambda: behind(klif(v_reset=0.1)),
     "layer '1' is a KLIFNode with a v_reset beside 0, which Spikeplane cannot represent: use v_reset=0.0 or v_reset=None"),
    (lambda: maps(leaky(torch.linspace(0.1, 1, 5))),
     "layer '1' has values of beta that differ inside a channel (PyTorch broadcasts 5 over 16x2x5 from the last axis); give one"),
    (lambda: behind(leaky(torch.linspace(0.1, 1, 20))),
     "layer '1' has 20 values of beta for 16 neurons, which PyTorch cannot broadcast; give one, or one a channel as Cx1x1"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "message"), REFUSED)
def test_refused(make: Any, message: str) -> None:
    with pytest.raises(SpikeplaneError) as error:
        compiled(make())
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_without_multipliers() -> None:
    chip = ChipConfig(leak_multiplier=False)
    with pytest.raises(SpikeplaneError) as error:
        compiled(behind(leaky(torch.tensor([0.5, 0.75] * 8))), chip=chip)
    assert str(error.value) == (
        "layer '1': its channels leak differently, which needs a chip with leak_multiplier = true"
    )


@pytest.mark.parametrize("discretisation", ["euler", "exponential"])
@pytest.mark.parametrize("kind", ["LIF", "CubaLIF", "LI"])
def test_nir(kind: str, discretisation: str) -> None:
    """Time constants a neuron, against the equations in numpy."""
    rng = np.random.default_rng(5)
    weight, tau, other = (
        rng.normal(0.2, 0.6, (8, 10)),
        DT * np.linspace(1.5, 20, 8),
        DT * np.linspace(9, 2, 8),
    )
    ones = np.ones(8)
    node = {
        "LIF": lambda: nir.LIF(tau=tau, r=ones * 3, v_leak=ones * 0.1, v_threshold=ones, v_reset=ones * 0),
        "CubaLIF": lambda: nir.CubaLIF(
            tau_syn=other, tau_mem=tau, r=ones * 3, v_leak=ones * 0, v_threshold=ones, w_in=ones * 2, v_reset=ones * 0
        ),
        "LI": lambda: nir.LI(tau=tau, r=ones * 3, v_leak=ones * 0.1),
    }[kind]()  # fmt: skip
    graph = nir.NIRGraph(
        nodes={
            "in": nir.Input({"input": np.array([10])}),
            "w": nir.Linear(weight),
            "n": node,
            "out": nir.Output({"output": np.array([8])}),
        },
        edges=[("in", "w"), ("w", "n"), ("n", "out")],
    )
    planes = rng.integers(0, 2, (4, 12, 10, 1, 1))
    net = import_model(graph, dt=DT, discretisation=discretisation)
    ours = FloatModel(net).run({net.inputs[0].name: planes})[net.output][..., 0, 0]

    def kept(constant: np.ndarray) -> np.ndarray:
        return np.exp(-DT / constant) if discretisation == "exponential" else 1 - DT / constant

    v, current = np.zeros((4, 8)), np.zeros((4, 8))
    for t in range(12):
        x = planes[:, t, :, 0, 0] @ weight.T
        if kind == "CubaLIF":
            current = kept(other) * current + DT / other * 2 * x
        leak = 0.0 if kind == "CubaLIF" else 0.1
        v = kept(tau) * v + (1 - kept(tau)) * leak + DT / tau * 3 * (current if kind == "CubaLIF" else x)
        np.testing.assert_allclose(ours[:, t], v if kind == "LI" else v > 1, atol=1e-9)
        if kind != "LI":
            v = np.where(v > 1, 0.0, v)
    assert kind == "LI" or 0.02 < ours.mean() < 0.98


@pytest.mark.cosim
def test_on_the_chip() -> None:
    """Two groups of channels with leaks of their own, and clipped membranes behind, spike for spike."""
    model = nn.Sequential(
        nn.Linear(10, 16), of(neuron.LIFNode(v_reset=None), tau=TAUS), nn.Linear(16, 12), klif(1.2, scale_reset=True, tau=4.0),
        nn.Linear(12, 5), layer.LinearRecurrentContainer(of(neuron.LIFNode(), tau=TAUS[:5]), 5, 5),
    )  # fmt: skip
    program = compiled(model, chip="tiny", probes=["1", "3"])
    samples = (np.random.default_rng(2).random((12, 16, 10, 1, 1)) < 0.5).astype(np.uint8)
    with spikeplane.open_board("sim", program) as board:
        found = spikeplane.execute(program, board, samples, lockstep=True).comparison
    assert found is not None
    assert found.mismatches == 0
    assert found.spikes > 200
