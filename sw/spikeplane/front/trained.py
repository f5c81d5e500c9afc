"""What a training gave: weights, curves, accuracy, and the way into a chip of integers."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from spikeplane.compiler.compile import compile as compile_model
from spikeplane.encode import encode
from spikeplane.errors import SpikeplaneError
from spikeplane.front.text import card, table
from spikeplane.program import Program
from spikeplane.provided import provided
from spikeplane.samples import labelled
from spikeplane.train.file import Training
from spikeplane.train.imported import float_network
from spikeplane.train.report import write_report


@dataclass(frozen=True)
class Inference:
    """A trained network on a chip of integers, beside itself.

    samples   how many
    binary16  accuracy of the trained network, 0..1
    integer   accuracy of the program, 0..1
    same      the share of samples that both give the same class
    """

    samples: int
    binary16: float
    integer: float
    same: float

    def __repr__(self) -> str:
        return f"binary16 {self.binary16:.2%}, integer {self.integer:.2%}, the same class {self.same:.2%} of {self.samples:,} samples"


@dataclass(frozen=True, kw_only=True, repr=False)
class TrainingResult:
    """What `spikeplane.train` and `Program.train` return.

    training    the network, its settings and weights, as `.spt` files hold them
    board       that learned
    seconds     of this computer; samples: that were learned in them
    clipped     weights and deltas at their limits: how many in the golden model, 1 if any on a chip
    compared    values that were held against the golden model, all of them equal; None without `verify`
    exact_bits  of a sum that is proved to fit: 36 or 48
    notes       a line for each number that binary16 has not
    cycles      of a chip: cycles_per_sample, utilisation (0..1: lanes at work, of all cycles), and phases, rows of phase, cycles a
                sample and utilisation; {} of the golden model, which has no clock
    """

    training: Training
    board: str = "golden"
    seconds: float
    samples: int
    clipped: int
    compared: int | None
    exact_bits: int
    notes: tuple[str, ...] = ()
    cycles: dict[str, Any] = field(default_factory=dict)

    @property
    def weights(self) -> dict[str, np.ndarray]:
        """By projection, "source->target": float16 (Cout, Cin, KH, KW). Biases are those of "layer.bias->layer"."""
        names = (p.name for p in self.training.network.projections)
        return {name: self.training.learned.weights[tag] for tag, name in enumerate(names)}

    @property
    def loss(self) -> np.ndarray:
        """(iterations,): the mean loss of each batch in nats, before its update."""
        return np.array([loss for loss, _ in self.training.figures.curve])

    @property
    def right(self) -> np.ndarray:
        """(iterations,): the share of each batch that was right before its update, 0..1."""
        return np.array([right for _, right in self.training.figures.curve])

    @property
    def epochs(self) -> list[dict[str, Any]]:
        """A row an epoch: epoch, loss, accuracy, and test where there are samples that are left out."""
        return self.training.figures.epochs

    @property
    def accuracy(self) -> float | None:
        """Behind the last epoch, 0..1: of the samples that are left out; without such of those that it learned. None before
        the first epoch's end."""
        return None if not self.epochs else self.epochs[-1].get("test", self.epochs[-1]["accuracy"])

    @cached_property
    def sha256(self) -> str:
        """Of all weights and momenta: equal for equal bits."""
        return provided("digest")(self.training.learned)

    def save(self, path: str | Path) -> None:
        """Write the `.spt` file, whole or not at all: `resume=`, `spikeplane compile` and `inspect` take it. Raises
        SpikeplaneError."""
        self.training.save(path)

    def report(self, path: str | Path) -> None:
        """Write the page that `spikeplane train --report` writes. Raises SpikeplaneError."""
        about = {
            "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            "version": metadata.version("spikeplane"),
        }
        write_report(path, self.training, self._figures(), {**about, "command": "from Python"})

    def to_inference(self, chip: Any = "auto", **options: Any) -> Program:
        """See `Training.to_inference`."""
        return self.training.to_inference(chip, **options)

    def compare(self, program: Program, samples: Any, labels: Any = None) -> Inference:
        """The accuracy of the program beside that of the trained network, on the golden model; see `Training.compare`."""
        return self.training.compare(program, samples, labels)

    def _figures(self) -> dict[str, Any]:
        compared = {} if self.compared is None else {"compared": self.compared, "mismatches": 0}
        return {
            "board": self.board, "clipped": self.clipped, "sha256": self.sha256,
            "samples_per_second": self.samples / self.seconds, **compared, **self.cycles,
        }  # fmt: skip

    def _rows(self) -> list[tuple[str, str]]:
        found = [("iterations", f"{self.training.iterations:,} of {self.training.settings.batch} samples")]
        if self.epochs:
            last = self.epochs[-1]
            test = f", {last['test']:.2%} of those left out" if "test" in last else ""
            found += [("accuracy", f"{last['accuracy']:.2%}{test}"), ("loss", f"{last['loss']:.4f}")]
        if self.compared is not None:
            found += [("golden model", f"0 mismatches ({self.compared:,} values compared)")]
        if self.cycles:
            found += [("cycles", f"{self.cycles['cycles_per_sample']:,.0f} a sample")]
        return [*found, ("weights", f"SHA-256 {self.sha256}"), *(("noted", note) for note in self.notes)]

    def __repr__(self) -> str:
        return table(f"Training on {self.board}", self._rows())

    def _repr_html_(self) -> str:
        return card(f"Training on {self.board}", self._rows())


def to_inference(training: Training, chip: Any, **options: Any) -> Program:
    """See `Training.to_inference`."""
    return compile_model(
        float_network(training.trained()), chip=chip, encoding=training.settings.encoding, **options
    )


def compare_training(training: Training, program: Program, samples: Any, labels: Any) -> Inference:
    """See `Training.compare`."""
    settings, population = training.settings, training.network.inputs[0]
    if program.inputs != [population.name] or program.encoding != settings.encoding:
        raise SpikeplaneError(
            f"the program takes {', '.join(program.inputs)} with {program.encoding}, the training {population.name} with "
            f"{settings.encoding}; compare with the program that to_inference makes"
        )
    given, truth = labelled(
        samples, labels, {population.name: (settings.encoding, population.shape)}, None, program.classes
    )
    if truth is None:
        raise SpikeplaneError(
            "a comparison needs a label for each sample; give labels=, or a DataLoader of pairs"
        )
    network = training.trained()
    golden = provided("Trainer")(
        network, settings.optimiser, batch=settings.batch, steps=settings.encoding.steps
    )
    planes = encode(settings.encoding, given, population.shape, 0)
    ours = golden.readout({population.name: planes}).argmax(1)
    theirs = program.run(given, labels=truth, board="golden", keep=1, progress=False).guesses
    return Inference(
        samples=len(truth),
        binary16=float((ours == truth).mean()),
        integer=float((theirs == truth).mean()),
        same=float((ours == theirs).mean()),
    )
