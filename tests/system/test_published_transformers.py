"""Spiking transformers as their authors published them, every file: QKFormer up to what its third stage puts in front of
its blocks, Spike-Driven Transformer, the tokenizers and MLPs of Spikformer, Spikingformer and CML on the chip; with blocks of
self-attention in the golden model."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from published_files import beside, checked, events, files, images, made, on_auto, system
from served import call
from torch import Tensor, nn

from spikeplane_sim.systems.system import System

pytestmark = pytest.mark.slow

#: Two statements, as a user writes them beside the published file.
TEXT = """
from torch import nn
from {file} import {name}

def model():
    net = {name}({options})
    {then}
    return net, {shape}
"""


@dataclass(frozen=True)
class Model:
    """A class of a file, and the arguments that make it small.

    then   a statement about `net`, as where the constructor has no argument that leaves blocks out
    rare   by names of neurons how often they shall fire: where any of many decides, usual rates leave nothing to decide
    own    arguments that take the place of `options`
    """

    repository: str
    folder: str
    file: str
    name: str
    shape: tuple[int, int, int] = (3, 16, 16)
    depth: int = 0
    width: int = 32
    steps: int = 2
    then: str = "pass"
    rare: Mapping[str, float] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)
    named_steps: bool = True  #: the constructor has an argument T

    @property
    def options(self) -> dict[str, Any]:
        """What the constructor gets."""
        channels, high, wide = self.shape
        found = {"img_size_h": high, "img_size_w": wide, "patch_size": 4, "in_channels": channels, "num_classes": 10,
                 "embed_dims": self.width, "num_heads": 2, "mlp_ratios": 2, "depths": self.depth}  # fmt: skip
        return found | ({"T": self.steps} if self.named_steps else {}) | dict(self.more)

    @property
    def kind(self) -> str:
        """Of an event camera's two channels the samples are planes."""
        return "planes" if self.shape[0] == 2 else "direct"

    def written(self, tmp_path: Path) -> Path:
        """The user's file."""
        said = ", ".join(f"{key}={value!r}" for key, value in self.options.items())
        text = TEXT.format(file=self.file, name=self.name, options=said, then=self.then, shape=self.shape)
        return beside(tmp_path, files(self.repository, self.folder), text)

    def inputs(self) -> Tensor:
        """What the model itself takes: images, or steps behind the samples."""
        if self.kind == "direct":
            return images(self.shape, 4)
        return events(self.shape, self.steps, 4).transpose(0, 1)

    def system(self, tmp_path: Path) -> System:
        """Calibrated."""
        net, shape = made(self.written(tmp_path))
        rare = {
            m: rate
            for name, m in net.named_modules()
            for end, rate in self.rare.items()
            if name.endswith(end)
        }
        assert bool(rare) == bool(self.rare)
        return system(net, shape, self.inputs(), steps=self.steps, kind=self.kind, rare=rare)


QKFORMER, SDT = "zhouchenlin2096/QKFormer", "BICLab/Spike-Driven-Transformer"
SPIKFORMER = "ZK-Zhou/spikformer"
SPIKINGFORMER, CML = "zhouchenlin2096/Spikingformer", "zhouchenlin2096/Spikingformer-CML"
QUERIES = {"q_lif": 0.08}
#: A maximum of 3x3 spikes fires nearly always, unless they are few.
BELOW_MAXIMA = {
    "proj_lif": 0.15,
    "proj_lif1": 0.15,
    "proj_lif2": 0.15,
    "proj1_lif": 0.15,
    "proj2_lif": 0.15,
    "proj3_lif": 0.15,
}
#: Of many tokens: else the attention's neurons always fire.
ATTENDED = dict.fromkeys(("q_lif", "k_lif", "v_lif"), 0.2)
RARELY_ATTENDED = dict.fromkeys(("q_lif", "k_lif", "v_lif"), 0.12)
#: Of few: else they never do.
FEW_TOKENS = dict.fromkeys(("ssa.q_lif", "ssa.k_lif", "ssa.v_lif"), 0.6)
NO_BLOCKS = "net.stage2 = nn.ModuleList()"  #: of self-attention, which this file always has
EVENTS, HIGH = (2, 32, 32), (2, 128, 128)  #: some files name their pixels


def sdt(**more: Any) -> Model:
    """A stem, a block, a head of neurons."""
    return Model(
        SDT, ".", "model.spikeformer", "SpikeDrivenTransformer", depth=1, rare={"k_lif": 0.12, "v_lif": 0.12},
        more={"pooling_stat": "0011"} | more,
    )  # fmt: skip


MODELS = {
    "QKFormer, imagenet": Model(QKFORMER, "imagenet", "qkformer", "hierarchical_spiking_transformer", (3, 32, 32), 3, rare=QUERIES),
    "QKFormer, cifar10": Model(QKFORMER, "cifar10", "model", "spiking_transformer", depth=2, width=64, rare=QUERIES),
    "QKFormer, cifar100": Model(QKFORMER, "cifar100", "model", "spiking_transformer", depth=2, width=64, rare=QUERIES),
    "QKFormer, cifar10-dvs": Model(QKFORMER, "cifar10-dvs", "model", "vit_snn", EVENTS, 4, steps=4, then=NO_BLOCKS),
    "QKFormer, dvs128-gesture": Model(QKFORMER, "dvs128-gesture", "model", "vit_snn", EVENTS, 4, steps=4, then=NO_BLOCKS),
    "Spike-Driven, small images": sdt(),
    "Spike-Driven, images": replace(sdt(pooling_stat="1111", patch_size=16), shape=(3, 64, 64)),
    "Spike-Driven, every step": sdt(TET=True),
    "Spike-Driven, trained leaks": sdt(spike_mode="plif"),
    "Spike-Driven, an MLP of two residuals": sdt(mlp_ratios=1),
    "Spike-Driven, two blocks": replace(sdt(), depth=2),
    "Spike-Driven, events": replace(
        sdt(pooling_stat="0111", patch_size=8, dvs_mode=True), shape=EVENTS, steps=3, named_steps=False,
        rare={"k_lif": 0.01, "v_lif": 0.01, "q_lif": 0.05},
    ),
    "Spikingformer, cifar10": Model(SPIKINGFORMER, "cifar10", "model", "vit_snn"),
    "Spikingformer, cifar100": Model(SPIKINGFORMER, "cifar100", "model", "vit_snn"),
    "Spikingformer, imagenet": Model(SPIKINGFORMER, "imagenet", "model", "vit_snn", (3, 32, 32), rare=BELOW_MAXIMA),
    "Spikingformer, cifar10-dvs": Model(SPIKINGFORMER, "cifar10-dvs", "model", "vit_snn", HIGH, rare=BELOW_MAXIMA),
    "Spikingformer, dvs128-gesture": Model(SPIKINGFORMER, "dvs128-gesture", "model", "vit_snn", HIGH, rare=BELOW_MAXIMA),
    "CML, cifar10": Model(CML, "cifar10", "model", "vit_snn"),
    "CML, cifar10, Spikformer": Model(CML, "cifar10", "CML_Spikformer", "Spikformer"),
    "CML, cifar100": Model(CML, "cifar100", "model", "vit_snn"),
    "CML, imagenet": Model(CML, "imagenet", "model", "vit_snn", (3, 32, 32)),
    "CML, cifar10-dvs": Model(CML, "cifar10-dvs", "model", "vit_snn", HIGH),
    "CML, dvs128-gesture": Model(CML, "dvs128-gesture", "model", "vit_snn", HIGH),
    "Spikformer, cifar10": Model(SPIKFORMER, "cifar10", "model", "Spikformer"),
    "Spikformer, imagenet": Model(SPIKFORMER, "imagenet", "model", "Spikformer", (3, 32, 32), steps=4, named_steps=False,
                                  rare=BELOW_MAXIMA),
    "Spikformer, cifar10dvs": Model(SPIKFORMER, "cifar10dvs", "model", "Spikformer", HIGH, named_steps=False, rare=BELOW_MAXIMA),
}  # fmt: skip
#: By a model's name and a word what is other.
OTHERS: dict[str, Mapping[str, Any]] = {
    "Spikformer, cifar10: 32 pixels": {"depth": 1, "shape": (3, 32, 32), "rare": ATTENDED},
    "Spikformer, cifar10: a head, 40 tokens": {
        "depth": 1,
        "shape": (3, 20, 32),
        "num_heads": 1,
        "rare": ATTENDED,
    },
    "Spikformer, cifar10: two blocks": {"depth": 2},
    "Spikformer, cifar10: heads of 24": {"depth": 1, "width": 48},
    "Spikformer, cifar10: heads of 48": {"depth": 1, "width": 96},
    "Spikformer, cifar10: 6x6 tokens": {"depth": 1, "shape": (3, 24, 24), "rare": ATTENDED},
    "Spikingformer, cifar10: 7x7 tokens": {"depth": 1, "shape": (3, 28, 28), "rare": ATTENDED},
    "Spikingformer, cifar10: 14x14 tokens": {"depth": 1, "shape": (3, 56, 56), "rare": RARELY_ATTENDED},
    "Spikingformer, cifar10: 32 pixels": {"depth": 1, "shape": (3, 32, 32), "rare": ATTENDED},
    "Spikingformer, cifar10: eight heads, two blocks": {"depth": 2, "num_heads": 8},
    "CML, cifar10: 24 pixels": {"depth": 1, "shape": (3, 24, 24), "rare": ATTENDED},
    "QKFormer, cifar10: 32 pixels": {"depth": 3, "shape": (3, 32, 32)},
}
#: One of each kind, of few pixels.
ON_THE_CHIP = (
    "QKFormer, imagenet", "QKFormer, cifar10", "QKFormer, cifar10-dvs", "Spike-Driven, small images", "Spike-Driven, events",
    "Spikingformer, cifar10", "CML, cifar10", "CML, cifar10, Spikformer", "Spikformer, cifar10",
)  # fmt: skip


@pytest.mark.parametrize("name", [name for name in MODELS if name not in ON_THE_CHIP])
def test_whole_models(name: str, tmp_path: Path) -> None:
    """Proved, and run in the golden model."""
    checked(MODELS[name].system(tmp_path), "golden")


@pytest.mark.cosim
@pytest.mark.parametrize("name", ON_THE_CHIP)
def test_whole_models_on_the_chip(name: str, tmp_path: Path) -> None:
    """And on 1 x 1 and 2 x 2 cores, or as many as it takes."""
    row = checked(MODELS[name].system(tmp_path))
    assert len(row.runs) == 3


class Mlp(nn.Module):
    """A tokenizer, the MLP of the first block around which values or counts go, and the head."""

    def __init__(self, net: nn.Module, *, tokens: bool) -> None:
        super().__init__()
        self.net, self.tokens = net, tokens

    def forward(self, x: Tensor) -> Tensor:
        net: Any = self.net
        x = net.patch_embed(x.unsqueeze(0).repeat(2, 1, 1, 1, 1))
        x = x[0] if isinstance(x, tuple) else x
        x = x + net.block[0].mlp(x)
        return net.head((x.mean(2) if self.tokens else x.flatten(3).mean(3)).mean(0))


@pytest.mark.cosim
@pytest.mark.parametrize(
    "name", ["Spikingformer, cifar10", "CML, imagenet", "CML, cifar10, Spikformer", "Spikformer, imagenet"]
)
def test_mlps(name: str, tmp_path: Path) -> None:
    """What is behind the attention in a block, on tokens of one row or on pixels."""
    model = replace(MODELS[name], depth=1)
    net, shape = made(model.written(tmp_path))
    net = Mlp(net, tokens=hasattr(net.block[0].mlp, "fc1_linear"))
    checked(system(net, shape, model.inputs(), steps=2))


@pytest.mark.parametrize("name", [name for name in MODELS if "Spike-Driven" not in name])
def test_self_attention(name: str, tmp_path: Path) -> None:
    """With a block of self-attention, proved and run in the golden model."""
    model = MODELS[name]
    rare = FEW_TOKENS if model.then == NO_BLOCKS else model.rare
    checked(replace(model, depth=model.depth + 1, then="pass", rare=rare).system(tmp_path), "golden")


@pytest.mark.parametrize(("name", "options"), OTHERS.items())
def test_others_of_the_family(name: str, options: Mapping[str, Any], tmp_path: Path) -> None:
    """Other heads, tokens that are no power of two, 32 x 32 pixels, more blocks."""
    model = MODELS[name.partition(":")[0]]
    more = {key: value for key, value in options.items() if key in ("num_heads", "T")}
    fields = {key: value for key, value in options.items() if key not in more}
    checked(replace(model, more={**model.more, **more}, then="pass", **fields).system(tmp_path), "golden")


#: Of 32 x 32 pixels, with everything that the file has.
WHOLE: dict[str, Mapping[str, Any]] = {
    "Spikformer, cifar10": {"depth": 1, "rare": ATTENDED},
    "Spikingformer, cifar10": {"depth": 1, "rare": ATTENDED},
    "QKFormer, cifar10": {"depth": 3},
    "Spike-Driven, small images": {},
}


@pytest.mark.parametrize("name", WHOLE)
def test_on_the_chip_that_holds_it(name: str, tmp_path: Path) -> None:
    """32 x 32 pixels, chip="auto"."""
    on_auto(replace(MODELS[name], shape=(3, 32, 32), then="pass", **WHOLE[name]).system(tmp_path))


@pytest.mark.parametrize(
    "name", ["QKFormer, cifar10", "Spike-Driven, small images", "CML, cifar10", "Spikformer, cifar10"]
)
def test_as_a_user(name: str, tmp_path: Path) -> None:
    """`spikeplane compile` beside the published file; the stand-ins are told."""
    out = tmp_path / "net.spk"
    status, said, wrong, _ = call(
        "compile", f"{MODELS[name].written(tmp_path)}:model", "--preset", "auto", "-o", out
    )
    assert (status, wrong.count("error")) == (0, 0), wrong
    assert out.stat().st_size > 10_000
    assert "spikingjelly.clock_driven" in said
