"""Builds the page: the run's data as JSON, inside one HTML file with its own style and script."""

import base64
import html
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spikeplane.files import write_file
from spikeplane.network import Neuron, Population
from spikeplane.program import Program
from spikeplane.program.placement import Part
from spikeplane.program.tables import ACTIVITY
from spikeplane.run.names import BOARDS, GOLDEN
from spikeplane.run.report.data import ReportData
from spikeplane.run.report.synapses import synapse_count

if TYPE_CHECKING:
    from spikeplane.run.execute import Result

FOLDER = Path(__file__).parent
SAMPLES, BYTES = 24, 2_000_000  #: kept at most, the bytes before base64
_ROUNDED = {"down": "rounded down", "up": "rounded up", "odd": "rounded to odd"}


def write_report(path: str | Path, data: ReportData) -> None:
    """Write the page, whole or not at all. Raises SpikeplaneError if the place cannot be written."""
    write_file(path, page(data))


def write_run(
    path: str | Path, program: Program, result: "Result", summary: dict[str, Any], labels: np.ndarray | None
) -> None:
    """Write the page of a run of the command line. Raises SpikeplaneError if the place cannot be written."""
    name: str = summary["board"]
    data = ReportData(
        title=program.name,
        program=program.name,
        chip=program.config,
        network=program.network,
        placement=program.placement,
        encoding=program.encoding,
        encodings=program.encodings,
        tables=program.tables,
        board=BOARDS.get(name, name),
        labels=labels,
        figures=summary,
        scores=np.concatenate(result.scores),
        inputs={name: np.concatenate(parts) for name, parts in result.inputs.items()},
        outputs={name: np.concatenate(parts) for name, parts in result.outputs.items()},
    )
    write_report(path, data)


def page(data: ReportData) -> str:
    """The HTML text."""
    text = json.dumps(_content(data), separators=(",", ":"), default=_plain)
    text = text.replace("<", "\\u003c")  # data cannot end the script
    template = (FOLDER / "page.html").read_text(encoding="utf-8")
    for mark, names in (("/*STYLE*/", ["page.css"]), ("/*SCRIPT*/", ["paint.js", "sample.js", "page.js"])):
        template = template.replace(
            mark, "".join((FOLDER / name).read_text(encoding="utf-8") for name in names)
        )
    return template.replace("<!--TITLE-->", html.escape(data.title)).replace('"DATA"', text, 1)


def _content(data: ReportData) -> dict[str, Any]:
    guesses = data.scores.argmax(1) if data.guesses is None else np.asarray(data.guesses)
    inputs = {
        name: values[:, :1] if data.encodings.get(name, data.encoding).kind == "direct" else values
        for name, values in data.inputs.items()
    }
    shown = _room(data.samples, [*inputs.values(), *data.outputs.values()])
    return {
        "title": data.title,
        "program": data.program,
        "board": data.board,
        "golden": data.board == GOLDEN,
        "figures": {k: v for k, v in data.figures.items() if k != "guesses"},
        "chip": data.chip.to_dict() | {"digest": data.chip.digest},
        "encoding": {"kind": data.encoding.kind, "steps": data.encoding.steps},
        "output": data.network.output,
        "populations": [_population(data, p) for p in data.network.populations],
        "projections": [
            {
                "source": p.source,
                "target": p.target,
                "weights": int(p.weight.size),
                "delay": p.delay,
                "synapses": synapse_count(data.network, p),
            }
            for p in data.network.projections
        ],
        "tables": {name: rows for name, rows in data.tables.items() if name != ACTIVITY},
        "samples": shown,
        "total": len(data.scores),
        "guesses": [int(n) for n in guesses[:shown]],
        "labels": None if data.labels is None else [int(n) for n in data.labels[:shown]],
        "scores": data.scores[:shown].tolist(),
        "inputs": {name: _values(values[:shown]) for name, values in inputs.items()},
        "outputs": {name: _values(values[:shown]) for name, values in data.outputs.items()},
    }


def _room(count: int, arrays: list[np.ndarray]) -> int:
    """How many samples are kept: SAMPLES, or as many as fit BYTES, and one in any case."""
    size = sum(len(_packed(values[:1])[1]) for values in arrays)
    return min(count, SAMPLES, max(1, BYTES // max(1, size)))


def _population(data: ReportData, p: Population) -> dict[str, Any]:
    neuron = p.neuron
    plain: dict[str, Any] = {
        "name": p.name,
        "shape": list(p.shape),
        "hold": p.hold,
        "kind": "input",
        "bits": p.value_bits,
    }
    plain["cores"] = [
        {"core": list(part.core), "channels": _channels(part, p, data.chip.lanes)}
        for part in data.placement.of(p.name)
    ]
    if neuron is None:
        return plain
    kind = {"none": "IF", "memoryless": "gate"}.get(neuron.leak, "LIF")
    plain |= {"kind": neuron.kind.title or kind, "leak": _leak(p, neuron), "reset": neuron.reset}
    plain["compare"] = ">" if neuron.strict else "\u2265"
    if p.theta is not None and p.theta.size and neuron.kind.spikes:
        plain["theta"] = [int(p.theta.min()), int(p.theta.max())]
    if p.window is not None:
        plain["window"] = p.window.size
    return plain


def _leak(p: Population, neuron: Neuron) -> str | None:
    if neuron.leak != "multiply":
        return None
    if p.leaks is not None:
        return f"u \u00d7 {p.leaks.min()} to {p.leaks.max()}/65536, a channel its own"
    return f"u \u00d7 {neuron.leak_value}/65536, {_ROUNDED[neuron.leak_round]}"


def _channels(part: Part, p: Population, lanes: int) -> list[int]:
    """The first and the last channel of a part."""
    return [part.first * lanes, min(p.shape[0], (part.first + part.groups) * lanes) - 1]


def _packed(values: np.ndarray) -> tuple[str, bytes]:
    """Spikes as bits, the lowest first; other values as the narrowest little-endian integers that
    hold them."""
    low, high = (int(values.min()), int(values.max())) if values.size else (0, 0)
    if low >= 0 and high <= 1:
        return "bits", np.packbits(values.astype(np.uint8).reshape(-1), bitorder="little").tobytes()
    for kind, dtype in (("Uint8", "u1"), ("Int16", "<i2"), ("Int32", "<i4")):
        if np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max:
            return kind, values.astype(dtype).tobytes()
    return "Float64", values.astype("<f8").tobytes()


def _values(values: np.ndarray) -> dict[str, Any]:
    kind, raw = _packed(values)
    return {"kind": kind, "shape": list(values.shape), "data": base64.b64encode(raw).decode()}


def _plain(value: Any) -> Any:
    """What JSON does not know: numpy's numbers and arrays."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)
