"""A corpus of networks as different people write them: each is imported and fires as the framework does,
every spike, or is refused with a cure in one line."""

from typing import Any

import pytest
import torch
from frameworks import spread
from idioms import anew, attended, functions, inputs, jelly, others, shapes, snn, tutorials

from spikeplane import Encoding, SpikeplaneError
from spikeplane.compiler.time_channels import in_channels, mixed_steps
from spikeplane.importers import import_model
from spikeplane_sim.proof import planes, table

MODELS = {
    f"{room.__name__.rpartition('.')[2]}: {name}": row
    for room in (anew, snn, jelly, shapes, tutorials, functions, inputs, others, attended)
    for name, row in room.MODELS.items()
}

#: Those that take longest: most are traced in several layouts until one is refused.
SLOW = {
    "snn: tutorial 6, looped", "jelly: residual AND", "jelly: residual IAND", "shapes: rolled", "shapes: batch mean",
    "shapes: sample norm", "shapes: squared", "shapes: maximum of two", "shapes: gated", "shapes: rectified", "shapes: noise",
    "shapes: product of layers", "shapes: flipped", "shapes: argmax", "shapes: upsampled",
    "shapes: rows and columns swapped", "snn: last membrane", "jelly: sigmoid", "jelly: softmax", "shapes: padding with ones",
    "shapes: framed by other numbers", "shapes: depth upsampled", "shapes: columns of values",
    "snn: steps written", "others: layers of other steps", "others: membranes halved", "others: batch-norms by step",
    "attended: three times", "attended: forgetting by the square", "attended: negative", "attended: wider",
    "attended: pixels of all steps", "attended: channels of each step", "attended: steps, maxima", "attended: tanh",
    "attended: reset by the threshold", "attended: softplus", "shapes: sigmoid added", "attended: times a number",
}  # fmt: skip


class Asked:
    """What the proof asks of a program."""

    def __init__(self, net: Any) -> None:
        steps = mixed_steps(net) or 8
        self.encodings = {p.name: Encoding(kind="planes", steps=steps) for p in net.inputs}


def proved(net: Any, monkeypatch: pytest.MonkeyPatch) -> int:
    """Hold the model beside the float network; how many values of neurons were compared."""
    monkeypatch.setattr(planes, "BUDGET", 1 << 21)
    monkeypatch.setattr(table, "_compared", lambda *given: given[-1])
    asked = Asked(net)
    net, asked.encodings = in_channels(net, asked.encodings)
    layers: Any = table.proof_tables(net, asked, None)["agreement"]  # type: ignore[arg-type]
    return sum(layer.values for layer in layers.values())


def test_the_slow_ones_are_there() -> None:
    assert set(MODELS) >= SLOW
    assert len(MODELS) > 75


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n for n in MODELS]
)
def test_corpus(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What must be imported is; what must be refused is; anything else is one or the other."""
    make, shape, refusal = MODELS[name]
    torch.manual_seed(0)
    model = spread(make())
    try:
        net = import_model(model, input_shape=shape, input_bits=1)
    except SpikeplaneError as error:
        message = str(error)
        assert refusal is not None, message
        assert refusal in message  # noqa: PT017
        assert "\n" not in message  # noqa: PT017
        assert ";" in message or ": " in message, "a cure"  # noqa: PT017
    else:
        assert not refusal, "accepted"
        assert proved(net, monkeypatch) > 100
