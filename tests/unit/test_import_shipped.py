"""The networks that SpikingJelly ships, as they are: the float network fires as they do, every spike."""

from pathlib import Path
from typing import Any

import pytest
import torch
from test_import_idioms import proved
from torch import nn

from spikeplane.importers import import_model

FILE = """
from spikingjelly.activation_based import functional, neuron, surrogate
from spikingjelly.activation_based.model import ms_resnet, parametric_lif_net, sew_resnet, spiking_resnet, spiking_vgg

OPTIONS = dict(spiking_neuron=neuron.IFNode, surrogate_function=surrogate.ATan(), detach_reset=True)

def made(model, mode):
    functional.set_step_mode(model, mode)
    return model

def resnet(mode):
    return made(spiking_resnet.spiking_resnet18(num_classes=10, **OPTIONS), mode)

def sew(mode):
    return made(sew_resnet.sew_resnet18(num_classes=10, cnf="ADD", **OPTIONS), mode)

def vgg(mode):
    return made(spiking_vgg.spiking_vgg11_bn(num_classes=10, **OPTIONS), mode)

def ms(mode):
    return made(ms_resnet.ms_resnet18(num_classes=10, **OPTIONS), mode)

def mnist(mode):
    return made(parametric_lif_net.MNISTNet(channels=8, **OPTIONS), mode)
"""
CALLS = [
    ("resnet", "s"),
    ("resnet", "m"),
    ("sew", "m"),
    ("vgg", "m"),
    ("ms", "m"),
    ("mnist", "s"),
    ("mnist", "m"),
]


def drawn(model: nn.Module) -> nn.Module:
    """Statistics of batch-norm that are no units."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for part in model.modules():
            if isinstance(part, nn.BatchNorm2d) and part.running_var is not None:
                part.running_var.copy_(torch.rand(part.num_features, generator=generator) / 2 + 0.2)
                part.weight.copy_(torch.rand(part.num_features, generator=generator) + 0.8)
                part.bias.copy_(torch.randn(part.num_features, generator=generator) / 5 + 0.1)
    return model


@pytest.mark.slow
@pytest.mark.parametrize(("name", "mode"), CALLS)
def test_shipped(name: str, mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from spikeplane.importers.published.load import call

    path = tmp_path / "shipped.py"
    path.write_text(f"{FILE}\ndef net():\n    return {name}({mode!r})\n")
    model: Any = drawn(call(f"{path}:net")[0])
    shape = (1, 28, 28) if name == "mnist" else (3, 32, 32)
    net = import_model(model, input_shape=shape, input_bits=1)
    assert proved(net, monkeypatch) > 10_000
