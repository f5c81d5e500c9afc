"""Convolutional networks as their authors published them: SEW-ResNet, parallel spiking neurons, networks of the visual
cortex with and without feedback, T-RevSNN. Small ones by the constructors' arguments, the channels that a constructor has by itself
cut (`narrower`); the code is theirs, unchanged.

Whole models run in the golden model, one of each kind of block on the simulated chip too.
"""

from dataclasses import replace
from pathlib import Path

import pytest
from published_files import beside, checked, events, files, images, made, narrower, system
from torch import Tensor

import spikeplane
from spikeplane import Encoding
from spikeplane.importers import import_model

pytestmark = pytest.mark.slow

SEW, PSN = "fangwei123456/Spike-Element-Wise-ResNet", "fangwei123456/Parallel-Spiking-Neuron"
STATIC, MOVIE = "Grasshlw/SNN-Neural-Similarity-Static", "Grasshlw/SNN-Neural-Similarity-Movie"
REV = "BICLab/T-RevSNN"
PIXELS = (3, 32, 32)

RESIDUAL = """
from {file} import BasicBlock, Bottleneck, {kind}

def model():
    return {kind}({block}, [1, 2, 1, 1], num_classes=10{options})
"""


def repeated(shape: tuple[int, int, int], steps: int = 4) -> Tensor:
    """The same images in every step, (T, N, C, H, W)."""
    return images(shape).unsqueeze(0).repeat(steps, 1, 1, 1, 1)


@pytest.mark.parametrize("block", ["BasicBlock", "Bottleneck"])
@pytest.mark.parametrize("function", ["ADD", "AND", "IAND"])
def test_sew_resnet(tmp_path: Path, block: str, function: str) -> None:
    text = RESIDUAL.format(
        file="sew_resnet", kind="SEWResNet", block=block, options=f", connect_f='{function}'"
    )
    net = narrower(made(beside(tmp_path, files(SEW, "imagenet"), text)), 16)
    checked(system(net, PIXELS, images(PIXELS)), "golden")


@pytest.mark.parametrize("block", ["BasicBlock", "Bottleneck"])
@pytest.mark.parametrize("repository", [SEW, PSN])
def test_spiking_resnet(tmp_path: Path, repository: str, block: str) -> None:
    text = RESIDUAL.format(file="spiking_resnet", kind="SpikingResNet", block=block, options="")
    net = narrower(made(beside(tmp_path, files(repository, "imagenet"), text)), 16)
    checked(system(net, PIXELS, images(PIXELS)), "golden")


BLOCK = """
from torch import nn
from sew_resnet import BasicBlock, conv1x1, cext_neuron, layer

def model():
    conv = layer.SeqToANNContainer(nn.Conv2d(2, 8, 3, padding=1), nn.BatchNorm2d(8))
    down = nn.Sequential(
        layer.SeqToANNContainer(conv1x1(8, 16, 2), nn.BatchNorm2d(16)), cext_neuron.MultiStepIFNode(detach_reset=True)
    )
    return nn.Sequential(
        conv, cext_neuron.MultiStepIFNode(detach_reset=True), BasicBlock(8, 8, connect_f="{function}"),
        BasicBlock(8, 16, 2, down, connect_f="{function}"),
        layer.SeqToANNContainer(nn.Conv2d(16, 4, 1), nn.BatchNorm2d(4)), cext_neuron.MultiStepIFNode(detach_reset=True),
    )
"""


@pytest.mark.parametrize("function", ["ADD", "AND", "IAND"])
def test_sew_blocks_on_the_chip(tmp_path: Path, function: str) -> None:
    net = made(beside(tmp_path, files(SEW, "imagenet"), BLOCK.format(function=function)))
    found = checked(system(net, (2, 8, 8), events((2, 8, 8), 4), kind="planes"))
    assert len(found.runs) == 3


FRAMES = """
from torch import nn
from smodels import ResNetN

def model():
    def stage(channels, kernel, k_pool):
        return dict(channels=channels, up_kernel_size=kernel, mid_channels=8, num_blocks=1, block_type="{block}", k_pool=k_pool)

    net = ResNetN([stage(8, 1, 2), stage(12, 3, 2){more}], 11{function})
    net.out = nn.Linear({inputs}, 11)  # its own is for 128x128 pixels
    return net
"""


@pytest.mark.parametrize("folder", ["dvsgesture", "cifar10dvs"])
@pytest.mark.parametrize("block", ["sew ADD", "sew AND", "sew IAND", "plain", "basic"])
def test_sew_on_frames(tmp_path: Path, folder: str, block: str) -> None:
    """Behind ADD a maximum over counts of spikes."""
    kind, _, function = block.partition(" ")
    more = ", stage(16, 1, 2)"
    text = FRAMES.format(block=kind, function=f", '{function}'" if function else "", more=more, inputs=64)
    net = made(beside(tmp_path, files(SEW, folder), text))
    shape = (2, 16, 16)
    checked(
        system(net, shape, events(shape, 5).transpose(0, 1), steps=5, kind="planes"), "golden", saturated=True
    )


def test_sew_on_frames_on_the_chip(tmp_path: Path) -> None:
    text = FRAMES.format(block="sew", function=", 'ADD'", more="", inputs=48)
    net = made(beside(tmp_path, files(SEW, "dvsgesture"), text))
    shape = (2, 8, 8)
    found = checked(
        system(net, shape, events(shape, 5).transpose(0, 1), steps=5, kind="planes"), saturated=True
    )
    assert len(found.runs) == 3


CORTEX = """
from spikingjelly.activation_based import functional
import {file} as published

def model():
    net = published.{made}
    functional.set_step_mode(net, "m")
    return net
"""


@pytest.mark.parametrize("repository", [STATIC, MOVIE])
@pytest.mark.parametrize("block", ["BasicBlock", "Bottleneck"])
@pytest.mark.parametrize("function", ["ADD", "AND", "OR"])
def test_cortex_sew(tmp_path: Path, repository: str, block: str, function: str) -> None:
    network = f"SEWResNet(published.{block}, [1, 1, 1, 1], num_classes=10, cnf='{function}')"
    text = CORTEX.format(file="SEWResNet", made=network)
    net = narrower(made(beside(tmp_path, files(repository, "train/model"), text)), 16)
    checked(system(net, PIXELS, repeated(PIXELS)), "golden")


@pytest.mark.parametrize("function", ["ADD", "AND", "OR"])
def test_cortex_mobile(tmp_path: Path, function: str) -> None:
    stages = "[[16, 1, 1, 1], [24, 2, 6, 2], [24, 2, 6, 1]]"
    text = CORTEX.format(
        file="SpikingMobileNet", made=f"SpikingMobileNet({stages}, num_classes=10, cnf='{function}')"
    )
    net = narrower(made(beside(tmp_path, files(STATIC, "train/model"), text)), 4)
    checked(system(net, PIXELS, repeated(PIXELS)), "golden")


@pytest.mark.parametrize(
    ("block", "inverted", "function", "by"),
    [("BasicBlock", False, f, 16) for f in ("ADD", "AND", "OR")]
    + [("BottleneckBlock", i, "ADD", 4) for i in (False, True)],
)
def test_cortex_shallow(tmp_path: Path, block: str, inverted: bool, function: str, by: int) -> None:
    options = f"num_classes=10, inverted={inverted}, cnf='{function}'"
    text = CORTEX.format(
        file="ShallowSEWResNet", made=f"ShallowSEWResNet([1, 2, 1], published.{block}, {options})"
    )
    net = narrower(made(beside(tmp_path, files(STATIC, "train/model"), text)), by)
    shape = (3, 16, 16)
    checked(system(net, shape, repeated(shape)), "golden")


FEEDBACK = """
from functional import set_step_mode
from LoRaFBSNet import BasicBlock, Bottleneck, ConvRecurrentContainer, LoRaFBSNet

def model():
    net = LoRaFBSNet({block}, [1, 1, 1, 1], num_classes=10, cnf="{function}")
    set_step_mode(net, "m", (ConvRecurrentContainer,))
    return net
"""


@pytest.mark.parametrize(("block", "function"), [("BasicBlock", "ADD"), ("Bottleneck", "OR")])
def test_cortex_feedback(tmp_path: Path, block: str, function: str) -> None:
    """Every stage gets its own output of the step before, through a transposed depthwise convolution."""
    text = FEEDBACK.format(block=block, function=function)
    net = narrower(made(beside(tmp_path, files(MOVIE, "train/model"), text)), 16)
    checked(system(net, PIXELS, repeated(PIXELS)), "golden")


STAGE = """
from torch import nn
from spikingjelly.activation_based import layer
from LoRaFBSNet import BasicBlock, ConvRecurrentContainer, conv1x1, neuron

def model():
    down = nn.Sequential(conv1x1(4, 8, 2), layer.BatchNorm2d(8))
    net = nn.Sequential(
        layer.Conv2d(2, 4, 3, padding=1, step_mode="m"), layer.BatchNorm2d(4, step_mode="m"), neuron.LIFNode(step_mode="m"),
        ConvRecurrentContainer(BasicBlock(4, 8, 2, down, cnf="ADD"), 4, 8, 2, step_mode="m"),
        layer.Conv2d(8, 4, 1, step_mode="m"), layer.BatchNorm2d(4, step_mode="m"), neuron.LIFNode(step_mode="m"),
    )
    return net
"""


def test_cortex_feedback_on_the_chip(tmp_path: Path) -> None:
    net = made(beside(tmp_path, files(MOVIE, "train/model"), STAGE))
    found = checked(system(net, (2, 8, 8), events((2, 8, 8), 4), kind="planes"))
    assert len(found.runs) == 3


REVERSIBLE = """
import torch
from torch import nn
from models.spike_rev_reuse import FullNet

def model():
    net = FullNet([4, 4, 4, 4], [1, 1, 1, 1], {networks}, num_classes=200, save_memory=True, {options})
    for m in net.modules():  # never trained, its 3x3 convolutions are too small for anything to fire
        if isinstance(m, nn.Conv2d):
            nn.init.normal_(m.weight, std=1.5 / m.weight[0].numel() ** 0.5)
            if m.bias is not None:
                nn.init.uniform_(m.bias, 0, 0.4)
    return net
"""


def test_reversible_on_the_chip(tmp_path: Path) -> None:
    """T-RevSNN on event frames, a sub-network each: an autograd function runs its levels, and every forward clamps
    parameters in place. Its neurons are functions, which keep nothing."""
    text = REVERSIBLE.format(networks=2, options="inter_supv=False, dvs=True")
    net, shape = made(beside(tmp_path, files(REV), text)), (4, 16, 16)
    found = replace(system(net, shape, images(shape), steps=1), low_planes=True)
    assert len(checked(found, agreement=98.5).runs) == 3


def test_reversible(tmp_path: Path) -> None:
    """On images, with as few sub-networks as its forward divides by: more probes than a chip has tags for, so the
    readout alone is one."""
    text = REVERSIBLE.format(networks=4, options="")
    net, shape = made(beside(tmp_path, files(REV), text)), (3, 32, 32)
    model = system(net, shape, images(shape)).model
    assert model is not None
    out = import_model(model(0, 0), input_shape=shape, input_bits=8).output
    program = spikeplane.compile(
        net, chip="auto", input_shape=shape, encoding=Encoding(kind="direct", steps=1), probes=[out],
        calibration=(255 * images(shape)).numpy().astype("uint8"),
    )  # fmt: skip
    proof = program.tables["agreement"]
    assert sum(each["compared"] or 0 for each in proof) > 1000
    assert sum(each["ties"] or 0 for each in proof) == 0
