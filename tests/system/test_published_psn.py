"""Networks of parallel spiking neurons as their authors published them, whose neurons are classes of their own files.
Small ones by the constructors' arguments; the code is theirs, unchanged. Offsets of neurons, -1 in a new one, are such
that they fire."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from published_files import beside, checked, events, files, images, made, narrower, system
from torch import nn

import spikeplane
from spikeplane import SpikeplaneError
from spikeplane.importers import import_model

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
from train_secf10 import CIFAR10Net

def model():
    return CIFAR10Net(channels={channels}, neu="{neuron}", T={steps}, class_num=10{more})
"""


def columns(tmp_path: Path, neuron: str, more: str = "", channels: int = 8, steps: int = 32) -> Any:
    """The published network, which takes (N, 3, 32, W): a column a step."""
    text = COLUMNS.format(neuron=neuron, more=more, channels=channels, steps=steps)
    net = firing(made(beside(tmp_path, files(PSN, "sequential_cifar"), text)))
    for part in net.modules():
        if hasattr(part, "mask0"):
            part.k = 0.7  # of its training's way from all steps to the last P
    if neuron not in WHOLE:
        net.fc[1].weight.data *= 6  # no batch-norm is in front of these
    return net


#: Every neuron of the file's factory but GLIF.
NEURONS = {
    "if5": "", "if5pmd8": ", P=4", "mspsn": ", P=4, exp_init=True", "lifnr": "", "lif": "", "plif": "", "plif_torch": "",
    "klif": "",
}  # fmt: skip
WHOLE = ("if5", "if5pmd8", "mspsn")


def of_columns(net: Any, steps: int, parallel: bool) -> Any:
    inputs = images((3, 32, steps))
    return system(net, (3, 1, 32), inputs, steps=steps, kind="planes", gain=2.0 if parallel else 4.0)


@pytest.mark.parametrize("neuron", NEURONS)
def test_images_column_by_column_on_the_chip(tmp_path: Path, neuron: str) -> None:
    net = columns(tmp_path, neuron, NEURONS[neuron], channels=4, steps=8)
    found = checked(of_columns(net, 8, neuron in (*WHOLE, "lifnr")), "sim", 98.0)
    assert len(found.runs) == 3


@pytest.mark.parametrize("neuron", WHOLE)
def test_images_column_by_column(tmp_path: Path, neuron: str) -> None:
    checked(of_columns(columns(tmp_path, neuron, NEURONS[neuron]), 32, True), "golden")


def test_images_are_told_to_come_column_by_column(tmp_path: Path) -> None:
    with pytest.raises(
        SpikeplaneError, match=r"takes the columns of an image for steps.*input_shape=\(3, 1, 32\)"
    ):
        import_model(columns(tmp_path, "if5"), input_shape=(3, 32, 32))


def test_gated_neurons_are_refused(tmp_path: Path) -> None:
    """Weights of each step, and gates of which a channel resets to 0 and another by a number."""
    net, start = columns(tmp_path, "glif"), time.perf_counter()
    with pytest.raises(
        SpikeplaneError,
        match=r"train_secf10\.py:\d+: layer 'conv\.2\.1' is a LIFSpike_CW, a class of its own",
    ):
        import_model(net, input_shape=(3, 1, 32))
    assert time.perf_counter() - start < 60


RESIDUAL = """
from spikingjelly.activation_based import layer, surrogate
from sew_resnet import {block}, SEWResNet
from train import IFNode5

def model():
    options = dict(cnf="{function}", pe={pe}, spiking_neuron=IFNode5, surrogate_function=surrogate.ATan(), T=4)
    return SEWResNet({block}, [1, 1, 1, 1], num_classes=10, **options)
"""


def residual(tmp_path: Path, block: str, function: str, pe: object, by: int) -> Any:
    text = RESIDUAL.format(block=block, function=function, pe=pe)
    net = narrower(firing(made(beside(tmp_path, files(PSN, "imagenet"), text))), by)
    if net.pe is not None:
        net.pe = nn.Parameter(0.5 * torch.randn(4, 1, 1, 1, 1))  # a new one is nearly 0
    return net


@pytest.mark.parametrize(
    ("block", "function", "pe"),
    [("BasicBlock", "ADD", None), ("Bottleneck", "IAND", None), ("BasicBlock", "ADD", True)],
)
def test_residual(tmp_path: Path, block: str, function: str, pe: object) -> None:
    """Without and with their embedding of positions, which differs from step to step."""
    net, shape = residual(tmp_path, block, function, pe, 16), (3, 32, 32)
    checked(system(net, shape, images(shape), gain=2.0), "golden", saturated=True)


MEMBRANES = """
from spiking_resnet import BasicBlock, SpikingResNet

def model():
    return SpikingResNet(BasicBlock, [1, 1, 1, 1], num_classes=10)
"""


def test_residual_of_currents(tmp_path: Path) -> None:
    """The folder's other network, of SpikingJelly's own IF neurons."""
    net, shape = narrower(made(beside(tmp_path, files(PSN, "imagenet"), MEMBRANES)), 16), (3, 32, 32)
    checked(system(net, shape, images(shape)), "golden")


def test_positions_on_the_chip(tmp_path: Path) -> None:
    net, shape = residual(tmp_path, "BasicBlock", "ADD", True, 32), (3, 16, 16)
    found = checked(system(net, shape, images(shape), gain=2.0), "sim", 98.0, saturated=True)
    assert len(found.runs) == 3


VGG = """
from torch import nn
import models
from spikingjelly.activation_based import neuron

class Nodes(nn.Module):
    def __init__(self):
        super().__init__()
        self.node = neuron.LIFNode(tau=2.0, v_reset=0.0, step_mode="m")

    def forward(self, x):  # (N, T, ...)
        return self.node(x.transpose(0, 1)).transpose(0, 1)

def own():
    return models.VGGSNN()

def nodes():
    net = models.VGGSNN()
    for place, part in enumerate(net.features):
        if isinstance(part, models.LIFSpike):
            net.features[place] = Nodes()
    return net

def parallel():
    return models.VGGPSN()

def block():
    fires = models.MaskedSlidingPSN
    layers = [models.Layer(2, 4, 3, 1, 1), fires(), models.Layer(4, 4, 3, 1, 1), fires(order=3)]
    return nn.Sequential(*layers, nn.Flatten(2), models.SeqToANNContainer(nn.Linear(256, 10)))
"""


def vgg(tmp_path: Path, function: str) -> Any:
    return firing(made(beside(tmp_path, files(PSN, "cifar10dvs"), VGG), function))


def few(net: Any) -> Any:
    """Of 4 to 32 channels, for 48 x 48 pixels."""
    net = narrower(net, 16)
    for part in net.classifier.modules():
        for name, child in part.named_children():
            if isinstance(child, nn.Linear):
                setattr(part, name, nn.Linear(32 * 9, 10))
    return net


def test_events_behind_samples(tmp_path: Path) -> None:
    net, shape = few(vgg(tmp_path, "parallel")), (2, 48, 48)
    inputs = events(shape, 4).transpose(0, 1)
    checked(system(net, shape, inputs, kind="planes", gain=2.0), "golden")


def test_events_behind_samples_on_the_chip(tmp_path: Path) -> None:
    net, shape = vgg(tmp_path, "block"), (2, 8, 8)
    inputs = events(shape, 4).transpose(0, 1)
    found = checked(system(net, shape, inputs, kind="planes", gain=2.0), "sim", 98.0)
    assert len(found.runs) == 3


def test_weights_of_each_step_wait_for_a_step_index(tmp_path: Path) -> None:
    """The file's own neurons are refused by name. SpikingJelly's in their place come in as long as TEBN's weights, one a
    step, are alike, as a new network's are."""
    net, shape = few(vgg(tmp_path, "own")), (2, 48, 48)
    with pytest.raises(
        SpikeplaneError, match=r"models\.py:\d+: layer 'features\.1' is a LIFSpike, a class of its own"
    ):
        import_model(net, input_shape=shape)


def test_norms_of_each_step(tmp_path: Path) -> None:
    net, shape = few(vgg(tmp_path, "nodes")), (2, 48, 48)
    inputs = events(shape, 10).transpose(0, 1)
    checked(system(net, shape, inputs, steps=10, kind="planes", gain=4.0), "golden", 98.0)
    net.features[0].bn.p.data += 0.1 * torch.rand(10, 1, 1, 1, 1)
    with pytest.raises(
        SpikeplaneError, match=r"models\.py:49: layer 'mul' is a factor or an addition that differs between"
    ):
        import_model(net, input_shape=shape)


FILES = {
    "columns": ("sequential_cifar", "train_secf10", "CIFAR10Net(4, 'if5', 8, 10)", "3x1x32 --encoding frames --steps 8"),
    "leaks": ("sequential_cifar", "train_secf10", "CIFAR10Net(8, 'lifnr', 32, 10)", "3x1x32 --encoding planes --steps 32"),
    "images": ("cifar10", "train_cf10", "CIFAR10Net(2, 'if5', 4)", "3x32x32"),
    "samples first": (
        "cifar10dvs", "models", "nn.Sequential(Layer(2, 4, 3, 1, 1), MaskedSlidingPSN())", "2x8x8 --encoding planes --steps 4"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_from_the_command_line(tmp_path: Path, name: str) -> None:
    """Five lines beside the clone."""
    folder, module, net, options = FILES[name]
    text = f"from {module} import *\n\ndef model():\n    return {net}\n"
    file, out = beside(tmp_path, files(PSN, folder), text), tmp_path / "net.spk"
    command = [
        Path(sys.executable).with_name("spikeplane"),
        "compile",
        f"{file}:model",
        "-o",
        out,
        "--preset",
        "large",
    ]
    ran = subprocess.run(
        [*command, "--input-shape", *options.split()], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert spikeplane.Program.load(out).encoding.fold == (
        1 if name == "leaks" else 8 if name == "columns" else 4
    )
