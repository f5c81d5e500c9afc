"""Spiking U-Nets and a cortex with feedback: small models in which layers make more pixels than they get."""

# the frameworks annotate their layers loosely:
# pyright: reportArgumentType=false, reportCallIssue=false

import torch
from spikingjelly.activation_based import layer, neuron
from torch import nn
from torch.nn import functional

CHANNELS = 4


def lif(**more: float) -> nn.Module:
    return neuron.LIFNode(tau=2.0, decay_input=False, v_threshold=0.5, detach_reset=True, **more)


def block(into: int, out: int, stride: int = 1) -> nn.Sequential:
    conv = layer.Conv2d(into, out, 3, stride=stride, padding=1, bias=False)
    return nn.Sequential(conv, layer.BatchNorm2d(out), lif())


def wider(into: int, out: int, more: int) -> nn.Sequential:
    """Twice as many pixels, or one less."""
    conv = layer.ConvTranspose2d(into, out, 3, stride=2, padding=1, output_padding=more)
    return nn.Sequential(conv, layer.BatchNorm2d(out), lif())


class UNet(nn.Module):
    """Two levels down and up. `way`: "transposed" (2x2, stride 2, joined to what is beside), "upsampled" (nearest,
    then 3x3, joined), "added" (3x3, stride 2, output_padding by `odd`, added), "resized" (interpolated to the size
    of what is beside, joined)."""

    def __init__(self, way: str, odd: tuple[int, int] = (1, 1)) -> None:
        super().__init__()
        self.way, c = way, CHANNELS
        self.first, self.down, self.bottom = block(2, c), block(c, 2 * c, 2), block(2 * c, 2 * c, 2)
        sizes = ((2 * c, 2 * c), (c, c))
        if way == "transposed":
            ups = [
                nn.Sequential(layer.ConvTranspose2d(i, o, 2, 2, groups=g), layer.BatchNorm2d(o), lif())
                for (i, o), g in zip(sizes, (2, c), strict=True)
            ]
        elif way == "upsampled":
            ups = [nn.Sequential(nn.Upsample(scale_factor=2), block(i, o)) for i, o in sizes]
        elif way == "added":
            ups = [wider(i, o, more) for (i, o), more in zip(sizes, odd, strict=True)]
        else:
            ups = [nn.Identity(), nn.Identity()]
        self.up = nn.ModuleList(ups)
        joined = 1 if way == "added" else 2
        self.middle, self.last = block(2 * c * joined, c), block(c * joined, c)
        self.out = layer.Conv2d(c, 2, 1)

    def _joined(self, beside: torch.Tensor, below: torch.Tensor, level: int) -> torch.Tensor:
        if self.way == "resized":
            below = functional.interpolate(below, size=beside.shape[-2:])
        below = self.up[level](below)
        return beside + below if self.way == "added" else torch.cat([beside, below], 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first = self.first(x)
        down = self.down(first)
        middle = self.middle(self._joined(down, self.bottom(down), 0))
        return self.out(self.last(self._joined(first, middle, 1)))


class Cortex(nn.Module):
    """Two areas, the second of half the pixels; its spikes of the step before come back through a transposed depthwise
    convolution."""

    def __init__(self, size: int) -> None:
        super().__init__()
        c, self.size = CHANNELS, size
        self.near, self.far = nn.Conv2d(2, c, 3, padding=1), nn.Conv2d(c, c, 3, 2, 1, groups=c)
        self.back = nn.ConvTranspose2d(c, c, 3, 2, 1, 1, groups=c, bias=False)
        self.one, self.two = lif(), lif()
        self.read = nn.Linear(c * (size // 2) ** 2, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(T, N, 2, H, W), as many steps as there are."""
        late = torch.zeros(x.shape[1], CHANNELS, self.size // 2, self.size // 2, dtype=x.dtype)
        outputs = []
        for t in range(x.shape[0]):
            near = self.one(self.near(x[t]) + self.back(late))
            late = self.two(self.far(near))
            outputs.append(self.read(late.flatten(1)))
        return torch.stack(outputs)


def trained(model: nn.Module, seed: int) -> nn.Module:
    """Statistics and weights as a training leaves them: layers that fire."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
                module.weight.normal_(0.05, 0.4)
            if isinstance(module, nn.BatchNorm2d):
                for tensor, low, high in (
                    (module.running_mean, -0.1, 0.3),
                    (module.running_var, 0.5, 1.5),
                    (module.weight, 0.7, 1.3),
                    (module.bias, -0.1, 0.3),
                ):
                    nn.init.uniform_(tensor, low, high)  # pyright: ignore[reportArgumentType]
    return model.eval()
