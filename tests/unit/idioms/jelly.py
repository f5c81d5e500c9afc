"""Networks as users of SpikingJelly write them."""

# SpikingJelly annotates its layers loosely:
# pyright: reportArgumentType=false, reportCallIssue=false

from typing import Any

import torch
from spikingjelly.activation_based import functional, layer, neuron, surrogate
from torch import nn

Tensor = torch.Tensor
ROW, IMAGE = (12, 1, 1), (2, 8, 8)


def lif(**options: Any) -> nn.Module:
    return neuron.LIFNode(tau=2.0, v_threshold=0.5, surrogate_function=surrogate.ATan(), **options)


def mnist() -> nn.Module:
    """The first tutorial: one layer, step mode "s"."""
    return nn.Sequential(layer.Flatten(), layer.Linear(128, 10, bias=False), lif())


class Csnn(nn.Module):
    """All steps at once; the image repeated; the mean over the steps."""

    def __init__(self, steps: int = 4, channels: int = 4) -> None:
        super().__init__()
        self.steps = steps
        self.conv_fc = nn.Sequential(
            layer.Conv2d(2, channels, kernel_size=3, padding=1, bias=False),
            layer.BatchNorm2d(channels),
            neuron.IFNode(surrogate_function=surrogate.ATan()),
            layer.MaxPool2d(2, 2),
            layer.Conv2d(channels, channels, kernel_size=3, padding=1, bias=False),
            layer.BatchNorm2d(channels),
            neuron.IFNode(surrogate_function=surrogate.ATan()),
            layer.MaxPool2d(2, 2),
            layer.Flatten(),
            layer.Linear(channels * 4, 12, bias=False),
            neuron.IFNode(surrogate_function=surrogate.ATan()),
            layer.Linear(12, 5, bias=False),
            neuron.IFNode(surrogate_function=surrogate.ATan()),
        )
        functional.set_step_mode(self, step_mode="m")

    def forward(self, x: Tensor) -> Tensor:
        x_seq = x.unsqueeze(0).repeat(self.steps, 1, 1, 1, 1)
        return self.conv_fc(x_seq).mean(0)


class Looped(nn.Module):
    """Step mode "s", the steps in a loop, the firing rate."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(2, 4, 3), lif(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(36, 6), lif()
        )

    def forward(self, x: Tensor) -> Tensor:
        functional.reset_net(self.body)
        out = self.body(x)
        for _ in range(3):
            out = out + self.body(x)
        return out / 4


class Events(nn.Module):
    """Frames (N, T, C, H, W), transposed in the forward, votes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            layer.Conv2d(2, 4, 3, padding=1, bias=False), layer.BatchNorm2d(4), lif(), layer.MaxPool2d(2)
        )
        self.head = nn.Sequential(
            layer.Flatten(), layer.Dropout(0.5), layer.Linear(64, 20), lif(), layer.VotingLayer(5)
        )
        functional.set_step_mode(self, "m")

    def forward(self, x: Tensor) -> Tensor:
        x = x.transpose(0, 1)
        return self.head(self.conv(x)).mean(0)


class Containers(nn.Module):
    """torch's layers in containers."""

    def __init__(self) -> None:
        super().__init__()
        self.one = layer.SeqToANNContainer(nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4))
        self.fire = neuron.LIFNode(step_mode="m", v_threshold=0.4)
        self.two = layer.MultiStepContainer(nn.Conv2d(4, 3, 3), neuron.IFNode())
        self.last = layer.SeqToANNContainer(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 5))

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.two(self.fire(self.one(x))))


class Block(nn.Module):
    """A residual block of spikes."""

    def __init__(self, into: int, out: int, stride: int = 1, kind: str = "ADD") -> None:
        super().__init__()
        self.conv1 = layer.Conv2d(into, out, 3, stride, 1, bias=False)
        self.bn1, self.sn1 = layer.BatchNorm2d(out), lif()
        self.conv2 = layer.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2, self.sn2 = layer.BatchNorm2d(out), lif()
        self.kind = kind
        self.down = None
        if stride != 1 or into != out:
            self.down = nn.Sequential(
                layer.Conv2d(into, out, 1, stride, bias=False), layer.BatchNorm2d(out), lif()
            )

    def forward(self, x: Tensor) -> Tensor:
        identity = x if self.down is None else self.down(x)
        out = self.sn2(self.bn2(self.conv2(self.sn1(self.bn1(self.conv1(x))))))
        if self.kind == "ADD":
            out = identity + out
        elif self.kind == "AND":
            out = identity * out
        else:
            out = identity * (1.0 - out)
        return out


class Residual(nn.Module):
    """A small spike-element-wise network."""

    def __init__(self, kind: str = "ADD") -> None:
        super().__init__()
        self.stem = nn.Sequential(layer.Conv2d(2, 4, 3, padding=1, bias=False), layer.BatchNorm2d(4), lif())
        self.layers = nn.Sequential(*[Block(4, 4, kind=kind), Block(4, 6, 2, kind=kind)])
        self.pool, self.fc = layer.AdaptiveAvgPool2d((1, 1)), layer.Linear(6, 5)
        functional.set_step_mode(self, "m")

    def forward(self, x: Tensor) -> Tensor:
        x = self.layers(self.stem(x))
        x = torch.flatten(self.pool(x), 2)
        return self.fc(x).mean(0)


class Branches(nn.Module):
    """Branches joined channel by channel, and cut again."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = (
            nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), lif()),
            nn.Sequential(nn.Conv2d(2, 5, 1), lif()),
        )
        self.c, self.d = nn.Conv2d(4, 3, 3), nn.Conv2d(4, 3, 3)
        self.fire = lif()

    def forward(self, x: Tensor) -> Tensor:
        both = torch.cat([self.a(x), self.b(x)], dim=1)
        left, right = both.chunk(2, dim=1)
        return self.fire(self.c(left) + self.d(right))


class Lines(nn.Module):
    """A line of samples through Conv1d, named outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv1d(2, 4, 5, padding="same"),
            nn.BatchNorm1d(4),
            lif(),
            nn.AvgPool1d(2),
            nn.Conv1d(4, 6, 3),
            lif(),
        )
        self.head = nn.Linear(36, 3)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        spikes = self.features(x)
        return {"logits": self.head(torch.flatten(spikes, 1)), "spikes": spikes}


class Shared(nn.Module):
    """One convolution, used twice; neurons of its own each time."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.conv = nn.Conv2d(2, 4, 1), nn.Conv2d(4, 4, 3, padding=1)
        self.fires = nn.ModuleList(lif() for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        x = self.fires[0](self.stem(x))
        x = self.fires[1](self.conv(x))
        return self.fires[2](self.conv(x))


class InPlace(nn.Module):
    """In-place additions."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two, self.three = (
            nn.Conv2d(2, 4, 3, padding=1),
            nn.Conv2d(4, 4, 3, padding=1),
            nn.Conv2d(4, 3, 3),
        )
        self.a, self.b, self.c = lif(), lif(), lif()

    def forward(self, x: Tensor) -> Tensor:
        first = self.a(self.one(x))
        second = self.b(self.two(first))
        second += first
        return self.c(self.three(second))


class Tied(nn.Module):
    """Two layers of the same weights."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(12, 12, bias=False), nn.Linear(12, 12, bias=False)
        self.two.weight = self.one.weight
        self.a, self.b = lif(), lif()

    def forward(self, x: Tensor) -> Tensor:
        return self.b(self.two(self.a(self.one(x))))


class Ensemble(nn.Module):
    """The mean of several networks."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = nn.ModuleList(nn.Sequential(nn.Linear(12, 6), lif(), nn.Linear(6, 3)) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        return sum(part(x) for part in self.parts) / 2  # pyright: ignore[reportReturnType]


class Closing(nn.Module):
    """A function of the outputs."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.body, self.function = (
            nn.Sequential(nn.Flatten(), nn.Linear(128, 12), lif(), nn.Linear(12, 5)),
            function,
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self.body(x))


class Branching(nn.Module):
    """Shapes decide."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fire, self.fc, self.last = nn.Conv2d(2, 4, 3, 2), lif(), nn.Linear(36, 5), lif()

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim == 3:
            x = x.unsqueeze(1)
        x = self.fire(self.conv(x / 2.0))
        n, c, h, w = x.shape
        return self.last(self.fc(x.reshape(n, c * h * w)))


class OnData(nn.Module):
    """The data decide."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fire = nn.Conv2d(2, 4, 3), lif()

    def forward(self, x: Tensor) -> Tensor:
        if x.sum() > 3:
            x = x * 2
        return self.fire(self.conv(x))


def recurrent(joined: Any = lambda x, y: x + y) -> nn.Module:
    return nn.Sequential(
        nn.Linear(12, 8),
        layer.LinearRecurrentContainer(neuron.LIFNode(v_threshold=0.5), 8, 8),
        nn.Linear(8, 5),
        layer.ElementWiseRecurrentContainer(neuron.IFNode(), joined),
    )


def readout() -> nn.Module:
    net = nn.Sequential(
        layer.Conv2d(2, 4, 3), lif(), layer.Flatten(), layer.Linear(144, 6), neuron.NonSpikingLIFNode(2.0)
    )
    functional.set_step_mode(net, "m")
    return net


MODELS: dict[str, tuple[Any, tuple[int, int, int], str | None]] = {
    "mnist": (mnist, IMAGE, None),
    "csnn": (Csnn, IMAGE, None),
    "looped": (Looped, IMAGE, None),
    "events": (Events, IMAGE, None),
    "containers": (Containers, IMAGE, None),
    "residual ADD": (Residual, IMAGE, None),
    "residual AND": (lambda: Residual("AND"), IMAGE, None),
    "residual IAND": (lambda: Residual("IAND"), IMAGE, None),
    "branches": (Branches, IMAGE, None),
    "lines": (Lines, (2, 1, 16), None),
    "shared weights": (Shared, IMAGE, None),
    "in place": (InPlace, IMAGE, None),
    "softmax": (lambda: Closing(lambda x: x.softmax(1)), IMAGE, "softmax"),
    "sigmoid": (lambda: Closing(torch.sigmoid), IMAGE, "sigmoid"),
    "half": (lambda: Closing(lambda x: x * 0.5), IMAGE, None),
    "shapes decide": (Branching, IMAGE, None),
    "data decide": (OnData, IMAGE, ""),
    "recurrent, lambda": (recurrent, ROW, None),
    "recurrent, difference": (
        lambda: recurrent(lambda x, y: x - y),
        ROW,
        "a recurrence with a function of its own",
    ),
    "tied": (Tied, ROW, None),
    "ensemble": (Ensemble, ROW, None),
    "membranes": (readout, IMAGE, None),
}
