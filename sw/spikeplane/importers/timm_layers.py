"""timm's layers, those of the stand-ins too: convolutions of standardised weights."""

import sys

from spikeplane.importers import torch_layers
from spikeplane.importers.flow import Currents
from spikeplane.importers.published.layers import made
from spikeplane.importers.registry import Call, builtin


def install() -> None:
    """Register the handlers."""
    there = (sys.modules.get(name) for name in ("timm.layers", "timm.models.layers"))
    kinds = [getattr(module, "ScaledStdConv2d", None) for module in there]
    for kind in (made()["ScaledStdConv2d"], *kinds):
        if isinstance(kind, type) and hasattr(kind, "forward"):
            builtin(kind)(scaled)


def scaled(call: Call) -> Currents:
    """A convolution of standardised weights with a gain a channel."""
    module = call.module
    rows = module.weight.flatten(1)
    mean, variance = rows.mean(1, keepdim=True), rows.var(1, unbiased=False, keepdim=True)
    gain = (module.gain * module.scale).reshape(-1, 1)
    weight = gain * (rows - mean) / (variance + module.eps) ** 0.5
    return torch_layers.convolved(call, weight.reshape(module.weight.shape))
