"""The options of `spikeplane run --task detect`, and what is said of the boxes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from spikeplane.boxes import Head, Wanted
from spikeplane.boxes.files import check_suffix, plain, write_boxes
from spikeplane.boxes.head import BINS
from spikeplane.cli.columns import Figures
from spikeplane.cli.console import out
from spikeplane.data.labels import read_classes
from spikeplane.errors import SpikeplaneError
from spikeplane.files import check_place
from spikeplane.program import Program
from spikeplane.run.detecting import Detecting, into

TASKS = ("classify", "detect")
SHOWN = 30  #: rows of the table; all boxes are in --boxes and --json

Task = Annotated[str, typer.Option("--task", help="classify, or detect: boxes from a detection head.")]
Threshold = Annotated[
    float | None,
    typer.Option("--threshold", help=f"Of boxes: the least score (default: {Wanted.threshold})."),
]
Iou = Annotated[
    float | None,
    typer.Option(
        "--iou", help=f"Of boxes: of two that overlap by more, the better stays (default: {Wanted.iou})."
    ),
]
Top = Annotated[
    int | None, typer.Option("--top", help=f"Of boxes: so many an image at most (default: {Wanted.top}).")
]
Bins = Annotated[int | None, typer.Option("--bins", help=f"Of boxes: bins of a distance (default: {BINS}).")]
Strides = Annotated[
    str | None,
    typer.Option("--strides", help="Of boxes: pixels a pixel of each map, the finest first: 8,16,32."),
]
Boxes = Annotated[Path | None, typer.Option("--boxes", help="Of boxes: write them, .json or .csv.")]
Draw = Annotated[Path | None, typer.Option("--draw", help="Of boxes: a folder for a PNG of each sample.")]


@dataclass(frozen=True)
class Asked:
    """What was typed; None: not at all."""

    threshold: float | None
    iou: float | None
    top: int | None
    bins: int | None
    strides: str | None
    boxes: Path | None
    draw: Path | None

    def typed(self, task: str) -> list[str]:
        """The same on a command line, but for files."""
        values = {name: getattr(self, name) for name in ("threshold", "iou", "top", "bins", "strides")}
        given = [
            part for name, value in values.items() if value is not None for part in (f"--{name}", str(value))
        ]
        return [] if task == "classify" else ["--task", task, *given]

    def check(self, task: str, labels: Path | None) -> None:
        """Raise SpikeplaneError for a task that there is not, and for options of another one."""
        if task not in TASKS:
            raise SpikeplaneError(f"--task is {' or '.join(TASKS)}, not '{task}'")
        given = [f"--{name}" for name, value in vars(self).items() if value is not None]
        if given and task != "detect":
            raise SpikeplaneError(f"{given[0]} is of boxes; give --task detect with it")
        if labels and task == "detect":
            raise SpikeplaneError(
                "--labels are classes of whole samples, and boxes have none; leave them out"
            )
        if self.boxes:
            check_suffix(self.boxes)
            check_place(self.boxes)

    def start(self, program: Program, classes: str | None) -> tuple[Detecting, list[str] | None]:
        """What gathers the boxes, and the names of the classes. Raises SpikeplaneError for an output that is no head, and
        for wrong numbers, names and folders."""
        limits = {name: getattr(self, name) for name in ("threshold", "iou", "top")}
        wanted = Wanted(**{name: value for name, value in limits.items() if value is not None})
        strides = None if self.strides is None else _strides(self.strides)
        head = Head.of(program, BINS if self.bins is None else self.bins, strides)
        names = read_classes(classes, head.classes) if classes else None
        return Detecting(head, wanted, into(self.draw, names) if self.draw else None), names


def _strides(text: str) -> list[int]:
    parts = text.split(",")
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise SpikeplaneError(f"--strides are whole numbers, 8,16,32, not '{text}'")
    return [int(part) for part in parts]


def put(summary: dict[str, Any], found: Detecting, names: list[str] | None, asked: Asked) -> None:
    """The boxes into the summary, in the place of guesses, and into their file."""
    del summary["guesses"]
    head = found.head
    summary["detection"] = {
        "threshold": found.wanted.threshold,
        "iou": found.wanted.iou,
        "top": found.wanted.top,
        "bins": head.bins,
        "classes": head.classes,
        "strides": list(head.strides),
    }
    summary["boxes"] = plain(found.boxes, names)
    if asked.boxes:
        write_boxes(asked.boxes, found.boxes, names)
        summary["detection"]["file"] = str(asked.boxes)
    if asked.draw:
        summary["detection"]["pictures"] = str(asked.draw)


def show_boxes(summary: dict[str, Any]) -> None:
    """The first of them for people."""
    boxes, said = summary["boxes"], summary["detection"]
    out.print(
        f"boxes              {len(boxes):,} of a score above {said['threshold']:g}, {said['classes']} classes",
        highlight=False,
    )
    table = Figures("Boxes", ["sample", "class", "score", "left", "upper", "right", "lower"], ["class"])
    for row in boxes[:SHOWN]:
        sides = (f"{row[side]:.1f}" for side in ("left", "upper", "right", "lower"))
        table.add(str(row["sample"]), escape(row["name"]), f"{row['score']:.3f}", *sides)
    if boxes:
        table.print(out)
    if len(boxes) > SHOWN:
        out.print(f"and {len(boxes) - SHOWN:,} more; --boxes FILE.csv has all", highlight=False)
    for what, key in (("boxes in", "file"), ("pictures in", "pictures")):
        if key in said:
            out.print(f"{what:<18} {escape(said[key])}", highlight=False)
