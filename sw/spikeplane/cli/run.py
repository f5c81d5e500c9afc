"""`spikeplane run`: a program on a board, with real data."""

import json
import math
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.markup import escape

from spikeplane.cli.boards import open_board
from spikeplane.cli.chips import chosen_chip
from spikeplane.cli.console import bar, busy, out
from spikeplane.data import Samples, read_labels, read_samples
from spikeplane.errors import SpikeplaneError, number
from spikeplane.files import check_place
from spikeplane.host.boards import Board
from spikeplane.lockstep import Comparison, compare
from spikeplane.program import Program

BATCH, VALUES = 100, 1 << 26  #: samples kept in memory at once at most, and values of them


def run(
    program: Annotated[Path, typer.Argument(help="A program file.")],
    data: Annotated[
        Path, typer.Option("--input", "-i", help="IDX (gzip), .npy, .npz, or a folder of N-MNIST recordings.")
    ],
    board: Annotated[str, typer.Option(help="golden, sim, or a serial port.")] = "golden",
    baud: Annotated[int | None, typer.Option(help="Rate of the serial port (default: 3000000).")] = None,
    samples: Annotated[int | None, typer.Option("--samples", "-n", help="How many (default: all).")] = None,
    labels: Annotated[Path | None, typer.Option(help="Labels: accuracy is printed.")] = None,
    lockstep: Annotated[
        bool, typer.Option("--lockstep", help="Compare every spike with the golden model.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read back every memory word that was loaded, and compare.")
    ] = False,
    report: Annotated[Path | None, typer.Option(help="Write a page with rasters, map and figures.")] = None,
    preset: Annotated[
        str | None, typer.Option("--preset", "-p", help="The board's chip, if not the program's own.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="The board's chip: a TOML file.")
    ] = None,
    clock: Annotated[float, typer.Option(help="MHz that latency is stated at.")] = 100.0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Run a program and print accuracy, spikes per layer, cycles per sample, utilisation and latency.

    Example: `spikeplane run net.spk --input images.gz --labels labels.gz --board sim --samples 100
    --lockstep`
    """
    _check_options(samples, clock, report)
    chip = chosen_chip(preset, config) if (preset, config) != (None, None) else None
    loaded = Program.load(program, chip)
    items, truth = _read(loaded, data, labels, samples)
    with busy(f"preparing {board}"):
        device = open_board(board, loaded, baud, verify=verify)
    with device:
        result = execute(loaded, device, items, lockstep=lockstep)
    summary = summarise(loaded, result, device, truth, clock)
    if report:
        from spikeplane.report import write_run

        write_run(report, loaded, result, summary, truth)
        summary["report"] = str(report)
    if as_json:
        print(json.dumps(summary))
    else:
        show(summary)
    if result.comparison and result.comparison.mismatches:
        raise typer.Exit(1)


def _check_options(samples: int | None, clock: float, report: Path | None) -> None:
    if samples is not None and samples < 1:
        raise SpikeplaneError(f"--samples must be 1 or more, not {samples}")
    if not 0 < clock < math.inf:
        raise SpikeplaneError(f"--clock must be more than 0 MHz, not {number(clock)}")
    if report:
        check_place(report)


def _read(
    program: Program, data: Path, labels: Path | None, limit: int | None
) -> tuple[Samples, np.ndarray | None]:
    """The samples and their labels. Raises SpikeplaneError if there are fewer than `limit`, or
    labels of no class."""
    items = read_samples(data, program.input.shape, program.encoding, limit)
    if limit is not None and len(items) < limit:
        raise SpikeplaneError(f"{data} has {len(items)} samples, --samples asks for {limit}")
    classes = program.network.population(program.network.output).shape[0]
    return items, read_labels(
        labels, len(items), at_least=limit is not None, classes=classes
    ) if labels else None


class Result:
    """What came out: scores (N, classes), spikes per population, the first samples' planes and
    outputs, the comparison."""

    KEPT, BYTES = 24, 2_000_000  #: samples, and bytes of them, that a report shows at most

    def __init__(self) -> None:
        self.scores: list[np.ndarray] = []
        self.spikes: dict[str, int] = {}
        self.inputs: dict[str, list[np.ndarray]] = {}
        self.outputs: dict[str, list[np.ndarray]] = {}
        self.figures: dict[str, Any] = {}
        self.comparison: Comparison | None = None
        self.count = 0

    def take(self, program: Program, planes: dict[str, np.ndarray], outputs: dict[str, np.ndarray]) -> None:
        """Add a batch."""
        self.scores.append(program.scores(outputs))
        for name, values in outputs.items():
            self.spikes[name] = self.spikes.get(name, 0) + int(np.count_nonzero(values))
        size = sum(
            v[0].size / (8 if v.max(initial=0) <= 1 else 0.25) for v in (*planes.values(), *outputs.values())
        )
        room = min(self.KEPT, max(1, int(self.BYTES / size))) - self.count
        if room > 0:
            for kept, values in ((self.inputs, planes), (self.outputs, outputs)):
                for name, array in values.items():
                    kept.setdefault(name, []).append(array[:room])
        self.count += len(self.scores[-1])


def execute(program: Program, board: Board, items: Any, *, lockstep: bool = False, what: str = "") -> Result:
    """Run all samples in batches; with `lockstep` each batch in the golden model as well."""
    result, total = Result(), len(items)
    batch = max(1, min(BATCH, VALUES // program.values))
    golden = open_board("golden", program) if lockstep else None
    with bar(what or board.name, total) as advance:
        for first in range(0, total, batch):
            planes = program.planes(items[first : first + batch], first)
            outputs = board.run(planes, advance)
            result.take(program, planes, outputs)
            _add(result.figures, board.figures())
            if golden:
                _merge(result, compare(program.network, outputs, golden.run(planes), first, program.probes))
    return result


def _add(total: dict[str, Any], figures: dict[str, Any]) -> None:
    """Counts of one more batch."""
    for key in ("samples", "cycles", "operations"):
        if key in figures:
            total[key] = total.get(key, 0) + figures[key]
    for row in figures.get("cores", []):
        mine = total.setdefault("cores", {}).setdefault(tuple(row["core"]), {})
        for key, value in row.items():
            if key != "core":
                mine[key] = mine.get(key, 0) + value


def _merge(result: Result, found: Comparison) -> None:
    before = result.comparison or Comparison(0, 0, 0, None)
    result.comparison = Comparison(
        before.values + found.values,
        before.spikes + found.spikes,
        before.mismatches + found.mismatches,
        before.first or found.first,
    )


def summarise(
    program: Program, result: Result, board: Board, labels: np.ndarray | None, clock: float
) -> dict[str, Any]:
    """The figures as plain values, for JSON, the table and the report."""
    scores = np.concatenate(result.scores)
    summary: dict[str, Any] = {
        "program": program.name,
        "chip": program.config.digest,
        "board": board.name,
        "samples": result.count,
        "guesses": scores.argmax(1).tolist(),
        "spikes_per_sample": {name: count / result.count for name, count in result.spikes.items()},
    }
    if labels is not None:
        right = int((scores.argmax(1) == labels[: result.count]).sum())
        summary |= {"right": right, "accuracy": right / result.count}
    if result.figures:
        cycles, cores = result.figures["cycles"], result.figures["cores"]
        per_sample = cycles / result.count
        summary |= {
            "cycles": cycles,
            "cycles_per_sample": per_sample,
            "operations": result.figures["operations"],
            "utilisation": result.figures["operations"] / (cycles * len(cores)),
            "clock_mhz": clock,
            "latency_us": per_sample / clock,
            "cores": [{"core": list(core), **counts} for core, counts in cores.items()],
        }
    if result.comparison:
        found = result.comparison
        summary["lockstep"] = {
            "values": found.values,
            "spikes": found.spikes,
            "mismatches": found.mismatches,
            "first": found.first,
        }
    return summary


def show(summary: dict[str, Any]) -> None:
    """The summary for people."""
    out.print(
        f"[bold]{escape(summary['program'])}[/] on the {summary['board']}: {summary['samples']} samples",
        highlight=False,
    )
    if "accuracy" in summary:
        out.print(
            f"accuracy           {summary['accuracy']:.2%} ({summary['right']} of {summary['samples']})",
            highlight=False,
        )
    else:
        shown = ", ".join(str(g) for g in summary["guesses"][:20])
        out.print(
            f"classes            {shown}{', ...' if len(summary['guesses']) > 20 else ''}", highlight=False
        )
    for name, rate in summary["spikes_per_sample"].items():
        out.print(f"spikes per sample  {escape(name)}: {rate:,.1f}", highlight=False)
    if "cycles" in summary:
        out.print(f"cycles per sample  {summary['cycles_per_sample']:,.0f}", highlight=False)
        out.print(
            f"lane utilisation   {summary['utilisation']:.1%} of the cycles of {len(summary['cores'])} cores",
            highlight=False,
        )
        out.print(
            f"latency            {summary['latency_us']:,.1f} us a sample at {summary['clock_mhz']:g} MHz",
            highlight=False,
        )
    if "lockstep" in summary:
        found = summary["lockstep"]
        found = Comparison(found["values"], found["spikes"], found["mismatches"], found["first"])
        out.print(escape(str(found)), highlight=False)
    if "report" in summary:
        out.print(f"report             {escape(summary['report'])}", highlight=False)
