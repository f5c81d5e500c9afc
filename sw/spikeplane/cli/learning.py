"""What `spikeplane train` shows: a bar while it learns, a line for each epoch, the figures at the end, the page."""

import shlex
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from rich.markup import escape

from spikeplane.cli.answer import print_next
from spikeplane.cli.console import bar, out
from spikeplane.cli.stopped import Checkpoints
from spikeplane.provided import provided
from spikeplane.run.provenance import sum_of
from spikeplane.train.file import Summed, Training, epoch_line
from spikeplane.train.learners import Verified
from spikeplane.train.loop import Labelled, Learner, train
from spikeplane.train.metered import cycles
from spikeplane.train.plan import exact_bits
from spikeplane.train.profile import observer
from spikeplane.train.report import write_report


def learn(
    training: Training,
    learner: Learner,
    data: Labelled,
    test: Labelled | None,
    output: Path,
    every: int,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Train to the end, with a bar and a checkpoint for each epoch; returns the figures."""
    settings, begun = training.settings, training.iterations
    rest, start = settings.learned(begun, settings.iterations), time.perf_counter()
    checkpoints = Checkpoints(training, output, say)
    with bar("training", rest, "samples") as advance:

        def progress(found: Summed) -> None:
            figures = training.figures  # of the epoch so far
            share, loss = figures.right / figures.seen, figures.loss / figures.seen
            advance(found.samples, f"loss {loss:.3f}, accuracy {share:.1%}")

        with checkpoints.told():
            done = train(
                training, learner, data, test, progress=progress, epoch_done=lambda row: say(epoch_line(row)),
                checkpoint=checkpoints.save, every=every,
                observe=observer(training.network, squared=training.settings.optimiser.squared),
            )  # fmt: skip
    done.save(output)
    seconds = time.perf_counter() - start
    found = {"idle": checkpoints.idle, "seconds": seconds, "samples_per_second": rest / seconds}
    return _figures(done, learner) | {"training": str(output), **found}


def _figures(done: Training, learner: Learner) -> dict[str, Any]:
    """What was learned, and by whom."""
    settings = done.settings
    summary = {
        "iterations": done.iterations,
        "exact_bits": exact_bits(done.network, settings.batch, settings.encoding.steps),
        "epochs": done.figures.epochs,
        "clipped": learner.clipped,
        "sha256": provided("digest")(done.learned),
        **cycles(learner),
    }
    if isinstance(learner, Verified):  # the first one that differs would have ended it
        summary |= {"compared": learner.compared, "mismatches": 0}
    return summary


def reported(path: Path, training: Training, summary: dict[str, Any], data: list[Path | None]) -> None:
    """Write the page. `data`: the files of the command line, as far as they were given."""
    about = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "version": metadata.version("spikeplane"),
        **{f"data {one.name or one}": sum_of(one) for one in data if one is not None},
        "command": shlex.join(["spikeplane", *sys.argv[1:]]),
    }
    write_report(path, training, summary, about)
    summary["report"] = str(path)


def _cycles(summary: dict[str, Any]) -> list[tuple[str, str]]:
    """Of a chip: where a sample's cycles went, and how busy the lanes were meanwhile."""
    rows = summary["phases"]
    parts = ", ".join(f"{row['phase']} {row['cycles']:,.0f}" for row in rows)
    busy = [f"{row['phase']} {row['utilisation']:.1%}" for row in rows if row["utilisation"] is not None]
    return [
        ("cycles per sample", f"{summary['cycles_per_sample']:,.0f}"),
        ("by phase", parts),
        ("lane utilisation", f"{', '.join(busy)}; of all cycles {summary['utilisation']:.1%}"),
        ("of the bound", f"{summary['bound']:.1%}: operations, sweeps and updates one behind the other"),
    ]


def show(summary: dict[str, Any]) -> None:
    """The figures, for people."""
    limited = f"{summary['clipped']:,} weights and deltas at their limits"
    if summary["board"] != "golden":  # a chip has a flag
        limited = f"{'some' if summary['clipped'] else 'no'} weights and deltas at their limits"
    if "compared" in summary:
        out.print(
            f"{summary['mismatches']} mismatches ({summary['compared']:,} values compared)", highlight=False
        )
    lines = [
        ("iterations", f"{summary['iterations']:,}"),
        ("samples/s", f"{summary['samples_per_second']:,.1f}"),
        ("exact words", f"{summary['exact_bits']} bits"),
        ("limited", limited),
        ("sha256", summary["sha256"]),
        ("training", escape(summary["training"])),
    ]
    if "phases" in summary:
        lines[2:2] = _cycles(summary)
    if "report" in summary:
        lines.append(("report", escape(summary["report"])))
    for label, text in lines:
        out.print(f"{label:<19}{text}", highlight=False)
    print_next(summary["next"])
