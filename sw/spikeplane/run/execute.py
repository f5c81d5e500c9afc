"""All samples of a run on one board, and what came out, as plain figures."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from spikeplane.encodings import count, cut
from spikeplane.errors import SpikeplaneError
from spikeplane.program import Program
from spikeplane.program.once import check_once
from spikeplane.run.board import Board, Progress
from spikeplane.run.boards import check_board, open_board
from spikeplane.run.lockstep import Comparison, compare
from spikeplane.run.provenance import Digest
from spikeplane.samples import labelled

Planes = dict[str, np.ndarray]  #: by population
BATCH, VALUES = 100, 1 << 26  #: samples kept in memory at once at most, and values of them


@dataclass(frozen=True)
class Differing:
    """A sample whose outputs are not the golden model's: its number, its planes, what chip and golden model made
    of them, each by population int (T, C, H, W)."""

    sample: int
    inputs: dict[str, np.ndarray]
    chip: dict[str, np.ndarray]
    golden: dict[str, np.ndarray]


class Result:
    """What came out: scores (N, classes), spikes per population, the first samples' planes and
    outputs, the comparison, and the samples that differ, in order."""

    KEPT, BYTES = 24, 2_000_000  #: samples, and bytes of them, that a report shows at most
    DIFFERING = 24  #: samples that differ from the golden model, kept wherever they are

    def __init__(self, kept: int = KEPT, room: int = BYTES) -> None:
        """`kept` samples, and `room` bytes of them in a report's form (a bit a spike), are kept at most; one in any
        case."""
        self.kept, self.room = kept, room
        self.scores: list[np.ndarray] = []
        self.spikes: dict[str, int] = {}
        self.inputs: dict[str, list[np.ndarray]] = {}
        self.outputs: dict[str, list[np.ndarray]] = {}
        self.figures: dict[str, Any] = {}
        self.comparison: Comparison | None = None
        self.differing: list[Differing] = []
        self.digest = Digest()  #: of all samples
        self.count = 0

    def take(self, program: Program, planes: dict[str, np.ndarray], outputs: dict[str, np.ndarray]) -> None:
        """Add a batch."""
        self.digest.add(program.inputs, planes)
        self.scores.append(program.scores(outputs))
        for name, values in outputs.items():
            self.spikes[name] = self.spikes.get(name, 0) + int(np.count_nonzero(values))
        size = sum(
            v[0].size / (8 if v.max(initial=0) <= 1 else 0.25) for v in (*planes.values(), *outputs.values())
        )
        room = min(self.kept, max(1, int(self.room / size))) - self.count
        if room > 0:
            for kept, values in ((self.inputs, planes), (self.outputs, outputs)):
                for name, array in values.items():
                    kept.setdefault(name, []).append(array[:room])
        self.count += len(self.scores[-1])

    def compared(self, found: Comparison, first: int, planes: Planes, chip: Planes, golden: Planes) -> None:
        """Add the comparison of a batch that begins at sample `first`; its samples that differ are kept."""
        self.comparison = found if self.comparison is None else self.comparison.joined(found)
        for sample in found.samples[: self.DIFFERING - len(self.differing)]:
            at = sample - first
            sides = (
                {k: v[at].copy() for k, v in side.items() if at < len(v)} for side in (planes, chip, golden)
            )
            self.differing.append(Differing(sample, *sides))


def batch_of(program: Program) -> int:
    """Samples that are run together."""
    return max(1, min(BATCH, VALUES // program.values))


def execute(
    program: Program,
    board: Board,
    items: Any,
    *,
    lockstep: bool = False,
    progress: Progress | None = None,
    result: Result | None = None,
) -> Result:
    """Run all samples, as `compile` takes a calibration, in batches; with `lockstep` each batch
    in the golden model as well. `progress` is called with the number of samples done since the last call;
    `result` is filled where one is given.

    Raises SpikeplaneError for samples that the program does not take, and for a board that stops answering.
    """
    forms = {p.name: (program.encodings[p.name], p.shape) for p in program.network.inputs}
    items, _ = labelled(items, None, forms)
    result, total = result or Result(), count(items, program.inputs)
    check_board(board, program)
    if not total:
        raise SpikeplaneError("there are no samples to run; give at least one")
    batch = batch_of(program)
    golden = open_board("golden", program) if lockstep else None
    for first in range(0, total, batch):
        planes = program.planes(cut(items, program.inputs, first, first + batch), first)
        outputs = board.run(planes, progress)
        check_once(program.network, outputs)
        result.take(program, planes, outputs)
        _add(result.figures, board.figures())
        if golden:
            wanted = golden.run(planes)
            found = compare(program.network, outputs, wanted, first, program.probes)
            result.compared(found, first, planes, outputs, wanted)
    return result


def _add(total: dict[str, Any], figures: dict[str, Any]) -> None:
    """Counts of one more batch."""
    for key in ("samples", "cycles", "operations"):
        if key in figures:
            total[key] = total.get(key, 0) + figures[key]
    for key, value in figures.get("link", {}).items():
        link = total.setdefault("link", {})
        link[key] = link.get(key, 0) + value
    for row in figures.get("cores", []):
        mine = total.setdefault("cores", {}).setdefault(tuple(row["core"]), {})
        for key, value in row.items():
            if key != "core":
                mine[key] = mine.get(key, 0) + value


def summarise(
    program: Program, result: Result, board: Board, labels: np.ndarray | None, clock: float
) -> dict[str, Any]:
    """The figures as plain values, for JSON, the table and the report."""
    return summarise_run(program, result, board.name, labels, clock)


def summarise_run(
    program: Program, result: Result, board: str, labels: np.ndarray | None, clock: float
) -> dict[str, Any]:
    """As `summarise`, of a board by its name."""
    scores = np.concatenate(result.scores)
    summary: dict[str, Any] = {
        "program": program.name,
        "chip": program.config.digest,
        "board": board,
        "samples": result.count,
        "guesses": scores.argmax(1).tolist(),
        "spikes_per_sample": {name: count / result.count for name, count in result.spikes.items()},
    }
    if labels is not None:
        right = int((scores.argmax(1) == labels[: result.count]).sum())
        summary |= {"right": right, "accuracy": right / result.count}
    if result.figures:
        cycles, cores = result.figures["cycles"], result.figures["cores"]
        per_sample, most = cycles / result.count, cycles * len(cores) * program.config.spikes_per_cycle
        summary |= {
            "cycles": cycles,
            "cycles_per_sample": per_sample,
            "operations": result.figures["operations"],
            "utilisation": result.figures["operations"] / most,
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
            "where": found.where.plain() if found.where else None,
            "by_layer": found.by_layer,
            "samples": list(found.samples),
        }
    return summary
