"""The network of the Fashion-MNIST example: five convolutions and a readout, IF neurons, 28x28 images sent as they are.

It fits the preset `small` (2x2 cores of 16 lanes). Every layer is a SpikingJelly layer in step mode "s": one call is one step.
"""

from pathlib import Path

import torch
from torch import nn

STEPS = 4
CHECKPOINT = Path(__file__).parents[2] / "build" / "fashion_mnist" / "model.pt"
CLASSES = ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")


def network() -> nn.Sequential:
    """The untrained network: images (N, 1, 28, 28) in 0..1, scores (N, 10), one call per step."""
    from spikingjelly.activation_based import layer, neuron, surrogate

    layers: list[nn.Module] = []
    for source, target, kernel, stride in ((1, 32, 5, 2), (32, 32, 3, 1), (32, 64, 3, 2), (64, 64, 3, 1), (64, 64, 3, 2)):
        layers += [
            layer.Conv2d(source, target, kernel, stride=stride, padding=kernel // 2, bias=False),
            layer.BatchNorm2d(target),
            neuron.IFNode(surrogate_function=surrogate.ATan(), detach_reset=True),
        ]
    return nn.Sequential(*layers, layer.Flatten(), layer.Linear(64 * 4 * 4, 10))


def scores(model: nn.Sequential, images: torch.Tensor, steps: int = STEPS) -> torch.Tensor:
    """The readout averaged over the steps, (N, 10), for images (N, 1, 28, 28) in 0..1. State starts fresh.

    The same as calling the model once a step, but layer by layer: what stands before the first neurons is computed
    once, as the image is the same in every step, and the layers between see all steps as one batch.
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


def fashion() -> nn.Sequential:
    """The trained network, as the compiler takes it: `spikeplane compile examples/fashion_mnist/model.py:fashion`.

    Raises SpikeplaneError when there is no checkpoint yet.
    """
    from spikeplane.errors import SpikeplaneError

    if not CHECKPOINT.exists():
        raise SpikeplaneError(f"no trained network at {CHECKPOINT}: run examples/fashion_mnist/train.py first")
    model = network()
    model.load_state_dict(torch.load(CHECKPOINT, map_location="cpu", weights_only=True))
    return model.eval()
