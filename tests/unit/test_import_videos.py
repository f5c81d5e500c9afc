"""Models of videos, (N, C, T, H, W): batch-norms over the channels of all steps, convolutions over all steps as readout and
what stands behind them; the proof of the import runs the model beside the float network."""

from typing import Any

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import layer, neuron
from torch import Tensor, nn

import spikeplane
from spikeplane.errors import SpikeplaneError
from spikeplane.importers import import_model
from spikeplane.importers.trace.layouts import named_steps

STEPS, SHAPE = 4, (2, 5, 4)


def set_up(net: nn.Module) -> nn.Module:
    """Statistics and factors of each channel's own."""
    for part in net.modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            part.running_mean = 0.2 * torch.randn(part.num_features)  # type: ignore[assignment]
            part.running_var = 0.5 + torch.rand(part.num_features)  # type: ignore[assignment]
            nn.init.uniform_(part.weight, 0.5, 1.5)
            nn.init.normal_(part.bias, 0.3, 0.3)
    return net.eval()


class Video(nn.Module):
    """A convolution, a batch-norm of each step in one, neurons, a readout over all steps."""

    def __init__(
        self, steps: int = STEPS, *, row: bool = False, head: Any = None, behind: Any = None
    ) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.row = row
        few: dict[str, Any] = {"step_mode": "m"}
        self.drop, self.conv = (
            layer.Dropout(0.5),
            layer.Conv2d(2, 4, 3, padding=1, **few),
        )  # a dropout of step mode "s"
        self.norm = (nn.BatchNorm1d if row else nn.BatchNorm2d)(4 * steps)
        self.fire = neuron.ParametricLIFNode(**few)
        self.readout = (
            nn.Conv3d(4, 6, (steps, 2, 3), (1, 2, 1), (0, 1, 0), (1, 1, 1), 2) if head is None else head
        )
        self.behind = (
            nn.Sequential(nn.BatchNorm3d(6), nn.Flatten(), nn.Linear(36, 3)) if behind is None else behind
        )
        set_up(self)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(self.drop(x.permute(2, 0, 1, 3, 4)))
        t, n, c, h, w = x.shape
        every = x.permute(1, 0, 2, 3, 4).reshape(n, t * c, *((h * w,) if self.row else (h, w)))
        x = self.norm(every).reshape(n, t, c, h, w).permute(1, 0, 2, 3, 4)
        return self.behind(self.readout(self.fire(x).permute(1, 2, 0, 3, 4)))


def compiled(net: nn.Module, steps: int = STEPS) -> spikeplane.Program:
    encoding = spikeplane.Encoding(kind="frames", steps=steps, unit=1 / 255)
    return spikeplane.compile(net, chip="auto", input_shape=SHAPE, encoding=encoding, progress=False)


@pytest.mark.parametrize(
    "net",
    [
        Video(),
        Video(row=True),
        Video(2, head=nn.Conv3d(4, 3, (2, 5, 4), bias=False), behind=nn.Flatten()),
    ],
    ids=["pixels", "rows", "two steps"],
)
def test_proved(net: Video) -> None:
    """The neurons, and what is read out, of which nothing but the number of steps differs."""
    steps = net.readout.kernel_size[0]
    program = compiled(net, steps)
    assert sum(each["compared"] for each in program.tables["agreement"]) > 2_000
    by_step = {p.target for p in program.network.projections if p.weight.ndim > p.kind.rank}
    assert len(by_step) == 2
    assert "fire" in by_step


def test_what_a_batch_norm_of_all_steps_has_in_each() -> None:
    net = Video()
    made = import_model(net, input_shape=SHAPE)
    (fire,) = (p for p in made.projections if p.target == "fire")
    gain = (net.norm.weight / torch.sqrt(net.norm.running_var + net.norm.eps)).detach().double().numpy()  # type: ignore[operator]
    conv = net.conv.weight.detach().double().numpy()
    for step, own in enumerate(gain.reshape(STEPS, 4)):
        np.testing.assert_allclose(fire.weight[step], conv * own.reshape(-1, 1, 1, 1) / 2, atol=1e-6)


def test_a_layer_may_have_the_readouts_name() -> None:
    made = import_model(Video(), input_shape=SHAPE)
    assert made.output == "readout_values"
    assert made.population("readout").sends_values


@pytest.mark.parametrize(
    "head",
    [
        nn.Conv3d(4, 6, (STEPS - 1, 2, 3)),
        nn.Conv3d(4, 6, (STEPS, 2, 3), padding=(1, 0, 0)),
        nn.Conv3d(4, 6, (1, 2, 3)),
    ],
    ids=["some", "padded", "one"],
)
def test_of_some_frames_it_is_refused(head: nn.Module) -> None:
    said = "layer 'readout' is a convolution of several frames (conv3d), which Spikeplane cannot represent: let it take all "
    with pytest.raises(SpikeplaneError) as wrong:
        compiled(Video(head=head, behind=nn.Flatten()))
    assert str(wrong.value).endswith(f"{said}steps at once, (T, H, W), behind spikes")


def test_other_steps_are_refused() -> None:
    with pytest.raises(SpikeplaneError, match="steps"):
        compiled(Video(), STEPS + 1)


def test_steps_that_a_message_names() -> None:
    assert named_steps("running_mean should contain 96 elements not 128", 3, 11) == [4]
    assert named_steps("running_mean should contain 96 elements not 100", 3, 11) == []
    assert named_steps("size per channel: (3 x 2 x 2). Kernel size: (16 x 2 x 2). Kernel", 3, 11) == [16]
