"""A network of a SEW ADD block and depthwise-separable convolutions for 28x28 images, LIF neurons, four steps: what
the example of quantisation-aware training takes to 4 and 2 bits.

Every layer is a SpikingJelly layer; in step mode "m" one call takes all steps, in step mode "s" one.
"""

from pathlib import Path

import torch
from spikingjelly.activation_based import functional, layer, neuron, surrogate
from torch import nn

STEPS = 4
SHAPE = (1, 28, 28)
FOLDER = Path(__file__).parents[2] / "build" / "fashion_mnist"


def lif() -> neuron.LIFNode:
    """tau 2, the input decays too, soft reset, threshold 0.5."""
    return neuron.LIFNode(
        tau=2.0,
        decay_input=True,
        v_threshold=0.5,
        v_reset=None,
        surrogate_function=surrogate.ATan(),
        detach_reset=True,
    )


def normed(source: int, target: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """A convolution, batch-norm and neurons."""
    return nn.Sequential(
        layer.Conv2d(source, target, kernel, stride, kernel // 2, groups=groups, bias=False),
        layer.BatchNorm2d(target),
        lif(),
    )


class Sew(nn.Module):
    """Two convolutions whose spikes are added to the block's input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first, self.second = normed(channels, channels, 3), normed(channels, channels, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Integer spikes, of the shape that came."""
        return self.second(self.first(x)) + x


def separable(source: int, target: int, stride: int) -> nn.Sequential:
    """A depthwise 3x3 convolution and a pointwise one, neurons behind both."""
    return nn.Sequential(normed(source, source, 3, stride, groups=source), normed(source, target, 1))


def network(width: int = 32) -> nn.Sequential:
    """The untrained network: images (N, 1, 28, 28) in 0..1, scores (N, 10), one call a step."""
    return nn.Sequential(
        normed(1, width, 5, 2),
        Sew(width),
        separable(width, 2 * width, 2),
        Sew(2 * width),
        separable(2 * width, 4 * width, 2),
        layer.Flatten(),
        layer.Linear(4 * width * 4 * 4, 10),
    )


def scores(model: nn.Module, images: torch.Tensor) -> torch.Tensor:
    """The readout averaged over STEPS steps, (N, 10). State starts fresh."""
    functional.set_step_mode(model, "m")
    functional.reset_net(model)
    return model(images.expand(STEPS, *images.shape)).mean(0)


def stepwise(model: nn.Module) -> nn.Module:
    """The model as the compiler takes it: in evaluation, one call a step, without state."""
    functional.reset_net(model)
    functional.set_step_mode(model, "s")
    return model.eval()
