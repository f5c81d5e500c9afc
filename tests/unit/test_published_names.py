"""What published files name that is not there: options of missing libraries, timm's standardised convolutions, modules
with a memory as SpikingJelly's first version had them."""

import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from frameworks import compared, planes
from spikingjelly.activation_based import functional

from spikeplane import SpikeplaneError
from spikeplane.importers import import_model
from spikeplane.importers.published.load import call
from spikeplane_sim.golden import FloatModel


def loaded(folder: Path, text: str) -> tuple[Any, list[str]]:
    path = folder / "old.py"
    path.write_text(textwrap.dedent(text))
    torch.manual_seed(1)
    return call(f"{path}:net")


def test_options_of_missing_libraries(tmp_path: Path) -> None:
    """Defaults such as torchvision's InterpolationMode.BILINEAR are read while the file loads."""
    text = """
        from pandas.transforms import Mode
        from pandas import metrics

        class Preset:
            def __init__(self, mode=Mode.BILINEAR.value, other=metrics.Kind.FIRST):
                self.mode = mode

        def net():
            return hasattr(Mode, "__wrapped__"), Mode.BILINEAR.value.__name__
    """
    found, used = loaded(tmp_path, text)
    assert found == (False, "value")
    assert "pandas.transforms" in used


def test_standardised_convolutions(tmp_path: Path) -> None:
    text = """
        from torch import nn
        from timm.models.layers import ScaledStdConv2d
        from spikingjelly.activation_based.neuron import IFNode

        def net():
            conv = ScaledStdConv2d(2, 6, 3, stride=2, padding=1, groups=2, gain_init=1.3, eps=0.01)
            nn.init.uniform_(conv.gain, 0.5, 3.0)
            nn.init.uniform_(conv.bias, 0.1, 0.5)
            return nn.Sequential(conv, IFNode(), ScaledStdConv2d(6, 3, 1, bias=False), IFNode(v_threshold=0.3))
    """
    model, _ = loaded(tmp_path, text)
    net = compared(model, (2, 7, 6))
    kernel = np.asarray(net.projections[0].weight)
    assert (kernel.std(axis=(1, 2, 3)) > 0).all()


MEMORY = """
    import torch
    from torch import nn
    from spikingjelly.activation_based import base, layer, neuron

    class Late(base.MemoryModule):
        def __init__(self, inner, step_mode="s"):
            super().__init__()
            self.step_mode = step_mode
            self.inner = inner
            self.mix, self.fires = nn.Conv2d(5, 2, 1), neuron.LIFNode(v_threshold=0.3)
            self.register_memory("y", None)

        def single_step_forward(self, x):
            if self.y is None:
                self.y = torch.zeros(x.size(0), 3, x.size(2), x.size(3)).to(x)
            self.y = self.inner(self.fires(self.mix(torch.cat((x, self.y), dim=1))))
            return self.y

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.first = layer.Conv2d(2, 2, 3, padding=1), neuron.LIFNode(v_threshold=0.3)
            inner = nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), neuron.LIFNode(v_threshold=0.2))
            self.late = Late(inner)

        def forward(self, x):
            return self.late(self.first(self.conv(x)))

    def net():
        made = Net()
        for part in (made.conv, made.first, made.late):
            part.step_mode = "m"
        for part in made.modules():
            if hasattr(part, "weight"):
                nn.init.normal_(part.weight, 0.1, 0.5)
        return made
"""


def test_memory_of_the_step_before(tmp_path: Path) -> None:
    model, used = loaded(tmp_path, MEMORY)
    assert used == ["spikingjelly.activation_based.base.MemoryModule.multi_step_forward"]
    x = torch.rand(4, 1, 2, 5, 5)
    whole = model(x)
    functional.reset_net(model)
    model.late.step_mode = "s"
    with torch.no_grad():
        steps = torch.stack([model.late(s) for s in model.first(model.conv(x))])
    assert torch.equal(whole, steps)
    model.late.step_mode = "m"
    functional.reset_net(model)
    net = import_model(model, input_shape=(2, 5, 5))
    assert [p.delay for p in net.projections].count(1) == 1
    inputs = planes((2, 5, 5))
    with torch.no_grad():
        wanted = model.double()(torch.as_tensor(inputs).transpose(0, 1)).transpose(0, 1).numpy()
    assert 0.05 < wanted.mean() < 0.95
    np.testing.assert_array_equal(FloatModel(net).run({net.inputs[0].name: inputs})[net.output], wanted)


def test_a_memory_from_call_to_call(tmp_path: Path) -> None:
    """In step mode "s" a second call reads what the first has kept, and one call does not show it."""
    model, _ = loaded(tmp_path, MEMORY)
    for part in (model.conv, model.first, model.late):
        part.step_mode = "s"
    with pytest.raises(SpikeplaneError, match="Late, which Spikeplane cannot represent"):
        import_model(model, input_shape=(2, 5, 5))


def test_einops_of_steps(tmp_path: Path) -> None:
    """A pattern that names the steps does not fit an image, which is tried first."""
    text = """
        from einops import rearrange
        from torch import nn
        from spikingjelly.activation_based.neuron import IFNode

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv, self.fires = nn.Conv2d(2, 4, 3), IFNode(v_threshold=0.3, step_mode="m")
                self.last = nn.Linear(64, 3)

            def forward(self, x):
                y = rearrange(self.conv(rearrange(x, "t b c h w -> (t b) c h w")), "(t b) c h w -> t b c h w", t=x.shape[0])
                return self.last(rearrange(self.fires(y), "t b c h w -> t b (c h w)")).mean(0)

        def net():
            return Net()
    """
    model, used = loaded(tmp_path, text)
    assert "einops" in used
    net = import_model(model, input_shape=(2, 6, 6))
    assert net.origin is not None
    assert net.origin.called is not None
    assert net.origin.called.steps_at == 0
