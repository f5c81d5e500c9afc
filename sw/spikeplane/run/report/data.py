"""What a report shows: plain values and numpy arrays, nothing of the command line or a framework."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.encoding import Encoding
from spikeplane.errors import SpikeplaneError
from spikeplane.network import Network
from spikeplane.program.placement import Placement
from spikeplane.run.report.membranes import Membranes


@dataclass(frozen=True, kw_only=True)
class ReportData:
    """One run of a program.

    title, program, board  names, shown as they are
    tables    lists of rows: "assumptions", "quantisation", "bounds", "mapping" are laid out, any
              other is shown as it comes
    encodings   of inputs that have another one than `encoding`, by name
    inputs    {input population: int (N, T, C, H, W)}, the samples to show; T may be 1 where every
              step is the same
    outputs   {population: int (N, T, C, H, W)}: spikes, or membrane values of a readout
    scores    (M, classes) of all M >= N samples; `labels` and `guesses` (M,); a guess is the
              highest score where None
    classes   names of the classes, in order
    provenance   what was run, with what and when: shown as it is
    numbers   which N of the M samples there are planes of, in order; the first ones where None
    golden    {sample number: {population: int (T, C, H, W)}}: what the golden model made of samples that differ
    membranes   of the samples that the page shows, those that differ first; None for none
    figures   any of: samples; accuracy, accuracy_float, accuracy_integer (0..1); right;
              cycles_per_sample; utilisation (0..1); latency_us at clock_mhz; spikes_per_sample
              {population: float}; lockstep {values, spikes, mismatches, first}; cores [{core: (x,
              y), operations, spikes, packets}]; energy, line (`report.rates`)

    Raises SpikeplaneError if shapes do not match each other or the network.
    """

    title: str
    program: str
    chip: ChipConfig
    network: Network
    placement: Placement
    encoding: Encoding
    inputs: dict[str, np.ndarray]
    outputs: dict[str, np.ndarray]
    scores: np.ndarray
    board: str = "golden model"
    labels: np.ndarray | None = None
    guesses: np.ndarray | None = None
    numbers: list[int] | None = None
    classes: list[str] | None = None
    provenance: dict[str, str] = field(default_factory=dict)
    golden: dict[int, dict[str, np.ndarray]] = field(default_factory=dict)
    membranes: Membranes | None = None
    encodings: dict[str, Encoding] = field(default_factory=dict)
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.inputs or self.scores.ndim != 2:
            raise SpikeplaneError(
                f"report: expected inputs and scores (samples, classes), got scores {self.scores.shape}"
            )
        count = self.samples
        for name, values in (*self.inputs.items(), *self.outputs.items()):
            shape = self.network.population(name).shape
            if values.ndim != 5 or len(values) != count or values.shape[2:] != shape:
                raise SpikeplaneError(
                    f"report: '{name}' should be ({count}, steps, {_plain(shape)}), got "
                    f"{_plain(values.shape)}"
                )
        for name in ("labels", "guesses"):
            values = getattr(self, name)
            if values is not None and len(values) < count:
                raise SpikeplaneError(
                    f"report: {count} samples but {len(values)} {name}; give one for each sample"
                )
        if len(self.scores) < count:
            raise SpikeplaneError(
                f"report: {count} samples but {len(self.scores)} scores; give one row for each sample"
            )

    def number(self, at: int) -> int:
        """Which of all samples the one at `at` is."""
        return at if self.numbers is None else self.numbers[at]

    @property
    def sent(self) -> dict[str, np.ndarray]:
        """`inputs`, one step of those that are the same in every step."""
        return {
            name: values[:, :1] if self.encodings.get(name, self.encoding).kind == "direct" else values
            for name, values in self.inputs.items()
        }

    @property
    def samples(self) -> int:
        """N, the samples that there are planes of."""
        return len(next(iter(self.inputs.values())))


def _plain(shape: tuple[int, ...]) -> str:
    return ", ".join(str(n) for n in shape)
