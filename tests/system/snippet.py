"""What docs/python.md opens with, run as written on models of SpikingJelly that a user may have: a perceptron, a
convolutional network with batch norms, a residual one. `steps(source, board)` are its lines for one of them."""

from typing import Any

import torch
from spikingjelly.activation_based import functional, layer, neuron

STEPS, CLASSES, SAMPLES = 4, 4, 64


class Perceptron(torch.nn.Module):
    """Called once a step."""

    shape, name = (1, 6, 6), "fc1"

    def __init__(self) -> None:
        super().__init__()
        self.flatten = layer.Flatten()
        self.fc1, self.lif1 = layer.Linear(36, 24), neuron.LIFNode(tau=2.0)
        self.fc2, self.lif2 = layer.Linear(24, CLASSES), neuron.LIFNode(tau=2.0)

    def forward(self, x):
        return self.lif2(self.fc2(self.lif1(self.fc1(self.flatten(x)))))


class Several(torch.nn.Module):
    """All steps in one call, which gives their mean."""

    def body(self, x: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError

    def forward(self, x):
        x = x.unsqueeze(0).repeat(STEPS, 1, 1, 1, 1)
        return self.body(x).mean(0)


class Convolutional(Several):
    """Batch norms and both kinds of pools."""

    shape, name = (2, 8, 8), "conv1"

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = layer.Conv2d(2, 6, 3, padding=1, bias=False), layer.BatchNorm2d(6)
        self.sn1, self.pool1 = neuron.IFNode(), layer.MaxPool2d(2)
        self.conv2, self.bn2 = layer.Conv2d(6, 8, 3, padding=1, bias=False), layer.BatchNorm2d(8)
        self.sn2, self.pool2 = neuron.IFNode(), layer.AvgPool2d(2)
        self.flat, self.fc, self.out = layer.Flatten(), layer.Linear(32, CLASSES), neuron.IFNode()
        functional.set_step_mode(self, "m")

    def body(self, x):
        x = self.pool1(self.sn1(self.bn1(self.conv1(x))))
        x = self.pool2(self.sn2(self.bn2(self.conv2(x))))
        return self.out(self.fc(self.flat(x)))


class Block(torch.nn.Module):
    """A shortcut around a convolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv, self.bn = (
            layer.Conv2d(channels, channels, 3, padding=1, bias=False),
            layer.BatchNorm2d(channels),
        )
        self.sn = neuron.IFNode()

    def forward(self, x):
        return x + self.sn(self.bn(self.conv(x)))


class Residual(Several):
    """The first layer in a container."""

    shape, name = (1, 6, 6), "conv1"

    def __init__(self) -> None:
        super().__init__()
        first = layer.Conv2d(1, 6, 3, padding=1, bias=False)
        self.conv1 = torch.nn.Sequential(first, layer.BatchNorm2d(6), neuron.IFNode())
        self.block = Block(6)
        linear = layer.Linear(54, CLASSES)
        self.head = torch.nn.Sequential(layer.AvgPool2d(2), layer.Flatten(), linear, neuron.LIFNode(tau=2.0))
        functional.set_step_mode(self, "m")

    def body(self, x):
        return self.head(self.block(self.conv1(x)))


def trained(kind: Any) -> tuple[torch.nn.Module, torch.Tensor, torch.Tensor]:
    """A model, its images of values n / 255 and their labels, after a few epochs."""
    torch.manual_seed(3)
    model = kind()
    y = torch.randint(0, CLASSES, (SAMPLES,))
    x = torch.rand(CLASSES, *model.shape)[y] + 0.2 * torch.randn(SAMPLES, *model.shape)
    x = (x.clamp(0, 1) * 255).round() / 255
    optimiser = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(40):
        calls = 1 if isinstance(model, Several) else STEPS
        out = torch.stack([model(x) for _ in range(calls)]).mean(0)
        loss = torch.nn.functional.mse_loss(out, torch.nn.functional.one_hot(y, CLASSES).float())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        functional.reset_net(model)
    return model.eval(), x, y


#: The snippet, cell by cell. `port` stands for "auto", `here` for the first layer's name.
COMPILE = """
import spikeplane as sp
program = sp.compile(model, chip="ulx3s-85f", encoding=sp.Encoding(kind="direct", steps=4), calibration=x, labels=y)
program
"""
RUN = """
result = program.run(x, labels=y, board="sim", lockstep=True)
result.accuracy, result.confusion, result.spikes[here], result.cycles, result.time, result.mismatches
result.raster(here, sample=0); result.first_difference; result.report("run.html")
agreement = program.compare(model, x)
agreement.plot()
program.sensitivity(x, y)
program.estimate("ulx3s-85f"); sp.boards_for(program)
"""
STREAM = """
outs = []
with sp.open_board(port, program) as board:
    for out in board.stream(events): outs.append(out)
print(board.streamed)
"""
MODULE = """
chip = sp.ChipModule(program); scores = chip(x)
"""
CHECK = """
assert result.mismatches == 0 and result.first_difference is None
assert result.accuracy >= 0.6 and result.confusion.sum() == len(x) and result.cycles > 0
assert len(outs) == 4 * len(events) and outs[3].spikes[here].any()
with sp.open_board("golden", program) as golden:
    for out, wanted in zip(outs, golden.stream(events), strict=True):
        assert (out.scores == wanted.scores).all()
assert scores.shape == (len(x), 4) and (scores.argmax(1) == y).float().mean() == result.accuracy
"""
CELLS = (COMPILE, RUN, STREAM, MODULE, CHECK)
