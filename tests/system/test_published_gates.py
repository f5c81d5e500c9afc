"""Networks with attention over steps, channels and pixels as their authors published them, whole: TA-SNN, MA-SNN for events and
for images, and the events' network of ASA-SNN without its attention. Their files make an optimiser beside the model, which is
nothing to a chip."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from published_files import beside, checked, events, files, images, made, narrower, system
from torch import Tensor, nn

from spikeplane import SpikeplaneError
from spikeplane.importers import import_model
from spikeplane_sim.systems.system import System

pytestmark = pytest.mark.slow
STEPS = 10
TA, MA, ASA, IMAGES = (
    ("BICLab/TA-SNN", "."), ("BICLab/Attention-SNN", "MA_SNN"), ("BICLab/ASA-SNN", "."), ("BICLab/Attention-SNN", "Att_Res_SNN"),
)  # fmt: skip
TEXT = """
from {folder}.Config import configs
from {folder}.Networks.{file} import create_net

def model():
    config = configs()
    config.device, config.device_ids, config.T = "cpu", [], {steps}
    for name, value in {options}.items():
        setattr(config, name, value)
    create_net(config=config)
    return config.model, {shape}
"""
UNATTENDED = """
from config import parser
from model import create_net

def model():
    args = parser.parse_args(["-T", "10", "-ps", "00000"])
    args.device = "cpu"
    create_net(args)
    return args.model, (2, 32, 32)
"""
RESIDUAL = """
from models.resnet_2 import BasicBlock, ResNet_origin

def model():
    return ResNet_origin(BasicBlock, [1, 1, 1, 1]), (3, 64, 64)
"""


@dataclass(frozen=True)
class Model:
    """Folder and file of a network, what its configuration is beside what the file says, how many times narrower it is made."""

    repository: tuple[str, str]
    folder: str
    file: str
    shape: tuple[int, int, int] = (2, 32, 32)
    narrower: int = 8
    options: Mapping[str, Any] = field(default_factory=lambda: {"reduction": 5})

    def made(self, tmp_path: Path) -> nn.Module:
        """Narrower."""
        text = TEXT.format(
            folder=self.folder, file=self.file, steps=STEPS, options=dict(self.options), shape=self.shape
        )
        net, _ = made(beside(tmp_path, files(*self.repository), text))
        return narrower(net, self.narrower)

    def inputs(self) -> Tensor:
        """Events, steps behind the samples."""
        found = events(self.shape, STEPS).transpose(0, 1)
        return found.flatten(2) if self.shape[1:] == (1, 1) else found

    def system(self, tmp_path: Path) -> System:
        """Calibrated."""
        return system(self.made(tmp_path), self.shape, self.inputs(), steps=STEPS, kind="planes", gain=0.5)


def attended(kind: str) -> Model:
    """MA-SNN with one kind of attention in front of the neurons of every convolution."""
    options = {"attention": kind, "c_ratio": 8, "t_ratio": 5}
    return Model(MA, "DVSGestures.CNN", "Att_SNN", narrower=4, options=options)


SOUNDS = Model(TA, "SHD.MLP", "TA_SNN_3", (700, 1, 1))
MODELS = {
    "TA-SNN, sounds": SOUNDS,
    "TA-SNN, sounds, no attention": Model(TA, "SHD.MLP", "SNN_3", (700, 1, 1)),
    "TA-SNN, gestures": Model(TA, "DVSGestures.CNN", "TA_SNN_CNN_3", narrower=16),
    "TA-SNN, cifar10-dvs": Model(TA, "CIFAR10DVS.CNN", "TA_SNN", (2, 128, 128), 16),
    "TA-SNN, cifar10-dvs, clips": Model(TA, "CIFAR10DVS.CNN_10clips", "TA_SNN", (2, 128, 128), 16),
    **{f"MA-SNN, gestures, {kind}": attended(kind) for kind in ("no", "TA", "CA", "SA", "CSA", "TSA", "TCA", "TCSA")},
}  # fmt: skip


def imported(net: nn.Module, shape: tuple[int, int, int], inputs: Tensor) -> Any:
    """The float network of a calibrated model."""
    found = system(net, shape, inputs, steps=STEPS, kind="planes", gain=0.5)
    assert found.model is not None
    return import_model(found.model(0, 0), input_shape=shape, input_bits=1, input_steps=True)


@pytest.mark.parametrize("name", MODELS)
def test_whole_models(name: str, tmp_path: Path) -> None:
    """Proved, and run in the golden model; how near the integers are, the rows of our own models say."""
    checked(MODELS[name].system(tmp_path), "golden", 80.0)


def test_without_its_attention(tmp_path: Path) -> None:
    net, shape = made(beside(tmp_path, files(*ASA), UNATTENDED))
    inputs = events(shape, STEPS).transpose(0, 1)
    checked(system(narrower(net, 8), shape, inputs, steps=STEPS, kind="planes", gain=0.5), "golden", 98.0)


def test_images(tmp_path: Path) -> None:
    net, shape = made(beside(tmp_path, files(*IMAGES), RESIDUAL))
    checked(system(narrower(net, 8), shape, images(shape, 4), steps=1), "golden", 95.0)


@pytest.mark.parametrize(("file", "mode"), [("TA_RELU_SNN_3", "spike"), ("TA_SNN_3", "mem")])
def test_values_of_membranes(file: str, mode: str, tmp_path: Path) -> None:
    """Neurons that send a relu of their membranes, and reset it."""
    net = Model(TA, "SHD.MLP", file, (700, 1, 1), options={"reduction": 5, "mode_select": mode}).made(
        tmp_path
    )
    with pytest.raises(
        SpikeplaneError, match=r"'FC0.network.IF' \(IFCell\) keeps a membrane and sends values such as"
    ):
        imported(net, (700, 1, 1), torch.zeros(2, STEPS, 700))
