"""States that a forward of one step starts inside, keeps as attributes, or is handed in a list."""

# the frameworks annotate their layers loosely:
# pyright: reportArgumentType=false, reportCallIssue=false

import inspect
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


class Handed(nn.Module):
    """Membranes in a list that the caller may leave out."""

    def __init__(self, turned: bool = False, late: float = 1.0) -> None:
        super().__init__()
        self.fc1, self.lif1 = nn.Linear(12, 8), snn.RLeaky(beta=0.9, linear_features=8)
        self.fc2, self.lif2, self.turned, self.late = nn.Linear(8, 8), snn.Leaky(beta=0.8), turned, late

    def forward(self, x: Tensor, mems: Any = None) -> Any:
        if mems is None:
            mems = [self.lif1.init_rleaky(), self.lif2.init_leaky()]
        else:
            x = x * self.late
        (spk, mem1), mem2 = mems
        spk, mem1 = self.lif1(self.fc1(x), spk, mem1)
        out, mem2 = self.lif2(self.fc2(spk), mem2)
        return out, [(spk, mem2 if self.turned else mem1), mem1 if self.turned else mem2]


class Needed(Handed):
    """The same, which the caller may not leave out."""

    def forward(self, x: Tensor, mems: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        return super().forward(x, mems)


class Pairs(Handed):
    """One argument a state, rows of an image."""

    def forward(self, x: Tensor, mem1: Any = None, mem2: Any = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        if mem1 is None:
            mem1, mem2 = self.lif1.init_rleaky(), self.lif2.init_leaky()
        spk, mem1 = self.lif1(self.fc1(x.view(len(x), -1)), *mem1)
        out, mem2 = self.lif2(self.fc2(spk), mem2)
        return out, (spk, mem1), mem2


class Kept(Handed):
    """Membranes kept as attributes, or in a list; `read`: by the next call."""

    def __init__(self, read: bool = True) -> None:
        super().__init__()
        self.mem: Any = None
        self.seen: list[Any] = []
        self.read = read

    def forward(self, x: Tensor, mems: Any = None) -> Any:
        del mems
        if self.mem is None or not self.read:
            self.mem = self.lif2.init_leaky()
        spk, self.mem = self.lif2(x[:, :8], self.mem)
        self.seen.append(spk)
        return spk


class InList(Kept):
    """In a list."""

    def forward(self, x: Tensor, mems: Any = None) -> Any:
        del mems
        if not self.seen:
            self.seen.append(self.lif2.init_leaky())
        spk, self.seen[0] = self.lif2(x[:, :8], self.seen[0])
        return spk


class Numbered(Handed):
    """How many steps is handed."""

    def forward(self, x: Tensor, num_steps: int) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        mem, found = self.lif2.init_leaky(), []
        for _ in range(num_steps):
            spk, mem = self.lif2(x[:, :8], mem)
            found.append(spk)
        return torch.stack(found)


class Line(nn.Module):
    """A convolution of lines, and what cannot be run: a table of numbers; `own`: what says why."""

    def __init__(self, own: bool = False) -> None:
        super().__init__()
        self.conv, self.fire, self.own = nn.Conv1d(1, 4, 3), neuron.LIFNode(), own

    def forward(self, x: Tensor) -> Any:
        y = self.fire(self.conv(x))
        if self.own:
            raise ValueError("for rows of 100")
        return self.fire(y @ torch.zeros(3, 3))


ATTRIBUTE = (
    "anew.py:{}: the model's forward keeps '{}' from call to call; take it as an argument and return it"
)


def line(kind: type, text: str) -> int:
    """Of the class's forward where it first says this."""
    lines, first = inspect.getsourcelines(kind.forward)  # pyright: ignore[reportAttributeAccessIssue]
    return first + next(i for i, found in enumerate(lines) if text in found)


#: name: (model, input shape, None or what the refusal says)
MODELS: dict[str, tuple[Any, tuple[int, int, int], str | None]] = {
    "tutorial 6": (Tutorial6, IMAGE, None),
    "currents": (Currents, ROW, None),
    "reset": (Reset, ROW, None),
    "reset of all": (Jelly, ROW, None),
    "late": (lambda: Jelly(late=True), ROW, "layer 'net.7' anew, so nothing is kept from step to step"),
    "states in a list": (Handed, ROW, None),
    "states in a list, turned": (lambda: Handed(turned=True), ROW, "handed a state that layer 'lif1' takes, and returns something"),
    "states in a list, later": (lambda: Handed(late=2.0), ROW, "does something else where it is handed states"),
    "states needed": (Needed, ROW, "forward takes 'mems' behind its input, which must be handed"),
    "steps needed": (Numbered, ROW, "forward takes 'num_steps' behind its input, which must be handed; give each a default value"),
    "lines": (Line, (1, 1, 12), f"anew.py:{line(Line, 'y @')}: the model's forward cannot be traced (RuntimeError: "),
    "lines, its own words": (lambda: Line(own=True), (1, 1, 12), "cannot be traced (ValueError: for rows of 100); write"),
    "states in pairs": (Pairs, ROW, None),
    "attribute": (Kept, ROW, ATTRIBUTE.format(line(Kept, "self.mem"), "mem")),
    "attribute not read": (lambda: Kept(read=False), ROW, None),
    "attribute, a list": (InList, ROW, ATTRIBUTE.format(line(InList, "self.seen"), "seen")),
}  # fmt: skip
