"""Networks as users of snnTorch write them."""

# snnTorch annotates its layers loosely:
# pyright: reportArgumentType=false, reportCallIssue=false

from typing import Any

import snntorch as snn
import torch
from snntorch import surrogate, utils
from torch import nn
from torch.nn import functional as F

Tensor = torch.Tensor
ROW, IMAGE = (12, 1, 1), (1, 12, 12)


class Tutorial3(nn.Module):
    """Membranes made in the loop, both layers recorded, an input of steps."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.lif1 = nn.Linear(12, 16), snn.Leaky(beta=0.9)
        self.fc2, self.lif2 = nn.Linear(16, 4), snn.Leaky(beta=0.9)

    def forward(self, x: Tensor) -> Any:
        mem1, mem2 = self.lif1.init_leaky(), self.lif2.init_leaky()
        spk2_rec, mem2_rec = [], []
        for step in range(x.size(0)):
            spk1, mem1 = self.lif1(self.fc1(x[step]), mem1)
            spk2, mem2 = self.lif2(self.fc2(spk1), mem2)
            spk2_rec.append(spk2)
            mem2_rec.append(mem2)
        return torch.stack(spk2_rec, dim=0), torch.stack(mem2_rec, dim=0)


class Tutorial5(nn.Module):
    """The same input in every step."""

    def __init__(self, steps: int = 5) -> None:
        super().__init__()
        self.steps = steps
        self.fc1, self.lif1 = nn.Linear(12, 16), snn.Leaky(beta=0.95)
        self.fc2, self.lif2 = nn.Linear(16, 4), snn.Leaky(beta=0.95)

    def forward(self, x: Tensor) -> Any:
        mem1 = self.lif1.init_leaky()
        mem2 = self.lif2.init_leaky()
        spk2_rec = []
        mem2_rec = []
        for _ in range(self.steps):
            cur1 = self.fc1(x)
            spk1, mem1 = self.lif1(cur1, mem1)
            cur2 = self.fc2(spk1)
            spk2, mem2 = self.lif2(cur2, mem2)
            spk2_rec.append(spk2)
            mem2_rec.append(mem2)
        return torch.stack(spk2_rec, dim=0), torch.stack(mem2_rec, dim=0)


class Tutorial6(nn.Module):
    """Convolution, functional pooling, membranes handed on, one step a call."""

    def __init__(self) -> None:
        super().__init__()
        grad = surrogate.fast_sigmoid(slope=25)
        self.conv1, self.lif1 = nn.Conv2d(1, 4, 5), snn.Leaky(beta=0.5, spike_grad=grad)
        self.conv2, self.lif2 = nn.Conv2d(4, 6, 3), snn.Leaky(beta=0.5, spike_grad=grad)
        self.fc1, self.lif3 = nn.Linear(6, 5), snn.Leaky(beta=0.5, spike_grad=grad)

    def forward(self, x: Tensor) -> Any:
        mem1, mem2, mem3 = self.lif1.init_leaky(), self.lif2.init_leaky(), self.lif3.init_leaky()
        spikes = []
        for _ in range(4):
            spk1, mem1 = self.lif1(F.max_pool2d(self.conv1(x), 2), mem1)
            spk2, mem2 = self.lif2(F.max_pool2d(self.conv2(spk1), 2), mem2)
            spk3, mem3 = self.lif3(self.fc1(spk2.view(x.size(0), -1)), mem3)
            spikes.append(spk3)
        return torch.stack(spikes)


def tutorial6_sequential() -> nn.Module:
    """init_hidden, the last layer puts its membrane out too."""
    options = {"beta": 0.5, "spike_grad": surrogate.atan(), "init_hidden": True}
    return nn.Sequential(
        nn.Conv2d(1, 4, 5),
        nn.MaxPool2d(2),
        snn.Leaky(**options),
        nn.Conv2d(4, 6, 3),
        nn.MaxPool2d(2),
        snn.Leaky(**options),
        nn.Flatten(),
        nn.Linear(6, 5),
        snn.Leaky(**options, output=True),
    )


class Looped(nn.Module):
    """A sequential of init_hidden layers, looped as in the tutorials' forward_pass."""

    def __init__(self) -> None:
        super().__init__()
        self.net = tutorial6_sequential()

    def forward(self, data: Tensor) -> Any:
        utils.reset(self.net)
        record = []
        for _ in range(4):
            spikes, _ = self.net(data)
            record.append(spikes)
        return torch.stack(record)


class Pair(nn.Module):
    """Tutorial 4: synaptic neurons."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.one = nn.Linear(12, 10), snn.Synaptic(alpha=0.8, beta=0.7)
        self.fc2, self.two = nn.Linear(10, 4), snn.Synaptic(alpha=0.6, beta=0.9)

    def forward(self, x: Tensor) -> Any:
        syn1, mem1 = self.one.init_synaptic()
        syn2, mem2 = self.two.init_synaptic()
        record = []
        for step in range(x.shape[0]):
            spk1, syn1, mem1 = self.one(self.fc1(x[step]), syn1, mem1)
            spk2, syn2, mem2 = self.two(self.fc2(spk1), syn2, mem2)
            record.append(spk2)
        return torch.stack(record)


class Recurrent(nn.Module):
    """RLeaky, its spikes handed back by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.rec = nn.Linear(12, 10), snn.RLeaky(beta=0.8, linear_features=10)
        self.fc2, self.out = nn.Linear(10, 4), snn.Leaky(beta=0.9)

    def forward(self, x: Tensor) -> Any:
        spk1, mem1 = self.rec.init_rleaky()
        mem2 = self.out.init_leaky()
        record = []
        for step in range(x.size(0)):
            spk1, mem1 = self.rec(self.fc1(x[step]), spk1, mem1)
            spk2, mem2 = self.out(self.fc2(spk1), mem2)
            record.append(spk2)
        return torch.stack(record)


class ByHand(nn.Module):
    """A recurrence without a recurrent layer."""

    def __init__(self) -> None:
        super().__init__()
        self.inwards, self.back, self.lif = nn.Linear(12, 8), nn.Linear(8, 8), snn.Leaky(beta=0.9)

    def forward(self, x: Tensor) -> Any:
        mem, spikes, record = self.lif.init_leaky(), torch.zeros(x.shape[1], 8), []
        for step in range(x.shape[0]):
            spikes, mem = self.lif(self.inwards(x[step]) + self.back(spikes), mem)
            record.append(spikes)
        return torch.stack(record)


class Written(ByHand):
    """The steps written into a tensor."""

    def forward(self, x: Tensor) -> Any:
        mem, record = self.lif.init_leaky(), torch.zeros(x.shape[0], x.shape[1], 8)
        for step in range(x.shape[0]):
            record[step], mem = self.lif(self.inwards(x[step]), mem)
        return record


class Blocks(nn.Module):
    """Layers in ModuleLists, states in a list."""

    def __init__(self) -> None:
        super().__init__()
        self.linears = nn.ModuleList([nn.Linear(12, 12), nn.Linear(12, 12), nn.Linear(12, 4)])
        self.neurons = nn.ModuleList([snn.Leaky(beta=b) for b in (0.9, 0.8, 0.7)])

    def forward(self, x: Tensor) -> Any:
        mems = [n.init_leaky() for n in self.neurons]  # pyright: ignore[reportCallIssue]
        total = 0
        for t in range(x.shape[0]):
            s = x[t]
            for i, (linear, neuron) in enumerate(zip(self.linears, self.neurons, strict=True)):
                s, mems[i] = neuron(linear(s), mems[i])
            total = total + s
        return total


class LastMembrane(nn.Module):
    """A regression: the membrane of the last step of a layer that never resets."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.lif = nn.Linear(12, 10), snn.Leaky(beta=0.8)
        self.fc2, self.read = nn.Linear(10, 2), snn.Leaky(beta=0.9, reset_mechanism="none")

    def forward(self, x: Tensor) -> Any:
        mem1, mem2 = self.lif.init_leaky(), self.read.init_leaky()
        mems = []
        for t in range(x.size(0)):
            spk, mem1 = self.lif(self.fc1(x[t]), mem1)
            _, mem2 = self.read(self.fc2(spk), mem2)
            mems.append(mem2)
        return torch.stack(mems)


class OneStep(nn.Module):
    """States in and out, as arguments."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.lif1 = nn.Linear(12, 10), snn.Leaky(beta=0.9)
        self.fc2, self.lif2 = nn.Linear(10, 4), snn.Leaky(beta=0.9, reset_mechanism="zero")

    def forward(self, x: Tensor, mem1: Any = None, mem2: Any = None) -> Any:
        spk1, mem1 = self.lif1(self.fc1(x), mem1)
        spk2, mem2 = self.lif2(self.fc2(spk1), mem2)
        return spk2, mem1, mem2


class Twice(nn.Module):
    """One Leaky for two layers: its state would be that of both."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2, self.lif = (
            nn.Linear(12, 12),
            nn.Linear(12, 12),
            snn.Leaky(beta=0.9, init_hidden=True),
        )

    def forward(self, x: Tensor) -> Any:
        return self.lif(self.fc2(self.lif(self.fc1(x))))


class Rectified(nn.Module):
    """A ReLU between."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2, self.lif = (
            nn.Linear(12, 12),
            nn.Linear(12, 4),
            snn.Leaky(beta=0.9, init_hidden=True),
        )

    def forward(self, x: Tensor) -> Any:
        return self.lif(self.fc2(F.relu(self.fc1(x))))


class Frozen(nn.Module):
    """The weights' mask multiplies in the forward."""

    mask: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.fc, self.lif = nn.Linear(12, 6), snn.Leaky(beta=0.9, init_hidden=True)
        self.register_buffer("mask", (torch.arange(72).reshape(6, 12) % 3 > 0).float())

    def forward(self, x: Tensor) -> Any:
        return self.lif(F.linear(x, self.fc.weight * self.mask, self.fc.bias))


#: name: (model, input shape, None or what the refusal says)
MODELS: dict[str, tuple[Any, tuple[int, int, int], str | None]] = {
    "tutorial 3": (Tutorial3, ROW, None),
    "tutorial 5": (Tutorial5, ROW, None),
    "tutorial 6": (Tutorial6, IMAGE, None),
    "tutorial 6, sequential": (tutorial6_sequential, IMAGE, None),
    "tutorial 6, looped": (Looped, IMAGE, None),
    "tutorial 4": (Pair, ROW, None),
    "recurrent": (Recurrent, ROW, None),
    "recurrent by hand": (ByHand, ROW, None),
    "steps written": (Written, ROW, None),
    "blocks": (Blocks, ROW, None),
    "last membrane": (LastMembrane, ROW, None),
    "one step": (OneStep, ROW, None),
    "one neuron twice": (Twice, ROW, "use"),
    "rectified": (Rectified, ROW, None),
    "masked": (Frozen, ROW, None),
}
