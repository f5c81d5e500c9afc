"""Layers between neurons, one behind the other, on random weights: the float network fires as PyTorch
does, borders included, or the layer is refused with a cure."""

# the frameworks annotate their layers and parameters loosely:
# pyright: reportArgumentType=false, reportCallIssue=false

from collections.abc import Callable

import pytest
from frameworks import compared, spread
from spikingjelly.activation_based.neuron import LIFNode
from torch import nn

from spikeplane import SpikeplaneError
from spikeplane.importers import import_model

MAPS, LINES = (2, 6, 6), (2, 1, 9)
Layers = Callable[[], list[nn.Module]]


def conv(into: int, out: int, size: int = 3, **options: object) -> nn.Module:
    return nn.Conv2d(into, out, size, **options)


def fire() -> nn.Module:
    return LIFNode(tau=2.0, v_threshold=0.5)


def between(*layers: nn.Module, then: nn.Module | None = None) -> list[nn.Module]:
    """The layers behind neurons and in front of a convolution."""
    return [conv(2, 4, padding=1), fire(), *layers, then or conv(4, 3, 2), fire()]


def front(*layers: nn.Module) -> list[nn.Module]:
    """The layers between a convolution and its neurons."""
    return [conv(2, 4), *layers, fire()]


def row(*layers: nn.Module, size: int, **options: object) -> list[nn.Module]:
    """A convolution, neurons, the layers, and a fully connected layer."""
    return [conv(2, 4, **options), fire(), *layers, nn.Flatten(), nn.Linear(size, 5), fire()]


RIGHT: dict[str, Layers] = {
    "average that overlaps": lambda: between(nn.AvgPool2d(3, 1)),
    "average that leaves pixels": lambda: between(nn.AvgPool2d(3, 2)),
    "average, no multiple": lambda: between(nn.AvgPool2d(4), then=conv(4, 3, 1)),
    "average padded": lambda: between(nn.AvgPool2d(3, 2, 1), then=conv(4, 3, 1)),
    "average padded, alone": lambda: [*between(nn.AvgPool2d(3, 1, 1), then=LIFNode(v_threshold=0.2))[:-1]],
    "average ceil": lambda: between(nn.AvgPool2d(2, 2, ceil_mode=True), then=conv(4, 3, 1)),
    "average ceil, divisor": lambda: between(nn.AvgPool2d(4, 4, ceil_mode=True, divisor_override=7), then=conv(4, 3, 1)),
    "average, divisor": lambda: between(nn.AvgPool2d(3, 2, 1, divisor_override=4), then=conv(4, 3, 1)),
    "average, no zeros counted": lambda: row(nn.AvgPool2d(3, 2, 1, count_include_pad=False), size=16),
    "average of rows and columns": lambda: between(nn.AvgPool2d((2, 3), (1, 2))),
    "average, average": lambda: between(nn.AvgPool2d(2), nn.AvgPool2d(2, 1)),
    "average in front": lambda: front(nn.AvgPool2d(2)),
    "average in front, overlapping": lambda: front(nn.AvgPool2d(3, 1)),
    "average in front, norm": lambda: front(nn.BatchNorm2d(4), nn.AvgPool2d(2), nn.BatchNorm2d(4)),
    "average in front, padded": lambda: [conv(2, 4, 3, padding=1), nn.AvgPool2d(2), fire()],
    "average in front, rows": lambda: front(nn.AdaptiveAvgPool2d(3), nn.Flatten()),
    "adaptive": lambda: between(nn.AdaptiveAvgPool2d(3)),
    "adaptive, as it is": lambda: between(nn.AdaptiveAvgPool2d((None, 3))),
    "adaptive, uneven, row": lambda: row(nn.AdaptiveAvgPool2d((3, 4)), size=48),
    "adaptive, uneven": lambda: between(nn.AdaptiveAvgPool2d((4, 5))),
    "average, windows of several sizes": lambda: between(nn.AvgPool2d(3, 2, 1, count_include_pad=False)),
    "adaptive, more pixels": lambda: row(nn.AdaptiveAvgPool2d(7), size=196),
    "adaptive in front": lambda: front(nn.AdaptiveAvgPool2d(1)),
    "adaptive in front, uneven row": lambda: [*front(nn.AdaptiveAvgPool2d(3), nn.Flatten())],
    "maximum with ceil": lambda: between(nn.MaxPool2d(4, 3, ceil_mode=True), then=conv(4, 3, 1)),
    "maximum dilated": lambda: between(nn.MaxPool2d(2, 1, dilation=2)),
    "maximum of rows": lambda: between(nn.MaxPool2d((1, 2), (1, 2))),
    "adaptive maximum": lambda: between(nn.AdaptiveMaxPool2d(3)),
    "maximum padded by zeros": lambda: between(nn.ZeroPad2d((1, 0, 0, 1)), nn.MaxPool2d(2)),
    "zeros around": lambda: between(nn.ZeroPad2d((1, 2, 0, 1))),
    "zeros, twice": lambda: between(nn.ZeroPad2d(1), nn.ZeroPad2d((0, 1, 1, 0))),
    "zeros, average": lambda: between(nn.ZeroPad2d(1), nn.AvgPool2d(2)),
    "cut": lambda: between(nn.ZeroPad2d((-1, 0, -1, 0))),
    "same": lambda: between(then=conv(4, 3, padding="same")),
    "same, even": lambda: between(then=conv(4, 3, 4, padding="same")),
    "same, dilated": lambda: between(then=conv(4, 3, 2, padding="same", dilation=3)),
    "valid": lambda: between(then=conv(4, 3, padding="valid")),
    "groups, same": lambda: between(then=conv(4, 4, 2, padding="same", groups=4)),
    "norm of the input": lambda: [nn.BatchNorm2d(2), conv(2, 4), fire()],
    "norm, norm": lambda: front(nn.BatchNorm2d(4), nn.BatchNorm2d(4)),
    "norm of spikes": lambda: between(nn.BatchNorm2d(4)),
    "norm of a row": lambda: [nn.Flatten(), nn.BatchNorm1d(72), nn.Linear(72, 8), fire()],
    "two convolutions": lambda: [conv(2, 3), conv(3, 4, 2), fire()],
    "convolution, point": lambda: [conv(2, 3, padding=1), conv(3, 4, 1), fire()],
    "depthwise, point": lambda: [conv(2, 2, padding=1, groups=2), conv(2, 4, 1), nn.BatchNorm2d(4), fire()],
    "point, depthwise": lambda: [conv(2, 4, 1, bias=False), conv(4, 4, padding=1, groups=4), fire()],
    "bias, padded": lambda: [conv(2, 4, 1), conv(4, 4, padding=1), fire()],
    "bias, padded, maximum": lambda: [conv(2, 4, 1), conv(4, 4, padding=1), nn.MaxPool2d(2), fire()],
    "bias, padded, row": lambda: [conv(2, 4, 1), conv(4, 2, padding=1), nn.Flatten(), nn.Linear(72, 5), fire()],
    "norm of the input, padded": lambda: [nn.BatchNorm2d(2), conv(2, 4, padding=1), fire()],
    "rectified in front": lambda: front(nn.ReLU()),
    "rectified": lambda: [conv(2, 4, padding=1), nn.ReLU(), conv(4, 3, padding=1), nn.BatchNorm2d(3), fire()],
    "rectified, maximum": lambda: [conv(2, 4), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), conv(4, 3, 1), fire()],
    "rectified twice": lambda: [conv(2, 4), nn.ReLU(), conv(4, 3, 1), nn.ReLU(), nn.Flatten(), nn.Linear(48, 5), fire()],
    "norm of spikes, padded": lambda: between(nn.BatchNorm2d(4), then=conv(4, 3, padding=1)),
    "three convolutions": lambda: [conv(2, 3, stride=2), conv(3, 3, 2, groups=3), conv(3, 4, 1), fire()],
    "two fully connected": lambda: [nn.Flatten(), nn.Linear(72, 6), nn.Linear(6, 9), fire()],
    "convolution, connected": lambda: [conv(2, 3, padding=1), nn.MaxPool2d(2), fire(), conv(3, 3), nn.Flatten(), nn.Linear(3, 9), fire()],
    "transposed, no stride": lambda: between(then=nn.ConvTranspose2d(4, 3, 3)),
    "transposed, padded": lambda: between(then=nn.ConvTranspose2d(4, 3, 3, padding=1)),
    "transposed of one pixel": lambda: [conv(2, 4, 6), fire(), nn.ConvTranspose2d(4, 3, 3, 2), fire()],
    "transposed, row": lambda: row(nn.ConvTranspose2d(4, 2, 2, 2), size=128),
    "transposed, groups": lambda: between(then=nn.ConvTranspose2d(4, 6, 2, groups=2)),
    "transposed, stride": lambda: between(then=nn.ConvTranspose2d(4, 3, 2, 2)),
    "transposed, norm": lambda: [*between(then=nn.ConvTranspose2d(4, 3, 3, 2, 1, 1))[:-1], nn.BatchNorm2d(3), fire()],
    "transposed, all its numbers": lambda: between(then=nn.ConvTranspose2d(4, 6, (3, 2), (2, 3), (2, 1), (1, 2), 2, True, (2, 1))),
    "transposed, depthwise": lambda: between(then=nn.ConvTranspose2d(4, 4, 3, 2, 1, 1, groups=4)),
    "transposed, average": lambda: [*between(then=nn.ConvTranspose2d(4, 3, 4, 4, 1))[:-1], nn.AvgPool2d(2), fire()],
    "transposed, convolution": lambda: [*between(then=nn.ConvTranspose2d(4, 3, 2, 2))[:-1], conv(3, 2, padding=1), fire()],
    "transposed, padded, convolution": lambda: [*between(then=nn.ConvTranspose2d(4, 3, 4, 2, 1))[:-1], conv(3, 2, padding=1), fire()],
    "transposed, maximum": lambda: [*between(then=nn.ConvTranspose2d(4, 3, 3, 3))[:-1], nn.MaxPool2d(2), fire()],
    "transposed, cut": lambda: [*between(then=nn.ConvTranspose2d(4, 3, 2, 2))[:-1], nn.ZeroPad2d((0, -1, -1, 0)), fire()],
    "transposed, zeros": lambda: [*between(then=nn.ConvTranspose2d(4, 3, 2, 2, bias=False))[:-1], nn.ZeroPad2d((0, 1, 1, 0)), fire()],
    "upsampled": lambda: between(nn.Upsample(scale_factor=2)),
    "upsampled, padded": lambda: between(nn.Upsample(scale_factor=(2, 3)), then=conv(4, 3, padding=1)),
    "upsampled, stride": lambda: between(nn.Upsample(scale_factor=3), then=conv(4, 3, padding=1, stride=2)),
    "upsampled to a size": lambda: between(nn.Upsample(size=(9, 7)), then=conv(4, 3, padding=1)),
    "upsampled by a fraction": lambda: between(nn.Upsample(scale_factor=1.5)),
    "upsampled in front": lambda: front(nn.Upsample(scale_factor=2)),
    "upsampled, neurons": lambda: [conv(2, 4), fire(), nn.Upsample(scale_factor=2), fire()],
    "average, upsampled": lambda: between(nn.AvgPool2d(2), nn.Upsample(scale_factor=2), then=conv(4, 3, padding=1)),
    "average of all, upsampled": lambda: between(nn.AdaptiveAvgPool2d(1), nn.Upsample(scale_factor=5), then=conv(4, 3, padding=1)),
    "upsampled, row": lambda: row(nn.Upsample(scale_factor=2), size=256),
    "upsampled, one pixel": lambda: [conv(2, 4, 6), fire(), nn.Upsample(scale_factor=3), conv(4, 2, 2), fire()],
    "row to pixels": lambda: [nn.Flatten(), nn.Linear(72, 12), fire(), nn.Unflatten(1, (3, 2, 2)), conv(3, 4, 2), fire()],
    "row to pixels and neurons": lambda: [
        nn.Flatten(), nn.Linear(72, 8), fire(), nn.Linear(8, 12, bias=False), nn.Unflatten(1, (3, 2, 2)), fire()
    ],
    "pixels, row, pixels": lambda: between(nn.Flatten(), nn.Unflatten(1, (4, 6, 6))),
    "border inside": lambda: [conv(2, 4), conv(4, 4, padding=1), fire()],
    "convolution, norm, depthwise": lambda: [conv(2, 4, padding=1), nn.BatchNorm2d(4), conv(4, 4, padding=1, groups=4), fire()],
    "border inside, twice": lambda: [conv(2, 4), conv(4, 4, padding=1), conv(4, 3, padding=1), nn.BatchNorm2d(3), nn.MaxPool2d(2), fire()],
    "border inside, row": lambda: [conv(2, 4), conv(4, 4, padding=1), nn.Flatten(), nn.Linear(64, 7), fire()],
    "average that overlaps, padded": lambda: between(nn.AvgPool2d(3, 2, 1), then=conv(4, 3, padding=1)),
    "average, zeros, average": lambda: between(nn.AvgPool2d(2), nn.ZeroPad2d(1), nn.AvgPool2d(2), then=conv(4, 3, padding=1)),
    "maximum, convolution": lambda: [conv(2, 4), nn.MaxPool2d(2), conv(4, 4, 1), fire()],
    "maximum, norm downwards": lambda: [conv(2, 4), nn.MaxPool2d(2), nn.BatchNorm2d(4), fire()],
    "shuffle of channels": lambda: between(nn.ChannelShuffle(2)),
    "ends in an average": lambda: [conv(2, 4), fire(), nn.AdaptiveAvgPool2d(1), nn.Flatten()],
    "ends in a convolution": lambda: between(then=conv(4, 3))[:-1],
    "ends in more pixels": lambda: between(nn.Upsample(scale_factor=2))[:3],
}  # fmt: skip

LINE: dict[str, Layers] = {
    "convolution": lambda: [nn.Conv1d(2, 4, 3, padding=1), fire(), nn.Conv1d(4, 3, 3, 2), fire()],
    "same": lambda: [nn.Conv1d(2, 4, 4, padding="same", dilation=2), fire(), nn.Flatten(), nn.Linear(36, 4), fire()],
    "norm": lambda: [nn.Conv1d(2, 4, 3), nn.BatchNorm1d(4), fire()],
    "average": lambda: [nn.Conv1d(2, 4, 3), fire(), nn.AvgPool1d(3, 2), nn.Conv1d(4, 3, 1), fire()],
    "average in front": lambda: [nn.Conv1d(2, 4, 3), nn.AvgPool1d(2), fire()],
    "adaptive": lambda: [nn.Conv1d(2, 4, 2), fire(), nn.AdaptiveAvgPool1d(4), nn.Conv1d(4, 3, 1), fire()],
    "maximum": lambda: [nn.Conv1d(2, 4, 3), fire(), nn.MaxPool1d(2), nn.Conv1d(4, 3, 1), fire()],
    "maximum in front": lambda: [nn.Conv1d(2, 4, 3), nn.MaxPool1d(3, 2, 1), fire(), nn.Conv1d(4, 3, 1), fire()],
    "transposed": lambda: [nn.Conv1d(2, 4, 9), fire(), nn.ConvTranspose1d(4, 3, 4, 2), fire()],
    "transposed, padded": lambda: [nn.Conv1d(2, 4, 5), fire(), nn.ConvTranspose1d(4, 4, 5, 3, 1, 2, groups=4), fire()],
    "upsampled": lambda: [nn.Conv1d(2, 4, 5), fire(), nn.Upsample(scale_factor=2), nn.Conv1d(4, 3, 3, padding=1), fire()],
    "groups": lambda: [nn.Conv1d(2, 4, 3, groups=2), fire(), nn.ZeroPad1d((1, 2)), nn.Conv1d(4, 4, 3, groups=4), fire()],
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_maps(name: str) -> None:
    compared(spread(nn.Sequential(*RIGHT[name]()), 0.15), MAPS, input_bits=1)


@pytest.mark.parametrize("name", LINE)
def test_lines(name: str) -> None:
    compared(spread(nn.Sequential(*LINE[name]()), 0.3), LINES, line=True)


REFUSED: dict[str, tuple[Layers, str]] = {
    "group norm": (lambda: front(nn.GroupNorm(2, 4)), "layer '1' is a GroupNorm, which Spikeplane cannot represent: statistics of each"),
    "rectified, in place": (lambda: front(nn.ReLU(inplace=True)), "layer '1' is a ReLU in place, which Spikeplane cannot represent: it"),
    "sigmoid": (lambda: front(nn.Sigmoid()), "layer '1' is a Sigmoid, which Spikeplane cannot represent: its outputs are values"),
    "shuffle": (lambda: between(nn.PixelShuffle(2)), "layer '2' is a PixelShuffle, which Spikeplane cannot represent: its outputs' pixels"),
    "reflected": (lambda: between(then=conv(4, 3, padding=1, padding_mode="reflect")), "padding_mode 'reflect'"),
    "bilinear": (lambda: between(nn.Upsample(scale_factor=2, mode="bilinear")), "an upsampling of mode 'bilinear'"),
    "maximum, no square": (lambda: front(nn.MaxPool2d((1, 2))), "layer '1' is a maximum of currents over 1x2 pixels"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    layers, message = REFUSED[name]
    with pytest.raises(SpikeplaneError) as refused:
        import_model(spread(nn.Sequential(*layers())), input_shape=MAPS)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
