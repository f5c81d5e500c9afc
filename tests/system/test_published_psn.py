"""Networks of parallel spiking neurons as their authors published them, whose neurons are classes of their own files.
Small ones by the constructors' arguments; the code is theirs, unchanged. Offsets of neurons, -1 in a new one, are such
that they fire."""

from pathlib import Path
from typing import Any

import pytest
import torch
from published_files import beside, checked, events, files, images, made, narrower, system

pytestmark = pytest.mark.slow

PSN = "fangwei123456/Parallel-Spiking-Neuron"

IMAGES = """
from spikingjelly.activation_based import layer
from train_cf10 import CIFAR10Net

def model():
    net = CIFAR10Net(channels=4, neu="if5", T={steps})
    net.fc[1] = layer.Linear(4 * {size} ** 2 // 16, 16, step_mode="m")  # its own is for 32x32 pixels
    net.fc[3] = layer.Linear(16, 10, step_mode="m")
    return net
"""


def firing(net: Any) -> Any:
    """With offsets of neurons near 0."""
    for name, parameter in net.named_parameters():
        if name.endswith(("fc.bias", "threshold")):
            parameter.data.fill_(-0.1)
    return net


@pytest.mark.parametrize(("size", "steps", "board"), [(8, 4, "sim"), (32, 4, "golden"), (16, 8, "golden")])
def test_images(tmp_path: Path, size: int, steps: int, board: str) -> None:
    text = IMAGES.format(size=size, steps=steps)
    net = firing(made(beside(tmp_path, files(PSN, "cifar10"), text)))
    shape = (3, size, size)
    inputs = torch.rand(steps, 8, *shape, generator=torch.Generator().manual_seed(0))
    found = checked(system(net, shape, inputs, steps=steps, gain=2.0), board, 98.0)
    assert len(found.runs) == (3 if board == "sim" else 0)


COLUMNS = """
from torch import nn
from train_secf10 import CIFAR10Net

class Columns(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, columns):  # (T, N, C, H)
        return self.net(columns.permute(1, 2, 3, 0))

def model():
    return Columns(CIFAR10Net(channels=8, neu="{neuron}", T=32, class_num=10{more}))
"""


@pytest.mark.parametrize(
    ("neuron", "more"), [("if5", ""), ("if5pmd8", ", P=8"), ("mspsn", ", P=8, exp_init=True")]
)
def test_images_column_by_column(tmp_path: Path, neuron: str, more: str) -> None:
    text = COLUMNS.format(neuron=neuron, more=more)
    net = firing(made(beside(tmp_path, files(PSN, "sequential_cifar"), text)))
    for part in net.modules():
        if hasattr(part, "mask0"):
            part.k = 0.7  # of its training's way from all steps to the last P
    inputs = events((3, 1, 32), 32).squeeze(3)
    checked(system(net, (3, 1, 32), inputs, steps=32, kind="planes", gain=2.0), "golden")


RESIDUAL = """
from spikingjelly.activation_based import layer, surrogate
from sew_resnet import {block}, SEWResNet
from train import IFNode5

def model():
    options = dict(cnf="{function}", pe=None, spiking_neuron=IFNode5, surrogate_function=surrogate.ATan(), T=4)
    return SEWResNet({block}, [1, 1, 1, 1], num_classes=10, **options)
"""


@pytest.mark.parametrize(("block", "function"), [("BasicBlock", "ADD"), ("Bottleneck", "IAND")])
def test_residual(tmp_path: Path, block: str, function: str) -> None:
    """Without their embedding of positions, which differs from step to step."""
    net = firing(
        made(beside(tmp_path, files(PSN, "imagenet"), RESIDUAL.format(block=block, function=function)))
    )
    net = narrower(net, 16)
    shape = (3, 32, 32)
    checked(system(net, shape, images(shape), gain=2.0), "golden", saturated=True)
