"""Which samples a page shows: those that differ from the golden model before all others."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spikeplane.run.report.data import ReportData
from spikeplane.run.report.packing import packed

if TYPE_CHECKING:
    from spikeplane.run.execute import Result

MARKED = 4  #: neurons of a population that differ, whose membranes are kept
SAMPLES, BYTES = 24, 2_000_000  #: shown at most, the bytes before base64


@dataclass(frozen=True)
class Kept:
    """Samples with planes: their numbers, in order; by population int (N, T, C, H, W) what went in and what came
    out; by number what the golden model made of those that differ."""

    numbers: list[int]
    inputs: dict[str, np.ndarray]
    outputs: dict[str, np.ndarray]
    golden: dict[int, dict[str, np.ndarray]]


def kept_samples(result: "Result") -> Kept:
    """The first samples of a run, and those that differ wherever they are."""
    inputs, outputs = (
        {name: np.concatenate(parts) for name, parts in kept.items()}
        for kept in (result.inputs, result.outputs)
    )
    first = len(next(iter(inputs.values())))
    later = [one for one in result.differing if one.sample >= first and outputs.keys() <= one.chip.keys()]
    if later:
        inputs = {n: np.concatenate([v, [one.inputs[n] for one in later]]) for n, v in inputs.items()}
        outputs = {n: np.concatenate([v, [one.chip[n] for one in later]]) for n, v in outputs.items()}
    numbers = [*range(first), *(one.sample for one in later)]
    return Kept(numbers, inputs, outputs, {one.sample: one.golden for one in result.differing})


def shown_of(data: ReportData) -> list[int]:
    """Which of the samples there are planes of a page shows, in order."""
    size = sum(len(packed(v[:1])[1]) for v in (*data.sent.values(), *data.outputs.values()))
    return _chosen(data, size)


def differing_first(data: ReportData, shown: list[int]) -> list[int]:
    """Samples in order, but those that differ before the others."""
    return sorted(shown, key=lambda at: data.number(at) not in data.golden)


def differing_neurons(data: ReportData, at: int) -> set[tuple[str, int]]:
    """Of each population the neurons that differ first in a sample, by their numbers: MARKED at most."""
    golden, found = data.golden.get(data.number(at), {}), set()
    for name, chip in data.outputs.items():
        wanted = golden.get(name)
        if wanted is not None and wanted.shape == chip[at].shape:
            _, neurons = np.nonzero((chip[at] != wanted).reshape(len(wanted), -1))
            found |= {(name, n) for n in list(dict.fromkeys(neurons.tolist()))[:MARKED]}
    return found


def _chosen(data: ReportData, size: int) -> list[int]:
    """Which of the samples there are planes of, in order: SAMPLES, or as many as fit BYTES where one takes `size`,
    and one in any case. Those that differ, which are shown twice, come first."""
    differ = [at for at in range(data.samples) if data.number(at) in data.golden]
    others = [at for at in range(data.samples) if data.number(at) not in data.golden]
    room = min(SAMPLES, max(1, BYTES // max(1, size * (2 if differ else 1))))
    found = differ[:room]
    return sorted(found + others[: room - len(found)])
