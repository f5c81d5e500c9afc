"""Boxes in files: JSON and CSV."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spikeplane.boxes.suppress import Box
from spikeplane.errors import SpikeplaneError
from spikeplane.files import write_file

COLUMNS: Sequence[str] = ("sample", "class", "name", "score", "left", "upper", "right", "lower")


def name_of(number: int, names: Sequence[str] | None) -> str:
    """A class's name; its number where there are no names."""
    return str(number) if names is None else names[number]


def plain(boxes: Sequence[Sequence[Box]], names: Sequence[str] | None) -> list[dict[str, Any]]:
    """As plain values, one object a box, sample by sample."""
    return [
        dict(
            zip(
                COLUMNS,
                (sample, box.number, name_of(box.number, names), box.score, *box[:4]),
                strict=True,
            )
        )
        for sample, found in enumerate(boxes)
        for box in found
    ]


def check_suffix(path: str | Path) -> str:
    """The suffix, in lower case. Raises SpikeplaneError for one that is no format of boxes."""
    suffix = Path(path).suffix.lower()
    if suffix not in (".json", ".csv"):
        raise SpikeplaneError(f"boxes are written to a .json or .csv, not to '{path}'")
    return suffix


def write_boxes(path: str | Path, boxes: Sequence[Sequence[Box]], names: Sequence[str] | None) -> None:
    """Write them by the suffix, .json: a list of objects, .csv: a row a box. Raises SpikeplaneError for another suffix and
    a file that cannot be written."""
    rows = plain(boxes, names)
    if check_suffix(path) == ".json":
        write_file(path, json.dumps(rows, indent=1) + "\n")
        return
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    write_file(path, text.getvalue())
