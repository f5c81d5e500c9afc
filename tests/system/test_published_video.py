"""A spiking transformer for videos as its authors published it, SVFormer: frames (N, C, T, H, W), batch-norms of each step's
own, a convolution over all steps as readout."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from published_files import beside, checked, files, made, system
from torch import nn

from spikeplane.encoding import Encoding

pytestmark = pytest.mark.slow
STEPS, SHAPE = 16, (3, 64, 64)  #: the file names its steps; fewer pixels would leave the last stage one token
TEXT = """
from types import SimpleNamespace as Table
from slowfast.models.uniformer2d_psnn_try import Uniformer2d_psnn_try

def model():
    wide = Table(
        DEPTH=[1, 1, 1, 1], EMBED_DIM=[8, 8, 16, 16], HEAD_DIM=8, MLP_RATIO=2, QKV_BIAS=True, QKV_SCALE=None,
        REPRESENTATION_SIZE=None, DROPOUT_RATE=0.0, ATTENTION_DROPOUT_RATE=0.0, DROP_DEPTH_RATE=0.0, SPLIT=False, STD=False, T=1,
    )
    data = Table(TRAIN_CROP_SIZE=64, INPUT_CHANNEL_NUM=[3], NUM_FRAMES=16)
    net = Uniformer2d_psnn_try(Table(
        DATA=data, MODEL=Table(NUM_CLASSES=10, USE_CHECKPOINT=False, CHECKPOINT_NUM=[0, 0, 0, 0]), UNIFORMER=wide,
    ))
    return net, (3, 64, 64)
"""


def spread(net: nn.Module) -> None:
    """Decays as after training, each another one."""
    for name, decay in net.named_parameters():
        if name.rpartition(".")[2] == "w":
            nn.init.normal_(decay, 0.0, 0.3)


def test_svformer(tmp_path: Path) -> None:
    """The file as it is, whole: proved, and run in the golden model."""
    net, shape = made(beside(tmp_path, files("yult0821/SVFormer"), TEXT))
    spread(net)
    rates = {
        "blocks3": 0.35,
        "blocks4": 0.6,
    }  # of 16 and of 4 tokens, else attention never reaches its threshold
    few = {m: rates[n[:7]] for n, m in net.named_modules() if n.endswith(("q_lif", "k_lif", "v_lif"))}
    frames = torch.rand(4, 3, STEPS, *SHAPE[1:], generator=torch.Generator().manual_seed(0))
    found = system(net, shape, frames, steps=STEPS, rare=few)
    row = checked(replace(found, encoding=Encoding(kind="frames", steps=STEPS, unit=1 / 255)), "golden", 98.5)
    assert row.populations > 30
