"""The network of the Fashion-MNIST example: five convolutions and a readout, IF neurons, 28x28
images sent as they are.

It fits the preset `small` (2x2 cores of 16 lanes). Every layer is a SpikingJelly layer in step mode
"s": one call is one step.
"""

from collections import OrderedDict
from pathlib import Path

import torch
from torch import nn

STEPS = 4
#: Channels in, channels out, kernel, stride: 28x28 becomes 14x14, 7x7 and 4x4.
CONVOLUTIONS = ((1, 32, 5, 2), (32, 32, 3, 1), (32, 64, 3, 2), (64, 64, 3, 1), (64, 64, 3, 2))
CHECKPOINT = Path(__file__).parents[2] / "build" / "fashion_mnist" / "model.pt"
CLASSES = (
    "T-shirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)


def network() -> nn.Sequential:
    """The untrained network: images (N, 1, 28, 28) in 0..1, scores (N, 10), one call per step."""
    from spikingjelly.activation_based import layer, neuron, surrogate

    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for number, (source, target, kernel, stride) in enumerate(CONVOLUTIONS, 1):
        layers[f"conv{number}"] = layer.Conv2d(
            source, target, kernel, stride=stride, padding=kernel // 2, bias=False
        )
        layers[f"norm{number}"] = layer.BatchNorm2d(target)
        layers[f"spikes{number}"] = neuron.IFNode(surrogate_function=surrogate.ATan(), detach_reset=True)
    layers["flatten"] = layer.Flatten()
    layers["readout"] = layer.Linear(64 * 4 * 4, 10)
    return nn.Sequential(layers)


def scores(model: nn.Sequential, images: torch.Tensor, steps: int = STEPS) -> torch.Tensor:
    """The readout averaged over the steps, (N, 10), for images (N, 1, 28, 28) in 0..1. State starts fresh.

    The same as calling the model once a step, but layer by layer: what stands before the first
    neurons is computed once, as the image is the same in every step, and the layers between see all
    steps as one batch.
    """
    from spikingjelly.activation_based import functional
    from spikingjelly.activation_based.neuron import BaseNode

    functional.reset_net(model)
    values = images.contiguous(memory_format=torch.channels_last)
    constant = True
    for module in model:
        if isinstance(module, BaseNode):
            currents = (values,) * steps if constant else values.chunk(steps)
            values, constant = torch.cat([module(current) for current in currents]), False
        else:
            values = module(values)
    return values.unflatten(0, (steps, -1)).mean(0)


def fashion() -> tuple[nn.Sequential, tuple[int, int, int]]:
    """The trained network and its input's shape, as the compiler takes them: `spikeplane compile
    examples/fashion_mnist/model.py:fashion`.

    Raises SpikeplaneError when there is no checkpoint yet.
    """
    from spikeplane.errors import SpikeplaneError

    if not CHECKPOINT.exists():
        raise SpikeplaneError(
            f"no trained network at {CHECKPOINT}: run examples/fashion_mnist/train.py first"
        )
    model = network()
    model.load_state_dict(torch.load(CHECKPOINT, map_location="cpu", weights_only=True))
    return model.eval(), (1, 28, 28)
