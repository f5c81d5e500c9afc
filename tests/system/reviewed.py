"""Networks of another reviewer, in the styles of published code: residual networks that add currents, U-Nets, dilations
side by side, gates chosen by a string, steps folded into samples, population codes."""

# the frameworks annotate their layers loosely:
# pyright: reportArgumentType=false, reportCallIssue=false

import numpy as np
import snntorch as snn
import torch
from snntorch import utils
from spikingjelly.activation_based import functional, layer, neuron
from torch import Tensor, nn
from torch.nn import functional as F

from spikeplane.compiler.graph import FloatNeuron
from spikeplane.importers import Call, register

STEPS, DECAY, THETA = 4, 0.25, 0.5


def conv(into: int, out: int, size: int = 3, **more: int) -> nn.Sequential:
    options = {"padding": size // 2, "bias": False, **more}
    return nn.Sequential(layer.Conv2d(into, out, size, **options), layer.BatchNorm2d(out))


def fires(into: int, out: int, size: int = 3, **more: int) -> nn.Sequential:
    return nn.Sequential(*conv(into, out, size, **more), neuron.LIFNode(tau=2.0, v_threshold=0.5))


class Currents(nn.Module):
    """A block of MS-ResNet: neurons in front of the weights, currents added."""

    def __init__(self, into: int, out: int, stride: int) -> None:
        super().__init__()
        self.sn1 = neuron.ParametricLIFNode(init_tau=2.0, v_threshold=0.8, v_reset=None)
        self.sn2 = neuron.ParametricLIFNode(init_tau=1.5, v_threshold=0.8, v_reset=None)
        self.one, self.two = conv(into, out, stride=stride), conv(out, out)
        self.past = None if stride == 1 and into == out else conv(into, out, 1, stride=stride, padding=0)

    def forward(self, x: Tensor) -> Tensor:
        past = x if self.past is None else self.past(x)
        return self.two(self.sn2(self.one(self.sn1(x)))) + past


class Stages(nn.Module):
    """MS-ResNet of four stages, by `_make_layer`."""

    def __init__(self) -> None:
        super().__init__()
        self.inplanes = 4
        self.stem = conv(3, 4)
        self.layers = nn.Sequential(*(self._make_layer(c, 1 + (c > 4)) for c in (4, 8, 12, 12)))
        self.sn, self.fc = neuron.ParametricLIFNode(2.0, v_threshold=0.8, v_reset=None), layer.Linear(12, 5)
        functional.set_step_mode(self, "m")

    def _make_layer(self, planes: int, stride: int) -> nn.Sequential:
        block = Currents(self.inplanes, planes, stride)
        self.inplanes = planes
        return nn.Sequential(block)

    def forward(self, x: Tensor) -> Tensor:
        x = self.layers(self.stem(x.unsqueeze(0).repeat(STEPS, 1, 1, 1, 1)))
        return self.fc(self.sn(x).flatten(3).mean(3)).mean(0)


class Fire(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, v: Tensor) -> Tensor:
        return v.gt(THETA).float()


class MemUpdate(nn.Module):
    """Neurons that loop over the steps themselves."""

    step_mode = "m"

    def forward(self, x: Tensor) -> Tensor:
        spike, mem, output = torch.zeros_like(x[0]), torch.zeros_like(x[0]), torch.zeros_like(x)
        for t in range(STEPS):
            mem = mem * DECAY * (1 - spike.detach()) + x[t]
            spike = Fire.apply(mem).to(x)
            output[t] = spike
        return output


@register(MemUpdate)
def mem_update(call: Call) -> object:
    return call.neurons(FloatNeuron(decay=DECAY, threshold=np.full(1, THETA), reset="hard", strict=True))


class StepConv(nn.Conv2d):
    """A convolution of each step for itself, put together by assignment."""

    def forward(self, input: Tensor) -> Tensor:
        made = torch.zeros(STEPS, input.size(1), self.out_channels, *input.shape[3:])
        for t in range(STEPS):
            made[t] = F.conv2d(input[t], self.weight, self.bias, self.stride, self.padding)
        return made


class DeepNorm(nn.Module):
    """A three-dimensional batch-norm of (C, steps, samples, H, W), turned."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bn = nn.BatchNorm3d(channels)

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn(x.transpose(0, 2).contiguous().transpose(0, 1).contiguous())
        return y.contiguous().transpose(0, 1).contiguous().transpose(0, 2)


class Authors(nn.Module):
    """MS-ResNet as its authors write it: everything loops over the steps, neurons are their own."""

    def __init__(self, c: int = 6) -> None:
        super().__init__()
        self.conv1, self.bn1, self.mem1 = StepConv(3, c, 3, padding=1, bias=False), DeepNorm(c), MemUpdate()
        self.conv2, self.bn2, self.mem2 = StepConv(c, c, 3, padding=1, bias=False), DeepNorm(c), MemUpdate()
        self.fc = nn.Linear(c, 5)

    def forward(self, x: Tensor) -> Tensor:
        steps = torch.zeros(STEPS, *x.size())
        for t in range(STEPS):
            steps[t] = x
        y = self.bn1(self.conv1(steps))
        y = self.mem2(self.bn2(self.conv2(self.mem1(y))) + y)
        y = F.adaptive_avg_pool3d(y, (None, 1, 1))
        y = y.view(y.size()[0], y.size()[1], -1)
        return self.fc(y.sum(dim=0) / y.size()[0])


class Padded(nn.Module):
    """A U-Net of any size: transposed 4x4, padded to what stands beside, joined."""

    def __init__(self, c: int = 4) -> None:
        super().__init__()
        self.inc, self.down = fires(2, c), nn.Sequential(layer.MaxPool2d(2), fires(c, 2 * c))
        wide = layer.ConvTranspose2d(2 * c, c, 4, stride=2, padding=1, bias=False)
        self.up = nn.Sequential(wide, layer.BatchNorm2d(c), neuron.LIFNode(decay_input=False))
        self.conv, self.outc = fires(2 * c, c), layer.Conv2d(c, 2, 1)
        functional.set_step_mode(self, "m")

    def forward(self, x: Tensor) -> Tensor:
        beside = self.inc(x)
        y = self.up(self.down(beside))
        dy, dx = (beside.size(d) - y.size(d) for d in (-2, -1))
        y = F.pad(y, [dx // 2, dx - dx // 2, dy // 2, dy - dy // 2])
        return self.outc(self.conv(torch.cat([beside, y], dim=2))).mean(0)


class Membranes(nn.Module):
    """A U-Net whose levels are added and whose pixels are read out as membranes of neurons that do not fire."""

    def __init__(self, c: int = 6) -> None:
        super().__init__()
        self.e1, self.e2, self.e3 = fires(2, c), fires(c, 2 * c, stride=2), fires(2 * c, 2 * c, stride=2)
        self.d2, self.d1 = self._up(2 * c, 2 * c, 4, 1), self._up(2 * c, c, 2, 0)
        self.seg = nn.Sequential(layer.Conv2d(c, 2, 3, padding=1), neuron.NonSpikingLIFNode(tau=2.0))
        functional.set_step_mode(self, "m")

    @staticmethod
    def _up(into: int, out: int, size: int, padding: int) -> nn.Sequential:
        wide = layer.ConvTranspose2d(into, out, size, 2, padding, bias=False)
        return nn.Sequential(wide, layer.BatchNorm2d(out), neuron.ParametricLIFNode(2.0))

    def forward(self, x: Tensor) -> Tensor:
        a = self.e1(x)
        b = self.e2(a)
        return self.seg(self.d1(self.d2(self.e3(b)) + b) + a)[-1]


class Dilated(nn.Module):
    """Dilations of 1, 2 and 3 side by side, joined; a batch-norm without momentum."""

    def __init__(self, c: int = 4) -> None:
        super().__init__()
        self.stem = self._block(2, c, 1)
        self.rates = nn.ModuleList(self._block(c, c, d) for d in (1, 2, 3))
        norm = nn.BatchNorm2d(c, momentum=None)
        self.project = nn.Sequential(nn.Conv2d(3 * c, c, 1, bias=False), norm, neuron.IFNode())
        self.cls = nn.Conv2d(c, 3, 1)

    @staticmethod
    def _block(into: int, out: int, apart: int) -> nn.Sequential:
        wide = nn.Conv2d(into, out, 3, padding=apart, dilation=apart, bias=False)
        return nn.Sequential(wide, nn.BatchNorm2d(out), neuron.IFNode())

    def forward(self, x: Tensor) -> Tensor:
        out = []
        for t in range(x.size(0)):
            y = self.stem(x[t])
            out.append(self.cls(self.project(torch.cat([rate(y) for rate in self.rates], dim=1))))
        return sum(out)  # type: ignore[return-value]


class Folded(nn.Module):
    """Steps folded into the samples by SpikingJelly's functions; the last step is returned."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(nn.Conv2d(2, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6))
        self.conv2 = nn.Sequential(nn.Conv2d(6, 12, 3, 2, 1, bias=False), nn.BatchNorm2d(12))
        self.lif1, self.lif2 = neuron.LIFNode(tau=1.7, step_mode="m"), neuron.LIFNode(tau=1.7)
        self.pool, self.fc = nn.AvgPool2d(2), nn.Linear(12 * 16, 6)

    def forward(self, x: Tensor) -> Tensor:
        y = self.lif1(functional.seq_to_ann_forward(x, self.conv1))
        y = functional.seq_to_ann_forward(y, [self.pool, self.conv2])
        y = functional.multi_step_forward(y, self.lif2)
        return functional.seq_to_ann_forward(functional.seq_to_ann_forward(y, nn.Flatten()), self.fc)[-1]


class Gate(nn.Module):
    """A block whose gate a string chooses."""

    def __init__(self, channels: int, how: str) -> None:
        super().__init__()
        self.how, self.conv = how, nn.Sequential(fires(channels, channels), fires(channels, channels))

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x)
        return x * (1.0 - y) if self.how == "IAND" else x + y - x * y if self.how == "OR" else x * y


class Strings(nn.Module):
    """Gates of three kinds, one behind the other."""

    def __init__(self, c: int = 6) -> None:
        super().__init__()
        parts = [nn.Sequential(fires(2, c), Gate(c, "OR"), layer.MaxPool2d(2))]
        parts += [nn.Sequential(fires(c, c, 1), Gate(c, how)) for how in ("AND", "IAND")]
        self.conv, self.out = nn.Sequential(*parts), nn.Sequential(layer.Flatten(), layer.Linear(c * 36, 6))
        functional.set_step_mode(self, "m")

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.conv(x)).mean(0)


class Population(nn.Module):
    """snnTorch: a leak for each channel, learned thresholds, two resets, eight neurons a class."""

    def __init__(self) -> None:
        super().__init__()
        beta = torch.rand(6, 1, 1) * 0.5 + 0.4
        self.conv1, self.conv2 = nn.Conv2d(2, 6, 3, padding=1), nn.Conv2d(6, 6, 3, 2, 1)
        self.lif1 = snn.Leaky(beta=beta, threshold=0.7, learn_threshold=True, reset_mechanism="zero")
        self.lif2 = snn.Leaky(beta=0.8, threshold=1.5, learn_beta=True)
        self.fc, self.out = nn.Linear(96, 40), snn.Leaky(beta=0.7, threshold=0.6, reset_mechanism="none")

    def forward(self, x: Tensor) -> Tensor:
        utils.reset(self)
        one, two, three = self.lif1.reset_mem(), self.lif2.reset_mem(), self.out.reset_mem()
        total = []
        for t in range(x.size(0)):
            spk, one = self.lif1(self.conv1(x[t]), one)
            spk, two = self.lif2(self.conv2(spk), two)
            spk, three = self.out(self.fc(spk.view(spk.shape[0], -1)), three)
            total.append(spk.view(-1, 8, 5).sum(1))
        return torch.stack(total).sum(0)
