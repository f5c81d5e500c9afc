"""PyTorch modules: what each layer is, its handler knows (registry.py).

A forward that is one step of layers, additions and flattens is traced with torch.fx, layers as leaves,
and walked. Any other is traced as a whole, operator by operator (trace/). Only what is known to the
last bit passes; hooks and whatever else could make another network of it are refused by name.
"""

import inspect
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from spikeplane.errors import NoShape, SpikeplaneError
from spikeplane.float_network import FloatNetwork
from spikeplane.importers.geometry import Shapes
from spikeplane.importers.imported import Imported
from spikeplane.importers.registry import handler_of, is_learned, samples_first
from spikeplane.importers.torch_copy import evaluated
from spikeplane.importers.torch_trace import check_hooks, check_known, is_layer, step_mode, traced, used
from spikeplane.importers.torch_walk import walk
from spikeplane.importers.unfollowed import Unfollowed
from spikeplane.importers.wanted import Wanted


def import_torch(
    module: Any,
    input_shape: Shapes | None,
    *,
    reset: str | None = None,
    compare: str | None = None,
    input_bits: int | None = None,
    input_steps: bool = False,
) -> Imported:
    """The float network of a module, and how its forward is called if that is not once a step with
    (N, C, H, W) or (N, C), or with (T, N, ...) in step mode "m".

    input_shape: (C, H, W), or of several inputs by the names of forward's arguments; guessed for a module
    that starts with a fully connected layer. input_bits: bits of an input value, None where unknown; input_steps:
    samples have steps of their own. The module is evaluated as `module.eval()` would be, on a copy. Raises SpikeplaneError, one line, for a
    layer that cannot be represented and for shapes that do not match.
    """
    import torch

    _install()
    check_hooks(module)
    if is_layer(module):
        module = torch.nn.Sequential(module)
    from spikeplane.importers.trace import own_cells, own_levels, own_parallel  # load torch

    own_parallel.recognise(module)
    own_levels.recognise(module)
    own_cells.recognise(module)
    copied = evaluated(module)
    try:
        return Imported(_followed(copied, module, input_shape, Wanted(reset, compare, False, input_bits)))
    except Unfollowed as unfollowed:
        first = unfollowed
    from spikeplane.importers.trace.importing import import_traced  # loads much of torch

    shape = input_shape or _guess(evaluated(module))
    try:
        return import_traced(module, shape, Wanted(reset, compare, False, input_bits, input_steps))
    except SpikeplaneError as error:
        raise own_cells.named(module, SpikeplaneError(str(first if first.stands else error))) from None


def _followed(copied: Any, module: Any, shape: Shapes | None, wanted: Wanted) -> FloatNetwork:
    """By torch.fx. Raises Unfollowed where that does not show what the forward does."""
    import torch

    unknown = [name for name in shape if name not in _arguments(module)] if isinstance(shape, Mapping) else []
    if unknown:
        raise SpikeplaneError(
            f"input_shape has '{unknown[0]}', forward takes {', '.join(_arguments(module)) or 'nothing'}; name its arguments"
        )
    graph = traced(copied, module)
    check_known(copied, graph)
    several = step_mode(copied, graph) == "m"
    own = [type(part) for _, part in used(copied, graph) if is_learned(type(part))]
    if own and (not several or any(samples_first(kind) for kind in own)):
        raise Unfollowed(f"the model's forward takes all steps at once, for its {own[0].__name__}")
    wanted = replace(wanted, several_steps=several)
    with torch.no_grad():
        return walk(copied, graph, shape or _guess(copied), wanted, was_training=module.training)


def _arguments(module: Any) -> list[str]:
    return list(inspect.signature(module.forward).parameters)


def _install() -> None:
    """Handlers of the frameworks that are there; a model of one that is not loaded cannot be."""
    import sys

    from spikeplane.importers import timm_layers, torch_layers, torch_pools, torch_refused

    torch_layers.install()
    torch_pools.install()
    torch_refused.install()
    timm_layers.install()
    if "spikingjelly" in sys.modules:
        from spikeplane.importers import spikingjelly_layers, spikingjelly_neurons, spikingjelly_parallel

        spikingjelly_layers.install()
        spikingjelly_neurons.install()
        spikingjelly_parallel.install()
    if "snntorch" in sys.modules:
        from spikeplane.importers import snntorch_neurons

        snntorch_neurons.install()


def _guess(module: Any) -> tuple[int, int, int]:
    from spikeplane.importers.torch_layers import convolution, linear

    for child in module.modules():
        handler, _ = handler_of(type(child)) or (None, 0)
        if hasattr(child, "in_features") and handler is not None and handler.__name__ == linear.__name__:
            return child.in_features, 1, 1
        if handler is convolution:
            break
    raise NoShape(
        "the model does not say its input's shape (channels, height, width); give it, such as "
        "--input-shape 1x28x28 (input_shape=(1, 28, 28))"
    )
