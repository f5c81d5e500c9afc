"""Builds the page: the run's data as JSON, inside one HTML file with its own style and script."""

import base64
import html
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.program import Program

if TYPE_CHECKING:
    from spikeplane.cli.run import Result

FOLDER = Path(__file__).parent


def write_run(path: str | Path, program: Program, result: "Result", summary: dict[str, Any], labels: np.ndarray | None) -> None:
    """Write the page of a run, whole or not at all. Raises SpikeplaneError if the place cannot be written."""
    inputs = {name: np.concatenate(parts) for name, parts in result.inputs.items()}
    outputs = {name: np.concatenate(parts) for name, parts in result.outputs.items()}
    scores = np.concatenate(result.scores)
    text = page(program, inputs, outputs, scores, summary, labels)
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=target.parent, prefix=f".{target.name}.", delete=False) as draft:
            draft.write(text)
        os.replace(draft.name, target)
    except OSError as error:
        raise SpikeplaneError(f"cannot write {path}: {error.strerror}") from None


def page(
    program: Program, inputs: dict[str, np.ndarray], outputs: dict[str, np.ndarray], scores: np.ndarray, summary: dict[str, Any],
    labels: np.ndarray | None,
) -> str:  # fmt: skip
    """The HTML text. inputs, outputs: (N, T, C, H, W) of the samples to show; scores: (M, classes) of all samples; labels: (M,) or None."""
    shown = len(next(iter(inputs.values())))
    data = {
        "name": program.name,
        "summary": {k: v for k, v in summary.items() if k != "guesses"},
        "chip": program.config.to_dict() | {"digest": program.config.digest},
        "encoding": {"kind": program.encoding.kind, "steps": program.encoding.steps},
        "populations": [_population(program, p.name) for p in program.network.populations],
        "projections": [
            {"source": p.source, "target": p.target, "weights": int(p.weight.size), "delay": p.delay}
            for p in program.network.projections
        ],
        "tables": program.tables,
        "samples": shown,
        "total": len(scores),
        "guesses": scores[:shown].argmax(1).tolist(),
        "labels": None if labels is None else [int(n) for n in labels[:shown]],
        "inputs": {
            name: _values(values[:, :1] if program.encoding.kind == "direct" else values) for name, values in inputs.items()
        },
        "outputs": {name: _values(values) for name, values in outputs.items()},
    }
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")  # data cannot end the script
    template = (FOLDER / "page.html").read_text()
    for mark, name in (("/*STYLE*/", "page.css"), ("/*SCRIPT*/", "page.js")):
        template = template.replace(mark, (FOLDER / name).read_text())
    return template.replace("<!--TITLE-->", html.escape(program.name)).replace('"DATA"', text)


def _population(program: Program, name: str) -> dict[str, Any]:
    p = program.network.population(name)
    neuron = p.neuron
    kind = "input" if neuron is None else "readout" if neuron.membrane_out else "IF" if neuron.leak == "none" else "LIF"
    if neuron is not None and neuron.leak == "memoryless":
        kind = "gate"
    parts = [{"core": list(part.core), "groups": part.groups} for part in program.placement.of(name)]
    reset = None if neuron is None else neuron.reset
    return {"name": name, "shape": list(p.shape), "kind": kind, "reset": reset, "hold": p.hold, "parts": parts}


def _values(values: np.ndarray) -> dict[str, Any]:
    """Spikes as packed bits, other values as little-endian 32-bit integers, base64."""
    if values.size and values.min() >= 0 and values.max() <= 1:
        kind, raw = "bits", np.packbits(values.astype(np.uint8).reshape(-1), bitorder="little").tobytes()
    else:
        kind, raw = "int32", values.astype("<i4").tobytes()
    return {"kind": kind, "shape": list(values.shape), "data": base64.b64encode(raw).decode()}
