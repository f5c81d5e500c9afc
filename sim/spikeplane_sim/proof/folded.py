"""A network of time as channels beside its model: the model's steps, one after the other, of what the network has in
the channels of one step, and back."""

from dataclasses import replace

import numpy as np
import torch

from spikeplane.float_network import FloatNetwork

Tensor = torch.Tensor


def steps_of(net: FloatNetwork) -> int:
    """Steps of the model in one of the network."""
    return max(p.fold for p in net.populations)


def apart(net: FloatNetwork) -> FloatNetwork:
    """The populations as the model has them in one of its steps."""
    return replace(
        net,
        populations=tuple(
            replace(p, shape=(p.shape[0] // p.fold, *p.shape[1:]), fold=1) for p in net.populations
        ),
    )


def one_by_one(net: FloatNetwork, name: str, values: Tensor) -> Tensor:
    """(N, S, fold * C, H, W) of a population -> (N * S, T, C, H, W): the network keeps nothing, so each of its steps is a
    sample of the model."""
    fold, steps = net.population(name).fold, steps_of(net)
    flat = values.reshape(-1, fold, values.shape[2] // fold, *values.shape[3:])
    return flat if fold == steps else flat.expand(-1, steps, -1, -1, -1)


def together(
    net: FloatNetwork, found: dict[str, Tensor], modules: set[str], size: tuple[int, int]
) -> dict[str, Tensor]:
    """The inverse, of what the model has put out, for `size` samples and steps of the network. A readout is of the last
    step, or summed over the steps where a module of the model that holds it is read out so."""
    back = {}
    for name, values in found.items():
        if net.population(name).fold == 1:
            summed = name in modules and net.readout == "sum"
            values = values.sum(1, keepdim=True) if summed else values[:, -1:]
        back[name] = values.reshape(*size, -1, *values.shape[3:])
    return back


def alike(values: np.ndarray, fold: int) -> np.ndarray:
    """Planes (N, S, fold * C, H, W) with the channels of the first step in each."""
    first = values[:, :, : values.shape[2] // fold]
    return np.concatenate([first] * fold, axis=2)
