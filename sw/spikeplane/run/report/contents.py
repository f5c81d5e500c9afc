"""What a page holds of its samples: planes, classes, what differs, membranes."""

from typing import Any

import numpy as np

from spikeplane.run.report.data import ReportData
from spikeplane.run.report.kept import differing_first
from spikeplane.run.report.packing import packed_values

CLASSES = 40  #: of a confusion matrix, at most


def samples_of(
    data: ReportData, inputs: dict[str, np.ndarray], guesses: np.ndarray, shown: list[int]
) -> dict[str, Any]:
    """The samples shown: numbers, classes, planes."""
    numbers = [data.number(at) for at in shown]
    return {
        "samples": len(shown),
        "numbers": numbers,
        "total": len(data.scores),
        "guesses": [int(guesses[n]) for n in numbers],
        "labels": None if data.labels is None else [int(data.labels[n]) for n in numbers],
        "scores": data.scores[numbers].tolist(),
        "inputs": {name: packed_values(values[shown]) for name, values in inputs.items()},
        "outputs": {name: packed_values(values[shown]) for name, values in data.outputs.items()},
    }


def confusion_of(data: ReportData, guesses: np.ndarray) -> list[list[int]] | None:
    """How often samples of a label (row) were taken for a class (column); None without labels, or for many classes."""
    if data.labels is None or data.scores.shape[1] > CLASSES:
        return None
    labels = np.asarray(data.labels[: len(guesses)], int)
    size = max(data.scores.shape[1], int(labels.max(initial=0)) + 1)
    found = np.zeros((size, size), np.int64)
    np.add.at(found, (labels, guesses[: len(labels)]), 1)
    return found.tolist()


def golden_of(data: ReportData, shown: list[int]) -> dict[str, Any]:
    """Which of the samples shown differ, and the golden model's planes of the populations in which they do."""
    differs = [at for at, kept in enumerate(shown) if data.number(kept) in data.golden]
    planes: dict[str, Any] = {}
    for name, chip in data.outputs.items():
        ours = chip[[shown[at] for at in differs]]
        theirs = [data.golden[data.number(shown[at])].get(name) for at in differs]
        same = all(one is not None and one.shape == chip.shape[1:] for one in theirs)
        if (
            differs
            and same
            and not np.array_equal(ours, stacked := np.stack([t for t in theirs if t is not None]))
        ):
            planes[name] = packed_values(stacked)
    return {"differs": differs, "golden_planes": planes}


def membranes_of(data: ReportData, shown: list[int]) -> dict[str, Any] | None:
    """The traces, and which of the samples shown they are of."""
    found = data.membranes
    if found is None:
        return None
    order = [shown.index(at) for at in differing_first(data, shown)]
    traces = {
        name: {
            "neurons": packed_values(one.neurons),
            "v": packed_values(one.v),
            "fired": packed_values(one.fired),
            "theta": one.theta,
        }
        for name, one in found.traces.items()
    }
    count = max((len(one.v) for one in found.traces.values()), default=0)
    return {"samples": order[:count], "left_out": found.left_out, "traces": traces}
