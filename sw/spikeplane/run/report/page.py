"""Builds the page: the run's data as JSON, inside one HTML file with its own style and script."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spikeplane.files import write_file
from spikeplane.kit import docs_link, page_text
from spikeplane.network import Neuron, Population
from spikeplane.program import Program
from spikeplane.program.placement import Part
from spikeplane.program.tables import ACTIVITY
from spikeplane.run.names import BOARDS, GOLDEN
from spikeplane.run.provenance import provenance
from spikeplane.run.report.contents import confusion_of, golden_of, membranes_of, samples_of
from spikeplane.run.report.data import ReportData
from spikeplane.run.report.kept import differing_first, differing_neurons, kept_samples, shown_of
from spikeplane.run.report.membranes import membranes
from spikeplane.run.report.rates import energy_of, line_of
from spikeplane.run.report.synapses import synapse_count

if TYPE_CHECKING:
    from spikeplane.run.execute import Result

FOLDER = Path(__file__).parent
SCRIPTS = ("paint.js", "hover.js", "membrane.js", "differ.js", "sample.js", "more.js", "page.js")
_ROUNDED = {"down": "rounded down", "up": "rounded up", "odd": "rounded to odd"}


def write_report(path: str | Path, data: ReportData) -> None:
    """Write the page, whole or not at all. Raises SpikeplaneError if the place cannot be written."""
    write_file(path, page(data))


def write_run(
    path: str | Path, program: Program, result: "Result", summary: dict[str, Any], labels: np.ndarray | None
) -> None:
    """Write the page of a run of the command line. Raises SpikeplaneError if the place cannot be written."""
    name: str = summary["board"]
    kept = kept_samples(result)
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
        figures=summary | {"energy": energy_of(program, kept.inputs, kept.outputs), "line": line_of(result)},
        scores=np.concatenate(result.scores),
        inputs=kept.inputs,
        outputs=kept.outputs,
        numbers=kept.numbers,
        golden=kept.golden,
        classes=summary.get("classes"),
        provenance=summary.get("files", {})
        | provenance(program, result.count, result.digest, summary.get("command")),
    )
    shown = differing_first(data, shown_of(data))
    marked = [differing_neurons(data, at) for at in shown]
    planes = {n: v[shown] for n, v in kept.inputs.items()}
    write_report(path, replace(data, membranes=membranes(program, planes, marked)))


def page(data: ReportData) -> str:
    """The HTML text."""
    return page_text(FOLDER, SCRIPTS, data.title, _content(data), _plain)


def _content(data: ReportData) -> dict[str, Any]:
    guesses = data.scores.argmax(1) if data.guesses is None else np.asarray(data.guesses)
    inputs, shown = data.sent, shown_of(data)
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
                "weights": int(p.weights),
                "delay": p.delay,
                "synapses": synapse_count(data.network, p),
            }
            for p in data.network.projections
        ],
        "tables": {name: rows for name, rows in data.tables.items() if name != ACTIVITY},
        **samples_of(data, inputs, guesses, shown),
        **golden_of(data, shown),
        "membranes": membranes_of(data, shown),
        "classes": data.classes,
        "confusion": confusion_of(data, guesses),
        "provenance": data.provenance,
        "docs": docs_link("report.md"),
    }


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


def _plain(value: Any) -> Any:
    """What JSON does not know: numpy's numbers and arrays."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)
