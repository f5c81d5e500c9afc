"""Files written for libraries that are not there load: old names of SpikingJelly, timm's helpers, options
of kernels; behind, everything is as before. And checkpoints into models."""

import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
import torch
from frameworks import compared
from spikingjelly.activation_based import functional, layer, neuron
from torch import nn

from spikeplane import SpikeplaneError
from spikeplane.importers import import_model
from spikeplane.importers.published.axes import rearrange, reduce, repeat
from spikeplane.importers.published.layers import made
from spikeplane.importers.published.load import call

OLD = """
    import torch
    from torch import nn
    from spikingjelly.clock_driven import functional, layer, surrogate
    from spikingjelly.clock_driven.neuron import MultiStepLIFNode, MultiStepParametricLIFNode
    from spikingjelly.cext import neuron as cext
    from timm.models import create_model
    from timm.models.layers import DropPath, to_2tuple, trunc_normal_
    from timm.models.registry import register_model
    from timm.models.vision_transformer import _cfg
    from timm.data import IMAGENET_DEFAULT_MEAN
    from timm.loss import LabelSmoothingCrossEntropy

    class Net(nn.Module):
        def __init__(self, width=6):
            super().__init__()
            self.conv = layer.SeqToANNContainer(nn.Conv2d(2, width, to_2tuple(3), padding=1), nn.BatchNorm2d(width))
            trunc_normal_(self.conv[0].weight, std=0.8)
            self.lif = MultiStepLIFNode(tau=2.0, v_threshold=0.2, detach_reset=True, backend="cupy")
            self.conv2 = layer.SeqToANNContainer(nn.Conv2d(width, 3, 3))
            self.plif = cext.MultiStepParametricLIFNode(init_tau=2.0, v_threshold=0.1, detach_reset=True, surrogate_function="ATan")
            self.drop = DropPath(0.2)
            assert isinstance(self.lif, MultiStepLIFNode)

        def forward(self, x):
            return self.plif(self.conv2(self.drop(self.lif(self.conv(x)))))

    @register_model
    def small(pretrained=False, **options):
        model = Net(**options)
        model.default_cfg = _cfg()
        return model

    def net():
        torch.manual_seed(0)
        return create_model("small", width=5), (2, 6, 6)

    def loss():
        return LabelSmoothingCrossEntropy(0.1)

    def cuda():
        model = Net()
        return model.to("cuda:7")
"""


def written(folder: Path, text: str, name: str = "old.py") -> str:
    (folder / name).write_text(textwrap.dedent(text))
    return str(folder / name)


def refusal(model: Any, **options: Any) -> str:
    with pytest.raises(SpikeplaneError) as refused:
        import_model(model, **options)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_old_names(tmp_path: Path) -> None:
    path = written(tmp_path, OLD)
    before, finders = set(sys.modules), list(sys.meta_path)
    (model, shape), used = call(f"{path}:net")
    assert shape == (2, 6, 6)
    assert type(model.lif) is neuron.LIFNode
    assert model.lif.step_mode == "m"
    assert type(model.plif) is neuron.ParametricLIFNode
    assert {"spikingjelly.clock_driven.neuron", "spikingjelly.cext.neuron", "timm.models.layers"} <= set(used)
    assert not [n for n in set(sys.modules) - before if "clock_driven" in n or n.startswith("timm")]
    assert sys.meta_path == finders
    with pytest.raises(ImportError):
        __import__("timm")
    net = import_model(f"{path}:net")
    (row,) = [a for a in net.assumptions if a.what == "stand-ins"]
    assert "timm.models.registry" in row.value
    compared(model.eval(), (2, 6, 6), several=True)


def test_what_stands_in_says_so(tmp_path: Path) -> None:
    path = written(tmp_path, OLD)
    assert refusal(f"{path}:loss") == (
        "timm.loss.LabelSmoothingCrossEntropy is not installed here, and the model uses it; install timm"
    )
    message = refusal(f"{path}:cuda")
    assert message.startswith(f"{path}:cuda failed: ")
    assert message.endswith('return model.to("cuda:7"))')
    assert "(old.py, line 43: " in message


def test_options_of_kernels(tmp_path: Path) -> None:
    """`backend` and set_backend, which a newer SpikingJelly has not."""
    path = written(
        tmp_path,
        """
        from torch import nn
        from spikingjelly.activation_based import functional, neuron

        def net():
            model = nn.Sequential(nn.Linear(6, 5), neuron.IFNode(backend="cupy"))
            functional.set_backend(model, "cupy", neuron.IFNode)
            return model
        """,
    )
    net = import_model(f"{path}:net")
    (row,) = [a for a in net.assumptions if a.what == "stand-ins"]
    assert (
        row.value == "backend of SpikingJelly's neurons, spikingjelly.activation_based.functional.set_backend"
    )
    with pytest.raises(TypeError):
        neuron.IFNode(backend="cupy")  # type: ignore[call-arg]
    assert not hasattr(functional, "set_backend")


def test_options_of_training(tmp_path: Path) -> None:
    """`verbose` of schedulers, which a newer PyTorch has not: files make their optimiser beside the model."""
    path = written(
        tmp_path,
        """
        import torch
        from torch import nn
        from spikingjelly.activation_based import neuron

        def net(word="verbose"):
            model = nn.Sequential(nn.Linear(6, 5), neuron.IFNode())
            adam = torch.optim.Adam(model.parameters())
            torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer=adam, **{word: True})
            torch.optim.lr_scheduler.StepLR(adam, 1, verbose=False)
            return model

        def other():
            return net("loud")
        """,
    )
    net = import_model(f"{path}:net")
    (row,) = [a for a in net.assumptions if a.what == "stand-ins"]
    assert row.value == "verbose of torch.optim's schedulers"
    assert "unexpected keyword argument 'loud'" in refusal(f"{path}:other")
    adam = torch.optim.Adam(nn.Linear(1, 1).parameters())
    with pytest.raises(TypeError):
        torch.optim.lr_scheduler.StepLR(adam, 1, verbose=False)  # type: ignore[call-arg]


def test_neighbours_do_not_stay(tmp_path: Path) -> None:
    """Two files, each beside its own `parts.py`."""
    for name, size in (("one", 3), ("two", 4)):
        folder = tmp_path / name
        folder.mkdir()
        written(folder, f"SIZE = {size}", "parts.py")
        text = """
            from torch import nn
            from spikingjelly.activation_based.neuron import IFNode
            import parts

            def net():
                return nn.Sequential(nn.Linear(6, parts.SIZE), IFNode())
        """
        assert import_model(f"{written(folder, text)}:net").populations[-1].shape == (size, 1, 1)
        assert str(folder) not in sys.path
    assert "parts" not in sys.modules


def test_positions_of_old_options(tmp_path: Path) -> None:
    text = """
        from spikingjelly.clock_driven.neuron import MultiStepLIFNode

        def net():
            return MultiStepLIFNode(2.0, 1.0)
    """
    assert "order its options differently; give them by name" in refusal(f"{written(tmp_path, text)}:net")


def test_axes_and_layers() -> None:
    x = torch.rand(2, 3, 4, 5)
    assert torch.equal(rearrange(x, "b c h w -> b (h w) c"), x.flatten(2).transpose(1, 2))
    assert torch.equal(rearrange(x, "b c (h two) w -> two b c h w", two=2)[1], x[:, :, 1::2])
    assert torch.equal(repeat(x, "b c h w -> t b c h w", t=3)[2], x)
    assert torch.allclose(reduce(x, "b c h w -> b c", "mean"), x.mean((2, 3)))
    assert torch.equal(reduce(x, "b c h w -> b c 1 1", "max")[..., 0, 0], x.amax((2, 3)))
    with pytest.raises(ValueError, match="a dimension of 3 is not"):
        rearrange(x, "b (c two) h w -> b c h w two", two=2)
    drop = made()["DropPath"](0.5)
    assert (drop(torch.ones(100, 2))[:, 0] == 0).any()
    assert torch.equal(drop.eval()(x), x)
    standard = made()["ScaledStdConv2d"](3, 2, 3)
    rows = standard.get_weight().flatten(1)
    assert torch.allclose(rows.mean(1), torch.zeros(2), atol=1e-6)
    assert torch.allclose(rows.var(1, unbiased=False) * 27, torch.ones(2), atol=1e-3)


def model() -> nn.Sequential:
    return nn.Sequential(layer.Linear(6, 5), neuron.IFNode(), layer.Linear(5, 4), neuron.IFNode())


WRAPPED = {
    "plain": lambda d: d,
    "state_dict": lambda d: {"state_dict": d, "epoch": 3},
    "model": lambda d: {"model": d, "max_test_acc": 0.9},
    "net": lambda d: {"net": d},
    "parallel": lambda d: {"state_dict": {f"module.{n}": t for n, t in d.items()}},
    "compiled": lambda d: {f"_orig_mod.{n}": t.half() for n, t in d.items()},
    "counters": lambda d: {**d, "1.mem": torch.zeros(3), "0.total_ops": torch.zeros(1)},
}


@pytest.mark.parametrize("name", WRAPPED)
def test_checkpoints(name: str, tmp_path: Path) -> None:
    trained, path = model(), tmp_path / "model.pt"
    torch.save(WRAPPED[name](trained.state_dict()), path)
    fresh = model()
    kept = {n: t.clone() for n, t in fresh.state_dict().items()}
    net = import_model(fresh, weights=path)
    first = trained[0]
    assert isinstance(first, nn.Linear)
    expected = first.weight.half().double() if name == "compiled" else first.weight.double()
    assert torch.equal(torch.as_tensor(net.projections[0].weight[:, :, 0, 0]), expected)
    (row,) = [a for a in net.assumptions if a.what == "weights"]
    assert row.value == "model.pt"
    assert all(torch.equal(t, kept[n]) for n, t in fresh.state_dict().items())


class Sly:
    """Code in a checkpoint."""

    def __reduce__(self) -> Any:
        return print, ("ran",)


WRONG: dict[str, tuple[Any, str]] = {
    "code": (lambda d: {"model": Sly(), **d}, "holds more than weights (objects, which are code); save torch.save(model.state_dict()"),
    "module": (lambda d: model(), "holds more than weights"),
    "missing": (lambda d: {n: t for n, t in d.items() if n != "2.bias"}, "lacks '2.bias' of the model; give the checkpoint of the whole"),
    "unexpected": (lambda d: {**d, "head.weight": d["0.bias"]}, "has 'head.weight', which the model has not; make the model as it was"),
    "another": (lambda d: {f"x{n}": t for n, t in d.items()}, "is of another model: it lacks '0.weight', '0.bias', '2.weight' and 1 more"),
    "shaped": (lambda d: {**d, "2.weight": d["2.weight"][:3]}, "'2.weight' is 3x5 there and 4x5 in the model; make the model of the"),
    "numbers": (lambda d: [1, 2], "holds a list; expected weights by name"),
    "nothing": (lambda d: {"epoch": 3}, "holds a dictionary of epoch; expected weights by name"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_checkpoints(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "model.pt"
    torch.save(WRONG[name][0](model().state_dict()), path)
    assert f"{path}{':' if name == 'shaped' else ''} {WRONG[name][1]}" in refusal(model(), weights=path)
    assert capsys.readouterr().out == ""


def test_no_checkpoints(tmp_path: Path) -> None:
    assert refusal(model(), weights=tmp_path / "none.pt") == f"weights: no file {tmp_path / 'none.pt'}"
    (tmp_path / "bad.pt").write_bytes(b"12345")
    assert "bad.pt is no file of weights" in refusal(model(), weights=tmp_path / "bad.pt")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("def net(hidden, *more, depth): ...", "hidden, depth"),
        ("class net:\n    def __init__(self, size): ...", "size"),
    ],
)
def test_a_function_that_wants_arguments(text: str, wanted: str, tmp_path: Path) -> None:
    path = written(tmp_path, text)
    with pytest.raises(SpikeplaneError) as refused:
        call(f"{path}:net")
    assert str(refused.value) == (
        f"{path}: 'net' takes {wanted}, and is called with nothing; give default values, or name a function that "
        "returns the model"
    )
    assert call(f"{written(tmp_path, 'def net(width=3, *more, **options): return width')}:net") == (3, [])
