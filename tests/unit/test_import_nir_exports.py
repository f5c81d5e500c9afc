"""NIR graphs in the forms in which frameworks export them through nirtorch: the batch in the shapes of inputs and
outputs, edges in any order, numbers without a shape as tensors, nodes that are empty."""

from typing import Any

import nir
import numpy as np
import pytest
import torch

import spikeplane
from spikeplane import Encoding, SpikeplaneError
from spikeplane.importers import import_model

RNG = np.random.default_rng(11)
FIRST, LAST = RNG.normal(1.0, 2.0, (6, 5)), RNG.normal(0.5, 2.0, (4, 6))
KERNEL = RNG.normal(0.4, 1.0, (3, 2, 3, 3))


def number(value: float) -> Any:
    return torch.tensor(value)


def exported(shape: tuple[int, ...], ends: tuple[int, ...], *nodes: Any) -> nir.NIRGraph:
    """A chain as nirtorch writes it, with nothing checked."""
    named: dict[str, Any] = {"input": nir.Input({"input": np.array(shape)})}
    named |= {str(i): node for i, node in enumerate(nodes)} | {
        "output": nir.Output({"output": np.array(ends)})
    }
    edges = list(zip(named, list(named)[1:], strict=False))
    return nir.NIRGraph(named, edges[::-1], type_check=False)


def affine(weight: np.ndarray) -> nir.Affine:
    return nir.Affine(torch.tensor(weight), torch.zeros(len(weight)))  # type: ignore[arg-type]


def box(tau: float = 1e-5) -> nir.LIF:
    one = number(1.0)
    return nir.LIF(tau=number(tau), r=one, v_leak=number(0.0), v_threshold=one)


def cell() -> nir.CubaLIF:
    one = number(1.0)
    return nir.CubaLIF(number(5e-6), number(1e-5), one, number(0.0), one)  # type: ignore[arg-type]


def leaky() -> nir.LI:
    return nir.LI(tau=number(1e-5), r=number(1.0), v_leak=number(0.0))


def compiled(graph: Any, **options: Any) -> spikeplane.Program:
    program = spikeplane.compile(graph, encoding=Encoding(kind="planes", steps=16), **options)
    rows = program.tables["agreement"]
    assert [row["differences"] for row in rows] == [0] * len(rows)
    assert max(row["rate_float"] or 0 for row in rows) > 0.01
    return program


@pytest.mark.parametrize(
    "nodes", [(box(),), (cell(),), (box(), affine(LAST), box()), (box(), affine(LAST), leaky())]
)
def test_norse(nodes: tuple[Any, ...]) -> None:
    last = 6 if len(nodes) == 1 else 4
    program = compiled(exported((2, 5), (2, last), affine(FIRST), *nodes), dt=1e-6)
    assert program.network.inputs[0].shape == (5, 1, 1)
    told = [row for row in program.tables["assumptions"] if row["what"] == "shape"]
    why = "2x5 has leading sizes that the layer behind has no place for: a batch"
    assert told == [{"layer": "input", "what": "shape", "value": "5", "why": why}]


@pytest.mark.parametrize(
    ("shape", "taken"), [((4, 2, 8, 8), (2, 8, 8)), ((16, 4, 2, 8, 8), (2, 8, 8)), ((2, 8, 8), (2, 8, 8))]
)
def test_batches_of_images(shape: tuple[int, ...], taken: tuple[int, ...]) -> None:
    kernel = nir.Conv2d(None, torch.tensor(KERNEL), 1, 0, 1, 1, torch.zeros(3))  # type: ignore[arg-type]
    graph = exported(shape, (*shape[:-3], 3, 6, 6), kernel, box())
    assert compiled(graph, dt=1e-6).network.inputs[0].shape == taken


@pytest.mark.parametrize(("shape", "ends"), [((5,), (4, 6)), ((3, 5), (2, 6)), ((2, 4), (2, 6))])
def test_shapes_that_no_batch_explains(shape: tuple[int, ...], ends: tuple[int, ...]) -> None:
    with pytest.raises(SpikeplaneError, match="expects 5 inputs, it gets 8|check the graph's edges"):
        import_model(exported(shape, ends, affine(FIRST), box()), dt=1e-6)


def test_sinabs() -> None:
    """Its time constants are steps: dt is 1."""
    kernel = nir.Conv2d(None, torch.tensor(KERNEL), 1, 0, 1, 1, torch.zeros(3))  # type: ignore[arg-type]
    ones = np.ones((3, 6, 6))
    nodes = kernel, nir.IF(ones, ones, 0 * ones), nir.SumPool2d([2, 2], [2, 2], [0, 0])  # type: ignore[arg-type]
    flat = nir.Flatten({"input": np.array([3, 3, 3])}, 0, -1)
    rest = flat, affine(RNG.normal(0.2, 0.5, (4, 27))), box(tau=10.0)
    compiled(exported((2, 8, 8), (4,), *nodes, *rest), dt=1.0)


def test_the_step_of_norse_is_said() -> None:
    with pytest.raises(SpikeplaneError) as refused:
        import_model(exported((2, 5), (2, 6), affine(FIRST), box()))
    assert str(refused.value) == (
        "layer '1': its tau of 1e-05 s is less than a step of 0.0001 s; give a smaller --dt (1e-06 where norse wrote "
        "the graph), or --discretisation exponential"
    )
