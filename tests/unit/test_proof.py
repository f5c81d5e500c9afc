"""The proof of an import: the source model beside the float network, in every compile. Faults of an
importer are refused by name."""

# the frameworks annotate their layers and parameters loosely:
# pyright: reportArgumentType=false, reportIndexIssue=false

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from proved_models import SOURCES, compiled, refused, spikingjelly
from spikingjelly.activation_based.neuron import IFNode
from torch import nn

from spikeplane import Encoding
from spikeplane.compiler.graph import FloatNeuron
from spikeplane.importers import import_model
from spikeplane.importers.assemble import Assembler
from spikeplane_sim.proof import forced, planes


@pytest.mark.parametrize("source", SOURCES)
def test_passes(source: str) -> None:
    program = compiled(SOURCES[source](), reset="soft" if source == "nir" else None)
    rows = program.tables["agreement"]
    assert [(row["population"], row["differences"]) for row in rows] == [("1", 0), ("3", 0)]
    for row, neurons in zip(rows, (4 * 36, 3 * 16), strict=True):
        assert row["compared"] == 128 * 16 * neurons
        assert 0.02 < row["rate_float"] < 0.98
        assert row["free"] > 80
        assert row["given"] > 95
    told = "NIR graph" if source == "nir" else "PyTorch module Sequential"
    assert program.tables["import"] == [
        {
            "source": f"the {told} itself, in float64",
            "data": "128 samples, 16 steps of random planes, 10% and 40% active",
        }
    ]


def changed_neuron(change: Callable[[FloatNeuron], FloatNeuron]) -> Callable[[pytest.MonkeyPatch], None]:
    """A fault in the neurons of layer 3."""

    def inject(patch: pytest.MonkeyPatch) -> None:
        right = Assembler.neuron

        def wrong(
            self: Assembler, layer: str, value: Any, neuron: FloatNeuron, *rest: Any, **more: Any
        ) -> Any:
            return right(self, layer, value, change(neuron) if layer == "3" else neuron, *rest, **more)

        patch.setattr(Assembler, "neuron", wrong)

    return inject


def changed_kernel(
    change: Callable[[np.ndarray, Any], tuple[np.ndarray, Any]],
) -> Callable[[pytest.MonkeyPatch], None]:
    """A fault in weights and bias of the convolution in front of layer 3."""

    def inject(patch: pytest.MonkeyPatch) -> None:
        right = Assembler.convolution

        def wrong(self: Assembler, layer: str, value: Any, weight: np.ndarray, bias: Any, **more: Any) -> Any:
            if layer == "2":
                weight, bias = change(np.array(weight), bias)
            return right(self, layer, value, weight, bias, **more)

        patch.setattr(Assembler, "convolution", wrong)

    return inject


def threshold(neuron: FloatNeuron) -> np.ndarray:
    assert neuron.threshold is not None
    return neuron.threshold


FAULTS = {
    "no bias": changed_kernel(lambda weight, bias: (weight, None)),
    "transposed kernel": changed_kernel(lambda weight, bias: (weight.swapaxes(2, 3), bias)),
    "two channels swapped": changed_kernel(lambda weight, bias: (weight[:, [1, 0, 2, 3]], bias)),
    "wrong decay": changed_neuron(lambda neuron: replace(neuron, decay=neuron.decay * 0.99)),
    "threshold": changed_neuron(lambda neuron: replace(neuron, threshold=threshold(neuron) + 1e-3)),
    "hard for soft": changed_neuron(lambda neuron: replace(neuron, reset="hard")),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("fault", FAULTS)
def test_faults_of_an_importer(monkeypatch: pytest.MonkeyPatch, source: str, fault: str) -> None:
    model = SOURCES[source]()
    FAULTS[fault](monkeypatch)
    message = refused(model, reset="soft" if source == "nir" else None)
    assert message.startswith("layer '3' is not what the model computes: sample ")
    assert message.endswith("; please report it with the model, or compile with --no-proof (proof=False)")
    program = compiled(model, reset="soft" if source == "nir" else None, proof=False)
    assert program.tables["import"][0]["source"] == "not proved: left out by --no-proof (proof=False)"
    assert [row["differences"] for row in program.tables["agreement"]] == [None, None]


def test_the_first_difference_is_named() -> None:
    """Two inputs, one neuron: the importer's threshold is 1.5 and not 1."""
    model = nn.Sequential(nn.Linear(1, 2, bias=False), IFNode())
    nn.init.ones_(model[0].weight)
    net = import_model(model, input_shape=(1, 1, 1))
    first, last = net.populations
    assert last.neuron is not None
    broken = replace(
        net, populations=(first, replace(last, neuron=replace(last.neuron, threshold=np.array([1.0, 1.5]))))
    )
    ones = np.ones((3, 8, 1, 1, 1), np.uint8)
    ones[0] = 0
    ones[:, :2] = 0
    assert refused(broken, shape=None, calibration=ones) == (
        "layer '1' is not what the model computes: sample 1, step 2, neuron (c=1, y=0, x=0): model "
        "1, import 0 (v = 1, threshold 1.5); "
        "please report it with the model, or compile with --no-proof (proof=False)"
    )
    assert (
        compiled(net, shape=None, calibration=ones).tables["import"][0]["data"]
        == "3 samples, 8 steps of the calibration"
    )


def test_later_layers_are_judged_on_the_source_s_spikes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tie in the first layer that falls the other way is counted there, and nothing of it reaches
    the second."""
    model = nn.Sequential(nn.Linear(1, 4, bias=False), IFNode(), nn.Linear(4, 3, bias=False), IFNode())
    nn.init.constant_(model[0].weight, 0.125)
    nn.init.ones_(model[2].weight)
    net = import_model(model, input_shape=(1, 1, 1))
    first, one, two = net.populations
    assert one.neuron is not None
    near = replace(
        net,
        populations=(first, replace(one, neuron=replace(one.neuron, threshold=np.full(4, 1 + 1e-6))), two),
    )
    ones = np.ones((2, 20, 1, 1, 1), np.uint8)
    twenty = Encoding(kind="planes", steps=20)
    monkeypatch.setattr(planes, "QUIET", 0.0)
    rows = compiled(near, twenty, None, calibration=ones).tables["agreement"]
    assert [(row["differences"], row["ties"], row["compared"]) for row in rows] == [
        (0, 2 * 2 * 4, 160),
        (0, 0, 120),
    ]
    monkeypatch.setattr(forced, "TIE", 0.0)
    assert refused(near, twenty, None, calibration=ones).startswith(
        "layer '1' is not what the model computes: sample 0, step 7, "
    )


def test_behind_a_silent_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    """No random plane makes layer 1 fire; the fault behind it is found."""
    model = spikingjelly()
    model[1].v_threshold = 300.0
    program = compiled(model)
    assert program.tables["import"][0]["data"].endswith(
        "40% active; quiet there and proved on stronger input: 1, 3"
    )
    assert [row["compared"] for row in program.tables["agreement"]] == [
        2 * 128 * 16 * n for n in (4 * 36, 3 * 16)
    ]
    FAULTS["two channels swapped"](monkeypatch)
    assert refused(model).startswith("layer '3' is not what the model computes: ")
