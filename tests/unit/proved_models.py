"""Small models of every source, and what a compiler's caller sees: for the tests of the import's proof."""

from collections.abc import Callable
from typing import Any

import nir
import numpy as np
import pytest
import torch
from snntorch import Leaky
from spikingjelly.activation_based.neuron import LIFNode
from torch import nn

import spikeplane
from spikeplane import Encoding, Program, SpikeplaneError

PLANES = Encoding(kind="planes", steps=8)


def seeded(model: nn.Module, scale: float = 0.5) -> nn.Module:
    """Weights and biases that make things happen."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim():
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * scale + 0.1)
    return model


def spikingjelly() -> nn.Module:
    return seeded(
        nn.Sequential(
            nn.Conv2d(2, 4, 3, padding=1),
            LIFNode(tau=3.0, v_reset=None),
            nn.Conv2d(4, 3, 3),
            LIFNode(tau=2.0, v_reset=None),
        )
    )


def snntorch() -> nn.Module:
    return seeded(
        nn.Sequential(
            nn.Conv2d(2, 4, 3, padding=1),
            Leaky(beta=0.9, init_hidden=True),
            nn.Conv2d(4, 3, 3),
            Leaky(beta=0.7, init_hidden=True),
        )
    )


def nir_graph() -> nir.NIRGraph:
    rng = np.random.default_rng(0)

    def lif(shape: tuple[int, ...], tau: float) -> nir.LIF:
        ones = np.ones(shape)
        return nir.LIF(tau=ones * tau, r=ones * tau / 1e-4, v_leak=ones * 0, v_threshold=ones)

    def convolution(out: int, into: int, size: int, padding: int) -> nir.Conv2d:
        weight, bias = rng.normal(0.1, 0.5, (out, into, 3, 3)), rng.normal(0.1, 0.3, out)
        return nir.Conv2d(
            input_shape=(size, size),
            weight=weight,
            stride=1,
            padding=padding,
            dilation=1,
            groups=1,
            bias=bias,
        )

    nodes = {
        "input": nir.Input({"input": np.array((2, 6, 6))}),
        "0": convolution(4, 2, 6, 1),
        "1": lif((4, 6, 6), 5e-4),
        "2": convolution(3, 4, 6, 0),
        "3": lif((3, 4, 4), 1e-3),
        "output": nir.Output({"output": np.array((3, 4, 4))}),
    }
    return nir.NIRGraph(nodes=nodes, edges=list(zip(list(nodes), list(nodes)[1:], strict=False)))


SOURCES: dict[str, Callable[[], Any]] = {"spikingjelly": spikingjelly, "snntorch": snntorch, "nir": nir_graph}


def compiled(
    model: Any, encoding: Encoding = PLANES, shape: tuple[int, int, int] | None = (2, 6, 6), **options: Any
) -> Program:
    return spikeplane.compile(model, chip="small", input_shape=shape, encoding=encoding, **options)


def refused(
    model: Any, encoding: Encoding = PLANES, shape: tuple[int, int, int] | None = (2, 6, 6), **options: Any
) -> str:
    with pytest.raises(SpikeplaneError) as error:
        compiled(model, encoding, shape, **options)
    assert "\n" not in str(error.value)
    return str(error.value)
