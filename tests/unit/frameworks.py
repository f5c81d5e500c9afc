"""Runs frameworks beside the float network: the model itself, in float64 on a copy, step by step,
every layer's spikes recorded."""

# the frameworks annotate their layers and parameters loosely:
# pyright: reportArgumentType=false, reportCallIssue=false, reportOptionalMemberAccess=false

import copy
from typing import Any

import numpy as np
import torch
from torch import nn

from spikeplane.compiler.graph import FloatNetwork
from spikeplane.importers import import_model
from spikeplane.network import MEMBRANE
from spikeplane_sim.golden import FloatModel

STEPS = 12
RATES = (0.1, 0.4)


def planes(shape: tuple[int, int, int], seed: int = 0) -> np.ndarray:
    """Random planes (N, T, C, H, W), two samples at each activity."""
    rng = np.random.default_rng(seed)
    rates = np.repeat(RATES, 2).reshape(-1, 1, 1, 1, 1)
    return (rng.random((2 * len(RATES), STEPS, *shape)) < rates).astype(np.float64)


def double(model: nn.Module) -> nn.Module:
    """A copy in float64 and evaluation. snnTorch's spikes are float32 whatever comes in: they are
    converted."""
    copied = copy.deepcopy(model).double().eval()
    for module in copied.modules():
        if hasattr(module, "spike_grad"):
            fire = module.spike_grad
            module.spike_grad = lambda x, fire=fire: fire(x).to(x.dtype)
    return copied


def framework(
    model: nn.Module, inputs: np.ndarray, *, rows: bool = False, several: bool = False, line: bool = False
) -> dict[str, np.ndarray]:
    """What every layer puts out, (N, T, ...) by its path, and "" for the model. States that forward
    returns come back to it. line: it takes (N, C, L)."""
    copied = double(model)
    found: dict[str, list[Any]] = {}

    def keep(name: str) -> Any:
        return lambda _, __, out: found.setdefault(name, []).append(whole(out))

    for name, module in copied.named_modules():
        if "surrogate" not in type(module).__module__:  # shared by neurons
            module.register_forward_hook(keep(name))
    data = torch.as_tensor(inputs).flatten(2) if rows else torch.as_tensor(inputs)
    data = data.squeeze(3) if line else data
    states: tuple = ()
    with torch.no_grad():
        if several:
            copied(data.transpose(0, 1))
            return {name: values[0].transpose(0, 1).flatten(2).numpy() for name, values in found.items()}
        for t in range(data.shape[1]):
            result = copied(data[:, t], *states)
            states = result[1:] if isinstance(result, tuple) and getattr(model, "threads", False) else ()
    return {name: torch.stack(values, 1).flatten(2).numpy() for name, values in found.items()}


def whole(out: Any) -> torch.Tensor:
    """A layer's output, or the first of several, as it is now: models add to it in place. A list is
    one entry a step."""
    return (
        (torch.stack(out) if isinstance(out, list) else out[0] if isinstance(out, tuple) else out)
        .detach()
        .clone()
    )


def compared(
    model: Any,
    shape: tuple[int, int, int],
    *,
    rows: bool = False,
    several: bool = False,
    line: bool = False,
    **options: Any,
) -> FloatNetwork:
    """Import the model and hold every layer that both sides have, spike for spike, against the
    framework. Returns the network."""
    inputs = planes(shape)
    net = import_model(model, input_shape=shape, **options)
    ours, theirs = (
        FloatModel(net).run({net.inputs[0].name: inputs}),
        framework(model, inputs, rows=rows, several=several, line=line),
    )
    checked = 0
    for population in net.populations:
        neuron, name = population.neuron, population.name
        if neuron is None or (name not in theirs and name != net.output):
            continue
        got = ours[name].reshape(*ours[name].shape[:2], -1)
        if neuron.kind is MEMBRANE:
            want = (
                theirs[""].cumsum(1)
                if name not in theirs
                else theirs[name if neuron.floor or name != net.output else ""]
            )
            np.testing.assert_allclose(got, want, rtol=0, atol=1e-9, err_msg=name)
            assert np.abs(want).max() > 0.01
        else:
            np.testing.assert_array_equal(got, theirs[name], err_msg=name)
            assert 0.002 < theirs[name].mean() < 0.998, f"{name}: {theirs[name].mean():.3%} active"
        checked += 1
    assert checked
    return net


def outputs(model: Any, inputs: np.ndarray, **options: Any) -> np.ndarray:
    """(N, T, ...) of the float network's last layer."""
    net = import_model(model, **options)
    found = FloatModel(net).run({net.inputs[0].name: inputs})[net.output]
    return found.reshape(*found.shape[:2], -1)


def equal(ours: np.ndarray, theirs: np.ndarray) -> None:
    """Every spike, and some there are."""
    np.testing.assert_array_equal(ours, theirs)
    assert 0.005 < theirs.mean() < 0.99


def spread(model: nn.Module, mean: float = 0.1, seed: int = 0) -> nn.Module:
    """Weights and statistics that make things happen."""
    generator = torch.Generator().manual_seed(seed)

    def normal(tensor: torch.Tensor, mean: float, deviation: float) -> None:
        tensor.copy_(torch.randn(tensor.shape, generator=generator) * deviation + mean)

    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.modules.conv._ConvNd | nn.Linear):
                normal(module.weight, mean, 0.5)
                if module.bias is not None:
                    normal(module.bias, 0.1, 0.2)
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d) and module.running_mean is not None:
                normal(module.running_mean, 0.0, 0.5)
                module.running_var.copy_(torch.rand(module.num_features, generator=generator) + 0.5)
                normal(module.weight, 1.0, 0.2)
                normal(module.bias, 0.0, 0.2)
    return model
