"""States that a forward of one step starts inside, keeps as attributes, or is handed in a list."""

# the frameworks annotate their layers loosely:
# pyright: reportArgumentType=false, reportCallIssue=false

from typing import Any

import snntorch as snn
import torch
from snntorch import utils
from spikingjelly.activation_based import functional, layer, neuron
from torch import nn
from torch.nn import functional as F

Tensor = torch.Tensor
ROW, IMAGE = (12, 1, 1), (1, 12, 12)


class Tutorial6(nn.Module):
    """Membranes started in each step; the loop over steps is outside."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.lif1 = nn.Conv2d(1, 4, 5), snn.Leaky(beta=0.5)
        self.conv2, self.lif2 = nn.Conv2d(4, 6, 3), snn.Leaky(beta=0.5)
        self.fc1, self.lif3 = nn.Linear(6, 5), snn.Leaky(beta=0.5)

    def forward(self, x: Tensor) -> Any:
        mem1, mem2, mem3 = self.lif1.init_leaky(), self.lif2.init_leaky(), self.lif3.init_leaky()
        cur1 = F.max_pool2d(self.conv1(x), 2)
        spk1, mem1 = self.lif1(cur1, mem1)
        cur2 = F.max_pool2d(self.conv2(spk1), 2)
        spk2, mem2 = self.lif2(cur2, mem2)
        cur3 = self.fc1(spk2.view(x.size(0), -1))
        spk3, mem3 = self.lif3(cur3, mem3)
        return spk3, mem3


class Currents(nn.Module):
    """Synaptic currents and spikes that would come back, as zeros."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.one = nn.Linear(12, 10), snn.Synaptic(alpha=0.8, beta=0.7)
        self.fc2, self.two = nn.Linear(10, 6), snn.RSynaptic(alpha=0.8, beta=0.7, linear_features=6)
        self.fc3, self.three = nn.Linear(6, 4), snn.Lapicque(beta=0.7)

    def forward(self, x: Tensor) -> Any:
        syn, mem = self.one.init_synaptic()
        spk, syn, mem = self.one(self.fc1(x), syn, mem)
        spk, *_ = self.two(self.fc2(spk), *self.two.init_rsynaptic())
        return self.three(self.fc3(spk), torch.zeros(len(x), 4))


class Reset(nn.Module):
    """snnTorch's reset of all that layers keep, in the forward."""

    def __init__(self) -> None:
        super().__init__()
        options = {"beta": 0.8, "init_hidden": True}
        self.net = nn.Sequential(
            nn.Linear(12, 10),
            snn.Leaky(**options),
            nn.Linear(10, 4),
            snn.Leaky(**options, reset_mechanism="zero"),
        )

    def forward(self, x: Tensor) -> Tensor:
        utils.reset(self.net)
        return self.net(x)


class Jelly(nn.Module):
    """SpikingJelly's, behind the step, of neurons of many kinds; `late`: with spikes kept back by a step."""

    def __init__(self, late: bool = False) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(12, 10), neuron.LIFNode(v_reset=-0.3, v_threshold=0.7), layer.Dropout(0.3),
            nn.Linear(10, 8), neuron.CUBALIFNode(c_decay=0.5, v_decay=0.6), nn.Linear(8, 6), neuron.KLIFNode(),
            layer.Delay(1) if late else nn.Identity(),
            layer.LinearRecurrentContainer(neuron.IFNode(v_reset=None), 6, 6),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        y = self.net(x)
        functional.reset_net(self)
        return y


#: name: (model, input shape, None or what the refusal says)
MODELS: dict[str, tuple[Any, tuple[int, int, int], str | None]] = {
    "tutorial 6": (Tutorial6, IMAGE, None),
    "currents": (Currents, ROW, None),
    "reset": (Reset, ROW, None),
    "reset of all": (Jelly, ROW, None),
    "late": (lambda: Jelly(late=True), ROW, "layer 'net.7' anew, so nothing is kept from step to step"),
}
