"""From a model to a network that learns, what is refused on the way, and back to one that is compiled."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from spikeplane import Encoding
from spikeplane.compiler.compile import compile as compile_model
from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.network import ALIGNED, MEMBRANE, Window
from spikeplane.train import Optimiser
from spikeplane.train.imported import float_network, learning
from spikeplane_sim.golden.training import Trainer

ONES = np.ones(4)


def model(
    hidden: dict[str, Any] | None = None, neuron: dict[str, Any] | None = None, **changes: Any
) -> FloatNetwork:
    """Eight inputs, four LIF neurons, a readout of three; `hidden` and `neuron`: fields of the middle."""
    rng = np.random.default_rng(0)
    middle = FloatNeuron(**{"decay": 0.5, "threshold": ONES, **(neuron or {})})
    net = FloatNetwork(
        populations=(
            FloatPopulation(name="in", shape=(8, 1, 1)),
            FloatPopulation(**{"name": "hid", "shape": (4, 1, 1), "neuron": middle, **(hidden or {})}),
            FloatPopulation(
                name="out", shape=(3, 1, 1), neuron=FloatNeuron(reset="none", kind=MEMBRANE), bias=np.array([0.5, 0, -0.25])
            ),
        ),
        projections=(
            FloatProjection(source="in", target="hid", weight=rng.normal(0, 0.5, (4, 8, 1, 1)), layer="fc1"),
            FloatProjection(source="hid", target="out", weight=rng.normal(0, 0.5, (3, 4, 1, 1)), layer="fc2"),
        ),
        output="out",
        readout="last",
    )  # fmt: skip
    return replace(net, **changes)


def projection(tag: int, **changes: Any) -> dict[str, Any]:
    projections = list(model().projections)
    projections[tag] = replace(projections[tag], **changes)
    return {"projections": tuple(projections)}


def test_what_is_understood() -> None:
    network, told = learning(model())
    assert [p.name for p in network.populations] == ["in", "hid", "out.bias", "out"]
    assert [p.name for p in network.projections] == ["in->hid", "hid->out", "out.bias->out"]
    assert told == []
    assert network.projections[2].weight.flatten().tolist() == [0.5, 0, -0.25]
    first = model().projections[0].weight
    assert (network.projections[0].weight == first.astype(np.float16)).all()
    assert [p.trained for p in network.projections] == [True] * 3


def test_what_binary16_has_not_is_told() -> None:
    weight = model().projections[0].weight.copy()
    weight[0, :2] = 1e-9
    _, told = learning(replace(model(neuron={"decay": 0.9}), **projection(0, weight=weight)))
    assert sorted(told) == [
        "2 weights of in->hid are 0 in binary16",
        "layer 'hid' keeps 0.899902344 of its membrane a step, the binary16 number nearest to 0.9",
    ]


@pytest.mark.parametrize(("name", "kept"), [("fc1", [0]), ("hid", [0]), ("fc2", [1, 2]), ("out", [1, 2])])
def test_frozen_layers(name: str, kept: list[int]) -> None:
    network, _ = learning(model(), [name])
    assert [tag for tag, p in enumerate(network.projections) if not p.trained] == kept


REFUSED: dict[str, tuple[Callable[[], FloatNetwork], str]] = {
    "window": (
        lambda: model({"window": Window(size=2, stride=2)}),
        "takes a maximum over a window, which no chip learns; pool with an average",
    ),
    "fold": (lambda: model({"fold": 2}), "has steps for channels, which no chip learns; train a model of single steps"),
    "values": (
        lambda: model(neuron={"kind": MEMBRANE}),
        "sends values, which no chip learns; use layers that send spikes, and a readout at the end",
    ),
    "gate": (
        lambda: model(neuron={"reset": "none", "decay": 0.0}),
        "is a gate of spikes (a maximum, an OR or an AND), which no chip learns; pool with an average, and add branches up",
    ),
    "none": (
        lambda: model(neuron={"reset": "none"}),
        "has the reset 'none' to 0, which no chip learns; give --reset hard, and neurons that reset to 0",
    ),
    "soft": (
        lambda: model(neuron={"reset": "soft"}),
        "has the reset 'soft' to 0, which no chip learns; give --reset hard, and neurons that reset to 0",
    ),
    "reset": (
        lambda: model(neuron={"v_reset": -0.5}),
        "has the reset 'hard' to -0.5, which no chip learns; give --reset hard, and neurons that reset to 0",
    ),
    "strict": (lambda: model(neuron={"strict": True}), "fires above its threshold, which no chip learns; give --compare '>='"),
    "floor": (lambda: model(neuron={"floor": True}), "keeps its membrane from 0 on, which no chip learns; use neurons without a floor"),
    "leaks": (
        lambda: model(neuron={"decay": np.array([0.5, 0.5, 0.5, 0.25])}),
        "leaks by channel, which no chip learns; use one leak for a layer",
    ),
    "recurrent": (lambda: model(**projection(0, delay=1)), "is recurrent, which no chip learns; use layers that feed forward"),
    "aligned": (
        lambda: model(**projection(0, weight=np.ones((4, 1, 1)), kind=ALIGNED)),
        "has a weight of its own for each channel (depthwise, or a pooling by itself), which no chip learns; use convolutions",
    ),
    "up": (lambda: model(**projection(0, up=(2, 2))), "puts zeros between pixels, which no chip learns; use strides of 1 or more"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    make, message = REFUSED[case]
    with pytest.raises(SpikeplaneError) as refused:
        learning(make())
    assert str(refused.value) == f"layer 'hid' {message}"


def test_refused_readouts_and_names() -> None:
    spiking = list(model().populations)
    spiking[2] = replace(spiking[2], neuron=FloatNeuron(threshold=np.ones(3)))
    for net in (model(populations=tuple(spiking)), model(readout="sum")):
        with pytest.raises(SpikeplaneError) as refused:
            learning(net)
        assert str(refused.value) == (
            "layer 'out' is no readout that adds up its currents, which no chip learns; end the model in a layer without neurons"
        )
    with pytest.raises(SpikeplaneError) as refused:
        learning(model(), ["fc3"])
    assert str(refused.value) == "--freeze fc3: there is no layer 'fc3'; there are fc1, fc2, hid, out"


def test_what_was_learned_is_compiled() -> None:
    """The integer network of the trained weights tells the samples as the golden training model does."""
    network, _ = learning(model())
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 3, 60)
    planes = (rng.random((60, 4, 8, 1, 1)) < np.eye(8)[labels][:, None, :, None, None] * 0.6 + 0.2).astype(
        np.uint8
    )
    trainer = Trainer(network, Optimiser(rate=0.5), batch=60, steps=4)
    for _ in range(30):
        trainer.iterate({"in": planes}, labels)
    trained = network.with_weights(trainer.state().weights)
    back = float_network(trained)
    assert learning(back)[0].projections[0].weight.tolist() == trained.projections[0].weight.tolist()
    program = compile_model(back, chip="tiny", encoding=Encoding(kind="planes", steps=4))
    guesses = program.run(planes, labels=labels, board="golden")
    right = trainer.readout({"in": planes}).argmax(1) == labels
    assert guesses.accuracy is not None
    assert right.mean() > 0.6
    assert abs(guesses.accuracy - right.mean()) < 0.08
