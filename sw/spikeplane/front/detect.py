"""`Program.detect`: samples of a detector through a board, and the boxes of each."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spikeplane.boxes import Box, Head, Wanted
from spikeplane.boxes.files import name_of, write_boxes
from spikeplane.boxes.head import BINS
from spikeplane.errors import SpikeplaneError
from spikeplane.front.result import RunResult
from spikeplane.front.run import run
from spikeplane.front.text import card, table
from spikeplane.program import Program
from spikeplane.run.detecting import Detecting, checked_names, into, pictured

_SHOWN = 20  #: boxes of a table


class Detections:
    """What `Program.detect` returns.

    boxes    of each sample a list of `Box` (left, upper, right, lower in pixels of the image, score, number of the class),
             the highest score first
    names    of the classes, or None
    head     how the output was read
    result   the run: scores, spikes, cycles, mismatches
    """

    def __init__(
        self, boxes: list[list[Box]], names: list[str] | None, head: Head, result: RunResult
    ) -> None:
        self.boxes, self.names, self.head, self.result = boxes, names, head, result

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, sample: int) -> list[Box]:
        return self.boxes[sample]

    def save(self, path: str | Path) -> Path:
        """Write them, .json or .csv. Raises SpikeplaneError for another file."""
        write_boxes(path, self.boxes, self.names)
        return Path(path)

    def draw(self, folder: str | Path) -> Path:
        """Write a PNG of each sample that was kept, with its boxes, into a folder. Raises SpikeplaneError where it cannot
        be written, or Pillow is not installed."""
        program, draw = self.result.program, into(folder, self.names)
        images = self.result.inputs[program.input.name]
        for sample, planes in enumerate(images):
            draw(sample, pictured(program, planes), self.boxes[sample])
        return Path(folder)

    def rows(self) -> list[tuple[str, str]]:
        """For people: names and texts."""
        found = [("samples", f"{len(self):,}"), ("boxes", f"{sum(map(len, self.boxes)):,}")]
        each = [(sample, box) for sample, boxes in enumerate(self.boxes) for box in boxes]
        found += [
            (
                f"sample {sample}, {name_of(box.number, self.names)}",
                f"{box.score:.2f} at " + ", ".join(f"{side:.1f}" for side in box[:4]),
            )
            for sample, box in each[:_SHOWN]
        ]
        return found + ([("", f"and {len(each) - _SHOWN} more boxes")] if len(each) > _SHOWN else [])

    @property
    def _title(self) -> str:
        return f"{self.result.program.name}: boxes"

    def __repr__(self) -> str:
        return table(self._title, self.rows())

    def _repr_html_(self) -> str:
        return card(self._title, self.rows())


def detect(
    program: Program,
    samples: Any,
    *,
    threshold: float = Wanted.threshold,
    iou: float = Wanted.iou,
    top: int = Wanted.top,
    bins: int = BINS,
    strides: Sequence[int] | None = None,
    names: Sequence[str] | None = None,
    **options: Any,
) -> Detections:
    """See `Program.detect`."""
    if options.get("labels") is not None:
        raise SpikeplaneError("boxes have no labels to be compared with; leave labels out, or call run")
    wanted, head = Wanted(threshold, iou, top), Head.of(program, bins, strides)
    said, made = checked_names(names, head.classes), []

    def gather(*kept: int) -> Detecting:
        made.append(Detecting(head, wanted, None, *kept))
        return made[-1]

    result = run(program, samples, gather=gather, **options)
    return Detections(made[0].boxes, said, head, result)
