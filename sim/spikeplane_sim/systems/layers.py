"""Layers that the published systems share, in step mode "m": tensors (T, N, C, H, W)."""

# the framework annotates its layers loosely:
# pyright: reportArgumentType=false

from spikingjelly.activation_based import layer, neuron
from torch import Tensor, nn

from spikeplane.encoding import Encoding

STEPS = 4
DIRECT = Encoding(kind="direct", steps=STEPS)


def lif(threshold: float = 1.0, tau: float = 2.0) -> nn.Module:
    """u + (x - u) / tau, fires at >=, reset to 0: the neuron of most published transformers and residual
    networks."""
    return neuron.LIFNode(tau=tau, v_threshold=threshold, detach_reset=True, step_mode="m")


def integrate() -> nn.Module:
    """u + x, fires at >= 1, reset to 0."""
    return neuron.IFNode(detach_reset=True, step_mode="m")


def conv(into: int, out: int, size: int = 3, stride: int = 1, **more: int | bool) -> nn.Module:
    """A convolution that keeps the pixels, at stride 1, without bias."""
    options = {"padding": size // 2, "bias": False, **more}
    return layer.Conv2d(into, out, size, stride=stride, step_mode="m", **options)


def norm(channels: int) -> nn.Module:
    """Batch-norm of channels."""
    return layer.BatchNorm2d(channels, step_mode="m")


def maximum(size: int = 3, stride: int = 2, padding: int = 1) -> nn.Module:
    """The tokenizers' maximum."""
    return layer.MaxPool2d(size, stride, padding, step_mode="m")


def conv_norm(into: int, out: int, size: int = 3, stride: int = 1, **more: int | bool) -> nn.Sequential:
    """A convolution and its batch-norm."""
    return nn.Sequential(conv(into, out, size, stride, **more), norm(out))


def repeated(x: Tensor, steps: int = STEPS) -> Tensor:
    """An image (N, C, H, W) in every step, (T, N, C, H, W)."""
    return x.unsqueeze(0).repeat(steps, 1, 1, 1, 1)


class Classifier(nn.Module):
    """Body, mean over the pixels, a fully connected layer, mean over the steps; images (N, C, H, W) in."""

    def __init__(self, body: nn.Module, channels: int, classes: int = 10) -> None:
        super().__init__()
        self.body, self.head = body, layer.Linear(channels, classes, step_mode="m")

    def forward(self, x: Tensor) -> Tensor:
        """(N, classes)."""
        return self.head(self.body(repeated(x)).flatten(3).mean(3)).mean(0)
