"""NIR graphs that other tools write: lines of pixels, several outputs, integrators in the middle, shapes that nir's
own check refuses. Each is proved by NIR's equations, which share nothing with the importer."""

from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest

import spikeplane
from spikeplane import Encoding, Program, SpikeplaneError
from spikeplane.importers import import_model

DATA = Path(__file__).parents[2].parent / "shared/data/nir"
DT = 1e-4
RNG = np.random.default_rng(8)


def ones(*shape: int) -> np.ndarray:
    return np.ones(shape)


def lif(*shape: int, threshold: float = 0.4) -> nir.LIF:
    return nir.LIF(
        tau=ones(*shape) * 4 * DT,
        r=ones(*shape) * 3,
        v_leak=0 * ones(*shape),
        v_threshold=threshold * ones(*shape),
    )


def graph(
    shape: tuple[int, ...],
    nodes: dict[str, Any],
    outputs: dict[str, tuple[str, tuple[int, ...]]],
    edges: Any = None,
) -> nir.NIRGraph:
    """The nodes in a row, or as `edges`; outputs: by name the node that they take and their shape."""
    names = ["input", *nodes]
    found = list(zip(names, names[1:], strict=False)) if edges is None else list(edges)
    ends = {name: nir.Output({"output": np.array(size)}) for name, (_, size) in outputs.items()}
    found += [(source, name) for name, (source, _) in outputs.items()]
    return nir.NIRGraph(
        {"input": nir.Input({"input": np.array(shape)}), **nodes, **ends}, found, type_check=False
    )


def compiled(model: nir.NIRGraph, **options: Any) -> Program:
    encoding = Encoding(kind="planes", steps=16)
    program = spikeplane.compile(model, chip="small", dt=DT, encoding=encoding, **options)
    rows = program.tables["agreement"]
    assert all(row["compared"] > 500 and row["differences"] == 0 for row in rows)
    assert any(row["rate_float"] and 0.01 < row["rate_float"] < 0.99 for row in rows)
    return program


@pytest.mark.parametrize(
    ("padding", "stride", "length"), [(1, 2, 6), ("same", 1, 12), ("valid", 1, 9), (0, 3, 3)]
)
def test_lines(padding: Any, stride: int, length: int) -> None:
    convolution = nir.Conv1d(
        12, RNG.normal(0.2, 0.6, (4, 2, 4)), stride, padding, 1, 1, RNG.normal(0, 0.1, 4)
    )
    linear = nir.Linear(RNG.normal(0.1, 0.4, (3, 4 * length)))
    flat = nir.Flatten({"input": np.array([4, length])}, 0)
    nodes = {"conv": convolution, "cells": lif(4, length), "flat": flat, "fc": linear, "last": lif(3)}
    program = compiled(graph((2, 12), nodes, {"output": ("last", (3,))}))
    assert program.network.population("cells").shape == (4, 1, length)


def several() -> nir.NIRGraph:
    nodes = {
        "fc": nir.Linear(RNG.normal(0.2, 0.6, (6, 5))),
        "one": lif(6),
        "next": nir.Linear(RNG.normal(0.2, 0.6, (4, 6))),
        "two": lif(4),
    }
    return graph((5,), nodes, {"early": ("one", (6,)), "late": ("two", (4,))})


@pytest.mark.parametrize(
    ("asked", "output", "why"), [(None, "one", "--read-out takes another"), ("late", "two", "given")]
)
def test_several_outputs(asked: str | None, output: str, why: str) -> None:
    program = compiled(several(), read_out=asked)
    assert program.network.output == output
    told = [row for row in program.tables["assumptions"] if row["what"] == "output"]
    assert [(row["value"], row["why"]) for row in told] == [(f"{asked or 'early'} of early, late", why)]


def test_an_output_that_is_not_there() -> None:
    with pytest.raises(SpikeplaneError) as error:
        import_model(several(), read_out="middle")
    assert str(error.value) == "the NIR graph has no output 'middle'; it has early, late"


def test_an_output_of_another_size() -> None:
    model = graph((5,), {"fc": nir.Linear(ones(6, 5)), "one": lif(6)}, {"output": ("one", (7,))})
    with pytest.raises(SpikeplaneError) as error:
        import_model(model)
    assert str(error.value) == "NIR node 'output' has the shape 7 and gets 6x1x1; check the graph's edges"


@pytest.mark.parametrize("kind", ["LI", "I", "CubaLI"])
def test_integrators_in_the_middle(kind: str) -> None:
    """Populations that send values, in front of neurons; the readout counts spikes."""
    made = {
        "LI": nir.LI(tau=ones(6) * 3 * DT, r=ones(6) * 2, v_leak=0.1 * ones(6)),
        "I": nir.I(r=ones(6) * 0.05),
        "CubaLI": nir.CubaLI(
            tau_syn=ones(6) * 3 * DT,
            tau_mem=ones(6) * 4 * DT,
            r=ones(6) * 2,
            v_leak=0 * ones(6),
            w_in=ones(6),
        ),
    }[kind]
    nodes = {
        "fc": nir.Linear(RNG.normal(0.0, 0.6, (6, 5))),
        "spikes": lif(6),
        "mix": nir.Linear(RNG.normal(0.1, 0.5, (6, 6))),
        "middle": made,
        "next": nir.Linear(RNG.normal(0.2, 0.6, (4, 6))),
        "two": lif(4),
    }
    program = compiled(graph((5,), nodes, {"output": ("two", (4,))}))
    assert program.readout == "count"
    assert program.network.population("middle").sends_values


@pytest.mark.skipif(not DATA.exists(), reason="needs ../shared/data/nir")
@pytest.mark.parametrize("name", ["lif_rockpool", "lif_norse", "two_lif_neurons"])
@pytest.mark.parametrize("discretisation", ["euler", "exponential"])
def test_published_files(name: str, discretisation: str) -> None:
    """One of them has a shape that nir's own check refuses."""
    encoding = Encoding(kind="planes", steps=64)
    program = spikeplane.compile(
        DATA / f"{name}.nir", chip="tiny", dt=DT, encoding=encoding, discretisation=discretisation
    )
    assert all(row["differences"] == 0 for row in program.tables["agreement"])


def test_a_file_that_only_fails_its_own_check(tmp_path: Path) -> None:
    model = graph(
        (5,), {"fc": nir.Linear(RNG.normal(0.3, 0.6, (6, 5))), "one": lif(6)}, {"output": ("one", (6, 1, 1))}
    )
    nir.write(tmp_path / "shapes.nir", model)
    with pytest.raises(ValueError, match="type mismatch"):
        nir.read(tmp_path / "shapes.nir")
    assert import_model(tmp_path / "shapes.nir").output == "one"
