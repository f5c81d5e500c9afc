"""A bias as synapses of a constant population, which sends 1 at every pixel: padding in front of the next
layer sees it as it sees all else."""

from dataclasses import replace

import numpy as np

from spikeplane.float_network import FloatPopulation
from spikeplane.importers.flow import Currents, Draft
from spikeplane.importers.maps import Map


def constants(populations: list[FloatPopulation]) -> set[str]:
    """The populations that send 1 everywhere."""
    return {p.name for p in populations if p.constant and p.levels is None}


def as_synapses(populations: list[FloatPopulation], value: Currents) -> Currents:
    """The currents with their bias (C,) as synapses of a constant population, which joins `populations`
    behind the inputs if it is not there."""
    _, height, width = value.shape
    name = f"constant {height}x{width}"
    if name not in constants(populations):
        first = next((i for i, p in enumerate(populations) if p.neuron is not None), len(populations))
        populations.insert(first, FloatPopulation(name=name, shape=(1, height, width), constant=True))
    axes = np.eye(height)[None], np.eye(width)[None]
    draft = Draft(name, Map(value.bias.reshape(-1, 1, 1, 1), *axes))
    return replace(value, drafts=(*value.drafts, draft), bias=np.zeros(len(value.bias)))


def settled(populations: list[FloatPopulation], value: Currents, *, each: bool = False) -> Currents:
    """What constant populations send becomes a bias again where it is the same at all pixels of a channel;
    `each`: in any case, one a pixel."""
    kept: list[Draft] = []
    bias, ones = value.bias, constants(populations)
    for draft in value.drafts:
        added = narrow(draft.map.of(np.ones(draft.map.source))) if draft.source in ones else None
        if added is not None and added.ndim == 1:
            bias = bias + added.reshape(-1, *[1] * (bias.ndim - 1))
        elif added is not None and each:
            bias = replace(value, bias=bias).image + added
        else:
            kept.append(draft)
    return replace(value, drafts=tuple(kept), bias=bias)


def narrow(image: np.ndarray) -> np.ndarray:
    """A bias (C, H, W) as (C,) where it is one a channel."""
    flat = image.reshape(len(image), -1)
    size = np.abs(flat).max(initial=0.0)
    same = flat.size and (np.abs(flat - flat[:, :1]) <= 1e-12 * size).all()
    return flat[:, 0].copy() if same else image
