"""timm's helpers that published spiking networks import: sizes, initial weights, stochastic depth, the
table of models, standardised convolutions."""

import itertools
from collections.abc import Callable, Iterable
from typing import Any

from spikeplane.errors import SpikeplaneError
from spikeplane.importers.published.names import stands_in

_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_models: dict[str, Callable[..., Any]] = {}


def register_model(function: Callable[..., Any]) -> Callable[..., Any]:
    """Note a function that makes a model, by its name."""
    _models[function.__name__] = function
    return function


def create_model(name: str, pretrained: bool = False, **options: Any) -> Any:
    """What the registered function makes. Raises SpikeplaneError for other names and trained weights."""
    if pretrained:
        raise SpikeplaneError(
            "timm is not installed here, and pretrained=True needs it; give the weights with --weights"
        )
    if name not in _models:
        raise SpikeplaneError(f"timm is not installed here, and the file registers no model '{name}'")
    return _models[name](**{k: v for k, v in options.items() if v is not None})


def to_ntuple(count: int) -> Callable[[Any], tuple]:
    """A function that makes tuples of `count`."""

    def make(value: Any) -> tuple:
        several = isinstance(value, Iterable) and not isinstance(value, str)
        return tuple(value) if several else tuple(itertools.repeat(value, count))

    return make


def _cfg(url: str = "", **options: Any) -> dict[str, Any]:
    """timm's table of a model's settings."""
    return {
        "url": url,
        "num_classes": 1000,
        "input_size": (3, 224, 224),
        "mean": _MEAN,
        "std": _DEVIATION,
        **options,
    }


@stands_in(
    "timm.models.layers",
    "timm.layers",
    "timm.models.layers.helpers",
    "timm.layers.helpers",
    "timm.models.layers.drop",
    "timm.layers.drop",
    "timm.models.layers.weight_init",
    "timm.layers.weight_init",
)
def layers() -> dict[str, Any]:  # fmt: skip
    """Helpers of layers."""
    import torch
    from torch import nn

    from spikeplane.importers.published.layers import drop_path, made

    return {
        **made(),
        "drop_path": drop_path,
        "trunc_normal_": nn.init.trunc_normal_,
        "lecun_normal_": _lecun_normal,
        "to_ntuple": to_ntuple,
        **{f"to_{n}tuple": to_ntuple(n) for n in (1, 2, 3, 4)},
        "make_divisible": _divisible,
        "Identity": torch.nn.Identity,
    }


def _lecun_normal(tensor: Any) -> Any:
    """Normal weights of variance 1 over the inputs."""
    import torch

    with torch.no_grad():
        return tensor.normal_(0, (1 / max(tensor[0].numel(), 1)) ** 0.5)


def _divisible(value: float, divisor: int = 8, least: int | None = None, limit: float = 0.9) -> int:
    """The nearest multiple, not less than `limit` of the value."""
    near = max(least or divisor, int(value + divisor / 2) // divisor * divisor)
    return near + divisor if near < limit * value else near


@stands_in("timm", "timm.models", "timm.models.registry", "timm.models.factory")
def models() -> dict[str, Any]:
    """The table of models."""
    return {
        "register_model": register_model,
        "create_model": create_model,
        "is_model": lambda name: name in _models,
    }


@stands_in("timm.models.vision_transformer", "timm.models.resnet", "timm.models.helpers")
def settings() -> dict[str, Any]:
    """Settings of models."""
    return {"_cfg": _cfg, "default_cfgs": {}}


@stands_in("timm.data", "timm.data.constants")
def constants() -> dict[str, Any]:
    """ImageNet's mean and deviation."""
    half = (0.5, 0.5, 0.5)
    return {
        "IMAGENET_DEFAULT_MEAN": _MEAN,
        "IMAGENET_DEFAULT_STD": _DEVIATION,
        "IMAGENET_INCEPTION_MEAN": half,
        "IMAGENET_INCEPTION_STD": half,
    }


class Registry:
    """fvcore's table of a project's models, by their names."""

    def __init__(self, name: str) -> None:
        self.name, self._known = name, dict[str, Any]()

    def register(self, thing: Any = None) -> Any:
        """Note a class or function; without one what decorates it."""
        if thing is None:
            return self.register
        self._known[thing.__name__] = thing
        return thing

    def get(self, name: str) -> Any:
        """What has the name. Raises KeyError."""
        return self._known[name]


@stands_in("fvcore.common.registry")
def registries() -> dict[str, Any]:
    """Tables of models."""
    return {"Registry": Registry}
